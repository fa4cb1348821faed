"""Runs a tracker over a whole pose set, each sequence by itself, frames in order."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial

import numpy as np

from poseval.errors import number_of
from poseval.poses import Array, Bools, Floats, Ints, Notice, People, PoseSet
from poseval.tracking.base import UNTRACKED, Added, FrameInput, Image, Resources, Tracker, TrackerConfig
from poseval.tracking.bodies import Bodies


class Untracked(enum.Enum):
    """What to do with rows without an identity, such as SORT's unnamed tracks, duplicates and low scores."""

    KEEP = "keep"  # stay in the set with track -1
    DROP = "drop"  # leave the set, as in the published trackers' own output
    FRESH = "fresh"  # each gets an identity of its own


def usual(config: TrackerConfig) -> Untracked:
    """What becomes of rows without an identity where nothing else is asked for.

    They stay, so that AP counts them, unless the tracker put others in their place.
    """
    return Untracked.DROP if config.replaces else Untracked.FRESH


FATES = {
    Untracked.KEEP: "were kept without one",
    Untracked.DROP: "were left out",
    Untracked.FRESH: "each got an identity of its own",
}


def track(
    poses: PoseSet,
    config: TrackerConfig,
    resources: Resources | None = None,
    *,
    untracked: Untracked = Untracked.KEEP,
    images: Callable[[int], Image] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PoseSet:
    """The same people with `track` set; other columns are unchanged.

    Identities count from 0 in each sequence. People that the tracker adds follow the input rows of their
    frame; what they cannot have (areas, head sizes, further columns) is missing. `images(f)` loads the
    pixels of frame row f. `progress` is called with frames done and all frames.

    Raises:
        UsageError: P163 when the tracker needs flow or a pose model that `resources` lacks.
    """
    bodies, placed = Bodies.of(poses.people)
    start = poses.frame_start()
    identity = np.full(len(poses), UNTRACKED, dtype=np.int64)
    added: list[tuple[int, Added]] = []
    nameless = np.zeros(len(poses), dtype=np.bool_)
    done = 0
    for sequence in np.unique(poses.frames.sequence):
        members = np.flatnonzero(poses.frames.sequence == sequence)
        members = members[np.argsort(poses.frames.number[members], kind="stable")]
        tracker = config.tracker(poses.skeleton, resources)
        for row in members.tolist():
            here = np.arange(start[row], start[row + 1])
            here = here[placed[here]]
            identity[here] = tracker.step(_frame(poses, bodies, row, here, images))
            if len(tracker.added.identity):
                added.append((row, tracker.added))
            done += 1
            if progress:
                progress(done, len(poses.frames))
        if untracked is Untracked.FRESH:
            nameless |= _name_rest(identity, np.isin(poses.people.frame, members), tracker)
    notices = _untracked(poses, config, nameless | (identity == UNTRACKED), bodies.score, untracked)
    return _finish(poses, identity, added, untracked, notices)


def _frame(
    poses: PoseSet, bodies: Bodies, row: int, here: Ints, images: Callable[[int], Image] | None
) -> FrameInput:
    width, height = poses.frames.size[row].tolist()
    return FrameInput(
        bodies.take(here),
        number=int(poses.frames.number[row]),
        key=str(poses.frames.path[row]) or str(poses.frames.key[row]),
        size=(width, height) if np.isfinite(width + height) else None,
        image=None if images is None else partial(images, row),
    )


def _name_rest(identity: Ints, inside: Bools, tracker: Tracker) -> Bools:
    """Give rows without an identity one of their own; which they are."""
    rest: Bools = inside & (identity == UNTRACKED)
    identity[rest] = tracker.fresh(int(rest.sum()))
    return rest


def _untracked(
    poses: PoseSet, config: TrackerConfig, nameless: Bools, score: Floats, fate: Untracked
) -> list[Notice]:
    """How many rows [n] the tracker left nameless, and how many of them its threshold on scores explains."""
    count = int(nameless.sum())
    if not count:
        return []
    text = f"{count} of {len(poses)} people have no track and {FATES[fate]}"
    if config.threshold:
        least = getattr(config, config.threshold)
        weak = int((score[nameless] < least).sum())
        text += f"; {weak} of them scored below {config.threshold}={least:g} of {config.name}"
    return [Notice("N160", text, count)]


def _finish(
    poses: PoseSet,
    identity: Ints,
    added: list[tuple[int, Added]],
    untracked: Untracked,
    notices: list[Notice],
) -> PoseSet:
    people = poses.people.with_columns(track=identity)
    if untracked is Untracked.DROP:
        people = people.take(identity != UNTRACKED)
    extra = sum(len(more.identity) for _, more in added)
    if extra:
        people = _merge(people, added)
    if extra:
        text = f"{number_of(extra, 'person', 'people')} added by the tracker"
        notices = [*notices, Notice("N161", text, extra)]
    return replace(poses, people=people).with_notices(notices)


def _merge(people: People, added: list[tuple[int, Added]]) -> People:
    """Input rows and added rows, sorted by frame; input rows first within a frame."""
    bodies = Bodies.join([more.bodies for _, more in added])
    count = len(bodies)
    new = People(
        xy=np.where(bodies.seen[:, :, None], bodies.xy, np.nan),
        frame=np.repeat([row for row, _ in added], [len(more.identity) for _, more in added]),
        seen=np.where(bodies.seen, 2, 0),
        joint_score=np.where(bodies.seen, bodies.joint_score, np.nan),
        score=bodies.score,
        track=np.concatenate([more.identity for _, more in added]),
        box=bodies.box,
        category=np.full(count, people.category[0] if len(people) else 1),
        extra={name: _missing(column, count) for name, column in people.extra.items()},
    )
    order = np.argsort(np.concatenate([people.frame, new.frame]), kind="stable")
    columns = {
        f.name: np.concatenate([getattr(people, f.name), getattr(new, f.name)])[order]
        for f in fields(People)
        if f.name != "extra"
    }
    extra = {name: np.concatenate([column, new.extra[name]])[order] for name, column in people.extra.items()}
    return People(**columns, extra=extra)


def _missing(column: Array, count: int) -> Array:
    """A column of so many missing values: NaN, -1, False or empty text."""
    value = {"f": np.nan, "i": -1, "u": 0, "b": False, "U": ""}[column.dtype.kind]
    return np.full((count, *column.shape[1:]), value, dtype=column.dtype)


def drop_joints(poses: PoseSet, below: float) -> PoseSet:
    """The same people without the joints whose score lies below a limit: `seen` 0, score kept.

    Joints without a score are kept. The published PoseTrack results drop joints like this, because a joint
    that is not predicted cannot be a false positive.
    """
    people = poses.people
    weak = (people.joint_score < below) & (people.seen > 0)
    seen = np.where(weak, 0, people.seen)
    changed = replace(poses, people=people.with_columns(seen=seen))
    count = int(weak.sum())
    if not count:
        return changed
    return changed.with_notices(
        [Notice("N162", f"dropped: {number_of(count, 'joint')} scored below {below:g}", count)]
    )
