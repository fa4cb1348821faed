"""Advice of readers and of the pairing: content of another form, other images, other numbers of joints."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from poseval import datasets
from poseval.datasets import Role, WriteOptions
from poseval.poses import Frames, PoseSet
from tests.datasets.annotation_forms import via_csv
from tests.datasets.posetrack.documents import document
from tests.datasets.test_same_score import truth_and_predictions
from tests.datasets.tools.test_label_studio import point, region, task
from tests.datasets.yolo.test_layout import data_set
from tests.errors.advice import Argv, Case, add, changed, coco_truth, native, pair, write
from tests.hostile.made import results, truth
from tests.metrics.single import random_pair


def without_last(count: int) -> Callable[[Path, Argv], Argv]:
    """The command without its last words."""
    return lambda folder, argv: argv[:-count]


def sound(folder: Path, argv: Argv) -> Argv:
    """The same command with the sound files under their names."""
    pair(folder)
    return argv


def with_images(folder: Path, shift: int = 0, text: str = "") -> Argv:
    """Results whose image ids are moved, or written as texts."""
    gt, dt = truth(), results()
    for image in gt["images"]:
        image["file_name"] = f"frame-{image['file_name']}"
    for row in dt:
        row["image_id"] = text.format(row["image_id"]) if text else row["image_id"] + shift
    return pair(folder, gt, dt)


def saved(path: Path, poses: PoseSet, role: Role) -> str:
    """A file in poseval's own form."""
    datasets.get_format("native").write(poses, path, WriteOptions(role, force=True))
    return str(path)


def numbered(first: int, poses: PoseSet) -> PoseSet:
    names = [f"{first + at:06d}.jpg" for at in range(len(poses.frames))]
    return replace(poses, frames=Frames(names, size=poses.frames.size, path=np.asarray(names)))


def counted_from_0(folder: Path) -> Argv:
    gt, dt = truth_and_predictions()
    saved(folder / "gt.npz", numbered(1, gt), Role.TRUTH)
    return ["score", native(folder, numbered(0, dt)), "--gt", str(folder / "gt.npz")]


def counted_from_1(folder: Path, argv: Argv) -> Argv:
    _, dt = truth_and_predictions()
    saved(folder / "dt.npz", numbered(1, dt), Role.PREDICTIONS)
    return argv


def frames_of_nobody(folder: Path) -> Argv:
    _, dt = truth_and_predictions()
    empty = replace(numbered(9000, dt), people=dt.people.take(np.zeros(0, dtype=int)))
    return ["score", native(folder, empty), "--gt", str(coco_truth(folder))]


def empty_list(folder: Path, argv: Argv) -> Argv:
    return changed(argv, argv[1], str(write(folder / "empty.json", [])))


def fewer_numbers(nameless: bool) -> Callable[[Path], Argv]:
    """Ground truth of which one person has 14 joints; `nameless`: no category names joints."""

    def make(folder: Path) -> Argv:
        gt = truth()
        gt["annotations"][0]["keypoints"] = gt["annotations"][0]["keypoints"][: 14 * 3]
        if nameless:
            del gt["categories"][0]["keypoints"]
        return pair(folder, gt)

    return make


def boxes_alone(folder: Path) -> Argv:
    rows = [{**row, "bbox": [1.0, 2.0, 3.0, 4.0]} for row in results()]
    for row in rows:
        del row["keypoints"]
    return pair(folder, None, rows)


def instances(folder: Path) -> Argv:
    gt = truth()
    for person in gt["annotations"]:
        del person["keypoints"]
    return pair(folder, gt)


def truth_twice(folder: Path) -> Argv:
    argv = pair(folder)
    return changed(argv, argv[1], argv[3])


def the_results(folder: Path, argv: Argv) -> Argv:
    return ["score", str(folder / "dt.json"), *argv[2:4]]


def read_as(name: str) -> Callable[[Path], Argv]:
    return lambda folder: [*pair(folder), "--format-in", name]


def short_posetrack(folder: Path) -> Argv:
    found = document()
    found["annotations"][0]["keypoints"] = found["annotations"][0]["keypoints"][:-1]
    return ["validate", str(write(folder / "000342_mpii_test.json", found))]


def whole_posetrack(folder: Path, argv: Argv) -> Argv:
    write(folder / "000342_mpii_test.json", document())
    return argv


def large_region(folder: Path) -> Argv:
    found = document()
    found["images"][0].update(ignore_regions_x=[[1, 9, 9, 1]], ignore_regions_y=[[1, 1, 9, 9]])
    path = write(folder / "000342_mpii_test.json", found)
    return ["validate", str(path), "--limit", "region_vertices=3"]


def latin_points(folder: Path) -> Argv:
    points = "\n".join(f"{at} {2 * at}" for at in range(68))
    path = write(folder / "a.pts", f"version: 1\nn_points: 68 é\n{{\n{points}\n}}\n".encode("latin-1"))
    return ["validate", str(path), "--format-in", "face-pts"]


