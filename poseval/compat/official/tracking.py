"""py-motmetrics and TrackEval, given ids and distances or similarities frame by frame."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from poseval.compat.official.base import Array, CannotCheck

DUMMY = 2 * 10**12  # no track has this id
TRACKS = {
    "tracks": "num_unique_objects",
    "mostly_tracked": "mostly_tracked",
    "partly_tracked": "partially_tracked",
    "mostly_lost": "mostly_lost",
    "fragments": "num_fragmentations",
}
IDENTITIES = {"matched": "idtp", "objects": "num_objects", "hypotheses": "num_predictions"}
TRACKEVAL_EXTRA = "TrackEval is not installed (extra `crosscheck`)"


class Meeting(NamedTuple):
    """One frame: ids of both sides, distances [O, H] with NaN where a pair may not match."""

    objects: Sequence[int | None]
    hypotheses: Sequence[int | None]
    distance: Array
    lonely: bool  # whether one side of the frame has nobody at all


def motmetrics_version() -> str:
    """Name and release of py-motmetrics."""
    return f"py-motmetrics {version('motmetrics')}"


def _accumulated(meetings: Sequence[Meeting], dummies: bool) -> Any:
    """The accumulator after all frames; ids of the two sides never meet."""
    from motmetrics import MOTAccumulator

    accumulator = MOTAccumulator(auto_id=True)
    for meeting in meetings:
        if dummies and meeting.lonely:
            accumulator.update([DUMMY], [DUMMY + 1], [[np.nan]])
            continue
        ids = [[2 * int(key or 0) + side for key in keys] for side, keys in enumerate(meeting[:2])]
        accumulator.update(*ids, meeting.distance)
    return accumulator


def clear_counts(meetings: Sequence[Meeting], dummies: bool) -> dict[str, float]:
    """CLEAR counts and sums of distances, of matches and of other events that have one.

    Counts of tracks, too, where no dummies stand for empty frames.

    Raises:
        CannotCheck: an id occurs twice in the first frame of its track, where py-motmetrics stops.
    """
    try:
        accumulator = _accumulated(meetings, dummies)
    except KeyError:
        raise CannotCheck("py-motmetrics stops at an id that occurs twice in its first frame (P27)") from None
    events = accumulator.events
    kinds, distances = events["Type"].tolist(), events["D"].tolist()
    count = Counter(kinds)
    matched = sum(d for kind, d in zip(kinds, distances, strict=True) if kind in ("MATCH", "SWITCH"))
    other = sum(d for kind, d in zip(kinds, distances, strict=True)
                if kind not in ("MATCH", "SWITCH") and d == d)  # fmt: skip
    detections = count["MATCH"] + count["SWITCH"]
    return {
        "misses": count["MISS"],
        "switches": count["SWITCH"],
        "false_positives": count["FP"],
        "objects": detections + count["MISS"],
        "detections": detections,
        "matched": matched,
        "other": other,
        **({} if dummies else _computed(accumulator, TRACKS)),
    }


def false_positives(meetings: Sequence[Meeting]) -> list[tuple[int, int]]:
    """Place of the meeting and id of every hypothesis that matches nobody."""
    events = _accumulated(meetings, dummies=False).events
    frames = events.index.get_level_values("FrameId").tolist()
    rows = zip(events["Type"].tolist(), frames, events["HId"].tolist(), strict=True)
    return [(int(frame), int(key) // 2) for kind, frame, key in rows if kind == "FP"]


def identity_counts(meetings: Sequence[Meeting]) -> tuple[float, float, float]:
    """IDTP, objects and hypotheses."""
    found = _computed(_accumulated(meetings, dummies=False), IDENTITIES)
    return found["matched"], found["objects"], found["hypotheses"]


def _computed(accumulator: Any, names: Mapping[str, str]) -> dict[str, float]:
    """Metrics of py-motmetrics by our names; 0 for an accumulator that saw nothing."""
    if not len(accumulator.events):
        return dict.fromkeys(names, 0.0)
    wanted = list(names.values())
    table = _motmetrics().compute(accumulator, metrics=wanted, return_dataframe=False)
    return {name: float(table[key]) for name, key in names.items()}


@cache
def _motmetrics() -> Any:
    """The metrics of py-motmetrics, which takes longer to list them than to compute three."""
    from motmetrics import metrics

    return metrics.create()


class Tracks(NamedTuple):
    """One sequence for TrackEval: ids of both sides and similarities [O, H], frame by frame."""

    objects: list[list[int]]
    hypotheses: list[list[int]]
    similarity: list[Array]


def trackeval(sequences: Sequence[Tracks], metric: str, **config: Any) -> dict[str, Any]:
    """What a metric of TrackEval says of all sequences together.

    Raises:
        CannotCheck: TrackEval is not installed, or an id occurs twice in a frame.
    """
    for one in sequences:
        for frame in (*one.objects, *one.hypotheses):
            if len(set(frame)) < len(frame):
                raise CannotCheck("TrackEval does not accept an id that occurs twice in a frame")
    try:
        from trackeval import metrics
    except ImportError:
        raise CannotCheck(TRACKEVAL_EXTRA) from None
    with contextlib.redirect_stdout(io.StringIO()):
        made = getattr(metrics, metric)({"PRINT_CONFIG": False, **config})
        parts = {str(place): made.eval_sequence(_data(one)) for place, one in enumerate(sequences)}
        combined: dict[str, Any] = made.combine_sequences(parts)
    return combined


def trackeval_version() -> str:
    """Name and release of TrackEval."""
    return f"TrackEval {version('trackeval')}"


def _data(one: Tracks) -> dict[str, Any]:
    ids = [sorted({key for frame in side for key in frame}) for side in (one.objects, one.hypotheses)]
    dense = [
        [np.array([names.index(key) for key in frame], dtype=int) for frame in side]
        for names, side in zip(ids, (one.objects, one.hypotheses), strict=True)
    ]
    return {
        "num_timesteps": len(one.similarity),
        "num_gt_ids": len(ids[0]),
        "num_tracker_ids": len(ids[1]),
        "num_gt_dets": sum(map(len, one.objects)),
        "num_tracker_dets": sum(map(len, one.hypotheses)),
        "gt_ids": dense[0],
        "tracker_ids": dense[1],
        "similarity_scores": one.similarity,
    }
