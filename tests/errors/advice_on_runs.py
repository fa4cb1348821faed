"""Advice on saved runs, intervals and their comparison, cross-checks, exchanged or wrong files and limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from poseval.cli import invoke
from poseval.datasets import Role
from tests.datasets.faces.test_faces import csv_lines
from tests.datasets.posetrack.documents import document
from tests.datasets.test_same_score import truth_and_predictions
from tests.datasets.yolo.test_layout import data_set
from tests.errors.advice import Argv, Case, add, changed, coco_truth, edited, exchanged, pair, write, written
from tests.hostile.made import results, truth


def nobody(folder: Path) -> Argv:
    """Joints of one's own, of which nobody has one that is labelled."""
    gt = truth()
    gt["categories"][0]["keypoints"] = [f"p{at}" for at in range(17)]
    for person in gt["annotations"]:
        person.update(keypoints=[0] * 51, num_keypoints=0)
    return pair(folder, gt)


def labelled(folder: Path, argv: Argv) -> Argv:
    gt = truth()
    gt["categories"][0]["keypoints"] = [f"p{at}" for at in range(17)]
    write(folder / "gt.json", gt)
    return argv


def few_units(folder: Path) -> Argv:
    return [*pair(folder), "--ci", "95", "--ci-method", "bca"]


def moved_crosscheck(folder: Path) -> Argv:
    files = pair(folder)[1:]
    return ["crosscheck", *files, "--transform", "scale=2"]


def converted(folder: Path, argv: Argv) -> Argv:
    moved = str(folder / "moved.json")
    done = invoke(["convert", argv[1], moved, "--to", "coco", "--gt", argv[3], "--transform", "scale=2"])
    assert done == 0
    return [argv[0], moved, *argv[2:4]]


def wide_tolerance(folder: Path) -> Argv:
    argv = pair(folder)
    assert invoke([*argv, "--save", str(folder / "base.npz")]) == 0
    return ["gate", *argv[1:], "--baseline", str(folder / "base.npz"), "--max-drop", "AP=100"]


def wide_deviation(folder: Path) -> Argv:
    return [*wide_tolerance(folder)[:-2], "--significant", "--seed-sd", "1000"]


def undefined_guard(folder: Path) -> Argv:
    """Nobody is of medium size, so the baseline has no AP of them."""
    argv = pair(folder)
    assert invoke([*argv, "--save", str(folder / "base.npz")]) == 0
    return ["gate", *argv[1:], "--baseline", str(folder / "base.npz"), "--guard", "AP_M"]


def without_facts(folder: Path) -> Argv:
    """`poseval run` wrote facts beside the predictions, and the board reads those beside the report."""
    argv = pair(folder)
    write(folder / "dt.json.run.json", {"people_per_second": 3.0})
    assert invoke([*argv, "--json", str(folder / "report.json")]) == 0
    return [
        "leaderboard",
        str(folder / "report.json"),
        "--plot",
        str(folder / "board.svg"),
        "--x",
        "people/s",
    ]


def copied_facts(folder: Path, argv: Argv) -> Argv:
    write(folder / "report.json.run.json", (folder / "dt.json.run.json").read_bytes())
    return argv


def site_over_input(folder: Path) -> Argv:
    _, dt, *gt = pair(folder)
    return ["explore", dt, *gt, "--out", str(folder)]


def few_flips(folder: Path) -> Argv:
    files = pair(folder)[1:]
    return ["compare", files[0], *files, "--key", "AP", "--resamples", "10"]


def misspelt_joint(folder: Path) -> Argv:
    node = document()
    node["categories"][0]["keypoints"][1] = "belly"
    return ["validate", str(write(folder / "000342_mpii_test.json", node))]


def renamed(node: dict[str, list[dict[str, list[str]]]]) -> None:
    node["categories"][0]["keypoints"][1] = "head_bottom"


