"""Advice that works: each error's `try:` is followed, and leads to a result or to another, true message.

A case makes a fault, runs the command line and follows the advice that it reads there. What comes then has to
be a result, or the error that the case names, which must differ from the first.
"""

from __future__ import annotations

import ast
import gzip
import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.poses import Frames, PoseSet
from tests.datasets.made_forms import huggingface, labelme, sleap_io_deeplabcut, via_csv
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
    pair,
    write,
    written,
)
from tests.errors.advice_on_runs import ON_RUNS
from tests.hostile.made import results, truth
from tests.shared import ROOT

# --- faults ---


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
    return ["convert", _native(folder, poses), str(folder / "out"), "--to", "yolo"]


def _native(folder: Path, poses: PoseSet) -> str:
    datasets.get_format("native").write(poses, folder / "dt.npz", WriteOptions(Role.PREDICTIONS))
    return str(folder / "dt.npz")


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


def several_results(folder: Path) -> Argv:
    return [*pair(folder), "--rules", "all", "--csv", str(folder / "a.csv")]


def either_role(folder: Path) -> Argv:
    points = "\n".join(f"{at} {2 * at}" for at in range(68))
    path = write(folder / "a.pts", f"version: 1\nn_points: 68\n{{\n{points}\n}}\n".encode())
    return ["convert", str(path), str(folder / "out.npz"), "--to", "native"]


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


def faces(folder: Path) -> Argv:
    points = "\n".join(f"{at} {2 * at}" for at in range(68))
    path = write(folder / "a.pts", f"version: 1\nn_points: 68\n{{\n{points}\n}}\n".encode())
    return ["convert", str(path), str(folder / "out"), "--to", "openpose", "--role", "predictions"]


def yolo_exchanged(folder: Path) -> Argv:
    gt, _ = truth_and_predictions()
    files = [str(written(folder, "yolo", Role.TRUTH, gt)), "--gt", str(written(folder, "yolo"))]
    return ["score", *files, "--gt-format", "yolo", "--skeleton", "coco17"]


def fractions_without_sizes(folder: Path) -> Argv:
    gt = truth()
    for image in gt["images"]:
        del image["width"], image["height"]
    dt = results()
    for person in dt:
        points = np.reshape(person["keypoints"], (-1, 3)) / [640, 480, 1]
        person["keypoints"] = points.ravel().tolist()
    return [*pair(folder, gt, dt), "--transform", "normalised"]


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
    return ["score", _native(folder, replace(dt, frames=turned)), "--gt", str(folder / "gt.npz")]


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


def one_video(folder: Path) -> Argv:
    """Two animals with tracks in one video, and intervals asked for."""
    form = datasets.get_format("deeplabcut")
    form.write(animals(2, 0.0, 1), folder / "gt.csv", WriteOptions(Role.TRUTH))
    form.write(animals(2, 2.0, 2), folder / "dt.csv", WriteOptions(Role.PREDICTIONS))
    return ["score", str(folder / "dt.csv"), "--gt", str(folder / "gt.csv"), "--ci", "95"]


def one_annotation(folder: Path) -> Argv:
    for name, seed in (("a.csv", 1), ("b.csv", 2)):
        labels = animals(1, 1.0, seed)
        datasets.get_format("deeplabcut").write(labels, folder / name, WriteOptions(Role.TRUTH))
    return ["sigmas", str(folder / "a.csv")]


def moved_yaml(folder: Path) -> Argv:
    """A data.yaml that lies apart from its labels."""
    place = data_set(folder / "flies")
    (place / "data.yaml").rename(folder / "data.yaml")
    return ["validate", str(folder / "data.yaml")]


