"""Submissions as people send them: each form gives the same verdict, and what is no submission is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from poseval.challenge.judge import Judge, Verdict, open_judge
from tests.challenge.made import make, predictions, write


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return open_judge(make(tmp_path_factory.mktemp("submissions")))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(predictions(), tmp_path_factory.mktemp("plain") / "dt.json").read_bytes()


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two members of one name
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def halves(data: bytes) -> list[tuple[str, bytes]]:
    rows = json.loads(data)
    images = sorted({row["image_id"] for row in rows})
    first = set(images[: len(images) // 2])
    parts = ([r for r in rows if r["image_id"] in first], [r for r in rows if r["image_id"] not in first])
    return [(f"part{at}.json", json.dumps(part).encode()) for at, part in enumerate(parts)]


FORMS: dict[str, Callable[[bytes], tuple[str, bytes]]] = {
    "json": lambda data: ("results.json", data),
    "any name": lambda data: ("submission", data),
    "gz": lambda data: ("results.json.gz", gzip.compress(data)),
    "xz": lambda data: ("results.json.xz", lzma.compress(data)),
    "bz2": lambda data: ("results.json.bz2", bz2.compress(data)),
    "zip": lambda data: ("s.zip", zipped(("results.json", data))),
    "zip with a folder": lambda data: ("s.zip", zipped(("my results/", b""), ("my results/r.json", data))),
    "zip with folders": lambda data: ("s.zip", zipped(("a/b/c/r.json", data))),
    "zip of a Mac": lambda data: (
        "s.zip",
        zipped(("a/r.json", data), ("__MACOSX/a/._r.json", b"\0\5\x16\7"), ("a/.DS_Store", b"\0")),
    ),
    "zip with a note": lambda data: ("s.zip", zipped(("r.json", data), ("README.md", b"Hello"))),
    "zip of gz": lambda data: ("s.zip", zipped(("r.json.gz", gzip.compress(data)))),
    "zip of several files": lambda data: ("s.zip", zipped(*halves(data))),
    "zip without its ending": lambda data: ("submission", zipped(("r.json", data))),
}


def verdict_of(judge: Judge, folder: Path, name: str, data: bytes) -> Verdict:
    path = folder / name
    path.write_bytes(data)
    return judge.judge(path)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_is_scored_alike(
    form: Callable[[bytes], tuple[str, bytes]], judge: Judge, plain: bytes, tmp_path: Path
) -> None:
    wanted = verdict_of(judge, tmp_path, "wanted.json", plain)
    assert wanted.scored
    assert 0 < wanted.numbers["AP"] < 100
    found = verdict_of(judge, tmp_path, *form(plain))
    assert found.scored, found.message
    assert found.numbers == wanted.numbers


def test_folders_are_looked_into(judge: Judge, plain: bytes, tmp_path: Path) -> None:
    """As Codabench unpacks: the folder of a participant, and a file of the engine beside it."""
    (tmp_path / "res/mine/inner").mkdir(parents=True)
    (tmp_path / "res/metadata").write_text("x")
    (tmp_path / "res/mine/inner/r.json").write_bytes(plain)
    assert judge.judge(tmp_path / "res").scored
    (tmp_path / "other").mkdir()
    for name, data in halves(plain):
        (tmp_path / "other" / name).write_bytes(data)
    assert judge.judge(tmp_path / "other").scored


def test_the_digest_is_of_what_was_sent(judge: Judge, plain: bytes, tmp_path: Path) -> None:
    first = verdict_of(judge, tmp_path, "a.json", plain)
    assert first.digest == verdict_of(judge, tmp_path, "b.json", plain).digest
    assert first.digest != verdict_of(judge, tmp_path, "c.json", plain + b" ").digest


WRONG: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "P200"),
    "cut": (b'[{"image_id": 1', "P210"),
    "empty zip": (zipped(), "P226"),
    "zip of rubbish": (zipped(("../../x.json", b"[]"), ("/etc/x.json", b"[]")), "P226"),
    "zip in a zip": (zipped(("a.zip", zipped(("r.json", b"[]")))), "P226"),
    "two of a name": (zipped(("r.json", b"[]"), ("r.json", b"[1]")), "P213"),
    "file and folder of a name": (zipped(("a", b"[]"), ("a/r.json", b"[]")), "P213"),
    "long name": (zipped(("n" * 300 + ".json", b"[]")), "P213"),
    "zip bomb": (zipped(("r.json", b" " * 60_000_000)), "P504"),
    "pickle": (b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix", "P201"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + b"\0" * 50, "P225"),
}


@pytest.mark.parametrize(("data", "code"), WRONG.values(), ids=WRONG)
def test_what_is_no_submission_is_refused(data: bytes, code: str, judge: Judge, tmp_path: Path) -> None:
    found = verdict_of(judge, tmp_path, "s", data)
    assert found.status == "refused", found.private
    assert f"[{code}]" in found.message, found.message
    assert not found.numbers
    assert not found.report
    assert str(tmp_path) not in found.message


def test_links_are_refused(judge: Judge, plain: bytes, tmp_path: Path) -> None:
    """A link to the ground truth must not be read, wherever it stands."""
    truth = judge.description.folder / judge.split.truth
    for place in ("a/r.json", "b/deep/er/r.json"):
        path = tmp_path / place
        path.parent.mkdir(parents=True)
        path.symlink_to(truth)
        found = judge.judge(tmp_path / place.partition("/")[0])
        assert "[P226]" in found.message
    (tmp_path / "c").mkdir()
    os.mkfifo(tmp_path / "c/r.json")
    assert "[P226]" in judge.judge(tmp_path / "c").message


def test_formats_that_a_challenge_takes(plain: bytes, tmp_path: Path) -> None:
    from dataclasses import replace

    made = make(tmp_path)
    found = verdict_of(open_judge(replace(made, formats=("openpose",))), tmp_path, "r.json", plain)
    assert found.status == "refused"
    assert "is coco [P227]" in found.message


def test_nothing_stays_on_the_disk(judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    verdict_of(judge, tmp_path, "s.zip", zipped(("a/r.json", b"[")))
    assert not list((tmp_path / "temporary").iterdir())
