"""Sigmas that are given by hand belong to the ground truth's own joints."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.checks import examine_set
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.errors import UsageError
from poseval.poses import PoseSet
from poseval.skeletons import Skeleton, get_skeleton
from poseval.skeletons.sigmas import read_sigmas, sigmas_on
from tests.datasets.test_given_skeleton import MOUSE, mice
from tests.datasets.test_same_score import truth_and_predictions

COCO = get_skeleton("coco17")
NAMES = ("L_Eye", "R_Eye", "Nose", "Neck", "L_Paw", "R_Paw", "Tail")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (0.05, (0.05,)),
        (np.float32(0.5), (0.5,)),
        ([0.1, 0.2], (0.1, 0.2)),
        (np.array([0.1, 0.2]), (0.1, 0.2)),
        ("0.05", (0.05,)),
        ("0.1,0.2, 0.3", (0.1, 0.2, 0.3)),
        ("[0.1, 0.2]", (0.1, 0.2)),
        ("nose=0.1,wrist=0.2", (("nose", 0.1), ("wrist", 0.2))),
        ({"nose": 0.1}, (("nose", 0.1),)),
    ],
)
def test_every_form_is_read(given: Any, wanted: Any) -> None:
    assert read_sigmas(given) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[0.1, 0.2]", (0.1, 0.2)),
        ('{"nose": 0.1}', (("nose", 0.1),)),
        ("0.1 0.2\n0.3\n", (0.1, 0.2, 0.3)),
        ("nose=0.1\ntail=0.2\n", (("nose", 0.1), ("tail", 0.2))),
    ],
)
def test_every_form_is_read_from_a_file(text: str, wanted: Any, tmp_path: Path) -> None:
    path = tmp_path / "sigmas"
    path.write_text(text)
    assert read_sigmas(path) == read_sigmas(str(path)) == wanted


@pytest.mark.parametrize(
    "given",
    ["nose=x", "a,b=0.1", -1, [0.1, math.nan], [], {}, "[0.1", '["a"]', object(), {"a": {}}, [0.1, 0]],
)
def test_what_is_no_sigma_is_refused(given: Any) -> None:
    with pytest.raises(UsageError) as caught:
        read_sigmas(given)
    assert caught.value.code in ("P115", "P114")
    assert caught.value.fault.wanted


@pytest.mark.parametrize("text", ["nose=0.1,nose=0.2", '{"nose": 0.1, "nose": 0.2}'])
def test_a_name_stands_once(text: str, tmp_path: Path) -> None:
    path = tmp_path / "sigmas"
    path.write_text(text)
    for given in (text, path):
        with pytest.raises(UsageError, match=r"nose.* twice") as caught:
            read_sigmas(given)
        assert caught.value.code == "P115"


def test_they_are_put_on_joints_by_place_by_name_by_kind_or_on_all() -> None:
    assert sigmas_on((0.1, 0.2, 0.3, 0.4), MOUSE, "gt").sigmas == (0.1, 0.2, 0.3, 0.4)
    assert sigmas_on((0.1,), MOUSE, "gt").sigmas == (0.1,) * 4
    named = (("tail_base", 0.4), ("left_ear", 0.2), ("ear", 0.3), ("snout", 0.1))
    assert sigmas_on(named, MOUSE, "gt").sigmas == (0.1, 0.2, 0.3, 0.4)
    changed = sigmas_on((("nose", 0.5),), COCO, "gt").sigmas
    assert changed == (0.5, *COCO.sigma_array[1:])


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ((0.1, 0.2), "are 2 numbers; the 4 joints of gt are snout, left_ear, right_ear, tail_base"),
        ((("paw", 0.1),), "name paw"),
        ((("snout", 0.1),), "leave out left_ear, right_ear, tail_base"),
    ],
)
def test_what_does_not_fit_the_joints_is_refused(given: Any, what: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        sigmas_on(given, MOUSE, "gt")
    assert caught.value.code == "P115"


def seventeen(folder: Path) -> tuple[Path, Path]:
    """The people of `truth_and_predictions` in files, with seventeen joints of other names than COCO's."""
    truth, predictions = truth_and_predictions()
    names = tuple(f"{name}_{k}" for k, name in enumerate(NAMES * 3))[:17]
    own = Skeleton("own", names, tuple(range(17)))
    sets = [replace(one, skeleton=own) for one in (truth, predictions)]
    datasets.get_format("coco").write(sets[0], folder / "gt.json", WriteOptions(Role.TRUTH))
    datasets.get_format("coco").write(sets[1], folder / "dt.json", WriteOptions(Role.PREDICTIONS))
    return folder / "gt.json", folder / "dt.json"


def test_seventeen_numbers_do_not_make_a_file_coco(tmp_path: Path) -> None:
    gt, dt = seventeen(tmp_path)
    report = poseval.score(gt, dt, sigmas=COCO.sigmas, per_joint=True)
    assert report.benchmark == "oks"
    rows = [row.joint for row in report.values if row.statistic == "OKS" and row.joint]
    assert rows[0] == "L_Eye_0"
    assert not {"nose", "left_eye"} & set(rows)
    truth, predictions = truth_and_predictions()
    assert report.summary["AP"] == poseval.score(truth, predictions, "oks").summary["AP"]


