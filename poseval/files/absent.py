"""The error for a missing file, with similar names."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from poseval.errors import UsageError, near_names, shown

MOST_NAMES = 10_000  # of a folder that are looked at


def absent(path: str | os.PathLike[str], name: str, wanted: str, hint: str | None = None) -> UsageError:
    """P114 for a missing path. Proposes similar names in its folder, or says that the folder is missing.

    `hint` is the advice where no name is similar.
    """
    place = Path(path)
    try:
        with os.scandir(place.parent) as entries:
            listed = [entry.name for entry in islice(entries, MOST_NAMES) if os.path.exists(entry.path)]
    except (OSError, ValueError):
        return UsageError(
            "P114",
            where=name,
            what="does not exist, nor does its folder",
            wanted=wanted,
            hint=f"look for it from {shown(_nearest_folder(place))}",
        )
    near = near_names(place.name, listed, 2, closeness=0.7)
    said = " or ".join(shown(place.parent / one) for one in near)
    return UsageError(
        "P114",
        where=name,
        what="is a link to a file that does not exist" if os.path.islink(place) else "does not exist",
        wanted=wanted,
        hint=f"did you mean {said}?" if near else hint,
    )


def _nearest_folder(place: Path) -> Path:
    return next((parent for parent in place.parents if os.path.isdir(parent)), Path())
