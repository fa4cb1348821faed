"""The loop of `run` over groups of images: read, prepared, answered, kept in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from poseval.errors import Fault
from poseval.runners.boxes import Boxes
from poseval.runners.estimators import Estimator
from poseval.runners.frames import Pictures
from poseval.runners.journal import Found, Journal
from poseval.runners.prefetch import Ready, reading

Progress = Callable[[int, int], None]  # called with frames done and all frames


@dataclass
class Loop:
    """The loop over groups, with its clock."""

    estimator: Estimator
    pictures: Pictures
    boxes: Boxes | None
    journal: Journal
    groups: Sequence[tuple[int, Sequence[int]]]
    progress: Progress | None = None
    resumed: int = 0  # frames that an earlier start had finished
    worked: int = 0  # frames since this start
    people: int = 0  # people since this start
    seconds: float = 0.0
    faults: list[Fault] = field(default_factory=list)

    def work(self, loaders: int, skip: bool) -> list[Fault]:
        """Run every group that is not in the journal; the faults of images that could not be read."""
        open_groups = [group for group in self.groups if group[0] not in self.journal.done]
        total = sum(len(rows) for _, rows in self.groups)
        self.resumed = total - sum(len(rows) for _, rows in open_groups)
        if self.progress:
            self.progress(self.resumed, total)
        start = time.perf_counter()
        with reading(self.pictures, open_groups, self._prepare, loaders) as ready:
            for item in ready:
                self.faults += item.faults
                if not item.faults or skip:
                    before = self.seconds
                    found = self._answer(item)
                    self.seconds = time.perf_counter() - start
                    sizes = {frame.row: frame.size for frame in item.frames}
                    self.journal.add(item.group, found, sizes, self.seconds - before)
                    self.people += len(found.frame)
                self.worked += len(item.frames) + len(item.faults)
                if self.progress:
                    self.progress(self.resumed + self.worked, total)
        return self.faults

    def _prepare(self, row: int, picture: Any) -> Any:
        if self.boxes is not None:
            return self.estimator.prepare(picture, *self.boxes.of(row))
        whole = np.array([[0.0, 0.0, picture.shape[1] - 1.0, picture.shape[0] - 1.0]])
        return self.estimator.prepare(picture, whole, np.ones(1))

    def _answer(self, item: Ready) -> Found:
        answers = self.estimator.answer([frame.prepared for frame in item.frames])
        parts = [Found.of(frame.row, poses) for frame, poses in zip(item.frames, answers, strict=True)]
        return Found.joined(parts, self.journal.joints)

    def speed(self, people: int) -> dict[str, Any]:
        """Counts and rates for the provenance; rates are of the frames since this start."""
        seconds = max(self.seconds, 1e-9)
        return {
            "frames": len(self.pictures.frames),
            "people": people,
            "seconds": round(self.journal.seconds, 3),
            "frames_per_second": round(self.worked / seconds, 3) if self.worked else None,
            "people_per_second": round(self.people / seconds, 3) if self.worked else None,
            "resumed_frames": self.resumed,
        }
