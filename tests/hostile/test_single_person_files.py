"""The table of attacks, rows 18 to 29, as far as files of single people and faces have it: files as a whole.

Each test makes a small sound pair and breaks it in one place.
"""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

import poseval
from poseval import datasets
from poseval.datasets import ReadOptions, Role
from poseval.errors import FormatError, LimitError, MismatchError
from tests.datasets.faces.test_faces import csv_lines
from tests.hostile.single_person import COUNT, Pair, write


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


# 18: arrays


def test_18_objects_are_never_unpacked(pair: Pair) -> None:
    pair.score()

    class Attack:
        def __reduce__(self) -> Any:
            return (Path.touch, (pair.folder / "attacked",))

    np.save(pair.folder / "pred.npy", np.array([Attack()], dtype=object), allow_pickle=True)
    with pytest.raises(FormatError, match=r"pred\.npy: holds [\s\S]*objects are never unpacked") as caught:
        poseval.score(pair.folder / "gt.mat", pair.folder / "pred.npy", "mpii-val")
    assert caught.value.code == "P216"
    np.savez(pair.folder / "pred.npz", preds=np.array([Attack()], dtype=object))
    with pytest.raises(FormatError, match=r"pred\.npz[\s\S]*objects are never unpacked"):
        poseval.score(pair.folder / "gt.mat", pair.folder / "pred.npz", "mpii-val")
    assert not (pair.folder / "attacked").exists()


@pytest.mark.parametrize(
    "change", [lambda a: np.asfortranarray(a), lambda a: a.astype(">f8"), lambda a: a.astype("<f2")]
)
def test_18_orders_and_widths_of_numbers(pair: Pair, change: Any) -> None:
    pair.found = change(np.round(pair.found))
    assert pair.score().summary["PCKh@0.5"] > 0.9


def test_18_a_header_that_claims_more_than_the_file_holds(pair: Pair) -> None:
    pair.score()
    data = (pair.folder / "pred.npy").read_bytes()
    for claim, kind, code in (
        ("(99999999999, 16, 2)", LimitError, "P502"),
        ("(13, 16, 2)", FormatError, "P216"),
    ):
        end = data.index(b"\n")
        text = data[10:end].decode().replace(f"({COUNT}, 16, 2)", claim).rstrip()
        head = text.ljust(end - 10).encode()
        (pair.folder / "pred.npy").write_bytes(data[:10] + head + data[end:])
        with pytest.raises(kind, match=r"pred\.npy") as caught:
            poseval.score(pair.folder / "gt.mat", pair.folder / "pred.npy", "mpii-val")
        assert caught.value.code == code


# 19: formats that are read on the user's own machine only


def test_19_pickles_are_not_read(tmp_path: Path) -> None:
    for name in ("a.pkl", "a.pt", "a.yaml"):
        (tmp_path / name).write_bytes(pickle.dumps([1, 2]))
        with pytest.raises(FormatError, match=name) as caught:
            datasets.read(tmp_path / name, ReadOptions(Role.PREDICTIONS))
        assert caught.value.code == "P201"


def test_19_mat_and_hdf5_are_for_the_users_own_process(pair: Pair) -> None:
    pair.score()
    savemat(pair.folder / "pred.mat", {"preds": pair.found})
    gt = poseval.read(pair.folder / "gt.mat")
    assert len(datasets.read(pair.folder / "pred.mat", ReadOptions(Role.PREDICTIONS, gt))) == COUNT
    for path, role in ((pair.folder / "pred.mat", Role.PREDICTIONS), (pair.folder / "gt.mat", Role.TRUTH)):
        with pytest.raises(FormatError, match="user's own machine") as caught:
            datasets.read(path, ReadOptions(role, gt, trusted=False))
        assert caught.value.code == "P222"
    assert (
        len(datasets.read(pair.folder / "pred.npy", ReadOptions(Role.PREDICTIONS, gt, trusted=False)))
        == COUNT
    )


def test_19_every_format_of_such_files_says_so() -> None:
    words = (".mat", "hdf5", ".h5", "--dump", "release", "sleap", "nwb", "submission (pred_keypoints")
    for name in datasets.names():
        dataset = datasets.get_format(name)
        title = dataset.title.lower()
        if any(word in title for word in words) and "csv" not in title:
            assert dataset.local_only, name


# 21, 22: what belongs together


@pytest.mark.parametrize("count", [COUNT - 1, COUNT + 1])
def test_21_another_number_of_people(pair: Pair, count: int) -> None:
    pair.found = np.resize(pair.found, (count, 16, 2))
    pair.refused(MismatchError, "P412", f"holds {count} poses; the ground truth .*has {COUNT}")


def faces(folder: Path, names: list[str]) -> Path:
    truth = np.random.default_rng(0).uniform(0, 90, (len(names), 68, 2))
    write(folder / "p.csv", csv_lines(truth, names))
    return folder / "p.csv"


def test_21_missing_extra_and_repeated_faces(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", csv_lines())
    for names, code, told in (
        (["a.jpg", "b.jpg"], "P413", r"p\.csv: 1 of 3 annotated people .*\(first: c\.jpg\)"),
        (["a.jpg", "b.jpg", "d.jpg", "e.jpg"], "P402", r"p\.csv: frames: 2 of 4 .*\(first: d\.jpg, e\.jpg\)"),
        (["a.jpg", "a.jpg", "b.jpg", "c.jpg"], "P403", r"p\.csv: frames: are ambiguous"),
    ):
        with pytest.raises(MismatchError, match=told) as caught:
            poseval.score(tmp_path / "t.csv", faces(tmp_path, names), "300w")
        assert caught.value.code == code


def test_21_faces_that_nobody_labelled_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", csv_lines())
    report = poseval.score(tmp_path / "t.csv", faces(tmp_path, ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]), "300w")
    (told,) = [notice for notice in report.notices if notice.code == "N940"]
    assert "1 of 4 frames with predictions are not in the ground truth (first: d.jpg)" in told.text


def test_22_predictions_of_another_split(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", csv_lines())
    with pytest.raises(MismatchError, match=r"only 33% of the frames overlap.*another split") as caught:
        poseval.score(tmp_path / "t.csv", faces(tmp_path, ["x.jpg", "y.jpg", "c.jpg"]), "300w")
    assert caught.value.code == "P402"


# 28, 29: what is not there


def test_28_a_joint_that_is_never_labelled(pair: Pair) -> None:
    pair.missing[:, 9] = 1
    report = pair.score(rules="corrected")
    rows = {row.joint: row for row in report.values if row.statistic == "PCKh@0.5"}
    assert math.isnan(rows["head_top"].value)
    assert rows["head_top"].why == "no labelled head_top"
    assert rows[""].why == "13 of 14 joints; never labelled: head_top"
    assert report.summary["PCKh@0.5/head"] > 0.9
    official = pair.score()
    assert math.isnan(official.summary["PCKh@0.5/head"])
    assert "n/a" in official.to_text()


def test_28_nothing_labelled_at_all(pair: Pair) -> None:
    pair.missing[:] = 1
    report = pair.score()
    assert math.isnan(report.summary["PCKh@0.5"])
    node = json.loads(report.to_json())
    assert node["summary"]["PCKh@0.5"] is None
    assert any(row["why"] for row in node["values"])


def test_29_no_predictions(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", csv_lines())
    write(tmp_path / "p.csv", csv_lines()[:1])
    report = poseval.score(tmp_path / "t.csv", tmp_path / "p.csv", "300w")
    assert report.summary["FR@0.1"] == 1.0
    assert math.isnan(report.summary["NME"])
    assert "N423" in {notice.code for notice in report.notices}