OWN = ["--benchmark", "coco-keypoints"]
CASES = [
    Case("P112", "--sigmas 0.05 for all", lambda f: [*pair(f, own_joints(truth())), *OWN],
         add("--sigmas", "0.05")),
    Case("P115", "one number for all", lambda f: [*pair(f), "--sigmas", "0.03,0.04"],
         lambda f, a: changed(a, "0.03,0.04", "0.05")),
    Case("P127", "name one rule set", several_results, lambda f, a: changed(a, "all", "corrected")),
    Case("P131", "--force", exists, add("--force")),
    Case("P138", "--role ground-truth", unscored, lambda f, a: changed(a, "predictions", "ground-truth")),
    Case("P139", "--gt FILE", lambda f: ["convert", *pair(f)[1:2], str(f / "o"), "--to", "openpose"],
         lambda f, a: [*a, "--gt", str(f / "gt.json")]),
    Case("P140", "--metric oks_ap", one_video, add("--metric", "oks_ap")),
    Case("P147", "--gt FILE", compared_without_truth, lambda f, a: [*a, "--gt", str(f / "gt.json")]),
    Case("P173", "--to-skeleton openpose_body25", faces, add("--to-skeleton", "openpose_body25"), "P404"),
    Case("P174", "--gt FILE", sizeless, lambda f, a: [*a, "--gt", str(coco_truth(f))]),
    Case("P197", "two files or more", one_annotation, lambda f, a: [*a, str(f / "b.csv")]),
    Case("P201", "files exchanged", lambda f: exchanged(f, pair(f)), exchanged),
    Case("P201", "files exchanged", yolo_exchanged, exchanged),
    Case("P202", "--role truth", either_role, add("--role", "truth")),
    Case("P204", "poseval convert", other_count, followed_convert),
    Case("P204", "--joints names", other_count, add("--joints", "names")),
    Case("P205", "group id of their own", one_group, edited("a.json", grouped)),
    Case("P206", r'"keypoints": \[\]', without_keypoints, edited("gt.json", nobody_labelled)),
    Case("P206", "rename the region attribute", region_names, renamed_regions),
    Case("P211", "UTF-8", latin, saved_as_utf8),
    Case("P271", "give the folder of labels", moved_yaml,
         lambda f, a: ["validate", str(f / "flies/labels/val")], "P204"),
    Case("P304", "area=extent", lambda f: pair(f, with_area(0.0)), add("--metric", "oks_ap(area=extent)")),
    Case("P308", "--gt", landmarks_without_sizes, lambda f, a: [*a, "--gt", str(f / "coco.json")], "P404"),
    Case("P402", "another split", another_split, as_coco_results),
    Case("P403", "--align", two_videos, add("--align", "key")),
    Case("P404", "--joints names", other_joints, add("--joints", "names")),
    Case("P406", "--category person", two_classes, add("--category", "person")),
    Case("P407", "leave out --skeleton", wrong_skeleton, lambda f, a: a[:4]),
    Case("P410", "area=extent", no_areas, add("--metric", "oks_ap(area=extent)")),
    Case("P410", "area=box", no_areas, add("--metric", "oks_ap(area=box)")),
    Case("P410", "area=extent", no_boxes, lambda f, a: changed(a, "oks_ap(area=box)", "oks_ap(area=extent)")),
    Case("P410", "--benchmark custom", no_scores, add("--benchmark", "custom")),
    Case("P410", "leave x and y", some_likelihoods, emptied),
    Case("P411", "people=matched", lambda f: [*pair(f), "--metric", "epe"],
         lambda f, a: changed(a, "epe", "epe(people=matched)")),
    Case("P412", "as COCO results", nameless_images, as_coco_results),
    Case("P414", "poseval validate RESULTS --gt LIST", image_list, lambda f, a: ["validate", *a[1:]]),
    Case("P415", "--transform scale=WIDTH,HEIGHT", fractions_without_sizes,
         lambda f, a: changed(a, "normalised", "scale=640,480")),
    Case("P171", "--to", lost_tracks, lambda f, a: changed(a, "mediapipe", "alphapose")),
    Case("P225", "unpack it", packed_otherwise, unpacked),
    Case("P501", "--limit bytes=", too_large, lambda f, a: changed(a, "bytes=2000", "bytes=2000000")),
    Case("P502", "--limit people=6", lambda f: [*pair(f), "--limit", "people=3"],
         lambda f, a: changed(a, "people=3", "people=6")),
    Case("P502", "--limit numbers=600", lambda f: [*pair(f), "--limit", "numbers=300"],
         lambda f, a: changed(a, "numbers=300", "numbers=600")),
    Case("P503", "archive_members=6", many_members, add("--limit", "archive_members=6")),
    Case("P504", "ratio", too_well_packed, add("--limit", "ratio=100000")),
    *ON_RUNS,
]  # fmt: skip
# Standard input and output as a shell gives them: code, advice, a command, and the one that follows it.
STREAMS = [
    ("P137", "name a file", "score dt.json --gt gt.json --json - >&-",
     "score dt.json --gt gt.json --json out.json >&-"),
    ("P128", "give one of them by its path", "score - --gt - < dt.json", "score - --gt gt.json < dt.json"),
    ("P128", "give one of them by its path", "compare - - --gt gt.json < dt.json",
     "compare - dt.json --gt gt.json < dt.json"),
    ("P109", "`< FILE`", "score - --gt gt.json <&-", "score - --gt gt.json < dt.json"),
]  # fmt: skip


