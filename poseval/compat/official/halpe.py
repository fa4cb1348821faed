"""Halpe's 136 joints: pycocotools, with similarity and who is ignored as in halpecocotools 0.0.1.

halpecocotools is a copy of pycocotools that evaluates five parts. It needs tkinter and a NumPy before 1.24,
so that it is not run here: what differs in it is transcribed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from poseval.compat.official.base import Array

EPS = np.spacing(1)
Record = dict[str, Any]


def by_halpe(base: type[Any], first: int, last: int) -> type[Any]:
    """pycocotools' `COCOeval` with halpecocotools' `_prepare` and `computeOks`, for joints first..last."""

    class Evaluation(base):  # type: ignore[misc]
        def _prepare(self) -> None:
            super()._prepare()  # overwrites `ignore`, which only here has a meaning
            for people in self._gts.values():
                for person in people:
                    flags = person["keypoints"][3 * first + 2 : 3 * last : 3]
                    person["ignore"] = not any(flag > 0 for flag in flags) or person["own_ignore"]
            for cell, found in self._dts.items():
                self._dts[cell] = [d for d in found if any(c > 0 for c in d["keypoints"][2::3])]

        def computeOks(self, image: Any, category: Any) -> Any:
            people, found = self._gts[image, category], self._dts[image, category]
            best = np.argsort([-one["score"] for one in found], kind="mergesort")
            found = [found[row] for row in best][: self.params.maxDets[-1]]
            if not people or not found:
                return []
            variance = (self.params.kpt_oks_sigmas * 2) ** 2
            return np.array([[_oks(d, g, first, last, variance) for g in people] for d in found])

    return Evaluation


def with_own_ignore(record: Record) -> Record:
    """The record with its `ignore` where pycocotools does not overwrite it."""
    return {**record, "own_ignore": bool(record.get("ignore", 0))}


def _oks(found: Record, person: Record, first: int, last: int, variance: Array) -> float:
    """Similarity of one pair, in float32 up to the squared distances."""
    g, d = (np.array(r["keypoints"][3 * first : 3 * last], dtype=np.float32) for r in (person, found))
    visible = g[2::3] > 0
    if visible.any():
        dx, dy = d[0::3] - g[0::3], d[1::3] - g[1::3]
    else:
        left, top, width, height = person["bbox"]
        dx = _outside(d[0::3], left - width, left + width * 2)
        dy = _outside(d[1::3], top - height, top + height * 2)
    e = (dx**2 + dy**2) / variance / (person["area"] + EPS) / 2
    if visible.any():
        e = e[visible]
    return float(np.sum(np.exp(-e)) / e.shape[0])


def _outside(places: Array, low: float, high: float) -> Array:
    zero = np.zeros(len(places))
    found: Array = np.max((zero, low - places), axis=0) + np.max((zero, places - high), axis=0)
    return found