def saved_as_utf8(folder: Path, argv: Argv) -> Argv:
    write(folder / "a.pts", (folder / "a.pts").read_bytes().replace(" é".encode("latin-1"), b""))
    return argv


def ungrouped(folder: Path) -> Argv:
    rows = [point("nose", 50, 50), point("tail", 10, 90), point("nose", 20, 20), point("tail", 30, 10)]
    return ["validate", str(write(folder / "a.json", [task(rows)]))]


def grouped(folder: Path, argv: Argv) -> Argv:
    rows = [
        row
        for name, at in (("r1", 10), ("r2", 60))
        for row in (region(name), point("nose", at, at, name), point("tail", at + 5, at, name))
    ]
    write(folder / "a.json", [task(rows)])
    return argv


def three_joints(folder: Path) -> Argv:
    rows = [region("r1"), *(point(name, 10, 20, "r1") for name in ("nose", "neck", "tail"))]
    return ["validate", str(write(folder / "a.json", [task(rows)])), "--limit", "joints=2"]


def one_person(folder: Path) -> Argv:
    made, _ = truth_and_predictions()
    write(folder / "via.csv", via_csv(made)["via.csv"].replace(b'""person""', b'""weather""'))
    return ["validate", str(folder / "via.csv")]


def own_person(folder: Path, argv: Argv) -> Argv:
    write(folder / "via.csv", via_csv(truth_and_predictions()[0])["via.csv"])
    return argv


def yolo_lines(*more: str) -> Callable[[Path], Argv]:
    """Labels of three joints without a yaml that says so."""

    def make(folder: Path) -> Argv:
        place = data_set(folder / "flies")
        (place / "data.yaml").unlink()
        return ["validate", str(place / "labels/val"), *more]

    return make


def two_or_three(folder: Path) -> Argv:
    """Lines of six numbers after the box: two joints of three numbers, or three of two."""
    path = folder / "labels" / "a.txt"
    path.parent.mkdir()
    path.write_text("0 .5 .5 .4 .4 .5 .4 .2 .45 .6 .2\n")
    (folder / "image_sizes.csv").write_text("name,width,height\na,200,100\n")
    return ["validate", str(folder / "labels"), "--role", "predictions"]


def two_names(folder: Path, argv: Argv) -> Argv:
    return [*argv, "--skeleton", skeleton(folder, "top", "foot")]


def shape_in_yaml(folder: Path, argv: Argv) -> Argv:
    (folder / "labels" / "data.yaml").write_text("kpt_shape: [2, 3]\n")
    return argv


def skeleton(folder: Path, *joints: str) -> str:
    path = folder / f"{joints[0]}.toml"
    path.write_text(f'name = "{joints[0]}"\njoints = {json.dumps(joints)}\n')
    return str(path)


def three_names(folder: Path, argv: Argv) -> Argv:
    return [*argv[:2], "--skeleton", skeleton(folder, "head", "left_wing", "right_wing")]


def no_folder(folder: Path) -> Argv:
    argv = pair(folder)
    return changed(argv, argv[1], str(folder / "runs" / "dt.json"))


def pickled_object(folder: Path) -> Argv:
    argv = pair(folder)
    return [
        *changed(argv, argv[1], str(write(folder / "dt.pkl", pickle.dumps([Path("a")])))),
        "--format-in",
        "mmpose-dump",
    ]


def sound_results(folder: Path, argv: Argv) -> Argv:
    return changed(argv[:-2], argv[1], str(folder / "dt.json"))


def many_files(folder: Path) -> Argv:
    return ["validate", str(data_set(folder / "flies")), "--limit", "frames=2"]


def large_tree(folder: Path) -> Argv:
    rows = [region("r1"), point("nose", 10, 20, "r1")]
    return ["validate", str(write(folder / "a.json", [task(rows)])), "--limit", "tree_bytes=90"]


def mpii_array(joints: int, count: int) -> Callable[[Path], Argv]:
    """MPII's ground truth as a JSON list with head sizes, and an array of poses."""

    def make(folder: Path) -> Argv:
        scene = random_pair(4, 6)
        saved(folder / "gt.npz", scene.truth, Role.TRUTH)
        np.save(folder / "preds.npy", scene.predictions.people.xy[:count, :joints])
        return ["score", str(folder / "preds.npy"), "--gt", str(folder / "gt.npz")]

    return make


def all_people(folder: Path, argv: Argv) -> Argv:
    return mpii_array(16, 6)(folder)


def five_joints(folder: Path) -> Argv:
    dt = results()
    for row in dt:
        row["keypoints"] = row["keypoints"][: 5 * 3]
        row["image_id"] = f"{row['image_id']:06d}.jpg"
    write(folder / "gt.json", truth())
    return ["validate", str(write(folder / "dt.json", dt)), "--format-in", "alphapose"]


def own_skeleton(folder: Path, argv: Argv) -> Argv:
    return [*argv, "--skeleton", skeleton(folder, *"abcde")]


def to_submission(folder: Path) -> Argv:
    return ["convert", *pair(folder)[1:2], str(folder / "pred_keypoints_mpii.mat"), "--to", "mpii-submission",
            "--gt", str(folder / "gt.json")]  # fmt: skip


