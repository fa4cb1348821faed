"""Groups of frames that are reported apart: by sequence, or as a csv file says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from poseval.errors import UsageError, shown
from poseval.limits import Limits
from poseval.poses import Array, Bools
from poseval.poses.aligned import Aligned
from poseval.poses.frame_names import stem
from poseval.scoring.groups import read_groups
from poseval.scoring.keywords import BY_SEQUENCE

MOST_GROUPS = 1000


def slices_of(aligned: Aligned, unit: str, names: Sequence[str], limits: Limits) -> dict[str, Bools]:
    """Masks [U] over the benchmark's units of every group that the named slices make.

    Raises:
        UsageError: P149 a slice that cuts a sequence that is scored as a whole.
        FormatError: P223 a csv file without the columns `frame` and `group`.
    """
    out: dict[str, Bools] = {}
    for name in names:
        groups = _groups(aligned, name, limits)
        label = name if name == BY_SEQUENCE else Path(name).stem
        for group in sorted(set(groups.tolist()) - {""})[:MOST_GROUPS]:
            out[f"{label}={group}"] = _units(aligned, unit, groups == group, name)
    return out


def _groups(aligned: Aligned, name: str, limits: Limits) -> Array:
    """Name of the group [F] of each frame; empty for none."""
    frames = aligned.truth.frames
    if name == BY_SEQUENCE:
        return np.asarray([frames.sequences[index] for index in frames.sequence.tolist()], dtype=np.str_)
    group = read_groups(name, limits)
    names = zip(frames.key.tolist(), frames.path.tolist(), strict=True)
    found = [group.get(key, group.get(path, group.get(stem(path), ""))) for key, path in names]
    return np.asarray(found, dtype=np.str_)


def _units(aligned: Aligned, unit: str, inside: Bools, name: str) -> Bools:
    if unit == "frame":
        return inside
    frames = aligned.truth.frames
    count = np.bincount(frames.sequence, minlength=len(frames.sequences))
    held = np.bincount(frames.sequence[inside], minlength=len(frames.sequences))
    if ((held > 0) & (held < count)).any():
        raise UsageError(
            "P149",
            where=f"slice {shown(name)!r}",
            what="divides sequences, which this benchmark scores as a whole",
            wanted="groups of whole sequences",
        )
    return held > 0
