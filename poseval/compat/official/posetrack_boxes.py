"""PoseTrack21's tracked boxes: what the kit leaves out is transcribed, TrackEval and py-motmetrics count.

Source: anDoer/PoseTrack21 3e61960, eval/posetrack21 (trackeval/datasets/posetrack_mot.py) for HOTA, eval/mot
(datasets/pt_sequence.py, evaluate_mot.py with --use_ignore_regions, motmetrics/mot.py) for CLEAR and IDF1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from poseval.compat.official.base import ADDITION, Array, CannotCheck, Question, Side, content, from_json
from poseval.compat.official.tracking import (
    Meeting,
    Tracks,
    clear_counts,
    false_positives,
    identity_counts,
    motmetrics_version,
    trackeval,
    trackeval_version,
)

Box = tuple[float, float, float, float]
GATE, IGNORED = 0.5, 0.1


@dataclass
class Shot:
    """One image: tracks and boxes as the files have them, x1, y1, x2, y2, and its ignore regions."""

    truth: dict[int, Box]
    found: dict[int, Box]
    regions: list[Array]


def sides(question: Question) -> list[Side]:
    """HOTA on the boxes of the files, CLEAR and IDF1 on cut and shrunk ones.

    Raises:
        CannotCheck: other files, or rules without a program.
    """
    if question.rules == "corrected":
        raise CannotCheck("no program has these rules")
    videos = _videos(Path(question.truth), Path(question.predictions))
    higher = trackeval([_for_hota(shots) for shots in videos], "HOTA")
    numbers = {key: float(higher[key].mean()) for key in ("HOTA", "DetA", "AssA", "LocA")}
    return [Side(trackeval_version(), dict(numbers), ADDITION), _by_motmetrics(videos)]


def _videos(truth: Path, predictions: Path) -> list[list[Shot]]:
    files = sorted(truth.glob("*/gt/gt.txt")) if truth.is_dir() else []
    if not files or not predictions.is_dir():
        raise CannotCheck("the kit reads folders of sequences")
    out = []
    for file in files:
        name = file.parts[-3]
        info = from_json(file.parent.parent / "image_info.json")
        true, found = _lines(file), _lines(predictions / f"{name}.txt")
        frames = [(image["frame_index"], _polygons(image)) for image in info]
        out.append([Shot(true[frame], found[frame], regions) for frame, regions in frames])
    return out


def _lines(path: Path) -> dict[int, dict[int, Box]]:
    out: dict[int, dict[int, Box]] = defaultdict(dict)
    for line in content(path).decode().splitlines():
        if line.strip():
            frame, track, x, y, w, h = (float(word) for word in line.split(",")[:6])
            out[int(frame)][int(track)] = (x, y, x + w, y + h)
    return out


def _polygons(image: dict[str, Any]) -> list[Array]:
    x, y = image["ignore_regions_x"], image["ignore_regions_y"]
    if x and not isinstance(x[0], list):
        x, y = [x], [y]
    return [np.array([a, b]).T for a, b in zip(x, y, strict=True) if len(a) >= 3]


def _overlap(a: Box, b: Box) -> float:
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if shared > 0 else 0.0


def _table(truth: dict[int, Box], found: dict[int, Box]) -> Array:
    table = [[_overlap(a, b) for b in found.values()] for a in truth.values()]
    return np.array(table, dtype=np.float64).reshape(len(truth), len(found))


def _ignored(box: Box, regions: Sequence[Array]) -> bool:
    """Whether a box and a region share more than a tenth of their union."""
    for region in regions:
        x, y = region.T
        whole = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
        shared = abs(sum(_below(a, b, box) for a, b in zip(region, np.roll(region, -1, axis=0), strict=True)))
        if shared / (whole + (box[2] - box[0]) * (box[3] - box[1]) - shared) > IGNORED:
            return True
    return False


def _below(a: Array, b: Array, box: Box) -> float:
    """Signed area of the box below an edge of a polygon: the integral of its height, cut to the box."""
    x1, y1, x2, y2 = (float(value) for value in (*a, *b))
    if x1 == x2:
        return 0.0
    sign, (left, right) = (1, (x1, x2)) if x1 < x2 else (-1, (x2, x1))
    left, right = max(left, box[0]), min(right, box[2])
    if left >= right:
        return 0.0

    def height(x: float) -> float:
        return y1 + (y2 - y1) * (x - x1) / (x2 - x1)

    cuts = [left, right]
    if y1 != y2:
        cuts += [x for level in (box[1], box[3])
                 if left < (x := x1 + (level - y1) * (x2 - x1) / (y2 - y1)) < right]  # fmt: skip
    cuts.sort()
    levels = [min(max(height(x), box[1]), box[3]) - box[1] for x in cuts]
    pieces = zip(cuts, cuts[1:], levels, levels[1:], strict=False)
    return sign * sum((end - begin) * (low + high) / 2 for begin, end, low, high in pieces)


def _for_hota(shots: Sequence[Shot]) -> Tracks:
    """get_preprocessed_seq_data: predictions that are assigned to nobody, in ignore regions, are left out."""
    out = Tracks([], [], [])
    for shot in shots:
        table, found = _table(shot.truth, shot.found), list(shot.found)
        kept = list(range(len(found)))
        if shot.truth and found:
            scores = np.where(table >= GATE - np.finfo(float).eps, table, 0.0)
            rows, columns = linear_sum_assignment(-scores)
            matched = {int(c) for r, c in zip(rows, columns, strict=True) if scores[r, c] > 0}
            kept = [k for k in kept if k in matched or not _ignored(shot.found[found[k]], shot.regions)]
        out.objects.append(list(shot.truth))
        out.hypotheses.append([found[k] for k in kept])
        out.similarity.append(table[:, kept])
    return out


def _cut(shots: Sequence[Shot]) -> Iterator[Shot]:
    """PTSequence: whole pixels on one side, a pixel less on the other."""
    for shot in shots:
        truth = {}
        for track, box in shot.truth.items():
            x, y = int(round(box[0], 6)), int(round(box[1], 6))
            w, h = int(round(box[2] - box[0], 6)), int(round(box[3] - box[1], 6))
            truth[track] = (float(x), float(y), float(x + w), float(y + h))
        found = {track: (a - 1, b - 1, c - 2, d - 2) for track, (a, b, c, d) in shot.found.items()}
        yield Shot(truth, found, shot.regions)


def _by_motmetrics(videos: Sequence[Sequence[Shot]]) -> Side:
    """Every false positive in an ignore region is taken from the count; the rest is py-motmetrics' own."""
    total: dict[str, float] = defaultdict(float)
    matched = 0.0
    for shots in videos:
        cut = list(_cut(shots))
        tables = [_table(shot.truth, shot.found) for shot in cut]
        inside = [[_ignored(box, shot.regions) for box in shot.found.values()] for shot in cut]
        near = [np.where(table >= GATE, 1 - table, np.nan) for table in tables]
        every = [Meeting(list(s.truth), list(s.found), d, False) for s, d in zip(cut, near, strict=True)]
        for key, value in clear_counts(every, dummies=False).items():
            total[key] += value
        alone = [_kept(m, [i and bool(np.isnan(m.distance[:, k]).all()) for k, i in enumerate(flags)])
                 for m, flags in zip(every, inside, strict=True)]  # fmt: skip
        matched += identity_counts(alone)[0]
        forgiven = [dict(zip(s.found, flags, strict=True)) for s, flags in zip(cut, inside, strict=True)]
        total["forgiven"] += sum(forgiven[frame][track] for frame, track in false_positives(every))
    false = total["false_positives"] - total["forgiven"]
    objects, detections = total["objects"], total["detections"]
    numbers = {
        "MOTA": 1 - (total["misses"] + false + total["switches"]) / objects,
        "MOTP": 1 - total["matched"] / detections,
        "precision": detections / (detections + false),
        "recall": detections / objects,
        "IDF1": 2 * matched / (objects + detections + false),
    }
    return Side(
        f"{motmetrics_version()} with the ignore regions of PoseTrack21's copy", dict(numbers), ADDITION
    )


def _kept(meeting: Meeting, without: Sequence[bool]) -> Meeting:
    """The frame without some of its hypotheses."""
    kept = [place for place, left_out in enumerate(without) if not left_out]
    return Meeting(
        meeting.objects, [meeting.hypotheses[place] for place in kept], meeting.distance[:, kept], False
    )
