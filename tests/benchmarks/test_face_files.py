"""Face and video benchmarks from their own files to the summary."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

import poseval
from poseval.results.report import Report
from tests.datasets.faces.test_faces import csv_lines
from tests.golden.committed import ROOT

RNG = np.random.default_rng(0)
IMAGES = ("helen/testset/a", "lfpw/testset/b", "ibug/c", "ibug/d")


def faces(count: int, points: int) -> np.ndarray:
    return np.round(np.random.default_rng(points).uniform(50, 300, (count, points, 2)), 3)


def write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def pts(folder: Path, xy: np.ndarray) -> Path:
    for name, face in zip(IMAGES, xy, strict=True):
        lines = ["version: 1", "n_points:  68", "{", *(f"{x} {y}" for x, y in face), "}"]
        write(folder / f"{name}.pts", lines)
    return folder


def codes(report: Report) -> list[str]:
    return [notice.code for notice in report.notices]


def test_300w_from_pts_files_with_its_subsets(tmp_path: Path) -> None:
    xy = faces(4, 68)
    moved = xy + np.array([3.0, 4.0]) * np.arange(4)[:, None, None]
    report = poseval.score(pts(tmp_path / "gt", xy), pts(tmp_path / "found", moved), "300w")
    eyes = np.hypot(*(xy[:, 36] - xy[:, 45]).T)
    each = 5 * np.arange(4) / eyes
    assert report.summary["NME"] == pytest.approx(each.mean())
    assert report.summary["common/NME"] == pytest.approx(each[:2].mean())
    assert report.summary["challenge/NME"] == pytest.approx(each[2:].mean())
    assert report.summary["FR@0.1"] == pytest.approx((each > 0.1).mean())
    assert codes(report) == ["N440", "N440"]
    table = [line.split()[0] for line in report.to_text().splitlines()[2:6]]
    assert table == ["NME", "all", "common", "challenge"]


def test_pts_are_one_based_and_csv_is_taken_as_it_stands(tmp_path: Path) -> None:
    xy = faces(4, 68)
    found = write(tmp_path / "found.csv", csv_lines(xy, [f"{name}.jpg" for name in IMAGES]))
    report = poseval.score(pts(tmp_path / "gt", xy), found, "300w")
    eyes = np.hypot(*(xy[:, 36] - xy[:, 45]).T)
    assert report.summary["NME"] == pytest.approx((np.sqrt(2) / eyes).mean())
    assert codes(report) == ["N440", "N402", "N462"]  # a pixel lies between the two


def test_wflw_from_its_list_with_six_subsets(tmp_path: Path) -> None:
    xy = faces(5, 98)
    flags = [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1], [0] * 6]
    images = ["0/x.jpg", "0/x.jpg", "1/y.jpg", "1/z.jpg", "2/w.jpg"]
    lines = [
        " ".join(map(str, [*face.ravel(), 10, 20, 300, 400, *flag, image]))
        for face, flag, image in zip(xy, flags, images, strict=True)
    ]
    truth = write(tmp_path / "list_98pt_rect_attr_test.txt", lines)
    moved = xy + np.array([3.0, 4.0]) * np.arange(5)[:, None, None]
    found = write(tmp_path / "found.csv", csv_lines(moved, images))
    summary = poseval.score(truth, found, "wflw").summary
    each = 5 * np.arange(5) / np.hypot(*(xy[:, 60] - xy[:, 72]).T)
    subsets = ("pose", "expression", "illumination", "makeup", "occlusion", "blur")
    rows = dict(zip(subsets, (0, 1, 2, 2, 3, 3), strict=True))
    assert summary["NME"] == pytest.approx(each.mean())
    assert {name: summary[f"{name}/NME"] for name in subsets} == pytest.approx(
        {name: each[row] for name, row in rows.items()}
    )


def test_cofw_and_lapa(tmp_path: Path) -> None:
    xy = faces(3, 29)
    table = np.concatenate([xy[..., 0], xy[..., 1], np.ones((3, 29))], axis=1)
    savemat(tmp_path / "COFW_test.mat", {"phisT": table, "bboxesT": np.tile([10.0, 10, 200, 200], (3, 1))})
    np.save(tmp_path / "found.npy", xy + np.array([3.0, 4.0]))
    for metric, ends in (("nme", (8, 9)), ("nme(by=pupil)", (16, 17))):
        report = poseval.score(tmp_path / "COFW_test.mat", tmp_path / "found.npy", "cofw", metrics=[metric])
        length = np.hypot(*(xy[:, ends[0]] - xy[:, ends[1]]).T)
        assert report.summary["NME"] == pytest.approx((5 / length).mean())
    xy = faces(3, 106)
    for folder, off in (("gt", 0.0), ("found", 3.0)):
        for number, face in enumerate(xy + off):
            write(tmp_path / folder / f"{number}.txt", ["106", *(f"{x} {y}" for x, y in face)])
    report = poseval.score(tmp_path / "gt", tmp_path / "found", "lapa")
    length = np.hypot(*(xy[:, 66] - xy[:, 79]).T)
    assert report.summary["NME"] == pytest.approx((np.sqrt(18) / length).mean())


def test_jhmdb_in_coco_form_from_results_and_from_an_array(tmp_path: Path) -> None:
    truth = ROOT / "mpii/jhmdb_ordinary/gt.json"
    people = json.loads(truth.read_text())["annotations"]
    points = np.array([person["keypoints"] for person in people]).reshape(-1, 15, 3)[..., :2]
    points = points + RNG.normal(0, 3, points.shape)
    results = [
        {
            "image_id": person["image_id"],
            "category_id": 1,
            "score": 0.9,
            "keypoints": np.column_stack([xy - 1, np.ones(15)]).ravel().tolist(),
        }
        for person, xy in zip(people, points, strict=True)
    ]
    (tmp_path / "found.json").write_text(json.dumps(results))
    np.save(tmp_path / "found.npy", points)
    first, second = (poseval.score(truth, tmp_path / name) for name in ("found.json", "found.npy"))
    assert first.benchmark == second.benchmark == "jhmdb"
    assert first.summary == pytest.approx(second.summary)
    assert 1 < first.summary["EPE"] < 8
    assert "N440" in codes(first)
