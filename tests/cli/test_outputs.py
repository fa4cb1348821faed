"""Outputs never destroy an input or somebody's file, and what cannot be written is said before any work."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from poseval.cli import invoke
from poseval.files.earlier import is_earlier_output
from poseval.scoring import score as scoring
from poseval.synth.demo_files import make_demo
from tests.hostile.made import results, truth, write


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ground truth, predictions, a run, a report and a folder of predictions."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "gt.json", truth())
    write(tmp_path / "dt.json", results())
    other = truth()
    for person in other["annotations"]:  # by another annotator
        person["keypoints"] = [
            value + 3 if at % 3 == 0 else value for at, value in enumerate(person["keypoints"])
        ]
    write(tmp_path / "other.json", other)
    (tmp_path / "many").mkdir()
    write(tmp_path / "many" / "one.json", results())
    assert invoke([*SCORE, "--save", "run.poseval", "--json", "report.json"]) == 0
    write(tmp_path / "s.json", [0.05] * 17)
    return tmp_path


SCORE = ["score", "dt.json", "--gt", "gt.json"]
# every command with an output -> (arguments, option, an input of it)
DESTROYED = [
    (SCORE, "--json", "gt.json"),
    (SCORE, "--json", "dt.json"),
    (SCORE, "--csv", "./gt.json"),
    (SCORE, "--save", "gt.json"),
    (SCORE, "--report", "dt.json"),
    (["score", "many", "--gt", "gt.json"], "--json", "many/one.json"),
    ([*SCORE, "--sigmas", "s.json"], "--json", "s.json"),
    (["diagnose", "dt.json", "--gt", "gt.json"], "--json", "gt.json"),
    (["diagnose", "dt.json", "--gt", "gt.json"], "--report", "gt.json"),
    (["compare", "run.poseval", "run.poseval"], "--json", "run.poseval"),
    (["gate", "--run", "run.poseval", "--baseline", "run.poseval"], "--json", "run.poseval"),
    (["gate", "dt.json", "--gt", "gt.json", "--baseline", "run.poseval"], "--junit", "gt.json"),
    (["leaderboard", "report.json"], "--html", "report.json"),
    (["leaderboard", "report.json"], "--csv", "report.json"),
    (["sigmas", "gt.json", "dt.json"], "--out", "gt.json"),
]


@pytest.mark.parametrize(("command", "option", "target"), DESTROYED, ids=lambda part: str(part))
@pytest.mark.parametrize("force", [False, True], ids=["", "force"])
def test_an_input_is_never_an_output(
    command: list[str], option: str, target: str, force: bool, at: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in at.rglob("*") if path.is_file()}
    assert invoke([*command, option, target, *["--force"] * force]) == 2
    assert "[P199]" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in at.rglob("*") if path.is_file()} == before


def test_a_link_to_an_input_is_the_input(at: Path) -> None:
    (at / "link.json").symlink_to("gt.json")
    assert invoke([*SCORE, "--json", "link.json"]) == 2


def test_two_outputs_in_one_file_are_refused(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke([*SCORE, "--json", "a", "--csv", "./a"]) == 2
    assert "[P199]" in capsys.readouterr().err
    assert invoke([*SCORE, "--json", "/dev/null", "--csv", "/dev/null"]) == 0


OUTPUTS = [
    (SCORE, "--json"),
    ([*SCORE, "--rules", "all"], "--json"),
    (SCORE, "--csv"),
    (SCORE, "--save"),
    (SCORE, "--report"),
    (["diagnose", "dt.json", "--gt", "gt.json"], "--json"),
    (["diagnose", "dt.json", "--gt", "gt.json"], "--report"),
    (["compare", "run.poseval", "run.poseval"], "--json"),
    (["gate", "--run", "run.poseval", "--baseline", "run.poseval"], "--json"),
    (["gate", "--run", "run.poseval", "--baseline", "run.poseval"], "--junit"),
    (["sigmas", "gt.json", "other.json"], "--out"),
    *(
        (["leaderboard", "report.json"], option)
        for option in ("--json", "--csv", "--markdown", "--latex", "--html")
    ),
]


@pytest.mark.parametrize(("command", "option"), OUTPUTS, ids=lambda part: str(part))
def test_an_earlier_output_is_replaced_and_another_file_is_not(
    command: list[str], option: str, at: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = at / "out.file"
    for _ in range(2):  # a job runs twice without a flag
        assert invoke([*command, option, "out.file"]) == 0
        assert is_earlier_output(out)
    out.write_text('{"mine": "schema of poseval"}\n')
    capsys.readouterr()
    assert invoke([*command, option, "out.file"]) == 2
    assert "[P131]" in capsys.readouterr().err
    assert out.read_text() == '{"mine": "schema of poseval"}\n'
    assert invoke([*command, option, "out.file", "--force"]) == 0
    assert is_earlier_output(out)


@pytest.mark.parametrize("style", ["png", "svg", "pdf"])
def test_figures_of_others_stay(style: str, at: Path) -> None:
    assert invoke(["plot", "run.poseval", "--format", style]) == 0
    figure = min((at / "figures").glob(f"*.{style}"))
    assert is_earlier_output(figure)
    assert invoke(["plot", "run.poseval", "--format", style]) == 0
    figure.write_bytes(b"mine")
    assert invoke(["plot", "run.poseval", "--format", style]) == 2
    assert figure.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (["--json", "none/out.json"], "P137"),
        (["--report", "none/out.html"], "P137"),
        (["--csv", "many"], "P137"),
        (["--report", "out.html", "--images", "none"], "P114"),
    ],
    ids=lambda part: str(part),
)
def test_what_cannot_be_written_is_said_before_work(
    asked: list[str], code: str, at: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(*_: object) -> None:
        raise AssertionError("work was done")

    monkeypatch.setattr(scoring, "prepare", work)
    assert invoke([*SCORE, *asked]) == 2
    assert f"[{code}]" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_said_before_work(
    at: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asked of the system by a stand-in, because tests may run as root, who may write everywhere."""
    may = os.access
    (at / "fixed").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "fixed" and may(path, mode))
    assert invoke([*SCORE, "--report", "fixed/out.html"]) == 2
    said = capsys.readouterr().err
    assert "fixed/out.html: cannot be written (no permission, or a read-only file system) [P137]" in said
    assert not (at / "fixed/out.html").exists()
    assert invoke([*SCORE, "--json", os.devnull]) == 0


def test_scores_are_printed_even_when_a_page_fails(
    at: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from poseval.report import page

    def broken(*_: object) -> Callable[..., None]:
        raise RuntimeError("no page")

    monkeypatch.setattr(page, "write_page", broken)
    assert invoke([*SCORE, "--report", "out.html"]) == 70
    assert "AP50" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["index.html", "data/gt.json"])
def test_a_site_is_not_written_over_what_it_is_made_from(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, predictions = make_demo(tmp_path / "demo", images=5)
    inside = tmp_path / "site" / name
    inside.parent.mkdir(parents=True)
    inside.write_bytes(truth.read_bytes())
    words = [
        "explore",
        predictions,
        "--gt",
        inside,
        "--gt-format",
        "coco",
        "--out",
        tmp_path / "site",
        "--force",
    ]
    assert invoke([str(word) for word in words]) == 2
    assert "P199" in capsys.readouterr().err
    assert inside.read_bytes() == truth.read_bytes()
