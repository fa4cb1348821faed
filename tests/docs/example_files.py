"""The files that examples of the documentation name, made by code."""

from __future__ import annotations

from pathlib import Path

from poseval import read
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.synth import perturb, scene_set

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
