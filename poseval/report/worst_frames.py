"""The worst frames of a page, each drawn over the part of its image that shows people."""

from __future__ import annotations

from typing import Any

from poseval.diagnosis.diagnose import Diagnosis
from poseval.diagnosis.pairs import pairs_of
from poseval.errors import number_of, shown
from poseval.poses.aligned import Aligned
from poseval.poses.frame_names import named
from poseval.poses.images import FrameImages
from poseval.report.crops import crop
from poseval.report.explorer.frames import first_score, frame_value
from poseval.report.explorer.scripts import OwnText

WIDTH = 800  # pixels of an embedded image; twenty of them stay below 3 MB
MOST = 20


def worst_frames(
    diagnosis: Diagnosis, aligned: Aligned, images: FrameImages | None, corrected: bool = False
) -> dict[str, Any]:
    """The value that the page's script draws: the skeleton, and a value of `frames` with its text each."""
    pairs = pairs_of(aligned, corrected)
    place = {str(key): row for row, key in enumerate(aligned.truth.frames.key.tolist())}
    names = named(aligned.truth.frames)
    frames = []
    for worst in diagnosis.worst[:MOST]:
        row = place[worst.frame]
        value = frame_value([pairs], row)
        if images is not None:
            found = crop(images.files[row], value["win"], WIDTH)
            value["image"] = None if found is None else {**found._asdict(), "url": OwnText(found.url)}
        counts = (
            (worst.joints, "wrong joint", "wrong joints"),
            (worst.missed, "miss", "misses"),
            (worst.background, "false positive at any score", "false positives at any score"),
        )
        text = ", ".join(number_of(*count) for count in counts if count[0])
        frames.append({**value, "name": shown(names[row]), "text": text})
    return {
        "joints": list(aligned.truth.skeleton.joints),
        "limbs": [list(limb) for limb in aligned.truth.skeleton.limbs],
        "threshold": first_score(diagnosis, pairs),
        "frames": frames,
    }
