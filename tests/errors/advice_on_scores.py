"""Advice on scores: joints, areas, scores and frames that do not fit, and options."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.poses import Frames
from tests.datasets.made_forms import huggingface, sleap_io_deeplabcut
from tests.datasets.posetrack.documents import document
from tests.datasets.test_same_score import truth_and_predictions
from tests.docs.test_animals import animals
from tests.errors.advice import (
    Argv,
    Case,
    add,
    changed,
    coco_truth,
    edited,
    exchanged,
    native,
    pair,
    write,
    written,
)
from tests.hostile.made import results, truth
from tests.metrics.single import random_pair

MENDED = ["--rules", "corrected"]


def two_classes(folder: Path) -> Argv:
    gt = truth()
    gt["categories"].append({"id": 2, "name": "bottle", "keypoints": ["cap", "foot"]})
    person = gt["annotations"][0]
    gt["annotations"].append({**person, "id": 99, "category_id": 2, "keypoints": [1, 2, 2] * 2})
    return pair(folder, gt)


def own_joints(gt: dict[str, Any]) -> dict[str, Any]:
    gt["categories"][0]["keypoints"] = [f"p{at}" for at in range(17)]
    return gt


def without(gt: dict[str, Any], *fields: str) -> dict[str, Any]:
    for person in gt["annotations"]:
        for name in fields:
            person.pop(name, None)
    return gt


def with_area(value: float) -> dict[str, Any]:
    gt = truth()
    for person in gt["annotations"]:
        person["area"] = value
    return gt


def nameless_images(folder: Path) -> Argv:
    _, dt = truth_and_predictions()
    path = write(folder / "hf.json", json.loads(next(iter(huggingface(dt).values())))[:-1])
    return ["score", str(path), "--gt", str(coco_truth(folder))]


def as_coco_results(folder: Path, argv: Argv) -> Argv:
    return changed(argv, argv[1], str(written(folder, "coco")))


def other_count(folder: Path) -> Argv:
    dt = results()
    for person in dt:
        person["keypoints"] = person["keypoints"][: 14 * 3]
    return pair(folder, None, dt)


def followed_convert(folder: Path, argv: Argv) -> Argv:
    """The conversion that the message writes out, then its score."""
    done = invoke(["convert", argv[1], str(folder / "OUT.json"), "--to", "coco", "--gt", argv[3]])
    assert done == 0
    return changed(argv, argv[1], str(folder / "OUT.json"))


def other_joints(folder: Path) -> Argv:
    return ["score", str(written(folder, "openpose")), "--gt", str(coco_truth(folder))]


def several_results(folder: Path) -> Argv:
    return [*pair(folder), "--rules", "all", "--csv", str(folder / "a.csv")]


def wrong_skeleton(folder: Path) -> Argv:
    return [*pair(folder), "--skeleton", "ap10k17"]


def too_large(folder: Path) -> Argv:
    return [*pair(folder), "--limit", "bytes=2000"]


def compared_without_truth(folder: Path) -> Argv:
    pair(folder)
    return ["compare", str(folder / "dt.json"), str(folder / "dt.json")]


def without_keypoints(folder: Path) -> Argv:
    gt = truth()
    del gt["annotations"][0]["keypoints"]
    return pair(folder, gt)


def nobody_labelled(gt: dict[str, Any]) -> None:
    gt["annotations"][0].update(keypoints=[], num_keypoints=0)


def no_areas(folder: Path) -> Argv:
    return pair(folder, without(truth(), "area"))


def no_boxes(folder: Path) -> Argv:
    return [*pair(folder, without(truth(), "area", "bbox")), "--metric", "oks_ap(area=box)"]


def no_scores(folder: Path) -> Argv:
    made, _ = truth_and_predictions()
    path = write(folder / "labels.csv", next(iter(sleap_io_deeplabcut(made).values())))
    return ["score", str(path), "--gt", str(coco_truth(folder))]


def fractions_without_sizes(folder: Path) -> Argv:
    gt = truth()
    for image in gt["images"]:
        del image["width"], image["height"]
    dt = results()
    for person in dt:
        points = np.reshape(person["keypoints"], (-1, 3)) / [640, 480, 1]
        person["keypoints"] = points.ravel().tolist()
    return [*pair(folder, gt, dt), "--transform", "normalised"]


def another_split(folder: Path) -> Argv:
    _, dt = truth_and_predictions()
    names = [f"other{at}.jpg" for at in range(len(dt.frames))]
    moved = replace(dt, frames=Frames(names, size=dt.frames.size, path=np.asarray(names)))
    return ["score", str(written(folder, "alphapose", poses=moved)), "--gt", str(coco_truth(folder))]


def two_videos(folder: Path) -> Argv:
    gt, dt = truth_and_predictions()
    names = [f"{'ab'[at % 2]}/{at // 2:03d}.jpg" for at in range(len(gt.frames))]
    frames = Frames(names, size=gt.frames.size, path=np.asarray(names))
    turned = Frames([*names[1:], names[0]], size=gt.frames.size, path=np.asarray(names))
    datasets.get_format("native").write(
        replace(gt, frames=frames), folder / "gt.npz", WriteOptions(Role.TRUTH)
    )
    return ["score", native(folder, replace(dt, frames=turned)), "--gt", str(folder / "gt.npz")]


def ordered_ties(folder: Path) -> Argv:
    for side in ("gt", "pred"):
        (folder / side).mkdir()
        write(folder / side / "000342_mpii_test.json", document())
    return ["score", str(folder / "pred"), "--gt", str(folder / "gt"), "--ties", "official", *MENDED]


def no_heads(folder: Path) -> Argv:
    """MPII's ground truth as a JSON list, without the file of head sizes beside it."""
    scene = random_pair(4, 6)
    heads = scene.truth.people.with_columns(head=np.full(len(scene.truth), np.nan))
    datasets.get_format("mpii-json").write(
        replace(scene.truth, people=heads), folder / "gt.json", WriteOptions(Role.TRUTH)
    )
    np.save(folder / "preds.npy", scene.predictions.people.xy)
    return ["score", str(folder / "preds.npy"), "--gt", str(folder / "gt.json")]


