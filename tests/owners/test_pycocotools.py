"""What is converted to COCO is loaded and evaluated by pycocotools, whatever it was before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.conversion.convert import Conversion, ConvertOptions, convert_one
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.poses import Frames, PoseSet
from poseval.skeletons import skeleton_from_names
from tests.datasets.real_libraries import video

pytest.importorskip("pycocotools", reason="pycocotools reads what we write")

SOURCES = ("native", "deeplabcut", "label-studio", "yolo", "openpose", "mmpose", "alphapose", "detectron2")
FORMATS = {name: datasets.get_format(name) for name in datasets.names()}


def evaluated(truth: Path, results: Path) -> list[float]:
    """The summary of pycocotools, with one sigma for all joints."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    gt = COCO(str(truth))
    run = COCOeval(gt, gt.loadRes(str(results)), "keypoints")
    run.params.kpt_oks_sigmas = np.full(17, 0.05)
    run.evaluate()
    run.accumulate()
    run.summarize()
    return [float(value) for value in run.stats]


def unnumbered(role: Role) -> PoseSet:
    """People in files whose names are no numbers."""
    poses = video(role)
    names = np.asarray([f"mouse/img{name[-7:-4]}.png" for name in poses.frames.key.tolist()])
    frames = Frames(names, size=poses.frames.size, path=names, sequences=("mouse",))
    return replace(poses, frames=frames)


def to_coco(poses: PoseSet, form: str, role: Role, target: Path, truth: PoseSet | None = None) -> Conversion:
    """Written as the form, then converted as a user would."""
    source = target.with_name(f"{target.stem}.{form}")
    datasets.get_format(form).write(poses, source, WriteOptions(role, truth=truth))
    return convert_one(source, target, ConvertOptions("coco", role, truth, form))


@pytest.mark.parametrize("form", SOURCES)
@pytest.mark.parametrize("named", [video, unnumbered], ids=["numbers", "names"])
def test_perfect_predictions_are_perfect(form: str, named: Any, tmp_path: Path) -> None:
    if form == "detectron2" and named is unnumbered:
        pytest.skip("its own results are numbered by their truth, which has no numbers")
    pose_sets = {role: named(role) for role in Role}
    truth = tmp_path / "gt.json"
    told = to_coco(pose_sets[Role.TRUTH], "native", Role.TRUTH, truth)
    assert told.losses.made["areas of the boxes"] == 4
    perfect = pose_sets[Role.PREDICTIONS]
    gt = pose_sets[Role.TRUTH]
    to_coco(perfect, form, Role.PREDICTIONS, tmp_path / "dt.json", gt)
    rows = json.loads((tmp_path / "dt.json").read_bytes())
    assert all(type(row["image_id"]) is int for row in rows)
    # What the same joints score: those of the people of the truth, whose one absent joint counts for nobody.
    assert evaluated(truth, tmp_path / "dt.json")[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    "form", [name for name in FORMATS if Role.TRUTH in FORMATS[name].writes & FORMATS[name].reads]
)
def test_every_truth_is_whole(form: str, tmp_path: Path) -> None:
    if form in ("posetrack17", "posetrack18", "posetrack21", "mpii-json", "motchallenge", "coco"):
        pytest.skip("holds other joints, or none; or is COCO itself")
    if form in ("deeplabcut-h5", "sleap", "sleap-analysis", "nwb"):
        pytest.importorskip("h5py", reason=f"{form} needs it")
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="parquet needs it")
    to_coco(unnumbered(Role.TRUTH), form, Role.TRUTH, tmp_path / "gt.json")
    node = json.loads((tmp_path / "gt.json").read_bytes())
    assert all(type(image["id"]) is int for image in node["images"])
    assert len({image["id"] for image in node["images"]}) == len(node["images"])
    for row in node["annotations"]:
        assert row["area"] == pytest.approx(row["bbox"][2] * row["bbox"][3])
        assert row["area"] > 0
        assert {"id", "image_id", "category_id", "iscrowd", "num_keypoints"} <= row.keys()
    results = [{**row, "score": 0.5} for row in node["annotations"]]
    (tmp_path / "dt.json").write_text(json.dumps(results))
    assert evaluated(tmp_path / "gt.json", tmp_path / "dt.json")[0] == pytest.approx(1.0)


def test_people_without_a_joint_have_a_box_that_covers_nobody(tmp_path: Path) -> None:
    poses = video(Role.TRUTH)
    seen = poses.people.seen.copy()
    seen[0] = 0
    people = poses.people.with_columns(seen=seen)
    unlabelled = PoseSet(poses.skeleton, poses.frames, people)
    datasets.get_format("coco").write(unlabelled, tmp_path / "gt.json", WriteOptions())
    first = json.loads((tmp_path / "gt.json").read_bytes())["annotations"][0]
    assert (first["bbox"], first["area"], first["num_keypoints"]) == ([0, 0, 0, 0], 0, 0)
    truth = datasets.read(tmp_path / "gt.json", ReadOptions(Role.TRUTH))
    datasets.get_format("coco").write(
        video(Role.PREDICTIONS), tmp_path / "dt.json", WriteOptions(Role.PREDICTIONS, truth=truth)
    )
    # Four predictions for three people: the first finds nobody, and is not hidden by a made box either.
    assert evaluated(tmp_path / "gt.json", tmp_path / "dt.json")[0] < 1.0


def test_yolo_images_keep_their_extension(tmp_path: Path) -> None:
    from PIL import Image

    for kind in ("labels", "images"):
        (tmp_path / kind / "train").mkdir(parents=True)
    Image.new("RGB", (100, 50)).save(tmp_path / "images" / "train" / "mouse.png")
    joints = " ".join(f"0.{n + 1} 0.5 2" for n in range(3))
    (tmp_path / "labels" / "train" / "mouse.txt").write_text(f"0 0.5 0.5 0.8 0.4 {joints}\n")
    (tmp_path / "labels" / "train" / "none.txt").write_text("")
    (tmp_path / "data.yaml").write_text("kpt_shape: [3, 3]\nnames:\n  0: mouse\n")
    three = skeleton_from_names(["a", "b", "c"])
    told = convert_one(tmp_path, tmp_path / "gt.json", ConvertOptions("coco", Role.TRUTH, skeleton=three))
    images = json.loads((tmp_path / "gt.json").read_bytes())["images"]
    assert [image["file_name"] for image in images] == ["train/mouse.png", "train/none"]
    assert told.losses.missing == {"extensions of file names (the source has none)": 1}
