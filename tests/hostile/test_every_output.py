"""Rows 34 to 36, from files to files: hostile names of joints and images in all that the commands write."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from poseval.cli import invoke
from tests.hostile.limited import HELD, poseval
from tests.hostile.made import results, truth, write

NAMES = (
    *("\x1b[2J\n::error title=x::y", '"><script>alert(1)</script>', r"$\bad$ 50%", "=cmd|' /C calc'!A0"),
    *("a|b`c`[d](javascript:e)", r"\input{/etc/passwd}_^~#&{}", "</script><img src=x onerror=alert(1)>"),
    *("{{7*7}}{% raw %}", "';alert(1);//", "\u202etxt\u2028", "__proto__", "constructor", "+1", "@x"),
)
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff]")
COMMAND = re.compile(r"^\s*::|##\[", re.MULTILINE)


def make(folder: Path, names: tuple[str, ...]) -> list[str]:
    """Files with such names, and two saved runs of them; the options that read them."""
    gt, dt = truth(), results()
    gt["categories"][0]["keypoints"][: len(names)] = names
    for image, name in zip(gt["images"], names, strict=False):
        image["file_name"] = f"{name}.jpg"
    for person in dt:
        person["keypoints"] = [
            value + 9 * (at % 5) * (at % 3 < 2) for at, value in enumerate(person["keypoints"])
        ]
    write(folder / "gt.json", gt)
    write(folder / "dt.json", dt)
    skeleton = {"joints": gt["categories"][0]["keypoints"], "sigmas": [0.05] * 17}
    write(folder / "skeleton.json", skeleton)
    return ["--gt", str(folder / "gt.json"), "--skeleton", str(folder / "skeleton.json")]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every file that score, diagnose, compare, gate, plot and explore write, by command and name."""
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("names")
    asked = make(folder, NAMES)
    dt, run = str(folder / "dt.json"), str(folder / "run.poseval")

    def to(*options: str) -> list[str]:
        return [
            word for option in options for word in (f"--{option.partition('.')[0]}", str(folder / option))
        ]

    assert invoke(["score", dt, *asked, "--per-joint", "--save", run, "-q"]) == 0
    for command in (
        ["score", dt, *asked, "--per-joint", *to("json.score.json", "csv.score.csv", "report.score.html")],
        ["diagnose", dt, *asked, *to("json.diagnose.json", "report.diagnose.html")],
        ["compare", run, run, *to("json.compare.json", "csv.compare.csv", "figure.compare.svg")],
        ["gate", "--run", run, "--baseline", run, *to("json.gate.json", "junit.gate.xml")],
        ["leaderboard", run, *to("csv.board.csv", "html.board.html")],
        ["plot", run, "--out", str(folder / "plots"), "--format", "svg"],
        ["explore", dt, dt, *asked, "--out", str(folder / "site")],
    ):
        assert invoke(command) == 0, command
    return {path.name: path for path in folder.rglob("*") if ".s" in path.name or path.suffix != ".json"}


def of_kind(outputs: dict[str, Path], suffix: str) -> dict[str, str]:
    found = {name: path.read_bytes().decode() for name, path in outputs.items() if path.suffix == suffix}
    assert found
    return found


def test_34_tables_start_no_formula(outputs: dict[str, Path]) -> None:
    for name, text in of_kind(outputs, ".csv").items():
        for cell in (cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row):
            number = re.fullmatch(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?", cell)
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (name, cell)


def test_34_pages_have_no_element_of_a_name(outputs: dict[str, Path]) -> None:
    for name, text in of_kind(outputs, ".html").items():
        assert "Content-Security-Policy" in text, name
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert text.count("<script") == text.count("</script>")
        assert not RAW.search(text)


def test_34_scripts_of_the_explorer_hold_names_as_data(outputs: dict[str, Path]) -> None:
    found = of_kind(outputs, ".js")
    assert "__proto__" in found["index.js"]
    for text in found.values():
        assert not RAW.search(text)
        assert not re.search(r"<script>alert|</script|<img src=x|innerHTML|\beval\(", text)


def test_35_drawings_and_junit_are_xml(outputs: dict[str, Path]) -> None:
    for text in (*of_kind(outputs, ".svg").values(), *of_kind(outputs, ".xml").values()):
        ET.fromstring(text)
        assert "<script" not in text


@pytest.mark.parametrize("form", ["text", "json", "csv", "markdown", "latex"])
@pytest.mark.parametrize("verb", ["score", "compare"])
def test_36_standard_output(verb: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = make(tmp_path, NAMES)
    dt, run = str(tmp_path / "dt.json"), str(tmp_path / "run.poseval")
    assert invoke(["score", dt, *asked, "--per-joint", "--save", run, "-q"]) == 0
    capsys.readouterr()
    command = ["compare", run, run] if verb == "compare" else ["score", dt, *asked, "--per-joint"]
    assert invoke([*command, "--format", form]) == 0
    said = capsys.readouterr()
    assert not RAW.search(said.out + said.err)
    assert not COMMAND.search(said.out + said.err)
    lines = [re.sub(r"\\.", "", line) for line in said.out.splitlines()]
    if form == "json":
        json.loads(said.out)
    elif form == "markdown":
        rows = [line for line in lines if line.startswith("|")]
        assert len(rows) > len(NAMES)
        assert len({row.count("|") for row in rows}) == 1
        assert not any(char in row for row in rows for char in "<>`[]")
    elif form == "latex":
        assert r"\input" not in said.out
        assert len(said.out.splitlines()) == len([line for line in said.out.split("\n") if line])


LIMITED: dict[str, list[str]] = {
    "page": ["score", "dt.json", "--per-joint", "--report", "out.html"],
    "table": ["score", "dt.json", "--per-joint", "--csv", "out.csv"],
    "diagnosis": ["diagnose", "dt.json", "--report", "out.html"],
    "pages": ["explore", "dt.json", "--out", "site"],
}


@pytest.mark.parametrize("command", LIMITED.values(), ids=LIMITED)
@pytest.mark.parametrize("name", ["$" * 20_000, "\x1b[31m" * 3000, "<" * 20_000, "\\" * 20_000])
def test_34_outputs_of_long_names_under_limits(command: list[str], name: str, tmp_path: Path) -> None:
    """Escaping takes neither much more room than the names, nor longer than their length allows."""
    pytest.importorskip("matplotlib")
    asked = [Path(word).name if word.endswith(".json") else word for word in make(tmp_path, (name,))]
    ended = poseval([*command, *asked], folder=tmp_path, seconds=60)
    assert ended.status in (0, 2, 3), ended.err[-2000:]
    assert ended.status == 0 or "[P" in ended.err
    assert "Traceback" not in ended.err
    assert ended.peak < HELD
    for path in (*tmp_path.glob("out.*"), *tmp_path.glob("site/*")):
        assert path.is_dir() or not RAW.search(path.read_text("utf-8"))
