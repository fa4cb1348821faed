"""The command `poseval crosscheck` fails for a fault in any stage of any family of benchmarks.

A fault is planted in one stage; what cannot be seen stands in `UNSEEN` with its reason, and is held to that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.benchmarks import posetrack_boxes
from poseval.benchmarks.base import Benchmark
from poseval.cli import invoke
from poseval.metrics import epe, hota, joint_error, nme, oks_scene, pck, tracking_scene
from poseval.metrics.base import Metric, Tally
from poseval.poses import IgnoreRegions, PoseSet
from poseval.scoring import score
from tests.compat.test_crosscheck_golden import files_of
from tests.golden.committed import ROOT, Case

for program in ("pycocotools", "motmetrics", "trackeval"):
    pytest.importorskip(program)

Patch = pytest.MonkeyPatch
Change = Callable[[PoseSet], PoseSet]

# Family -> cases, each with a rule set; a second case has what the first lacks.
OKS, POINTS, FACES, GROUPS, POSES = "oks", "points", "faces", "groups", "videos"
BOXES, JRDB = "boxes", "jrdb"
CASES: dict[str, list[tuple[str, str]]] = {
    OKS: [
        ("coco/matlab_kit", "reference"),
        ("coco/matlab_kit", "corrected"),
        ("coco/crowdpose", "reference"),
        ("coco/whole_body_scripts", "reference"),
        ("coco/ap10k", "reference"),
        ("coco/halpe", "reference"),
        ("neighbours/exlpose", "reference"),
        ("neighbours/animalpose", "reference"),
    ],
    POINTS: [
        ("mpii/mpii_ordinary", "hrnet"),
        ("mpii/lsp_ordinary", "reference"),
        ("mpii/jhmdb_ordinary", "reference"),
        ("neighbours/h36m_ordinary", "reference"),
        ("neighbours/cooking", "reference"),
    ],
    FACES: [
        ("nme/w300_ordinary", "reference"),
        ("nme/wflw_ordinary", "reference"),
        ("nme/cofw_ordinary", "reference"),
        ("nme/aflw_ordinary", "reference"),
        ("nme/aflw2000", "reference"),
        ("nme/aflw_pifa", "reference"),
    ],
    GROUPS: [("mpii/mpii_multi", "reference")],
    POSES: [("posetrack/ignore_regions", "posetrack-2017"), ("posetrack/ignore_regions", "posetrack21")],
    BOXES: [("neighbours/boxes_mot17", "mot16"), ("neighbours/boxes_posetrack21", "reference")],
    JRDB: [("neighbours/jrdb_crowd", "reference")],
}


# ------------------------------------------------------------------------------------------ the stages


def read(
    patch: Patch, truth: Change = lambda poses: poses, predictions: Change = lambda poses: poses
) -> None:
    """Another reader of one side."""
    real = score._read_both

    def wrong(*given: Any) -> Any:
        gt, dt, found = real(*given)
        return truth(gt), predictions(dt), found

    patch.setattr(score, "_read_both", wrong)


def columns(poses: PoseSet, **changed: Any) -> PoseSet:
    return replace(poses, people=poses.people.with_columns(**changed))


def shift(patch: Patch) -> None:
    """The reader is off by four pixels."""
    read(patch, predictions=lambda p: columns(p, xy=p.people.xy + 4, box=p.people.box + 4))


def mapping(patch: Patch) -> None:
    """Every joint is taken for the next."""
    names = ("xy", "seen", "joint_score")
    read(
        patch,
        predictions=lambda p: columns(p, **{n: np.roll(getattr(p.people, n), 1, axis=1) for n in names}),
    )


def order(patch: Patch) -> None:
    """The lowest score comes first."""
    read(patch, predictions=lambda p: columns(p, score=-p.people.score, joint_score=-p.people.joint_score))


def ignore(patch: Patch) -> None:
    """Crowds and ignore regions have no effect."""
    patch.setattr(posetrack_boxes, "IGNORED", 2.0)  # of a box, more than can lie in a region
    read(
        patch, truth=lambda t: replace(columns(t, crowd=np.zeros(len(t), dtype=bool)), ignore=IgnoreRegions())
    )


def scale(patch: Patch) -> None:
    """People are a tenth larger, by whatever they are measured."""

    def larger(poses: PoseSet) -> PoseSet:
        people = poses.people
        return columns(poses, area=1.21 * people.area, head=1.1 * people.head, box=_grown(people.box))

    read(patch, truth=larger)
    patch.setattr(oks_scene, "BOX_SHARE", 1.21 * oks_scene.BOX_SHARE)
    for place in (pck, nme, epe):
        patch.setattr(place, "scale", lambda *given, **more: 1.1 * joint_error.scale(*given, **more))


def _grown(box: np.ndarray) -> np.ndarray:
    first, last = box[:, :2], box[:, 2:]
    return np.concatenate([first, first + 1.1 * (last - first)], axis=1)


def sigma(patch: Patch) -> None:
    """All sigmas are a tenth larger."""
    for place in (oks_scene, tracking_scene):
        patch.setattr(place, "sigmas_of", lambda poses, given: 1.1 * poses.skeleton.sigma_array)


def thresholds(patch: Patch) -> None:
    """Thresholds and the gates of matches are half as high."""
    real = Benchmark.prepare

    def wrong(self: Benchmark, *given: Any) -> Any:
        parts, notices = real(self, *given)
        return [replace(part, metrics=tuple(map(_lower, part.metrics))) for part in parts], notices

    patch.setattr(Benchmark, "prepare", wrong)


def _lower(metric: Metric) -> Metric:
    names = {field.name for field in fields(metric)} & {"at", "thresholds", "limit"}  # type: ignore[arg-type]
    changed = {}
    for name in names:
        value = getattr(metric, name)
        changed[name] = tuple(0.5 * x for x in value) if isinstance(value, tuple) else 0.5 * value
    return replace(metric, **changed)  # type: ignore[type-var]


def alphas(patch: Patch) -> None:
    """HOTA's thresholds are a tenth lower."""
    patch.setattr(hota, "LEVELS", 0.9 * hota.LEVELS)


