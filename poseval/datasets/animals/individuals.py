"""People as individuals in columns: what DeepLabCut, SLEAP's analysis files and NWB keep their poses in.

A cube [F, I, K, 3] has a sample for each frame, a column for each individual, and x, y and confidence of its
joints, NaN where a joint is not there. An individual is a track; people without one take the columns
`untracked0`, `untracked1`, ... by their place in the frame.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from poseval.errors import UsageError, shown
from poseval.poses import Array, Floats, Ints, PoseSet
from poseval.poses.frame_names import named, number

UNTRACKED = "untracked"  # individuals written for people without a track
TRACK = "track"
_NUMBERED = re.compile(r"(untracked|track)_?(\d{1,18})$")
SPARSE = 10  # samples per frame up to which frames stand at their numbers; beyond, the file would be all gaps
FEW = 1000  # samples that are never too many


def tracks_of(individuals: Sequence[str]) -> Ints:
    """Track id of each individual: the number in its name if all have one, else its index; -1: untracked."""
    found = [_NUMBERED.match(name) for name in individuals]
    if individuals and all(found):
        numbers = [-1 if m and m[1] == UNTRACKED else int(m[2]) for m in found if m]
        tracked = [number for number in numbers if number >= 0]
        if len(set(tracked)) == len(tracked):
            return np.asarray(numbers, dtype=np.int64)
    return np.arange(len(individuals)) if list(individuals) != [""] else np.full(1, -1, dtype=np.int64)


def lost_names(individuals: Sequence[str]) -> dict[str, int]:
    """How many names of individuals are replaced by track numbers; names made by poseval do not count."""
    lost = [name for name in individuals if name and not _NUMBERED.match(name)]
    return {"names of individuals": len(lost)} if lost else {}


def columns_of(poses: PoseSet) -> tuple[list[str], Ints]:
    """Names of the individuals [I] and the column [N] of each person; one nameless column without tracks.

    Raises:
        UsageError: P175 one track twice in a frame.
    """
    people = poses.people
    start = poses.frame_start()
    tracked = people.track >= 0
    # Places are counted among the untracked of a frame only, so that they take as few columns as they need.
    before = np.concatenate(([0], np.cumsum(~tracked)))
    nth = before[:-1] - before[start[people.frame]]
    keys = [(0, int(t)) if t >= 0 else (1, int(n)) for t, n in zip(people.track, nth, strict=True)]
    order = sorted(set(keys))
    column = {key: at for at, key in enumerate(order)}
    who = np.asarray([column[key] for key in keys], dtype=np.int64)
    if len(np.unique(people.frame * max(len(order), 1) + who)) < len(people):
        raise UsageError(
            "P175",
            where=shown(poses.origin.name),
            what="has a track twice in one frame",
            wanted="one person per track and frame",
        )
    single = order in ([], [(1, 0)])
    return [""] if single else [f"{(TRACK, UNTRACKED)[kind]}{number}" for kind, number in order], who


def cube_of(poses: PoseSet, sample: Array, samples: int) -> tuple[list[str], Floats, Ints]:
    """Individuals [I], cube [samples, I, K, 3] and the column [N] of each person; frame f is sample[f].

    Raises:
        UsageError: P175 one track twice in a frame.
    """
    individuals, who = columns_of(poses)
    people = poses.people
    cube = np.full((samples, len(individuals), len(poses.skeleton), 3), np.nan)
    found = people.seen > 0
    cube[sample[people.frame], who, :, :2] = np.where(found[:, :, None], people.xy, np.nan)
    cube[sample[people.frame], who, :, 2] = np.where(found, people.joint_score, np.nan)
    return individuals, cube, who


def samples_of(poses: PoseSet) -> tuple[Ints, int, bool]:
    """Sample [F] of each frame, how many samples there are, and whether they are the frames' numbers.

    A video's frames stand at the numbers in their names (else at their own), so that frames missing in the
    middle stay gaps and find their ground truth again. Where numbers are ids rather than places (gaps would
    fill the file), frames follow one another.

    Raises:
        UsageError: P178 several sequences, which such a file cannot keep apart.
    """
    frames = poses.frames
    if len(np.unique(frames.sequence)) > 1:
        raise UsageError(
            "P178",
            where=shown(poses.origin.name),
            what="has several sequences",
            wanted="one sequence, because the file has one row of samples",
        )
    count = len(frames)
    given = np.asarray([number(name) for name in named(frames)], dtype=np.int64)
    numbers = given if (given >= 0).all() else frames.number
    last = int(numbers.max(initial=-1))
    sound = count == 0 or (numbers.min() >= 0 and len(np.unique(numbers)) == count)
    if sound and last < max(FEW, SPARSE * count):
        return numbers, last + 1, True
    return np.arange(count), count, False