def metric(text: str) -> Callable[[Path], Argv]:
    return lambda folder: [*pair(folder), "--metric", text]


def tracked(metric: str, boxes: bool = False) -> Callable[[Path], Argv]:
    """Tracked people without head sizes; predictions have `boxes` or not."""

    def make(folder: Path) -> Argv:
        gt, dt = truth_and_predictions()
        gt = replace(gt, people=gt.people.with_columns(track=dt.people.track))
        box = dt.people.box if boxes else np.full((len(dt), 4), np.nan)
        files = saved(
            folder / "dt.npz", replace(dt, people=dt.people.with_columns(box=box)), Role.PREDICTIONS
        )
        return ["score", files, "--gt", saved(folder / "gt.npz", gt, Role.TRUTH), "--metric", metric]

    return make


def with_metric(text: str) -> Callable[[Path, Argv], Argv]:
    return lambda folder, argv: [*argv[:-1], text]


def two_sets(folder: Path) -> Argv:
    """One file with the labels of two data sets."""
    from scipy.io import savemat

    people = np.random.default_rng(0).uniform(1, 99, (3, 14, 4))
    people[2] = 0  # all joints are visible
    savemat(folder / "a.mat", {"joints": people, "ptsAll": np.ones((14, 2, 3))})
    return ["validate", str(folder / "a.mat"), "--role", "truth"]


ON_READERS = [
    Case("P202", "--format-in lsp-mat", two_sets, add("--format-in", "lsp-mat")),
    Case("P402", "looks like image 10", lambda f: with_images(f, text="{:06d}"), sound),
    Case("P402", "another split", lambda f: with_images(f, 1000), sound),
    Case("P402", "count from 0, the ground truth from 1", counted_from_0, counted_from_1),
    Case("P402", r"JSON file that holds \[\]", frames_of_nobody, empty_list),
    Case("P404", "leave out --benchmark", lambda f: [*pair(f), "--benchmark", "mpii-val"], without_last(2)),
    Case("P204", "--skeleton names one", fewer_numbers(True), sound),
    Case("P204", "write the joints that are named", fewer_numbers(False), sound),
    Case("P201", "person detections", boxes_alone, sound),
    Case("P201", "which is not read: give the file with keypoints", instances, sound),
    Case("P201", "without its images: give the whole file",
         lambda f: [*pair(f, truth()["annotations"]), "--gt-format", "coco"], sound),
    Case("P201", "give the predictions of a model", truth_twice, the_results),
    Case("P201", "looks like ground truth. Are the two files exchanged",
         lambda f: [*truth_twice(f), "--format-in", "coco"], the_results),
    Case("P206", "this looks like coco", read_as("openpose"), without_last(2)),
    Case("P204", "three numbers per joint", short_posetrack, whole_posetrack),
    Case("P505", "region_vertices=4", large_region, add("--limit", "region_vertices=4")),
    Case("P211", "save it as UTF-8", latin_points, saved_as_utf8),
    Case("P205", "under a region", ungrouped, grouped),
    Case("P502", "joints=3", three_joints, add("--limit", "joints=3")),
    Case("P205", "`person`", one_person, own_person),
    Case("P202", "name the joints with --skeleton", two_or_three,
         lambda f, a: [*a, "--skeleton", skeleton(f, "top", "middle", "foot")]),
    Case("P202", r"kpt_shape: \[2, 3\] or kpt_shape: \[2, 2\]", lambda f: two_names(f, two_or_three(f)),
         shape_in_yaml),
    Case("P204", "as many joints as the lines have", yolo_lines("--skeleton", "coco17"), three_names),
    Case("P114", "look for it from", no_folder, lambda f, a: changed(a, a[1], str(f / "dt.json"))),
    Case("P217", "save arrays instead.*; this looks like a PyTorch checkpoint", pickled_object,
         sound_results),
    Case("P503", "frames=4", many_files, add("--limit", "frames=100")),
    Case("P501", "tree_bytes=", large_tree, add("--limit", "tree_bytes=100000")),
    Case("P412", "another split", mpii_array(16, 5), all_people),
    Case("P404", "--joints names", mpii_array(14, 6), add("--joints", "names")),
    Case("P204", "--skeleton with a file", five_joints, own_skeleton),
    Case("P173", "--to-skeleton mpii16", to_submission, add("--to-skeleton", "mpii16"), "P108"),
    Case("P410", "--benchmark custom without", metric("clear_mot(similarity=oks)"), without_last(2)),
    Case("P410", "--metric joint_ap",
         lambda f: [*mpii_array(16, 6)(f), "--metric", "clear_mot"], with_metric("joint_ap")),
    Case("P410", "give a head size", metric("joint_ap"), without_last(2)),
    Case("P410", "by OKS", tracked("hota(similarity=joint)"),
         with_metric("hota(similarity=oks,area=extent)")),
    Case("P410", "give every person a", tracked("hota(similarity=iou)"),
         lambda f, a: tracked("hota(similarity=iou)", True)(f)),
]  # fmt: skip