def ratio(patch: Patch) -> None:
    """The first frame or sequence counts twice."""
    real = Benchmark.prepare

    def wrong(self: Benchmark, *given: Any) -> Any:
        parts, notices = real(self, *given)
        for kind in {type(metric) for part in parts for metric in part.metrics}:
            patch.setattr(kind, "reduce", _twice(kind.reduce))
        return parts, notices

    patch.setattr(Benchmark, "prepare", wrong)


def _twice(real: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(self: Metric, tally: Tally, weight: Any = None) -> Any:
        weight = np.ones(tally.units, dtype=np.int64) if weight is None else weight.copy()
        weight[0] *= 2
        return real(self, tally, weight)

    return reduce


FAULTS = {f.__name__: f for f in (shift, mapping, order, ignore, scale, sigma, thresholds, alphas, ratio)}
NO_RANKING = "one prediction a person, or tracks: no score is looked at"
NO_IGNORED = "its files have neither crowds nor regions"
NO_SIGMA = "no similarity by sigmas"
NO_HOTA = "no HOTA"
UNSEEN: dict[str, dict[str, str]] = {
    OKS: {"alphas": NO_HOTA},
    POINTS: {"order": NO_RANKING, "ignore": NO_IGNORED, "sigma": NO_SIGMA, "alphas": NO_HOTA},
    FACES: {"order": NO_RANKING, "ignore": NO_IGNORED, "sigma": NO_SIGMA, "alphas": NO_HOTA},
    GROUPS: {"ignore": NO_IGNORED, "sigma": NO_SIGMA, "alphas": NO_HOTA},
    POSES: {"sigma": NO_SIGMA},
    BOXES: {
        "mapping": "no joints",
        "order": NO_RANKING,
        "sigma": NO_SIGMA,
    },
    JRDB: {"order": NO_RANKING, "ignore": NO_IGNORED},
}
NO_CROWD = "nobody of its scene is a crowd"
UNSEEN_IN: dict[str, dict[str, str]] = {
    "coco/crowdpose": {"ignore": NO_CROWD},
    "coco/ap10k": {"ignore": NO_CROWD},
    "neighbours/exlpose": {"ignore": NO_CROWD},
    "neighbours/cooking": {"scale": "a stick is measured by its own two joints"},
    "nme/aflw2000": {"thresholds": "its program has none"},
    "nme/aflw_pifa": {"thresholds": "its program has none"},
}
RUNS = [(family, *case, fault) for family, cases in CASES.items() for case in cases for fault in FAULTS]


def status(name: str, rules: str, into: Path) -> int:
    """What the command exits with."""
    case = Case(ROOT / name)
    truth, predictions = files_of(case, into)
    asked = ["--benchmark", case.expected["ask"]["benchmark"], "--rules", rules]
    return invoke(["crosscheck", str(predictions), "--gt", str(truth), *asked])


@pytest.mark.parametrize("family", CASES)
def test_without_a_fault_all_is_equal(family: str, tmp_path: Path) -> None:
    for name, rules in CASES[family]:
        assert status(name, rules, tmp_path) == 0, (name, rules)


@pytest.mark.parametrize(("family", "name", "rules", "fault"), RUNS)
def test_a_planted_fault_is_seen(
    family: str, name: str, rules: str, fault: str, tmp_path: Path, monkeypatch: Patch
) -> None:
    FAULTS[fault](monkeypatch)
    assert status(name, rules, tmp_path) == int(fault not in UNSEEN[family] | UNSEEN_IN.get(name, {}))