def one_video(folder: Path) -> Argv:
    """Two animals with tracks in one video, and intervals asked for."""
    form = datasets.get_format("deeplabcut")
    form.write(animals(2, 0.0, 1), folder / "gt.csv", WriteOptions(Role.TRUTH))
    form.write(animals(2, 2.0, 2), folder / "dt.csv", WriteOptions(Role.PREDICTIONS))
    return ["score", str(folder / "dt.csv"), "--gt", str(folder / "gt.csv"), "--ci", "95"]


OWN = ["--benchmark", "coco-keypoints"]


def nobody_hidden(folder: Path) -> Argv:
    gt = truth()
    for person in gt["annotations"]:
        person["keypoints"][2::3] = [min(2, 2 * flag) for flag in person["keypoints"][2::3]]
    return [*pair(folder, gt), "--slice", "occlusion"]


def grouped_by_file(folder: Path, argv: Argv) -> Argv:
    """A csv file with the columns `person` and `group`."""
    people = json.loads((folder / "gt.json").read_text())["annotations"]
    rows = "".join(f"{person['id']},{'even' if at % 2 == 0 else 'odd'}\n" for at, person in enumerate(people))
    (folder / "hidden.csv").write_text(f"person,group\n{rows}")
    return changed(argv, "occlusion", str(folder / "hidden.csv"))


def groups_of_others(folder: Path) -> Argv:
    (folder / "camera.csv").write_text("frame,group\nelsewhere,left\n")
    return [*pair(folder), "--slice", str(folder / "camera.csv")]


def named_as_shown(folder: Path, argv: Argv) -> Argv:
    """The names that the ground truth has."""
    images = json.loads((folder / "gt.json").read_text())["images"]
    rows = "".join(f"{image['id']},left\n" for image in images)
    (folder / "camera.csv").write_text(f"frame,group\n{rows}")
    return argv


def saved_without_slices(folder: Path) -> Argv:
    argv = pair(folder)
    runs = [str(folder / f"{name}.poseval") for name in "ab"]
    for run in runs:
        assert invoke([*argv, "--save", run, "-q"]) == 0
    return ["compare", *runs, "--slice", "size"]


def saved_with_the_slice(folder: Path, argv: Argv) -> Argv:
    """poseval score PREDICTIONS --gt FILE --slice size --save RUN, for both."""
    for run in argv[1:3]:
        assert invoke([*pair(folder), "--slice", "size", "--save", run, "-q"]) == 0
    return argv


def a_sequence_short(folder: Path) -> Argv:
    for name in ("one", "two"):
        place = folder / "truth" / name / "gt"
        place.mkdir(parents=True)
        (place / "gt.txt").write_text("1,1,1,1,9,9,1,1,1\n")
    (folder / "found").mkdir()
    (folder / "found" / "one.txt").write_text("1,1,1,1,9,9,1,-1,-1,-1\n")
    return ["score", str(folder / "found"), "--gt", str(folder / "truth")]


