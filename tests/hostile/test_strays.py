"""Files beside the results, and submissions of nobody: counted or refused, never a score of 0 by accident."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.errors import PosevalError, UsageError
from tests.datasets.test_same_score import truth_and_predictions
from tests.fuzz import formats
from tests.fuzz.seeds import READ, Seed, seeds
from tests.hostile.made import results, truth, write

NOTES = {"empty": b"", "text": b"of June, 12 of them\n", "binary": b"\0\1\2"}


@pytest.mark.parametrize("content", NOTES.values(), ids=NOTES)
@pytest.mark.parametrize("name", ["notes.txt", "README.md", ".DS_Store", "weights.pt", "z.csv"])
def test_a_results_file_beside_another_has_its_own_score(name: str, content: bytes, tmp_path: Path) -> None:
    gt = write(tmp_path / "gt.json", truth())
    folder = tmp_path / "submission"
    folder.mkdir()
    write(folder / "good.json", results())
    alone = poseval.score(gt, folder).summary
    write(folder / name, content)
    report = poseval.score(gt, folder)
    assert report.summary["AP"] == alone["AP"] == poseval.score(gt, folder / "good.json").summary["AP"]
    counted = [notice.count for notice in report.notices if notice.code == "N530"]
    assert counted == ([] if name.startswith(".") else [1])


@pytest.mark.parametrize("content", NOTES.values(), ids=NOTES)
@pytest.mark.parametrize("name", [name for name in READ if datasets.get_row(name).is_folder])
def test_notes_change_nothing_in_a_folder_of_any_format(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    folders = [seed for seed in seeds(name, tmp_path / "made") if seed.folder]
    assert folders
    found = _read(name, folders[0], tmp_path / "sound")
    try:
        beside = _read(name, folders[0], tmp_path / "more", content)
    except PosevalError as error:
        assert "notes.txt" in str(error)  # noqa: PT017 - refused by its name, or counted
    else:
        assert beside == found


def _read(name: str, seed: Seed, folder: Path, notes: bytes | None = None) -> tuple[int, int]:
    for file, data in seed.files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(data)
    if notes is not None:
        (folder / "notes.txt").write_bytes(notes)
    gt = formats.TRUTH if seed.role is Role.PREDICTIONS and name not in formats.OTHERS else None
    poses = datasets.read(folder, ReadOptions(seed.role, gt, optional=frozenset({"area"})), name)
    return len(poses), len(poses.frames)


def zipped(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()


# What a submission without anybody is, and the AP or the code that it gets.
Make = Callable[[Path], Path]


def file(name: str, data: bytes) -> Make:
    return lambda folder: write(folder / name, data)


def inside(name: str, data: bytes) -> Make:
    def make(folder: Path) -> Path:
        (folder / "sub").mkdir()
        write(folder / "sub" / name, data)
        return folder / "sub"

    return make


def empty_folder(folder: Path) -> Path:
    (folder / "sub").mkdir()
    return folder / "sub"


NOBODY: dict[str, tuple[Make, float | str]] = {
    "a list": (file("a.json", b"[]"), 0.0),
    "a packed list": (file("a.json.gz", gzip.compress(b"[]")), 0.0),
    "a list in an archive": (file("a.zip", zipped("a.json", b"[]")), 0.0),
    "an empty file of a known frame": (inside("000010.txt", b""), 0.0),
    "an empty file of no known frame": (inside("notes.txt", b""), "P402"),
    "an empty folder": (empty_folder, "P271"),
    "an empty file": (file("a.json", b""), "P200"),
    "an empty text": (file("a.txt", b""), "P200"),
    "a blank": (file("a.json", b" \n"), "P200"),
    "null": (file("a.json", b"null"), "P201"),
    "an object": (file("a.json", b"{}"), "P201"),
    "an empty packed file": (file("a.json.gz", gzip.compress(b"")), "P200"),
    "an empty file in an archive": (file("a.zip", zipped("a.json", b"")), "P200"),
    "notes in an archive": (file("a.zip", zipped("notes.txt", b"")), "P201"),
}


@pytest.mark.parametrize(("make", "wanted"), NOBODY.values(), ids=NOBODY)
def test_a_submission_of_nobody(make: Make, wanted: float | str, tmp_path: Path) -> None:
    gt = write(tmp_path / "gt.json", truth())
    path = make(tmp_path)
    if isinstance(wanted, float):
        report = poseval.score(gt, path)
        assert report.summary["AP"] == wanted
        assert "N423" in [notice.code for notice in report.notices]
    else:
        with pytest.raises(PosevalError) as caught:
            poseval.score(gt, path)
        assert caught.value.code == wanted


WRITERS = [
    name
    for name in datasets.names()
    if Role.PREDICTIONS in (form := datasets.get_format(name)).writes & form.reads
]
NOT_WRITTEN = {"P130", "P173"}  # forms of one person per frame, or of other joints
NOT_COMPARED = {
    "P201",
    "P200",
    "P404",
    "P410",
}  # files of nobody do not say what they are, nor of which joints


@pytest.mark.parametrize("name", WRITERS)
def test_a_set_of_nobody_is_written_and_read_back(name: str, tmp_path: Path) -> None:
    gt, found = truth_and_predictions()
    nobody = replace(found, people=found.people.take(np.zeros(0, dtype=np.int64)))
    row = datasets.get_row(name)
    path = tmp_path / f"nobody{'' if row.is_folder else row.suffix}"
    try:
        datasets.get_format(name).write(nobody, path, WriteOptions(Role.PREDICTIONS, truth=gt))
    except UsageError as error:
        assert error.code in NOT_WRITTEN  # noqa: PT017 - by its code
        return
    assert len(datasets.read(path, ReadOptions(Role.PREDICTIONS, gt), name)) == 0
    try:
        report = poseval.score(gt, path)
    except PosevalError as error:
        assert error.code in NOT_COMPARED  # noqa: PT017 - by its code
    else:
        assert report.summary["AP"] == 0.0
        assert "N423" in [notice.code for notice in report.notices]
