"""Advice on files: how they are packed, what is in them, and their conversion."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.poses import Frames
from tests.datasets.annotation_forms import labelme, via_csv
from tests.datasets.made_forms import sleap_io_deeplabcut
from tests.datasets.test_same_score import truth_and_predictions
from tests.datasets.yolo.test_layout import data_set
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


def unscored(folder: Path) -> Argv:
    made, _ = truth_and_predictions()
    files = sleap_io_deeplabcut(made)
    path = write(folder / "labels.csv", next(iter(files.values())))
    return ["convert", str(path), str(folder / "out.json"), "--role", "predictions", "--to", "coco",
            "--gt", str(coco_truth(folder))]  # fmt: skip


def convert(folder: Path, name: str, to: str, *more: str) -> Argv:
    return ["convert", str(written(folder, name)), str(folder / "out"), "--to", to, *more]


def image_list(folder: Path) -> Argv:
    gt = truth()
    del gt["annotations"]
    return pair(folder, gt)


def results_without(field: str) -> Callable[[Path], Argv]:
    return lambda folder: pair(
        folder, None, [{key: value for key, value in row.items() if key != field} for row in results()]
    )


def each_with(field: str, value: float) -> Callable[[Path, Argv], Argv]:
    return edited("dt.json", lambda rows: [{**row, field: value} for row in rows])


def box_alone(folder: Path) -> Argv:
    """A YOLO ground truth with an object that has a box and no joints."""
    gt, _ = truth_and_predictions()
    place = written(folder, "yolo", Role.TRUTH, gt)
    path = sorted(place.glob("labels/*.txt"))[0]
    path.write_text(path.read_text() + "0 .5 .5 .1 .1\n")
    return ["validate", str(place)]


def with_zeros(folder: Path, argv: Argv) -> Argv:
    path = sorted(Path(argv[1]).glob("labels/*.txt"))[0]
    path.write_text(path.read_text().rstrip() + " 0 0 0" * 17 + "\n")
    return argv


def to_stdout(folder: Path) -> Argv:
    return ["convert", *pair(folder)[1:2], "-", "--to", "coco", "--gt", str(folder / "gt.json")]


def one_group(folder: Path) -> Argv:
    made, _ = truth_and_predictions()
    node = json.loads(next(iter(labelme(made).values())))
    for shape in node["shapes"]:
        shape["group"] = shape.pop("group_id", None)
    write(folder / "a.json", node)
    return ["validate", str(folder / "a.json")]


def grouped(node: dict[str, Any]) -> None:
    for shape in node["shapes"]:
        shape["group_id"] = shape.pop("group")


def region_names(folder: Path) -> Argv:
    made, _ = truth_and_predictions()
    text = (
        via_csv(made)["via.csv"].replace(b'""joint""', b'""colour""').replace(b'""person""', b'""weather""')
    )
    write(folder / "via.csv", text)
    return ["validate", str(folder / "via.csv")]


def renamed_regions(folder: Path, argv: Argv) -> Argv:
    text = (folder / "via.csv").read_bytes().replace(b"colour", b"keypoint").replace(b"weather", b"person")
    write(folder / "via.csv", text)
    return argv


def latin(folder: Path) -> Argv:
    made, _ = truth_and_predictions()
    path = written(folder, "deeplabcut", Role.TRUTH, made)
    write(path, path.read_text().replace("poseval", "poseval-é").encode("latin-1"))
    return ["validate", str(path)]


def saved_as_utf8(folder: Path, argv: Argv) -> Argv:
    path = Path(argv[1])
    write(path, path.read_bytes().decode("latin-1").encode())
    return argv


def some_likelihoods(folder: Path) -> Argv:
    path = written(folder, "deeplabcut")
    lines = path.read_text().splitlines()
    cells = lines[5].split(",")
    cells[3] = ""
    write(path, "\n".join([*lines[:5], ",".join(cells), *lines[6:], ""]).encode())
    return ["score", str(path), "--gt", str(coco_truth(folder))]


def emptied(folder: Path, argv: Argv) -> Argv:
    path = Path(argv[1])
    lines = path.read_text().splitlines()
    cells = lines[5].split(",")
    cells[1:4] = ["", "", ""]
    write(path, "\n".join([*lines[:5], ",".join(cells), *lines[6:], ""]).encode())
    return argv


def sizeless(folder: Path) -> Argv:
    _, dt = truth_and_predictions()
    poses = replace(dt, frames=Frames(dt.frames.key, path=dt.frames.path))
    return ["convert", native(folder, poses), str(folder / "out"), "--to", "yolo"]


def landmarks_without_sizes(folder: Path) -> Argv:
    _, dt = truth_and_predictions()
    datasets.get_format("mediapipe").write(dt, folder / "mp.json", WriteOptions(Role.PREDICTIONS))
    frames = json.loads((folder / "mp.json").read_text())
    path = write(
        folder / "mp.json", [{k: v for k, v in f.items() if k not in ("width", "height")} for f in frames]
    )
    coco_truth(folder)
    return ["validate", str(path)]


def exists(folder: Path) -> Argv:
    argv = convert(folder, "alphapose", "openpose")
    assert invoke(argv) == 0
    return argv


def either_role(folder: Path) -> Argv:
    points = "\n".join(f"{at} {2 * at}" for at in range(68))
    path = write(folder / "a.pts", f"version: 1\nn_points: 68\n{{\n{points}\n}}\n".encode())
    return ["convert", str(path), str(folder / "out.npz"), "--to", "native"]


def faces(folder: Path) -> Argv:
    points = "\n".join(f"{at} {2 * at}" for at in range(68))
    path = write(folder / "a.pts", f"version: 1\nn_points: 68\n{{\n{points}\n}}\n".encode())
    return ["convert", str(path), str(folder / "out"), "--to", "openpose", "--role", "predictions"]


def yolo_exchanged(folder: Path) -> Argv:
    gt, _ = truth_and_predictions()
    files = [str(written(folder, "yolo", Role.TRUTH, gt)), "--gt", str(written(folder, "yolo"))]
    return ["score", *files, "--gt-format", "yolo", "--skeleton", "coco17"]


def lost_tracks(folder: Path) -> Argv:
    files = [str(written(folder, "coco")), "--out", str(folder / "o"), "--gt", str(coco_truth(folder))]
    return ["track", *files, "--to", "mediapipe"]


def packed_otherwise(folder: Path) -> Argv:
    argv = pair(folder)
    write(folder / "dt.json", b"7z\xbc\xaf\x27\x1c" + bytes(100))
    return argv


def unpacked(folder: Path, argv: Argv) -> Argv:
    write(folder / "dt.json", results())
    return argv


def many_members(folder: Path) -> Argv:
    with zipfile.ZipFile(folder / "dt.zip", "w") as archive:
        for place, row in enumerate(results()):
            archive.writestr(f"{place}.json", json.dumps([row]))
    write(folder / "gt.json", truth())
    return ["score", str(folder / "dt.zip"), "--gt", str(folder / "gt.json"), "--limit", "archive_members=3"]


def too_well_packed(folder: Path) -> Argv:
    argv = pair(folder, {**truth(), "info": " " * 5_000_000})
    write(folder / "gt.json", gzip.compress((folder / "gt.json").read_bytes(), 9))
    return argv


def one_annotation(folder: Path) -> Argv:
    for name, seed in (("a.csv", 1), ("b.csv", 2)):
        labels = animals(1, 1.0, seed)
        datasets.get_format("deeplabcut").write(labels, folder / name, WriteOptions(Role.TRUTH))
    return ["sigmas", str(folder / "a.csv")]


def predicted_annotation(folder: Path) -> Argv:
    one_annotation(folder)
    predicted = animals(1, 1.0, 3)
    datasets.get_format("deeplabcut").write(predicted, folder / "p.csv", WriteOptions(Role.PREDICTIONS))
    return ["sigmas", str(folder / "a.csv"), str(folder / "p.csv")]


def moved_yaml(folder: Path) -> Argv:
    """A data.yaml that lies apart from its labels."""
    place = data_set(folder / "flies")
    (place / "data.yaml").rename(folder / "data.yaml")
    return ["validate", str(folder / "data.yaml")]


def mistyped(folder: Path) -> Argv:
    score, dt, *gt = pair(folder)
    return [score, dt.replace("dt.json", "tt.json"), *gt]


def without_score(folder: Path) -> Argv:
    """The file where the command belongs."""
    return pair(folder)[1:]


def control_characters(folder: Path) -> Argv:
    gt = truth()
    gt["categories"][0]["keypoints"][0] = "no\x1bse"
    write(folder / "gt.json", gt)
    return ["convert", str(folder / "gt.json"), str(folder / "out"), "--to", "cvat"]


ON_FILES = [
    Case("P812", "--to native", control_characters, lambda f, a: changed(a, "cvat", "native")),
    Case("P114", "did you mean .*dt.json", mistyped,
         lambda f, a: changed(a, str(f / "tt.json"), str(f / "dt.json"))),
    Case("P870", "to score a file: poseval score .*dt.json", without_score, lambda f, a: ["score", *a]),
    Case("P131", "--force", exists, add("--force")),
    Case("P138", "--role ground-truth", unscored, lambda f, a: changed(a, "predictions", "ground-truth")),
    Case("P173", "--to-skeleton openpose_body25", faces, add("--to-skeleton", "openpose_body25"), "P404"),
    Case("P174", "--gt FILE", sizeless, lambda f, a: [*a, "--gt", str(coco_truth(f))]),
    Case("P201", "give labels", predicted_annotation,
         lambda f, a: changed(a, str(f / "p.csv"), str(f / "b.csv"))),
    Case("P197", "two files or more", one_annotation, lambda f, a: [*a, str(f / "b.csv")]),
    Case("P201", "files exchanged", yolo_exchanged, exchanged),
    Case("P202", "--role truth", either_role, add("--role", "truth")),
    Case("P137", "name a file", to_stdout, lambda f, a: changed(a, "-", str(f / "out.json"))),
    Case("P204", "write zeros for every joint", box_alone, with_zeros),
    Case("P206", "give every result a score", results_without("score"), each_with("score", 0.5)),
    Case("P206", r"category_id of the ground truth: 1 \(person\)", results_without("category_id"),
         each_with("category_id", 1)),
    Case("P205", "group id of their own", one_group, edited("a.json", grouped)),
    Case("P206", "rename the region attribute", region_names, renamed_regions),
    Case("P211", "UTF-8", latin, saved_as_utf8),
    Case("P271", "give the folder of labels", moved_yaml,
         lambda f, a: ["validate", str(f / "flies/labels/val")], "P204"),
    Case("P308", "--gt", landmarks_without_sizes, lambda f, a: [*a, "--gt", str(f / "coco.json")], "P404"),
    Case("P410", "leave x and y", some_likelihoods, emptied),
    Case("P414", "poseval validate RESULTS --gt LIST", image_list, lambda f, a: ["validate", *a[1:]]),
    Case("P171", "--to", lost_tracks, lambda f, a: changed(a, "mediapipe", "alphapose")),
    Case("P225", "unpack it", packed_otherwise, unpacked),
    Case("P503", "archive_members=6", many_members, add("--limit", "archive_members=6")),
    Case("P504", "ratio", too_well_packed, add("--limit", "ratio=100000")),
]  # fmt: skip
