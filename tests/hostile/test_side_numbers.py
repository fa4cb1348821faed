"""Rows 9 and 13 for the files beside data: numbers and nesting that no reader holds, in every place."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest

from poseval.cli import invoke
from poseval.datasets import ReadOptions, Role, read
from poseval.errors import PosevalError
from tests.fuzz.mutations import HARD, VALUE, is_text
from tests.fuzz.second_ring import TARGETS
from tests.hostile.made import results, truth, write

HUGE = "1" + 400 * "0"
PLACES = 60  # of a file, spread over it; a report repeats its kinds of values
TEXTS = [
    name for name, target in TARGETS.items() if target.file.endswith((".json", ".toml", ".csv", ".part"))
]
NESTED = ("[" * 100_000, "[" * 2000 + "]" * 2000, '{"a":' * 2000 + "1" + "}" * 2000)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report of a small sound pair."""
    gt, dt = write(tmp_path / "gt.json", truth()), write(tmp_path / "dt.json", results())
    path = tmp_path / "one.json"
    assert invoke(["score", str(dt), "--gt", str(gt), "-q", "--json", str(path)]) == 0
    return path


@pytest.mark.parametrize("name", TEXTS)
def test_every_value_of_a_side_file(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    sound = target.sound()
    assert is_text(sound)
    spans = [found.span() for found in VALUE.finditer(sound)]
    path = tmp_path / target.file
    for start, end in spans[:: max(1, len(spans) // PLACES)]:
        for hard in HARD:
            path.write_bytes(sound[:start] + hard + sound[end:])
            with suppress(PosevalError):
                target.read(path)


@pytest.mark.parametrize(
    "text", [*NESTED, f"[{HUGE}]", f"[{HUGE}.5]", HUGE, f'{{"nose": {HUGE}}}', f"nose={HUGE}"]
)
@pytest.mark.parametrize("typed", [True, False])
def test_sigmas(text: str, typed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gt, dt = write(tmp_path / "gt.json", truth()), write(tmp_path / "dt.json", results())
    given = text if typed else str(write(tmp_path / "sigmas.txt", text))
    assert invoke(["score", str(dt), "--gt", str(gt), "--sigmas", given]) in (2, 3)
    assert re.search(r"\[P(115|502|114|136)\]", capsys.readouterr().err)


@pytest.mark.parametrize("number", [HUGE, "0x" + "f" * 10_000, str(2**64), "inf", "-inf", "1e400"])
@pytest.mark.parametrize("more", [[], ["--html", "board.html"], ["--plot", "board.svg", "--x", "speed"]])
def test_facts_of_a_file(
    number: str,
    more: list[str],
    report: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(report.parent)
    Path("facts.toml").write_text(f"[one]\nspeed = {number}\n")
    assert invoke(["leaderboard", "one.json", "--facts", "facts.toml", *more]) == 3
    assert "[P242]" in capsys.readouterr().err


@pytest.mark.parametrize("number", [HUGE, 4200 * "7", "1e400", "NaN"])
def test_facts_beside_a_report(number: str, report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report.with_name("one.json.run.json").write_text(f'{{"speed": {number}}}')
    out = report.parent / "board.html"
    assert invoke(["leaderboard", str(report), "--fact", "speed", "--html", str(out)]) == 3
    assert "[P242]" in capsys.readouterr().err


@pytest.mark.parametrize("value", NESTED)
@pytest.mark.parametrize("command", ["run", "bench"])
def test_options_of_models(command: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--images", ".", "--out", "x.json"] if command == "run" else []
    assert invoke([command, "simple_baseline_r50", *more, "--option", f"deconvolutions={value}"]) in (2, 3)
    assert "internal" not in capsys.readouterr().err


def test_whole_numbers_of_64_bits_are_read() -> None:
    from poseval.files.reading import parse_json

    for number in (2**63, 2**64 - 1, -(2**63)):
        assert parse_json(json.dumps([number]), "x") == [number]
    for number in (2**64, -(2**64)):
        with pytest.raises(ValueError, match="too large"):
            parse_json(json.dumps([number]), "x")


@pytest.mark.parametrize("text", NESTED)
def test_predictions_as_nested_lists(text: str, tmp_path: Path) -> None:
    path = write(tmp_path / "p.json", text)
    with pytest.raises(PosevalError) as caught:
        read(path, ReadOptions(Role.PREDICTIONS), "pose-array")
    assert caught.value.code in ("P200", "P201", "P202", "P203", "P204", "P210", "P502")
