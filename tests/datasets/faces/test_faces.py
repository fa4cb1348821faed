"""Readers of face landmarks: csv, .pts, .txt, .npy, .mat and COCO's form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from poseval.datasets import Role
from poseval.errors import FormatError, MismatchError, ValueRangeError
from tests.datasets.reading import codes, predictions, recognised, truth
from tests.shared import shared_path

XY = np.round(np.random.default_rng(0).uniform(0, 99, (3, 68, 2)), 3)


def csv_lines(
    xy: np.ndarray = XY, names: Any = ("a.jpg", "b.jpg", "c.jpg"), extra: bool = False
) -> list[str]:
    points = ",".join(f"original_{n}_x,original_{n}_y" for n in range(xy.shape[1]))
    header = "image_name,scale," + ("box_size," if extra else "") + "center_w,center_h," + points
    middle = "1.5," + ("77," if extra else "") + "50.0,60.0,"
    return [header] + [
        f"{n},{middle}" + ",".join(map(str, row.ravel())) for n, row in zip(names, xy, strict=True)
    ]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


class TestCsv:
    def test_truth(self, tmp_path: Path) -> None:
        found = truth(write(tmp_path / "t.csv", csv_lines(extra=True)))
        assert recognised(tmp_path / "t.csv") == "face-csv"
        assert np.array_equal(found.people.xy, XY)
        assert found.frames.key.tolist() == ["a.jpg", "b.jpg", "c.jpg"]
        assert found.people.box[0].tolist() == [-100.0, -90.0, 200.0, 210.0]
        assert found.people.extra["face_size"].tolist() == [77.0] * 3
        assert found.origin.base == 0

    def test_several_faces_in_an_image(self, tmp_path: Path) -> None:
        found = truth(write(tmp_path / "t.csv", csv_lines(names=("a.jpg", "b.jpg", "a.jpg"))))
        assert found.frames.key.tolist() == ["a.jpg#0", "b.jpg", "a.jpg#1"]

    def test_an_empty_cell_is_a_landmark_not_predicted(self, tmp_path: Path) -> None:
        gt = truth(write(tmp_path / "t.csv", csv_lines()))
        lines = csv_lines()
        cells = lines[2].split(",")
        cells[4] = cells[5] = ""
        lines[2] = ",".join(cells)
        found = predictions(write(tmp_path / "p.csv", lines), gt)
        assert found.people.seen[1, :2].tolist() == [0, 2]
        assert codes(found) == ["N448"]

    def test_a_plain_list_of_predictions(self, tmp_path: Path) -> None:
        gt = truth(write(tmp_path / "t.csv", csv_lines()))
        header = "name," + ",".join(f"x{n},y{n}" for n in range(68))
        lines = [header, "b.jpg," + ",".join(map(str, XY[1].ravel()))]
        found = predictions(write(tmp_path / "p.csv", lines), gt)
        assert np.array_equal(found.people.xy[0], XY[1])

    @pytest.mark.parametrize(
        ("cell", "code"),
        [("NaN", "P301"), ("inf", "P301"), ("1e999", "P301"), ("1,5", "P204"), ("x", "P203")],
    )
    def test_bad_cells(self, tmp_path: Path, cell: str, code: str) -> None:
        lines = csv_lines()
        lines[2] = lines[2].replace(str(XY[1, 3, 0]), cell, 1)
        with pytest.raises((FormatError, ValueRangeError), match="line 3") as caught:
            truth(write(tmp_path / "t.csv", lines))
        assert caught.value.code == code

    def test_columns_that_do_not_pair(self, tmp_path: Path) -> None:
        lines = csv_lines()
        lines[0] = lines[0].replace("original_7_y", "original_70_y")
        with pytest.raises(FormatError, match="names 68 x and 68 y") as caught:
            truth(write(tmp_path / "t.csv", lines))
        assert caught.value.code == "P206"

    def test_an_unknown_number_of_landmarks(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match=r"has 60 joints[\s\S]*expected: a usual number: 68") as caught:
            truth(write(tmp_path / "t.csv", csv_lines(XY[:, :60])))
        assert caught.value.code == "P204"

    def test_latin_1_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "t.csv"
        path.write_bytes("\n".join(csv_lines(names=("\u00e4.jpg", "b", "c"))).encode("latin-1"))
        with pytest.raises(FormatError) as caught:
            truth(path)
        assert caught.value.code == "P211"

    def test_wflws_subsets_lie_beside_it(self, tmp_path: Path) -> None:
        xy = np.random.default_rng(1).uniform(0, 99, (3, 98, 2))
        write(tmp_path / "face_landmarks_wflw_test_blur.csv", csv_lines(xy[:1], ("b.jpg",)))
        found = truth(write(tmp_path / "face_landmarks_wflw_test.csv", csv_lines(xy)))
        assert found.people.extra["blur"].tolist() == [False, True, False]

    def test_real(self) -> None:
        found = truth(shared_path("samples/formats/hrnet_face_csv/face_landmarks_300w_first40.csv"))
        assert (len(found), found.skeleton.name) == (40, "ibug68")
        assert found.people.xy[0, 0].tolist() == pytest.approx([83.567109, 142.20867])


class TestPoints:
    def pts(self, path: Path, xy: np.ndarray = XY[0], third: Any = None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["version: 1", f"n_points:  {len(xy)}", "{"]
        lines += [f"{x} {y}" + ("" if third is None else f" {third[n]}") for n, (x, y) in enumerate(xy)]
        return write(path, [*lines, "}"])

    def test_a_folder_is_one_based_and_keyed_by_relative_stem(self, tmp_path: Path) -> None:
        self.pts(tmp_path / "ibug" / "b.pts", XY[1])
        self.pts(tmp_path / "helen" / "a.pts", XY[0])
        found = truth(tmp_path)
        assert recognised(tmp_path) == "face-pts"
        assert found.frames.key.tolist() == ["helen/a", "ibug/b"]
        assert np.allclose(found.people.xy, XY[:2] - 1)
        assert codes(found) == ["N440"]

    def test_third_number_says_whether_it_is_visible(self, tmp_path: Path) -> None:
        third = [1.0] * 68
        third[5] = 0.0
        assert truth(self.pts(tmp_path / "a.pts", third=third)).people.seen[0, 4:7].tolist() == [2, 0, 2]

    def test_wrong_counts_words_and_braces(self, tmp_path: Path) -> None:
        path = self.pts(tmp_path / "a.pts")
        text = path.read_text()
        for changed, code in (
            (text.replace("n_points:  68", "n_points:  67"), "P204"),
            (text.replace("{", "("), "P210"),
            (text.replace(str(XY[0, 3, 0]), "here"), "P203"),
            (text.replace(str(XY[0, 3, 0]), "nan"), "P301"),
        ):
            path.write_text(changed)
            with pytest.raises((FormatError, ValueRangeError)) as caught:
                truth(
                    path,
                )
            assert caught.value.code == code

    def test_faces_of_different_numbers(self, tmp_path: Path) -> None:
        self.pts(tmp_path / "a.pts")
        self.pts(tmp_path / "b.pts", XY[0, :29])
        with pytest.raises(FormatError, match="faces with 29 and 68 points") as caught:
            truth(tmp_path)
        assert caught.value.code == "P204"

    def test_lapa(self, tmp_path: Path) -> None:
        xy = np.random.default_rng(2).uniform(0, 99, (106, 2))
        for name in ("a", "b"):
            write(tmp_path / f"{name}.txt", ["106", *(f"{x} {y}" for x, y in xy)])
        found = truth(tmp_path)
        assert recognised(tmp_path) == "lapa-txt"
        assert (found.skeleton.name, found.origin.base) == ("lapa106", 0)
        assert np.allclose(found.people.xy[1], xy)
        write(tmp_path / "c.txt", ["106", "1 2"])
        with pytest.raises(FormatError, match="has 1 points") as caught:
            truth(tmp_path)
        assert caught.value.code == "P204"

    def test_real(self) -> None:
        found = truth(shared_path("samples/formats/300w_pts"))
        assert found.frames.key.tolist() == ["18489332_4", "237815567_3"]
        assert found.people.xy[0, 0].tolist() == pytest.approx([746.258354, 724.181223])


class TestWflwTxt:
    def line(self, seed: int, flags: str) -> str:
        xy = np.random.default_rng(seed).uniform(0, 99, 196)
        return " ".join([*map(str, xy), "1 2 30 40", flags, f"x/{seed}.jpg"])

    def test_attributes_are_subsets(self, tmp_path: Path) -> None:
        found = truth(
            write(tmp_path / "list.txt", [self.line(1, "1 0 0 0 0 1"), self.line(2, "0 0 0 0 0 1")])
        )
        assert recognised(tmp_path / "list.txt") == "wflw-txt"
        assert found.people.extra["pose"].tolist() == [True, False]
        assert found.people.extra["blur"].tolist() == [True, True]
        assert found.people.box[0].tolist() == [1, 2, 30, 40]
        assert found.frames.path.tolist() == ["x/1.jpg", "x/2.jpg"]

    def test_short_lines(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match=r"line 2: has 206 words[\s\S]*expected: 207 words") as caught:
            truth(write(tmp_path / "list.txt", [self.line(1, "1 0 0 0 0 1"), self.line(2, "0 0 0 0 0")]))
        assert caught.value.code == "P204"


class TestCofw:
    def table(self) -> np.ndarray:
        rng = np.random.default_rng(3)
        return np.concatenate([rng.uniform(0, 99, (4, 58)), rng.integers(0, 2, (4, 29))], axis=1)

    def test_level_5(self, tmp_path: Path) -> None:
        table = self.table()
        savemat(tmp_path / "COFW_test.mat", {"phisT": table, "bboxesT": np.tile([1.0, 2, 10, 20], (4, 1))})
        self.check(tmp_path / "COFW_test.mat", table)

    def test_level_7_3(self, tmp_path: Path) -> None:
        h5py = pytest.importorskip("h5py")
        table = self.table()
        with h5py.File(tmp_path / "COFW_test_color.mat", "w", userblock_size=512) as file:
            file["phisT"] = table.T
            file["bboxesT"] = np.tile([1.0, 2, 10, 20], (4, 1)).T
        self.check(tmp_path / "COFW_test_color.mat", table)

    def check(self, path: Path, table: np.ndarray) -> None:
        found = truth(path)
        assert recognised(path) == "cofw-mat"
        assert np.allclose(found.people.xy[..., 0], table[:, :29])
        assert np.allclose(found.people.xy[..., 1], table[:, 29:58])
        assert found.people.seen.tolist() == np.where(table[:, 58:] > 0, 1, 2).tolist()
        assert found.people.box[0].tolist() == [1, 2, 11, 22]


class TestNpy:
    def test_aflw_with_boxes_yaw_and_missing_points(self, tmp_path: Path) -> None:
        xy = np.random.default_rng(4).uniform(0, 99, (3, 2, 21)).astype(np.float32)
        xy[1, 0, 4] = -1
        np.save(tmp_path / "AFLW_GT_pts21.npy", xy)
        np.save(tmp_path / "AFLW_GT_crop_yaws.npy", np.array([1.0, 40.0, -80.0]))
        np.save(tmp_path / "AFLW_GT_crop_roi_box.npy", np.tile(np.uint16([1, 2, 11, 12]), (3, 1)))
        found = truth(tmp_path / "AFLW_GT_pts21.npy")
        assert recognised(tmp_path / "AFLW_GT_pts21.npy") == "face-npy"
        assert found.people.seen[1, 3:6].tolist() == [2, 0, 2]
        assert found.people.extra["yaw"].tolist() == [1.0, 40.0, -80.0]
        assert found.people.box[2].tolist() == [1, 2, 11, 12]

    def test_companions_of_another_length_are_not_taken(self, tmp_path: Path) -> None:
        np.save(tmp_path / "AFLW_GT_pts21.npy", np.ones((3, 2, 21)))
        np.save(tmp_path / "AFLW_GT_crop_yaws.npy", np.ones(4))
        assert "yaw" not in truth(tmp_path / "AFLW_GT_pts21.npy").people.extra

    def test_nan_is_refused(self, tmp_path: Path) -> None:
        xy = np.ones((3, 3, 68))
        xy[2, 1, 0] = np.nan
        np.save(tmp_path / "a.npy", xy)
        with pytest.raises(ValueRangeError, match="face 2") as caught:
            truth(tmp_path / "a.npy")
        assert caught.value.code == "P301"


class TestCoco:
    def file(self, path: Path, faces: int = 2, **changes: Any) -> Path:
        annotation = {"id": 1, "keypoints": [1.0, 2.0, 1] * 68, "bbox": [5, 6, 10, 20], "area": 9.0}
        tree = {
            "images": [{"id": 7, "file_name": "a.jpg", "width": 60, "height": 50}],
            "annotations": [{**annotation, "id": n, "image_id": 7, **changes} for n in range(faces)],
            "categories": [{"id": 1, "name": "face", "keypoints": []}],
        }
        path.write_text(json.dumps(tree))
        return path

    def test_one_face_keeps_the_images_id(self, tmp_path: Path) -> None:
        found = truth(self.file(tmp_path / "a.json", 1))
        assert recognised(tmp_path / "a.json") == "face-coco"
        assert found.frames.key.tolist() == ["7"]
        assert found.frames.extra["image_id"].tolist() == [7]
        assert found.people.box[0].tolist() == [5, 6, 15, 26]

    def test_several_faces_make_several_frames(self, tmp_path: Path) -> None:
        found = truth(self.file(tmp_path / "a.json", center=[50.0, 60.0], scale=0.5, box_size=33.0))
        assert found.frames.key.tolist() == ["7#0", "7#1"]
        assert found.people.box[0].tolist() == [0.0, 10.0, 100.0, 110.0]
        assert found.people.extra["face_size"].tolist() == [33.0, 33.0]

    def test_faults(self, tmp_path: Path) -> None:
        with pytest.raises(MismatchError, match=r"annotations\[0\].image_id") as caught:
            truth(self.file(tmp_path / "a.json", image_id=8))
        assert caught.value.code == "P402"
        path = self.file(tmp_path / "b.json")
        path.write_text(path.read_text().replace("2.0", "NaN", 1))
        with pytest.raises(ValueRangeError, match=r"annotations\[0\].keypoints") as refused:
            truth(path)
        assert refused.value.code == "P301"

    @pytest.mark.parametrize(
        ("name", "skeleton", "people"),
        [
            ("300w_coco/test_300w", "ibug68", 2),
            ("wflw_coco/test_wflw", "wflw98", 4),
            ("cofw_coco/test_cofw", "cofw29", 2),
            ("aflw_coco/test_aflw", "aflw19", 2),
            ("lapa_coco/test_lapa", "lapa106", 2),
        ],
    )
    def test_real(self, name: str, skeleton: str, people: int) -> None:
        path = shared_path(f"samples/formats/{name}.json")
        assert recognised(path) == "face-coco"
        found = truth(path)
        assert (found.skeleton.name, len(found)) == (skeleton, people)

    def test_jhmdb(self) -> None:
        path = shared_path("samples/formats/jhmdb_coco/test_jhmdb_sub1.json")
        found = truth(path)
        assert recognised(path) == "jhmdb-coco"
        assert found.frames.sequences == ("00228", "00229", "00230")
        assert found.people.box[0].tolist() == [78.0, 61.0, 132.0, 220.0]
        assert found.people.xy[0, 0].tolist() == pytest.approx([97.851746, 91.59851])


def test_predictions_of_another_set_are_refused(tmp_path: Path) -> None:
    gt = truth(write(tmp_path / "t.csv", csv_lines()))
    xy = np.random.default_rng(1).uniform(0, 99, (3, 98, 2))
    with pytest.raises(
        FormatError, match=r"has 98 landmarks[\s\S]*expected: 68, as skeleton ibug68 has"
    ) as caught:
        predictions(write(tmp_path / "p.csv", csv_lines(xy)), gt)
    assert caught.value.code == "P204"
    assert recognised(tmp_path / "p.csv", Role.PREDICTIONS) == "face-csv"
