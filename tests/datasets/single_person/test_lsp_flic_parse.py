from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from poseval.datasets import Role
from poseval.errors import FormatError, ValueRangeError
from poseval.scoring.score import evaluate
from poseval.statistics.intervals import intervals
from tests.datasets.mat_files import structs
from tests.datasets.reading import predictions, recognised, truth
from tests.shared import shared_path

RIGHT = (0, 1, 2, 6, 7, 8)


def lsp(path: Path, count: int = 4, flags: float = 0.0, observer: bool = False) -> Path:
    rng = np.random.default_rng(0)
    joints = rng.uniform(10, 90, (3, 14, count))
    joints[2] = flags
    if observer:
        joints[0] = 80
        joints[0, list(RIGHT)] = 20
    savemat(path, {"joints": joints})
    return path


def test_hidden_joints_are_hidden_and_count(tmp_path: Path) -> None:
    found = truth(lsp(tmp_path / "joints-PC.mat", flags=1.0))
    assert recognised(tmp_path / "joints-PC.mat") == "lsp-mat"
    assert (found.people.seen == 1).all()
    assert found.skeleton.name == "lsp14"


def test_the_test_half_of_the_whole_set_is_marked(tmp_path: Path) -> None:
    found = truth(lsp(tmp_path / "joints.mat", 2000))
    assert found.frames.extra["test"].tolist() == [False] * 1000 + [True] * 1000
    assert "test" not in truth(lsp(tmp_path / "small.mat", 200)).frames.extra


@pytest.mark.parametrize(
    ("name", "observer", "skeleton", "how"),
    [
        ("lsp-joints-OC.mat", False, "lsp14-oc", "observer-centric (judged by the file name)"),
        ("lsp_pc.mat", True, "lsp14", "person-centric (judged by the file name)"),
        ("joints.mat", True, "lsp14-oc", "observer-centric (judged by the data: 100%"),
        ("joints.mat", False, "lsp14", "person-centric (judged by the data"),
    ],
)
def test_labellings_are_told_apart(
    tmp_path: Path, name: str, observer: bool, skeleton: str, how: str
) -> None:
    found = truth(lsp(tmp_path / name, 60, observer=observer))
    assert found.skeleton.name == skeleton
    assert how in found.origin.notices[1].text


def test_real_labellings_differ_in_the_data() -> None:
    for kind, share in (("OC", 0.92), ("PC", 0.65)):
        found = truth(shared_path(f"golden/mpii/_inputs/eval_pose/gt/lsp-joints-{kind}.mat"))
        skeleton, xy = found.skeleton, found.people.xy
        right, left = (
            list(skeleton.indices((f"{side}_hip", f"{side}_shoulder"))) for side in ("right", "left")
        )
        assert round(float((xy[:, right, 0] < xy[:, left, 0]).mean()), 2) == share


def test_extended_set_has_other_axes_and_labels(tmp_path: Path) -> None:
    joints = np.random.default_rng(0).uniform(10, 90, (14, 3, 5))
    joints[:, 2] = 1
    joints[3, 2, 0] = 0
    savemat(tmp_path / "lspet.mat", {"joints": joints})
    found = truth(tmp_path / "lspet.mat")
    assert found.people.seen[0, :5].tolist() == [2, 2, 2, 0, 2]
    assert np.allclose(found.people.xy[1], joints[:, :2, 1] - 1)


def test_nan_is_refused(tmp_path: Path) -> None:
    joints = np.ones((3, 14, 4))
    joints[0, 2, 3] = np.nan
    savemat(tmp_path / "a.mat", {"joints": joints})
    with pytest.raises(ValueRangeError, match="person 3, joint 2") as caught:
        truth(tmp_path / "a.mat")
    assert caught.value.code == "P301"


def test_flics_release(tmp_path: Path) -> None:
    coords = np.arange(58.0).reshape(2, 29) + 1
    coords[:, 12] = np.nan
    rows = [
        {"coords": coords, "istest": float(test), "filepath": f"{name}.jpg", "moviename": "2-fast-2-furious"}
        for test, name in ((0, "a"), (1, "b"))
    ]
    savemat(tmp_path / "examples.mat", {"examples": structs(rows)})
    found = truth(tmp_path / "examples.mat")
    assert recognised(tmp_path / "examples.mat") == "flic-mat"
    assert (found.skeleton.name, found.frames.path.tolist()) == ("flic11", ["a.jpg", "b.jpg"])
    assert found.frames.extra["test"].tolist() == [False, True]
    assert found.frames.extra["movie"].tolist() == ["2-fast-2-furious"] * 2
    assert found.people.xy[0, 7].tolist() == [9.0, 38.0]
    assert found.people.seen[0].tolist() == [2] * 8 + [0, 2, 2]
    savemat(tmp_path / "none.mat", {"examples": structs([{**row, "moviename": 1.0} for row in rows])})
    assert "movie" not in truth(tmp_path / "none.mat").frames.extra
    savemat(tmp_path / "bad.mat", {"examples": structs([{"coords": np.ones((2, 28)), "istest": 1.0}])})
    with pytest.raises(FormatError, match=r"examples\(1\)\.coords") as caught:
        truth(tmp_path / "bad.mat")
    assert caught.value.code == "P204"


@pytest.mark.parametrize(
    ("folder", "name", "kind", "people"),
    [
        ("LSP", "lsp_oc", "lsp-joints-OC", 1000),
        ("LSP", "lsp_pc", "lsp-joints-PC", 1000),
        ("FLIC", "flic_oc", "flic-joints-test-oc", 1016),
        ("PARSE", "parse_pc", "parse-labels", 205),
    ],
)
def test_real_predictions(folder: str, name: str, kind: str, people: int) -> None:
    inputs = shared_path("golden/mpii/_inputs/eval_pose")
    gt = truth(inputs / "gt" / f"{kind}.mat")
    joints, sticks = (
        predictions(inputs / "results" / folder / f"pred_{what}_{name}.mat", gt)
        for what in ("keypoints", "sticks")
    )
    assert len(joints) == len(sticks) == people
    assert joints.skeleton.name == gt.skeleton.name
    assert sticks.skeleton.name == f"{gt.skeleton.name}.sticks"
    path = inputs / "results" / folder / f"pred_keypoints_{name}.mat"
    assert recognised(path, Role.PREDICTIONS) == "pose-mat"


def test_frames_of_one_movie_are_drawn_together(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [
        {
            "coords": rng.uniform(1, 99, (2, 29)),
            "istest": 1.0,
            "filepath": f"{n}.jpg",
            "moviename": f"m{n % 6}",
        }
        for n in range(30)
    ]
    savemat(tmp_path / "examples.mat", {"examples": structs(rows)})
    found = truth(tmp_path / "examples.mat")
    moved = replace(
        found, people=replace(found.people, xy=found.people.xy + rng.normal(0, 9, found.people.xy.shape))
    )
    interval = intervals(evaluate(found, moved, "flic"))["PCK@0.2"]
    assert (interval.cluster, interval.units) == ("movie", 6)
