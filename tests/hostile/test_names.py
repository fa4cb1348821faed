"""Row 37, names: files whose names are not UTF-8, or as long as the file system allows, in every output."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from poseval.cli import invoke
from tests.hostile.made import results, truth, write

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names of bytes are POSIX's")
NAMES = {"not UTF-8": b"caf\xe9", "long": b"n" * 240, "a line": b"two\nlines", "codes": b"\x1b[2J::error::x"}


@pytest.fixture(params=NAMES.values(), ids=NAMES)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path, str]:
    """Ground truth, predictions, and the start of both names."""
    name = os.fsdecode(request.param)
    gt, dt = tmp_path / f"{name}.gt.json", tmp_path / f"{name}.dt.json"
    return write(gt, truth()), write(dt, results()), name


def sound(path: Path) -> str:
    """The text of an output, which must be UTF-8 without raw control characters."""
    text = path.read_bytes().decode()
    assert not set(text) & {chr(code) for code in range(32) if chr(code) not in "\n\r\t"}
    return text


def test_37_names_in_every_output_of_score(files: tuple[Path, Path, str], tmp_path: Path) -> None:
    gt, dt, _ = files
    outputs = {kind: tmp_path / f"out.{kind}" for kind in ("json", "csv", "html", "poseval")}
    asked = ["--json", "--csv", "--report", "--save"]
    arguments = [
        word for flag, path in zip(asked, outputs.values(), strict=True) for word in (flag, str(path))
    ]
    assert invoke(["score", str(dt), "--gt", str(gt), *arguments]) == 0
    for kind in ("json", "csv", "html"):
        sound(outputs[kind])
    assert json.loads(outputs["json"].read_text())["inputs"]


def test_37_names_of_runs_on_a_board(
    files: tuple[Path, Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gt, dt, name = files
    run = tmp_path / f"{name}.poseval"
    assert invoke(["score", str(dt), "--gt", str(gt), "--save", str(run)]) == 0
    out = tmp_path / "board.html"
    status = invoke(["leaderboard", str(run), "--html", str(out)])
    capsys.readouterr()
    if status == 0:
        sound(out)
    else:
        assert status == 3  # no name for a table: --name gives another
        assert not out.exists()
    assert invoke(["leaderboard", str(run), "--name", "mine", "--html", str(out)]) == 0
    assert "mine" in sound(out)


def test_37_names_of_pictures(files: tuple[Path, Path, str], tmp_path: Path) -> None:
    Image = pytest.importorskip("PIL.Image")
    gt, dt, name = files
    folder = tmp_path / f"{name}.images"
    folder.mkdir()
    for image in truth()["images"]:
        Image.new("RGB", (image["width"], image["height"])).save(folder / image["file_name"])
    page = tmp_path / "page.html"
    arguments = ["score", str(dt), "--gt", str(gt), "--report", str(page), "--images", str(folder)]
    assert invoke(arguments) == 0
    assert "data:image" in sound(page)


def test_37_an_output_with_a_name_that_is_too_long(files: tuple[Path, Path, str], tmp_path: Path) -> None:
    gt, dt, _ = files
    out = tmp_path / ("x" * 300 + ".json")
    assert invoke(["score", str(dt), "--gt", str(gt), "--json", str(out)]) == 2
