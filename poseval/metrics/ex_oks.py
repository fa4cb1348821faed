"""Extended OKS (Ex-OKS): whether a joint lies inside the activation window counts as well as where."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from poseval.kernels.coco import Cells, Matching, Targets, cell_pairs, keep, match
from poseval.metrics.base import Metric, Need, Table, Tally
from poseval.metrics.oks_ap import RANGES, THRESHOLDS, OksAp
from poseval.metrics.oks_joints import FIXED_POINT
from poseval.metrics.oks_scene import AreaSource, Scene, SceneRules, needs_of, scene_of
from poseval.metrics.ranking import OksCurves, curves, per_row
from poseval.poses import Array, Bools, Floats, Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Value, Values

ASPECT = 3 / 4  # width to height of the network input that the window stands for
LEVELS = (0, 1, 2, 3)  # 0: every labelled joint; else the joints of that flag, 3 outside the window


class Edge(enum.Enum):
    """How far a point is from the border of the window."""

    CORNER = "corner"  # squared distances to the nearer vertical and horizontal side, added (the code, C24)
    SIDE = "side"  # distance to the nearest point of the border (the paper)


@dataclass(frozen=True)
class ExOks(Metric):
    """AP and AR over Ex-OKS, which also scores joints that lie outside the activation window.

    The window is the ground truth's box brought to 3:4 by growing the short side, times `padding`. A true
    joint is outside where its flag is 3 or, with a `pad_to_contain` column, where that exceeds `padding`; a
    predicted joint is outside where its confidence is below `confidence`. Both inside: squared distance. Both
    outside: 0. Else: squared distance of the point inside to the border of the window, by `edge`. The rest
    is as in `oks_ap`; detections without a positive confidence take no part.

    AP_v1, AP_v2 and AP_v3 look at the joints of one flag alone. OKS is the mean over all matches at all
    thresholds, ranges and flags, ignored people among them.

    `published` keeps two habits of exococotools: crowd flags do not ignore a person (quirk C25), and where
    nobody counts in an image all its detections are ignored (C26). The paper's metric is
    `ex_oks(edge=side,published=no)`.

    Undefined without people to find.
    """

    thresholds: tuple[float, ...] = THRESHOLDS
    ranges: tuple[str, ...] = RANGES
    max_dets: int = 20
    area: AreaSource = AreaSource.FILE
    confidence: float = 0.5
    padding: float = 1.25
    edge: Edge = Edge.CORNER
    published: bool = True

    name: ClassVar[str] = "ex_oks"
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SCORES, Need.AREA, Need.BOXES, Need.SIGMAS})
    formula: ClassVar[str] = "as oks_ap, distances of joints outside the window measured to its border"
    undefined: ClassVar[str] = "without people to find (of that size, with joints of that flag)"
    source: ClassVar[str] = "Purkrabek and Matas 2025 (ProbPose); exococotools 1.0.0, extended_oks=True"

    def __post_init__(self) -> None:
        self._plain()
        object.__setattr__(self, "needs", needs_of(self.area, 0.0) | {Need.BOXES})

    def _plain(self) -> OksAp:
        """The plain metric with the same parameters; checks them, too."""
        return OksAp(self.thresholds, self.ranges, self.max_dets, self.area)

    def tally(self, aligned: Aligned) -> Tally:
        """Match at each level of flags; columns hold the area ranges of all levels side by side."""
        scene = scene_of(aligned, SceneRules(area=self.area, drop_zero_confidence=True))
        flags = self._flags(aligned)
        kept = keep(scene.detections.score, scene.poses, self.max_dets)
        pairs = cell_pairs(kept, scene.people)
        error = self._error(aligned, scene, flags, pairs)
        found, sums, counts = [], [], []
        for level in LEVELS:
            shown_joints = flags > 0 if level == 0 else flags == level
            oks = _mean_similarity(error, self._to_window(scene, pairs), shown_joints[pairs[1]])
            result = self._match(scene, kept, shown_joints, oks)
            found.append(result)
            total, count = _matched_oks(result, scene.people, oks)
            sums.append(total)
            counts.append(count)
        unit = per_row(scene.unit, found[0].start)
        tables = {
            "detections": Table(
                unit,
                {
                    "score": scene.detections.score[found[0].row],
                    "category": per_row(scene.category, found[0].start),
                    "hit": np.concatenate([one.hit for one in found], axis=1),
                    "skip": np.concatenate([one.skip for one in found], axis=1),
                    "oks_sum": np.stack(sums, axis=1),
                    "oks_count": np.stack(counts, axis=1),
                },
            ),
            "people": Table(
                per_row(scene.unit, scene.people.start),
                {
                    "person_category": per_row(scene.category, scene.people.start),
                    "counted": ~np.concatenate([one.truth_skip for one in found], axis=1),
                    "present": np.stack(
                        [(flags[scene.people.row] == level).any(axis=1) for level in LEVELS], axis=1
                    ),
                },
            ),
        }
        facts = {"thresholds": list(self.thresholds), "categories": list(scene.categories)}
        return Tally(str(self), aligned.unit_keys("frame"), tables, facts)

    def _flags(self, aligned: Aligned) -> Array:
        """Flags [G, K] with 3 for joints outside the window."""
        people = aligned.truth.people
        flags = people.seen.astype(np.int64)
        if "pad_to_contain" in people.extra:
            pad = np.asarray(people.extra["pad_to_contain"], dtype=np.float64)
            outside = (flags > 0) & (pad > self.padding)
            known = ~np.isnan(pad)
            flags = np.where(known & (flags > 2) & ~outside, 1, flags)
            flags = np.where(outside, 3, flags)
        return flags

    def _window(self, box: Floats) -> Floats:
        """x0, y0, x1, y1 [G, 4] of the windows; sides in float32 as the published code has them."""
        low, high = box[:, :2], box[:, :2] + box[:, 2:]
        width, height = (high - low).T
        center = low + (high - low) / 2
        size = np.stack([width, height], axis=1).astype(np.float32)
        width, height = np.where(width == 0, 1.0, width), np.where(height == 0, 1.0, height)
        wide = width / height > ASPECT
        size[:, 1] = np.where(wide, (width / ASPECT).astype(np.float32), size[:, 1])
        size[:, 0] = np.where(wide, size[:, 0], (height * ASPECT).astype(np.float32))
        size *= np.float32(self.padding)
        return np.concatenate([center - size / 2, center + size / 2], axis=1)

    def _border(self, xy: Floats, window: Floats) -> Floats:
        """Squared distance [P, K] of points to the border of their window."""
        inner = np.minimum(xy - window[:, None, :2], window[:, None, 2:] - xy)
        if self.edge is Edge.CORNER:
            corner: Floats = inner[..., 0] ** 2 + inner[..., 1] ** 2
            return corner
        outside = np.minimum(inner, 0.0)
        within: Floats = np.min(inner, axis=2) ** 2
        beyond: Floats = outside[..., 0] ** 2 + outside[..., 1] ** 2
        return np.where(np.all(inner >= 0, axis=2), within, beyond)

    def _error(self, aligned: Aligned, scene: Scene, flags: Array, pairs: tuple[Ints, Ints]) -> Floats:
        """Exponent [P, K] of the similarity of each joint."""
        pose, person = pairs
        found, wanted = scene.detections.xy[pose], scene.targets.xy[person]
        window = self._window(scene.targets.box)[person]
        confidence = aligned.predictions.people.joint_score[pose]
        claimed = np.isnan(confidence) | (np.clip(confidence, 0, 1) >= self.confidence)
        inside = flags[person] < 3
        off = found - wanted
        squared = off[..., 0] ** 2 + off[..., 1] ** 2
        squared = np.where(~inside & claimed, self._border(found, window), squared)
        squared = np.where(inside & ~claimed, self._border(wanted, window), squared)
        squared = np.where(~inside & ~claimed, 0.0, squared)
        return _scaled(squared, scene, person)

    def _to_window(self, scene: Scene, pairs: tuple[Ints, Ints]) -> Floats:
        """Exponent [P, K] for people without such joints: distance from the window, 0 inside."""
        pose, person = pairs
        window = self._window(scene.targets.box)[person]
        xy = scene.detections.xy[pose]
        beyond = np.maximum(0.0, window[:, None, :2] - xy) + np.maximum(0.0, xy - window[:, None, 2:])
        return _scaled(beyond[..., 0] ** 2 + beyond[..., 1] ** 2, scene, person)

    def _match(self, scene: Scene, kept: Cells, shown_joints: Bools, oks: Floats) -> Matching:
        ignored: Bools = ~np.any(shown_joints, axis=1)
        if not self.published:
            ignored = ignored | scene.targets.crowd
        targets: Targets = replace(scene.targets, ignored=ignored)
        plain = self._plain()
        found = match(
            scene.detections,
            kept,
            targets,
            scene.people,
            scene.sigmas,
            np.asarray(self.thresholds),
            plain.bounds,
            self.max_dets,
            with_matched=True,
            given=oks,
        )
        if not self.published:
            return found
        counting = np.zeros((len(kept.start) - 1, len(self.ranges)), dtype=np.int64)
        np.add.at(counting, scene.people.cell(), (~found.truth_skip).astype(np.int64))
        nobody = (counting == 0)[kept.cell()]
        return replace(found, skip=np.where(nobody, ~np.uint64(0), found.skip))

    def _curves(self, tally: Tally, weight: Ints | None) -> OksCurves:
        return curves(tally, len(tally.facts["categories"]), len(self.thresholds), weight)

    def curves(self, tally: Tally, weight: Ints | None = None) -> dict[int, OksCurves]:
        """The curves of each level of flags that occurs (0: all labelled joints)."""
        arrays, width = self._curves(tally, weight), len(self.ranges)
        present = tally.sum("present", weight)
        out = {}
        for at, level in enumerate(LEVELS):
            if level == 0 or present[at]:
                cut = slice(at * width, (at + 1) * width)
                out[level] = OksCurves(
                    arrays.precision[..., cut],
                    arrays.recall[..., cut],
                    arrays.scores[..., cut],
                    arrays.positives[:, cut],
                )
        return out

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """The headline numbers."""
        levels = self.curves(tally, weight)
        rows = []
        for s in self._plain().statistics:
            n = int(levels[0].positives[:, s.range].sum())
            value = levels[0].mean(s.kind, s.threshold, s.range) if s.given else math.nan
            rows.append(Value(str(self), s.name, value=value, n=n, why=s.why if math.isnan(value) else ""))
        for level in LEVELS[1:]:
            found = levels.get(level)
            n = 0 if found is None else int(found.positives[:, 0].sum())
            value = math.nan if found is None else found.mean("AP", -1, 0)
            why = "" if n else f"no joint has the flag {level}"
            rows.insert(level, Value(str(self), f"AP_v{level}", value=value, n=n, why=why))
        at = [LEVELS.index(level) for level in levels]
        total = int(tally.sum("oks_sum", weight)[at].sum())
        n = int(tally.sum("oks_count", weight)[at].sum())
        why = "" if n else "no detection is matched"
        oks = total / FIXED_POINT / n if n else math.nan
        return Values([*rows, Value(str(self), "OKS", value=oks, n=n, why=why)])


def _scaled(squared: Floats, scene: Scene, person: Ints) -> Floats:
    area = (scene.targets.area[person] + np.spacing(1))[:, None]
    error: Floats = squared / (scene.sigmas * 2) ** 2 / area / 2
    return error


def _mean_similarity(error: Floats, empty_error: Floats, shown_joints: Bools) -> Floats:
    """Mean of exp(-error) [P] over the joints shown; over all joints of `empty_error` where none is.

    Pairs with the same number of joints are added together, which keeps NumPy's order of additions.
    """
    count = shown_joints.sum(axis=1)
    out = np.empty(len(error))
    for n in np.unique(count):
        rows = np.flatnonzero(count == n)
        terms = error[rows][shown_joints[rows]].reshape(len(rows), n) if n else empty_error[rows]
        out[rows] = np.exp(-terms).sum(axis=1) / terms.shape[1]
    return out


def _matched_oks(found: Matching, people: Cells, oks: Floats) -> tuple[Ints, Ints]:
    """Fixed-point sum [R] of the OKS of a detection's matches over thresholds and ranges, and their count."""
    place = np.empty(int(people.row.max(initial=-1)) + 1, dtype=np.int64)
    place[people.row] = np.arange(len(people.row)) - people.start[people.cell()]
    size = np.diff(people.start)[np.repeat(np.arange(len(found.start) - 1), np.diff(found.start))]
    first = np.concatenate([[0], np.cumsum(size)[:-1]]).astype(np.int64)[: len(size)]
    _, ranges, thresholds = found.matched.shape
    matched = found.matched.reshape(len(found.row), ranges * thresholds)
    hit = matched >= 0
    row = np.nonzero(hit)[0]
    values = oks[first[row] + place[matched[hit]]]
    total = np.zeros(len(found.row), dtype=np.int64)
    np.add.at(total, row, np.rint(values * FIXED_POINT).astype(np.int64))
    return total, hit.sum(axis=1)
