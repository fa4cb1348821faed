"""The files that examples of the documentation name, made by code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from poseval import read
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.synth import perturb, scene_set
from tests.datasets.mat_files import gt_valid
from tests.datasets.yolo.test_layout import data_set
from tests.differential.random_boxes import write_boxes
from tests.golden.make.neighbours import jrdb_files

PREDICTIONS, TRUTH = Role.PREDICTIONS, Role.TRUTH


def make_example_files(folder: Path) -> None:
    """COCO files and saved runs, PoseTrack videos, annotations of two people, and poses of other programs."""
    truth = scene_set(seed=5, images=30, people=3)
    coco = get_format("coco")
    coco.write(truth, folder / "gt.json", WriteOptions(TRUTH))
    for name, seed, jitter in (("preds", 1, 0.2), ("a", 1, 0.2), ("b", 2, 0.6), ("other", 2, 0.6)):
        poses = perturb(truth, seed, jitter=jitter)
        coco.write(poses, folder / f"{name}.json", WriteOptions(PREDICTIONS, truth=truth))
    for name, seed in (("first", 3), ("second", 4)):
        poses = perturb(truth, seed, jitter=0.1)
        coco.write(poses, folder / f"{name}.json", WriteOptions(TRUTH, truth=truth))
    for name in ("a", "b"):
        words = f"score {folder}/{name}.json --gt {folder}/gt.json -q --save {folder}/{name}.poseval"
        assert invoke(f"{words} --json {folder}/{name}.report.json".split()) == 0
    (folder / "base.poseval").write_bytes((folder / "a.poseval").read_bytes())
    videos = "--video --images 20 --sequence-length 5 --skeleton posetrack15_poseval --format posetrack18 -q"
    assert invoke(["synth", str(folder / "clips"), *videos.split()]) == 0
    (folder / "clips" / "truth").rename(folder / "videos")
    people = read(folder / "videos", role="truth")
    posetrack = get_format("posetrack18")
    posetrack.write(perturb(people, 6), folder / "preds", WriteOptions(PREDICTIONS, truth=people))
    make_parts(folder)
    make_mpii(folder)
    make_faces(folder)
    make_others(folder)
    make_sequences(folder)


def make_sequences(folder: Path) -> None:
    """Boxes of MOTChallenge, as a file and as folders, and JRDB-Pose."""
    paths = write_boxes(1, folder)
    found = Path(paths[1]).rename(folder / "boxes.txt")
    place = folder / "MOT17/train/MOT17-02-FRCNN/gt"
    place.mkdir(parents=True)
    (folder / "results").mkdir()
    shutil.copy(paths[0], place / "gt.txt")
    shutil.copy(found, folder / "results/MOT17-02-FRCNN.txt")
    for name, content in jrdb_files(1, frames=3).items():
        name = name.replace("gt/", "jrdb/labels_2d_pose_stitched_coco/").replace("pred/", "jrdb_preds/")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), "utf-8")


def make_others(folder: Path) -> None:
    """Poses of OpenPose, and a data set of YOLO with predictions."""
    truth = scene_set(seed=5, images=30, people=3)
    poses = perturb(truth, 1)
    get_format("openpose").write(poses, folder / "openpose", WriteOptions(PREDICTIONS, truth=truth))
    data_set(folder)
    shutil.copytree(folder / "labels" / "val", folder / "predicted")


def make_parts(folder: Path) -> None:
    """The COCO results in two files."""
    people = json.loads((folder / "preds.json").read_text("utf-8"))
    for at in range(2):
        (folder / f"part{at}.json").write_text(json.dumps(people[at::2]), "utf-8")


def make_mpii(folder: Path) -> None:
    """Ground truth of the kits, and predictions as an array in its order."""
    rng = np.random.default_rng(1)
    joints = rng.uniform(50, 400, (40, 16, 2))
    heads = np.stack([joints[:, 9] - 30, joints[:, 9] + 30], 1)
    gt_valid(folder / "gt_valid.mat", joints, np.zeros((40, 16)), heads)
    np.save(folder / "mpii_preds.npy", joints + rng.normal(0, 12, joints.shape))


def make_faces(folder: Path) -> None:
    """Faces of 68 points, as HRNet's kit lists them."""
    rng = np.random.default_rng(2)
    faces = rng.uniform(80, 180, (40, 68, 2))
    head = ["image_name", "scale", "center_w", "center_h"]
    head += [f"original_{at}_{axis}" for at in range(68) for axis in "xy"]
    for name, noise in (("gt", 0.0), ("pred", 3.0)):
        points = np.round(faces + rng.normal(0, noise, faces.shape), 3).reshape(40, -1)
        rows = [f"face{at}.jpg,1.0,130,130," + ",".join(map(str, row)) for at, row in enumerate(points)]
        (folder / f"faces_{name}.csv").write_text("\n".join([",".join(head), *rows, ""]), "utf-8")