def unscored_exchanged(folder: Path) -> Argv:
    """YOLO files, exchanged, whose predictions have no column of scores that would tell them."""
    gt, _ = truth_and_predictions()
    found = written(folder, "yolo")
    for path in (found / "labels").iterdir():
        lines = path.read_text().splitlines()
        path.write_text("".join(" ".join(line.split()[: 5 + 17 * 3]) + "\n" for line in lines))
    files = [str(written(folder, "yolo", Role.TRUTH, gt)), "--gt", str(found)]
    return ["score", *files, "--gt-format", "yolo", "--format-in", "yolo", "--skeleton", "coco17"]


def lost_face(folder: Path) -> Argv:
    """Landmarks of two faces of three."""
    xy = np.random.default_rng(0).uniform(0, 90, (2, 68, 2))
    lines(folder / "gt.csv", csv_lines())
    lines(folder / "dt.csv", csv_lines(xy, ["a.jpg", "b.jpg"]))
    return ["score", str(folder / "dt.csv"), "--gt", str(folder / "gt.csv"), "--benchmark", "300w"]


def lines(path: Path, rows: list[str]) -> None:
    write(path, "".join(f"{row}\n" for row in rows).encode())


def empty_cells(folder: Path, argv: Argv) -> Argv:
    path = folder / "dt.csv"
    lines(path, [*path.read_text().splitlines(), "c.jpg,1.5,50.0,60.0," + "," * (68 * 2 - 1)])
    return argv


def lost_face_of_coco(folder: Path) -> Argv:
    """COCO results of two faces of three."""
    lines(folder / "gt.csv", csv_lines(names=("1.jpg", "2.jpg", "3.jpg")))
    write(folder / "dt.json", [face(image, [40.0, 50.0, 0.9] * 68) for image in (1, 2)])
    return ["score", str(folder / "dt.json"), "--gt", str(folder / "gt.csv"), "--benchmark", "300w"]


def face(image: int, keypoints: list[float]) -> dict[str, Any]:
    return {"image_id": image, "category_id": 1, "score": 0.5, "keypoints": keypoints}


def zeros(folder: Path, argv: Argv) -> Argv:
    found = json.loads((folder / "dt.json").read_text())
    write(folder / "dt.json", [*found, face(3, [0.0] * 68 * 3)])
    return argv


def scored(folder: Path, name: str, *more: str) -> None:
    files = [str(folder / "predictions-coco.json"), "--gt", str(folder / "coco.json")]
    outputs = ["--json", str(folder / f"{name}.json"), "--save", str(folder / f"{name}.npz")]
    assert invoke(["score", *files, *outputs, *more]) == 0


def over_history(folder: Path) -> Argv:
    """A baseline that was accepted by hand, as the target of a run."""
    argv = pair(folder)
    base = str(folder / "base.poseval")
    assert invoke([*argv, "-q", "--save", base]) == 0
    accept = ["--gt", argv[3], "-q", "--accept", "known"]
    assert invoke(["gate", argv[1], *accept, "--baseline", base]) == 0
    return [*argv, "-q", "--save", base]


def by_gate(folder: Path, argv: Argv) -> Argv:
    return ["gate", *argv[1:4], "-q", "--baseline", argv[-1], "--accept", "known"]


def two_predictions(folder: Path) -> Argv:
    pair(folder)
    return ["score", str(folder / "dt.json"), "--gt", str(folder / "dt.json")]


def bare_annotations(folder: Path) -> Argv:
    pair(folder)
    found = write(folder / "annotations.json", truth()["annotations"])
    return ["score", str(folder / "dt.json"), "--gt", str(found)]


def whole_truth(folder: Path, argv: Argv) -> Argv:
    return [*argv[:3], str(folder / "gt.json")]


def other_shape(folder: Path) -> Argv:
    """Lines of three joints under a yaml that says four."""
    text = "path: {root}\nval: images/val\nkpt_shape: [4, 3]\nnames: {{0: fly}}\n"
    return ["validate", str(data_set(folder, text) / "data.yaml")]


def without_categories(folder: Path) -> Argv:
    dt = results()
    for result in dt:
        del result["category_id"]
    return pair(folder, None, dt)


def in_lists(folder: Path) -> Argv:
    """Results whose joints are lists of their own."""
    dt = results()
    for result in dt:
        result["keypoints"] = np.reshape(result["keypoints"], (-1, 3)).tolist()
    return pair(folder, None, dt)