def heard(argv: Argv, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit status, and all that was said; validate says its faults on standard output."""
    capsys.readouterr()
    status = invoke(argv)
    said = capsys.readouterr()
    return status, said.out + said.err


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.says}")
def test_advice_that_is_followed_works(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = case.make(tmp_path)
    status, said = heard(argv, capsys)
    assert status in (2, 3), said
    assert case.code in said
    assert re.search(case.says, said), said
    status, said = heard(case.follow(tmp_path, argv), capsys)
    if case.then:
        assert status in (2, 3)
        assert case.then in said
        assert case.then != case.code
    assert case.then or status == 0, shlex.join(argv) + "\n" + said


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize(("code", "says", "line", "then"), STREAMS)
def test_advice_about_streams_works(code: str, says: str, line: str, then: str, tmp_path: Path) -> None:
    pair(tmp_path)
    refused, done = in_a_shell(line, tmp_path), in_a_shell(then, tmp_path)
    assert refused.returncode == 2, refused.stderr
    assert f"[{code}]" in refused.stderr
    assert says in refused.stderr
    assert done.returncode == 0, done.stderr
    assert "AP" in (done.stdout or (tmp_path / "out.json").read_text())


def in_a_shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'exec "{sys.executable}" -m poseval {line}'],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# Advice of other kinds, and why no case follows it.
FILES = "models, tracking and training, which need files or packages: their own tests"
ELSEWHERE = {
    **dict.fromkeys(("P101", "P152", "P164", "P189"), "did you mean: tests of the names themselves"),
    **dict.fromkeys(("P134", "P153", "P154", "P156", "P163", "P165", "P250", "P251", "P260", "P262"), FILES),
    **dict.fromkeys(("P264", "P351", "P450", "P451", "P601", "P602", "P603"), FILES),
    **dict.fromkeys(("P188", "P217", "P302", "P700"), "reached from Python and workers alone"),
    **dict.fromkeys(("P103", "P505"), "deviations of trainings and ignore regions: their own tests"),
}  # fmt: skip


def advised() -> set[str]:
    """Codes that some call raises with a hint."""
    out = set()
    for path in sorted((ROOT / "poseval").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and any(word.arg == "hint" for word in node.keywords):
                texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
                out |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"P\d{3}", text)}
    return out


def test_every_code_with_advice_has_a_case() -> None:
    followed = {case.code for case in CASES} | {code for code, *_ in STREAMS}
    assert advised() - followed == ELSEWHERE.keys()
