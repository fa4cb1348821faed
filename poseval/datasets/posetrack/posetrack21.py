"""PoseTrack21: PoseTrack18 files with a global `person_id` per person, for re-identification.

Source: anDoer/PoseTrack21 3e61960, `datasets/posetrack.py`. Joints go by name as in PoseTrack18; the official
kit takes them by place, which is the same for its own files.
"""

from __future__ import annotations

from typing import ClassVar

from poseval.datasets.posetrack.posetrack18 import PoseTrack18


class PoseTrack21(PoseTrack18):
    """PoseTrack18 with `person_id` and `has_labeled_person`."""

    name: ClassVar[str] = "posetrack21"
    title: ClassVar[str] = "PoseTrack21 JSON, one file per video"
