"""Ready descriptions of challenges whose servers are gone: each is built and scored with synthetic people."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from poseval.challenge.codabench import build_bundle
from poseval.challenge.description import read_description
from poseval.challenge.judge import open_judge, rounded
from poseval.challenge.starting import start_like
from poseval.cli import invoke
from poseval.scoring.score import score
from tests.challenge.worlds import WORLDS, World
from tests.golden.make.neighbours import jrdb_files
from tests.shared import ROOT

READY = {path.stem: path for path in sorted((ROOT / "examples/challenges").glob("*.toml"))}
OF_BENCHMARK = {world.benchmark: world for world in WORLDS}


def world_of(name: str) -> World:
    return OF_BENCHMARK[read_description(READY[name], whole=False).benchmark]


def test_there_is_one_for_each_benchmark() -> None:
    assert {world_of(name).benchmark for name in READY} == OF_BENCHMARK.keys()


@pytest.mark.parametrize("name", READY)
def test_an_owner_of_the_ground_truth_fills_it_in(name: str, tmp_path: Path) -> None:
    world = world_of(name)
    made = start_like(tmp_path / "c", READY[name], world.write_truth(tmp_path / "gt.npz", 1))
    assert made == read_description(made.folder)
    build_bundle(made, tmp_path / "bundle.zip")
    verdict = open_judge(made).judge(world.sent_file(tmp_path, 1))
    assert verdict.scored, verdict.message + verdict.private
    undefined = {"AP_M", "AR_M"} if name == "aic" else set()  # nobody there is of medium size
    assert verdict.numbers.keys() == {column.key for column in made.columns} - undefined
    lower = {column.key: column.better == "lower" for column in made.columns}[made.ranking.by]
    assert (verdict.numbers[made.ranking.by] > 20) is not lower


def test_a_matlab_file_for_mpii(tmp_path: Path) -> None:
    """A server reads such files where the benchmark expects them, and no others."""
    scipy_io = pytest.importorskip("scipy.io")
    world = OF_BENCHMARK["mpii-val"]
    made = start_like(tmp_path / "c", READY["mpii"], world.write_truth(tmp_path / "gt.npz", 1))
    scipy_io.savemat(tmp_path / "pred.mat", {"preds": world.predictions(1).people.xy})
    verdict = open_judge(made).judge(tmp_path / "pred.mat")
    assert verdict.scored, verdict.message + verdict.private
    assert verdict.numbers[made.ranking.by] > 20
    coco = OF_BENCHMARK["coco-keypoints"]
    made = start_like(
        tmp_path / "d", READY["coco-keypoints-test-dev"], coco.write_truth(tmp_path / "gt.npz", 1)
    )
    assert open_judge(made).judge(tmp_path / "pred.mat").status == "refused"


def test_what_lies_beside_the_ground_truth_comes_along(tmp_path: Path) -> None:
    """JRDB's boxes of people without a pose: without them, predictions of such people are false."""
    for name, node in jrdb_files(1).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(node))
    made = start_like(tmp_path / "c", READY["jrdb-pose"], tmp_path / "gt")
    assert made == read_description(made.folder)
    build_bundle(made, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "bundle")
    verdict = open_judge(read_description(tmp_path / "bundle/reference_data_test", whole=False)).judge(
        tmp_path / "pred"
    )
    report = score(tmp_path / "gt", tmp_path / "pred")
    assert verdict.numbers == {
        column.key: rounded(report, column.key, column.digits) for column in made.columns
    }
    shutil.rmtree(tmp_path / "labels_2d_stitched")
    assert score(tmp_path / "gt", tmp_path / "pred").summary != report.summary


def test_a_list_of_images_checks_the_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for COCO's test-dev, whose annotations nobody but its makers has."""
    monkeypatch.chdir(tmp_path)
    world = OF_BENCHMARK["coco-keypoints"]
    frames = world.truth(1).frames
    images = [
        {"id": int(key), "width": 640, "height": 640, "file_name": path}
        for key, path in zip(frames.key.tolist(), frames.path.tolist(), strict=True)
    ]
    categories = [{"id": 1, "name": "person"}]
    Path("images.json").write_text(json.dumps({"images": images, "categories": categories}))
    like = str(READY["coco-keypoints-test-dev"])
    assert invoke(["challenge", "init", "c", "--gt", "images.json", "--like", like]) == 0
    assert invoke(["challenge", "build", "c", "--for", "codabench", "--out", "b.zip"]) == 0
    sent = world.sent_file(tmp_path, 1)
    assert open_judge(read_description("c")).judge(sent).status == "valid"
    rows = json.loads(sent.read_text())
    sent.write_text(json.dumps([{**rows[0], "image_id": 7}]))
    assert "[P402]" in open_judge(read_description("c")).judge(sent).message