def flat(node: list[dict[str, Any]]) -> None:
    for result in node:
        result["keypoints"] = np.ravel(result["keypoints"]).tolist()


def without_joint_scores(folder: Path) -> Argv:
    dt = results()
    for result in dt:
        result["keypoints"] = np.reshape(result["keypoints"], (-1, 3))[:, :2].ravel().tolist()
    return pair(folder, None, dt)


def with_ones(node: list[dict[str, Any]]) -> None:
    for result in node:
        xy = np.reshape(result["keypoints"], (-1, 2))
        result["keypoints"] = np.column_stack([xy, np.ones(len(xy))]).ravel().tolist()


def with_category(node: list[dict[str, Any]]) -> None:
    for result in node:
        result["category_id"] = 1


def shape_of_lines(folder: Path, argv: Argv) -> Argv:
    path = folder / "data.yaml"
    path.write_text(path.read_text().replace("[4, 3]", "[3, 3]"))
    return argv


def other_joints_than_mpii(folder: Path) -> Argv:
    return ["convert", str(coco_truth(folder)), str(folder / "mpii.json"), "--to", "mpii-json"]


def few_people(folder: Path) -> Argv:
    return [*pair(folder), "--limit", "people=3"]


ON_RUNS = [
    Case("P126", "--benchmark custom", nobody, add("--benchmark", "custom")),
    Case("P126", "label the joints", nobody, labelled),
    Case("P141", "--ci-method auto", few_units, lambda f, a: changed(a, "bca", "auto")),
    Case("P127", "poseval convert --transform", moved_crosscheck, converted),
    Case("P100", "--guard", undefined_guard, lambda f, a: changed(a, "AP_M", "AP")),
    Case("P100", "--max-drop", undefined_guard, lambda f, a: [*a[:-2], "--max-drop", "AP=1"]),
    Case("P810", "write AP=5 ", wide_tolerance, lambda f, a: changed(a, "AP=100", "AP=5")),
    Case("P864", "--force", over_history, add("--force")),
    Case("P864", "`poseval gate --update-baseline` or `--accept`", over_history, by_gate),
    Case("P810", "or AP=5rel%", wide_tolerance, lambda f, a: changed(a, "AP=100", "AP=5rel%")),
    Case("P865", "between trainings of one recipe", wide_deviation, lambda f, a: changed(a, "1000", "0.3")),
    Case("P148", "copy it to ENTRY.run.json", without_facts, copied_facts),
    Case("P199", "name a new folder", site_over_input, lambda f, a: [*a[:-1], str(f / "site")]),
    Case("P167", "leave --resamples out", few_flips, lambda f, a: a[:-2]),
    Case("P201", "looks like coco predictions, and so does dt.json: give ground truth with --gt",
         two_predictions, whole_truth),
    Case("P201", "annotations without its images, which is not read: give the whole file",
         bare_annotations, whole_truth),
    Case("P204", r"correct kpt_shape in the data set's yaml, which says \[4, 3\]",
         other_shape, shape_of_lines),
    Case("P203", r"write a list of numbers x, y, score, \.\.\., without lists in it", in_lists,
         edited("dt.json", flat)),
    Case("P204", "x, y and a score for each joint, 1 where", without_joint_scores,
         edited("dt.json", with_ones)),
    Case("P206", r"category_id of the ground truth: 1 \(person\)", without_categories,
         edited("dt.json", with_category)),
    Case("P404", "--to-skeleton mpii16", other_joints_than_mpii, add("--to-skeleton", "mpii16")),
    Case("P502", "or further: reading stopped there", few_people,
         lambda f, a: changed(a, "people=3", "people=600")),
    Case("P275", "rename a joint", misspelt_joint, edited("000342_mpii_test.json", renamed)),
    Case("P306", "files exchanged", unscored_exchanged, exchanged),
    Case("P413", "empty cells in a CSV file", lost_face, empty_cells),
    Case("P413", "zeros in COCO results", lost_face_of_coco, zeros),
]  # fmt: skip