def with_an_empty_file(folder: Path, argv: Argv) -> Argv:
    (folder / "found" / "two.txt").write_text("")
    return argv


ON_SCORES = [
    Case("P830", "`person` and `group`", nobody_hidden, grouped_by_file),
    Case("P831", "names such as '", groups_of_others, named_as_shown),
    Case("P833", "--slice size --save RUN", saved_without_slices, saved_with_the_slice),
    Case("P112", "--sigmas 0.05 for all", lambda f: [*pair(f, own_joints(truth())), *OWN],
         add("--sigmas", "0.05")),
    Case("P115", "one number for all", lambda f: [*pair(f), "--sigmas", "0.03,0.04"],
         lambda f, a: changed(a, "0.03,0.04", "0.05")),
    Case("P127", "name one rule set", several_results, lambda f, a: changed(a, "all", "corrected")),
    Case("P127", "leave --stream out", lambda f: [*pair(f), "--report", str(f / "a.html"), "--stream"],
         lambda f, a: a[:-1]),
    Case("P127", "leave --ties out", lambda f: [*pair(f), "--ties", "official"], lambda f, a: a[:-2]),
    Case("P127", "add --rules posetrack-2017", ordered_ties, lambda f, a: [*a[:-1], "posetrack-2017"]),
    Case("P838", "leave --stream out", lambda f: [*pair(f), "--slice", "size", "--stream"],
         lambda f, a: a[:-1]),
    Case("P838", "leave --stream out", lambda f: [*pair(f, dt={"results": results()}), "--stream"],
         lambda f, a: a[:-1]),
    Case("P139", "--gt FILE", lambda f: ["convert", *pair(f)[1:2], str(f / "o"), "--to", "openpose"],
         lambda f, a: [*a, "--gt", str(f / "gt.json")]),
    Case("P140", "--metric oks_ap", one_video, add("--metric", "oks_ap")),
    Case("P147", "--gt FILE", compared_without_truth, lambda f, a: [*a, "--gt", str(f / "gt.json")]),
    Case("P201", "files exchanged", lambda f: exchanged(f, pair(f)), exchanged),
    Case("P204", "poseval convert", other_count, followed_convert),
    Case("P204", "--joints names", other_count, add("--joints", "names")),
    Case("P206", r'"keypoints": \[\]', without_keypoints, edited("gt.json", nobody_labelled)),
    Case("P304", "area=extent", lambda f: pair(f, with_area(0.0)), add("--metric", "oks_ap(area=extent)")),
    Case("P402", "another split", another_split, as_coco_results),
    Case("P403", "--align", two_videos, add("--align", "key")),
    Case("P404", "--joints names", other_joints, add("--joints", "names")),
    Case("P406", "--category person", two_classes, add("--category", "person")),
    Case("P407", "leave out --skeleton", wrong_skeleton, lambda f, a: a[:4]),
    Case("P410", "area=extent", no_areas, add("--metric", "oks_ap(area=extent)")),
    Case("P410", "area=box", no_areas, add("--metric", "oks_ap(area=box)")),
    Case("P410", "area=extent", no_boxes, lambda f, a: changed(a, "oks_ap(area=box)", "oks_ap(area=extent)")),
    Case("P410", r"--metric 'pck\(norm=longest_side\)'", no_heads, add("--metric", "pck(norm=longest_side)")),
    Case("P410", r"--metric 'pck\(norm=joints", no_heads,
         add("--metric", "pck(norm=joints,between=(left_hip,right_hip))")),
    Case("P410", "--benchmark custom", no_scores, add("--benchmark", "custom")),
    Case("P411", "people=matched", lambda f: [*pair(f), "--metric", "epe"],
         lambda f, a: changed(a, "epe", "epe(people=matched)")),
    Case("P412", "as COCO results", nameless_images, as_coco_results),
    Case("P415", "--transform scale=WIDTH,HEIGHT", fractions_without_sizes,
         lambda f, a: changed(a, "normalised", "scale=640,480")),
    Case("P480", "write an empty file", a_sequence_short, with_an_empty_file),
    Case("P501", "--limit bytes=", too_large, lambda f, a: changed(a, "bytes=2000", "bytes=2000000")),
    Case("P502", "--limit people=6", lambda f: [*pair(f), "--limit", "people=3"],
         lambda f, a: changed(a, "people=3", "people=6")),
    Case("P502", "--limit numbers=600", lambda f: [*pair(f), "--limit", "numbers=300"],
         lambda f, a: changed(a, "numbers=300", "numbers=600")),
]  # fmt: skip
