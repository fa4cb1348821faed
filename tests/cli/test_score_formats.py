"""`poseval score` on predictions of every format that is written, against one COCO truth."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.poses import Frames, PoseSet
from poseval.synth import scene_set
from tests.datasets.test_same_score import truth_and_predictions

T, P = Role.TRUTH, Role.PREDICTIONS
FORMATS = {name: datasets.get_format(name) for name in datasets.names()}
WRITTEN = [name for name, form in FORMATS.items() if P in form.writes & form.reads]
EXTRAS = {"parquet": "pyarrow", **dict.fromkeys(("deeplabcut-h5", "sleap", "sleap-analysis", "nwb"), "h5py")}
OTHER_JOINTS = {"posetrack17", "posetrack18", "posetrack21"}  # their skeletons lack some of COCO's joints
# Boxes, one person per frame (see below), and MPII's release as the truth (see test_submission_write.py).
ELSEWHERE = {"motchallenge", "pose-array", "mpii-submission"}


@pytest.fixture(scope="module")
def truth_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth") / "gt.json"
    datasets.get_format("coco").write(truth_and_predictions()[0], path, WriteOptions(T))
    return path


def write(name: str, folder: Path) -> Path:
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    truth, predictions = truth_and_predictions()
    row = datasets.get_row(name)
    path = folder / f"predictions{'' if row.is_folder else row.suffix}"
    datasets.get_format(name).write(predictions, path, WriteOptions(P, truth=truth))
    return path


def scored(capsys: pytest.CaptureFixture[str], path: Path, truth: Path, *more: str) -> dict[str, object]:
    words = ["score", str(path), "--gt", str(truth), "--benchmark", "coco-keypoints", "--json", "-", "-q"]
    assert invoke([*words, *more]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def ap(report: dict[str, object]) -> float:
    summary = report["summary"]
    assert isinstance(summary, dict)
    return float(summary["AP"])


@pytest.fixture(scope="module")
def coco_ap(truth_file: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    from poseval.scoring.score import score

    path = write("coco", tmp_path_factory.mktemp("coco"))
    found = score(truth_file, path, "coco-keypoints").summary["AP"]
    assert 0.1 < found < 0.9
    return found


@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in OTHER_JOINTS | ELSEWHERE])
def test_a_file_of_any_format_has_the_ap_of_the_coco_results(
    name: str, truth_file: Path, coco_ap: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Detectron2's half pixel cannot be seen; where a format has its own skeleton, joints go by name.
    more = ["--format-in", name] if name == "detectron2" else []
    report = scored(capsys, write(name, tmp_path), truth_file, "--joints", "names", *more)
    assert ap(report) == pytest.approx(coco_ap, abs=1e-12)


@pytest.mark.parametrize("name", sorted(OTHER_JOINTS))
def test_joints_that_a_format_lacks_are_told_as_a_deviation(
    name: str, truth_file: Path, coco_ap: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = scored(capsys, write(name, tmp_path), truth_file, "--joints", "names")
    assert 0 < ap(report) < coco_ap
    assert "joints of the predictions were mapped" in str(report["deviations"])


def test_detectron2_taken_for_coco_has_another_score(
    truth_file: Path, coco_ap: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ap(scored(capsys, write("detectron2", tmp_path), truth_file)) != pytest.approx(coco_ap, abs=1e-12)


def test_boxes_have_no_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth, predictions = truth_and_predictions()
    numbered = Frames(
        np.arange(1, len(truth.frames) + 1).astype(np.str_), size=truth.frames.size, path=truth.frames.path
    )
    paths = (tmp_path / "gt.json", tmp_path / "boxes.txt")
    datasets.get_format("coco").write(replace(truth, frames=numbered), paths[0], WriteOptions(T))
    datasets.get_format("motchallenge").write(predictions, paths[1], WriteOptions(P))
    assert invoke(["score", str(paths[1]), "--gt", str(paths[0])]) == 3
    assert "holds boxes and no joints" in capsys.readouterr().err


def test_an_array_belongs_to_a_truth_of_single_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = scene_set(seed=3, images=20, people=1)
    rows = np.unique(whole.people.frame, return_index=True)[1]
    frames = whole.frames
    kept = whole.people.frame[rows]
    truth = replace(
        whole,
        frames=Frames(frames.key[kept], size=frames.size[kept], path=frames.path[kept]),
        people=whole.people.take(rows).with_columns(frame=np.arange(len(rows))),
    )
    xy = truth.people.xy + 1.0
    datasets.get_format("coco").write(truth, tmp_path / "gt.json", WriteOptions(T))
    np.save(tmp_path / "p.npy", xy)
    words = ["score", str(tmp_path / "p.npy"), "--gt", str(tmp_path / "gt.json"), "-q", "--json", "-"]
    assert invoke([*words, "--metric", "epe"]) == 0
    report = json.loads(capsys.readouterr().out)
    values = [row["value"] for row in report["values"] if not row["joint"]]
    assert values[0] == pytest.approx(2**0.5, abs=1e-9)


def test_the_page_of_a_mapped_format(
    truth_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--joints", "names", "--report", str(tmp_path / "page.html")]
    scored(capsys, write("openpose", tmp_path), truth_file, *words)
    assert "<html" in (tmp_path / "page.html").read_text()


def test_a_wrong_name_of_a_format(
    truth_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("coco", tmp_path)
    assert invoke(["score", str(path), "--gt", str(truth_file), "--format-in", "openpose"]) == 3
    assert "this looks like coco predictions" in capsys.readouterr().err
    assert invoke(["score", str(path), "--gt", str(truth_file), "--format-in", "cocoo"]) == 2


def test_sets_in_memory_are_not_asked_for_a_format(truth_file: Path) -> None:
    from poseval.scoring.score import score

    truth, predictions = truth_and_predictions()
    assert isinstance(predictions, PoseSet)
    assert score(truth, predictions, "coco-keypoints").summary["AP"] > 0