def test_every_form_gives_the_same_number_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, predictions = mice(), mice()
    noise = np.random.default_rng(1).normal(0, 8, truth.people.xy.shape)
    predictions = replace(truth, people=truth.people.with_columns(xy=truth.people.xy + noise))
    gt, dt = tmp_path / "gt.json", tmp_path / "dt.json"
    datasets.get_format("coco").write(truth, gt, WriteOptions(Role.TRUTH))
    datasets.get_format("coco").write(predictions, dt, WriteOptions(Role.PREDICTIONS))
    values = {"snout": 0.05, "left_ear": 0.05, "right_ear": 0.05, "tail_base": 0.05}
    (tmp_path / "list.json").write_text(json.dumps(list(values.values())))
    (tmp_path / "names.json").write_text(json.dumps(values))
    forms = [
        "0.05",
        "0.05,0.05,0.05,0.05",
        "snout=0.05,ear=0.05,tail_base=0.05",
        str(tmp_path / "list.json"),
        str(tmp_path / "names.json"),
    ]
    found = []
    for form in forms:
        assert invoke(["score", str(dt), "--gt", str(gt), "--sigmas", form, "--json", "-"]) == 0
        found.append(json.loads(capsys.readouterr().out)["summary"])
    assert all(summary == found[0] for summary in found)
    assert 0.3 < found[0]["AP"] < 1


def scored(truth: PoseSet, predictions: PoseSet, **asked: Any) -> poseval.Report:
    return poseval.score(truth, predictions, "coco-keypoints", **asked)


def test_replaced_constants_of_a_benchmark_are_deviations() -> None:
    truth, predictions = truth_and_predictions()
    assert scored(truth, predictions).deviations == ()
    assert scored(truth, predictions, sigmas=[round(s, 3) for s in COCO.sigmas or ()]).deviations == ()
    told = "sigmas are not those of coco17, which coco-keypoints uses"
    assert told in scored(truth, predictions, sigmas=0.05).deviations
    assert told in scored(truth, predictions, sigmas={"nose": 0.05}).deviations
    assert told in scored(truth, predictions, skeleton=COCO.with_sigmas([0.05] * 17)).deviations
    for metric in ("oks_ap(area=box)", "oks_ap(thresholds=0.5)", "oks_ap(max_dets=5)"):
        found = scored(truth, predictions, metrics=metric).deviations
        assert any("metrics chosen by hand" in text for text in found), metric


@pytest.mark.parametrize(
    ("factor", "told"),
    [(10, "10 times"), (0.1, "0.1 times"), (2, "2 times"), (0.5, "0.5 times"), (1, ""), (1.3, "")],
)
def test_ten_times_and_half_of_the_known_sigmas_are_noticed(factor: float, told: str) -> None:
    truth, predictions = truth_and_predictions()
    sigmas = [factor * sigma for sigma in COCO.sigma_array.tolist()]
    texts = [n.text for n in scored(truth, predictions, sigmas=sigmas).notices if n.code == "N910"]
    assert [told in text for text in texts] == [True] * bool(told)


@pytest.mark.parametrize(("sigma", "count"), [(0.05, 0), (0.26, 1), (0.5, 1), (0.001, 1), (0.107, 0)])
def test_sigmas_of_an_unknown_skeleton_beside_the_published_ones(sigma: float, count: int) -> None:
    truth = replace(mice(), skeleton=MOUSE.with_sigmas([sigma] * 4))
    assert [n.code for n in examine_set(truth, Role.TRUTH)].count("N910") == count


def test_no_known_skeleton_is_noticed() -> None:
    from poseval.skeletons import names

    for name in names():
        skeleton = get_skeleton(name)
        truth = mice()
        xy = np.zeros((len(truth), len(skeleton), 2))
        people = truth.people.with_columns(xy=xy, seen=np.ones(xy.shape[:2]), joint_score=None)
        found = examine_set(replace(truth, skeleton=skeleton, people=people), Role.TRUTH)
        assert "N910" not in [n.code for n in found], name


def test_sigmas_that_nobody_uses_are_said() -> None:
    truth, predictions = truth_and_predictions()
    for metrics, count in (("pck(norm=bbox,at=0.1,people=matched)", 1), ("oks_ap", 0)):
        found = scored(truth, predictions, sigmas=0.05, metrics=metrics).notices
        assert [notice.code for notice in found].count("N916") == count


def test_one_sigma_of_twice_the_known_one_is_no_mistake_of_units() -> None:
    truth, predictions = truth_and_predictions()
    found = scored(truth, predictions, sigmas={"nose": 2 * COCO.sigma_array[0]})
    assert "N910" not in [notice.code for notice in found.notices]


def test_track_takes_sigmas_for_joints_that_nobody_knows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "dt.csv", tmp_path / "out.csv"
    datasets.get_format("deeplabcut").write(mice(), path, WriteOptions(Role.PREDICTIONS))
    assert invoke(["track", str(path), "--out", str(out)]) == 2
    assert "--sigmas 0.1" in capsys.readouterr().err
    assert invoke(["track", str(path), "--out", str(out), "--sigmas", "0.1"]) == 0
    assert len(poseval.read(out, role="predictions")) == len(mice())
    assert invoke(["track", str(path), "--out", str(out), "--force", "--sigmas", "0.1,0.2"]) == 2
    assert "[P115]" in capsys.readouterr().err
