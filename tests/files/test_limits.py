"""Limits agree with one another, and can be raised on the command line, around it and in Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import poseval
from poseval.cli import invoke
from poseval.errors import LimitError, UsageError
from poseval.files.reading import AT_ONCE, read_regular
from poseval.kernels import files
from poseval.limits import DEFAULT, MIB, REASONS, Limits, from_environment, raised, to_raise
from tests.hostile.made import results, truth
from tests.shared import ROOT

JOINTS = 17
# A result of 17 joints in whole pixels, as short as programs write it.
SHORT = {"image_id": 123456, "category_id": 1, "keypoints": [123, 234, 1] * JOINTS, "score": 0.5}


def test_as_many_people_as_allowed_fit_into_a_file() -> None:
    text = json.dumps(SHORT, separators=(",", ":")) + ","
    assert len(text) * DEFAULT.people <= DEFAULT.file_bytes
    numbers = 3 * JOINTS + 3  # with image, category and score
    assert numbers * DEFAULT.people <= DEFAULT.numbers


def test_as_many_frames_as_allowed_fit_into_an_archive_and_an_object() -> None:
    assert DEFAULT.archive_members >= DEFAULT.frames
    assert DEFAULT.keys >= DEFAULT.frames
    assert DEFAULT.tree_bytes <= DEFAULT.file_bytes


def test_bytes_have_units_and_a_short_name() -> None:
    assert raised(["bytes=2GiB", "people=7"], Limits()) == Limits(file_bytes=2048 * MIB, people=7)
    assert raised(["file_bytes=64KiB"], Limits()).file_bytes == 65536
    for text in ("bytes=2GB", "bytes=-1", "bytes=", "nothing=1", "bytes"):
        with pytest.raises(UsageError) as caught:
            raised([text], Limits())
        assert caught.value.code == "P193"


@pytest.mark.parametrize("name", REASONS)
def test_the_advice_is_what_the_option_takes(name: str) -> None:
    option, variable = (part.split() for part in to_raise(name, 3_000_000).split(", or "))
    assert getattr(raised([option[option.index("--limit") + 1]], Limits()), name) >= 3_000_000
    assert variable[0].removeprefix("POSEVAL_LIMITS=") == option[option.index("--limit") + 1]


def test_the_environment_is_read_and_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POSEVAL_LIMITS", "bytes=1GiB, people=9")
    assert from_environment() == Limits(file_bytes=1024 * MIB, people=9)
    monkeypatch.setenv("POSEVAL_LIMITS", "people=many")
    with pytest.raises(UsageError, match="POSEVAL_LIMITS: limit 'people=many'") as caught:
        from_environment()
    assert caught.value.code == "P193"
    for path, node in ((tmp_path / "gt.json", truth()), (tmp_path / "dt.json", results())):
        path.write_text(json.dumps(node))
    with pytest.raises(UsageError):
        poseval.score(tmp_path / "gt.json", tmp_path / "dt.json")
    assert invoke(["list", "limits"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        "score dt.json --gt gt.json",
        "convert dt.json out.npz --to native --gt gt.json",
        "track dt.json --gt gt.json --out out --to native",
    ],
)
def test_every_way_to_set_a_limit(words: str, tmp_path: Path) -> None:
    for path, node in ((tmp_path / "gt.json", truth()), (tmp_path / "dt.json", results())):
        path.write_text(json.dumps(node))

    def status(*more: str, **extra: str) -> tuple[int, bytes]:
        done = subprocess.run(
            [sys.executable, "-m", "poseval", *words.split(), *more],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **extra},
            capture_output=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stderr

    for code, err in (status("--limit", "people=2"), status(POSEVAL_LIMITS="people=2")):
        assert code == 3
        assert b"[P502]" in err
    assert status("--limit", "people=100", POSEVAL_LIMITS="people=2")[0] == 0  # the nearer word counts


@pytest.mark.parametrize("limit", ["people=2", "numbers=90", "keys=3", "bytes=1KiB"])
def test_following_the_advice_leads_to_a_score(
    limit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, node in ((tmp_path / "gt.json", truth()), (tmp_path / "dt.json", results())):
        path.write_text(json.dumps(node))
    words = ["score", str(tmp_path / "dt.json"), "--gt", str(tmp_path / "gt.json"), "--limit", limit]
    for _ in range(12):  # each advice doubles what was reached, or names the number
        status = invoke(words)
        err = capsys.readouterr().err
        if status == 0:
            return
        assert "try: raise it with --limit" in err
        words += ["--limit", err.split("--limit ")[1].split(",")[0]]
    pytest.fail("the advice leads nowhere")


def test_in_python(tmp_path: Path) -> None:
    (tmp_path / "gt.json").write_text(json.dumps(truth()))
    with pytest.raises(LimitError):
        poseval.read(tmp_path / "gt.json", limits=["people=2"])
    with pytest.raises(LimitError):
        poseval.convert(tmp_path / "gt.json", tmp_path / "a.npz", "native", limits=Limits(people=2))


def test_a_large_export_can_be_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = [
        {"data": {"image": f"{n}.jpg"}, "annotations": [{"result": []}], "x": "y" * 1000} for n in range(50)
    ]
    (tmp_path / "a.json").write_text(json.dumps(tasks))
    words = ["validate", str(tmp_path / "a.json"), "--limit", "tree_bytes=9KiB"]
    assert invoke(words) == 3
    out = capsys.readouterr().out
    assert "P501" in out
    advice = out.split("--limit ")[1].split(",")[0]
    assert invoke([*words[:3], advice]) != 3 or "P501" not in capsys.readouterr().out


def test_unknown_limits_are_answered_with_the_names_that_are_documented() -> None:
    with pytest.raises(UsageError, match=r"NAME=2GiB, of bytes, depth"):
        raised(["nothing=1"], Limits())


def test_too_long_a_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dt.json"
    path.write_bytes(b" " * (2 * AT_ONCE))
    monkeypatch.setattr(files, "file_start", lambda handle, size: pytest.fail(f"{size} bytes were read"))
    for most in (AT_ONCE // 2, 2 * AT_ONCE - 1):
        with pytest.raises(LimitError) as caught:
            read_regular(path, "dt.json", most)
        assert caught.value.code == "P501"
