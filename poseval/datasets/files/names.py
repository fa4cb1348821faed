"""Names that text formats can hold."""

from __future__ import annotations

import re
from collections.abc import Iterable

from poseval.errors import UsageError, shown
from poseval.poses import PoseSet

# Control characters and halves of characters: XML and HDF5 refuse them, and a csv is read in other rows.
UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def require_plain_names(poses: PoseSet, form: str, only: str = "") -> None:
    """Refuse a set with a name that would not read back from a file of the format `form`.

    `only` restricts the check to one kind of names: joint, frame, file or category.

    Raises:
        UsageError: P812.
    """
    frames = poses.frames
    kinds: tuple[tuple[str, Iterable[str]], ...] = (
        ("joint", poses.skeleton.joints),
        ("frame", frames.key.tolist()),
        ("file", frames.path.tolist()),
        ("category", poses.categories.values()),
    )
    for kind, names in kinds:
        bad = next((name for name in names if UNFIT.search(name)), None) if only in ("", kind) else None
        if bad is not None:
            raise UsageError(
                "P812",
                where=f"{kind} {shown(bad, 60)!r}",
                what=f"has a control character or half a character in its name, which {form} cannot hold",
                wanted="plain names",
                hint="--to native keeps any name",
            )
