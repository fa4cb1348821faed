"""`poseval leaderboard` as an organiser uses it: folders, submissions, stores, facts, poisoned entries."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.poses import PoseSet
from poseval.synth import perturb, scene_set
from tests.browser import browser

TRUTH = scene_set(seed=1, images=24, people=3)
NAMES = ("good", "fair", "poor")
Run = Callable[..., tuple[str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in a folder with `gt.json` and `subs/`, and returns what it printed."""
    monkeypatch.chdir(tmp_path)
    write(TRUTH, Path("gt.json"), Role.TRUTH)
    Path("subs").mkdir()
    for place, name in enumerate(NAMES):
        write(perturb(TRUTH, seed=place, jitter=0.2 + 0.3 * place), Path(f"subs/{name}.json"))

    def call(*arguments: str, status: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert invoke(["leaderboard", *arguments]) == status, capsys.readouterr().err
        out, err = capsys.readouterr()
        return out, err

    return call


def write(poses: PoseSet, path: Path, role: Role = Role.PREDICTIONS) -> None:
    get_format("coco").write(poses, path, WriteOptions(role, force=True, truth=TRUTH))


def report(name: str, target: str, *options: str) -> dict[str, Any]:
    """The report of a submission, written to a file as well."""
    assert invoke(["score", f"subs/{name}.json", "--gt", "gt.json", "-q", *options, "--json", target]) == 0
    node: dict[str, Any] = json.loads(Path(target).read_text())
    return node


def reports(*options: str) -> dict[str, dict[str, Any]]:
    Path("runs").mkdir(exist_ok=True)
    return {name: report(name, f"runs/{name}.json", *options) for name in NAMES}


def names_of(node: dict[str, Any]) -> list[str]:
    return [entry["name"] for entry in node["entries"]]


def test_predictions_are_scored_against_a_ground_truth_that_is_read_once(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from poseval.scoring import reading, score

    reads = []
    whole = reading.read_truth
    for module in (reading, score):
        monkeypatch.setattr(module, "read_truth", lambda *given: reads.append(given) or whole(*given))
    node = json.loads(run(*(f"subs/{name}.json" for name in NAMES), "--gt", "gt.json", "--json", "-")[0])
    assert names_of(node) == list(NAMES)
    assert "paired sign-flip tests" in node["ties"]
    assert sum(isinstance(given[0], Path) for given in reads) == 1
    folder = json.loads(run("subs", "--gt", "gt.json", "--json", "-")[0])
    assert folder == node
    alone = report("good", "one.json")
    assert node["entries"][0]["values"]["AP"] == alone["summary"]["AP"]


def test_a_folder_of_runs_is_a_board(run: Run) -> None:
    made = reports("--ci", "95")
    for name in NAMES:
        Path(f"runs/{name}.json.run.json").write_text('{"parameters": 5}')
    node = json.loads(run("runs", "--fact", "parameters", "--json", "-")[0])
    assert names_of(node) == list(NAMES)
    assert node["entries"][0]["intervals"]["AP"]["low"] == made["good"]["intervals"]["AP"]["low"]
    Path("runs/other.json").write_text("[]")
    whole = json.loads(run("runs", "--json", "-")[0])
    assert names_of(whole) == list(NAMES)
    assert [entry["name"] for entry in whole["refused"]] == ["other.json"]
    Path("none").mkdir()
    Path("none/other.json").write_text("[]")
    assert "P148" in run("none", status=2)[1]
    assert "other.json" in run("none", status=2)[1]


@pytest.mark.parametrize("kept", [0, 10, 300])
def test_a_damaged_run_in_a_folder_is_refused_by_name_and_counted(run: Run, kept: int) -> None:
    Path("saved").mkdir()
    for name in NAMES:
        report(name, f"{name}.report.json", "--save", f"saved/{name}.poseval")
    whole = Path("saved/fair.poseval").read_bytes()
    Path("saved/fair.poseval").write_bytes(whole[:kept])
    text = run("saved")[0]
    assert "refused: fair.poseval: " in text
    assert "1 of 3 entries is refused" in text
    assert [name for name in NAMES if f"  {name}  " in text] == ["good", "poor"]


def test_saved_runs_keep_their_intervals(run: Run) -> None:
    Path("saved").mkdir()
    for name in NAMES:
        report(name, f"{name}.report.json", "--ci", "95", "--save", f"saved/{name}.poseval")
    wanted = json.loads(Path("good.report.json").read_text())["intervals"]["AP"]
    node = json.loads(run("saved", "--json", "-", "--csv", "board.csv")[0])
    assert node["entries"][0]["intervals"]["AP"] == wanted
    assert "paired sign-flip tests" in node["ties"]
    row, *_ = csv.DictReader(io.StringIO(Path("board.csv").read_text()))
    assert (float(row["AP low"]), float(row["AP high"])) == (wanted["low"], wanted["high"])
    assert row["unit"] == "fraction"


def test_numbers_are_shown_as_score_shows_them(run: Run) -> None:
    made = reports()
    value = made["good"]["summary"]["AP"]
    text = run("runs")[0]
    assert "in percent" in text
    assert f"{100 * value:.2f}" in text
    assert f"{value:.4f}" in run("runs", "--unit", "fraction")[0]
    for option in ("--markdown", "--latex", "--html"):
        assert f"{100 * value:.2f}" in run("runs", option, "-")[0]


def test_one_poisoned_entry_stops_no_other(run: Run) -> None:
    made = reports()
    made["fair"]["summary"]["AP"] = 5.0
    Path("runs/fair.json").write_text(json.dumps(made["fair"]))
    text = run("runs")[0]
    assert "refused: fair.json: " in text
    assert "AP is 5, beyond 0 to 1" in text
    assert "[P230]" in text
    assert [name for name in NAMES if f"  {name}  " in text] == ["good", "poor"]
    assert "P230" in run("runs/fair.json", status=3)[1]
    said = run("add", "runs", "--db", "board.sqlite", status=3)[1]
    assert "refused: fair.json" in said
    node = json.loads(run("list", "--db", "board.sqlite", "--json", "-")[0])
    assert names_of(node) == ["good", "poor"]


def test_a_poisoned_row_of_a_store_is_listed_as_refused_and_can_be_removed(run: Run) -> None:
    import sqlite3

    reports()
    run("add", "runs", "--db", "board.sqlite")
    with sqlite3.connect("board.sqlite") as connection:
        connection.execute(
            'UPDATE entry SET report = replace(report, \'"intervals": {\', \'"intervals": {"x": 1,\'), '
            "name = 'fair' WHERE name = 'fair'"
        )
        connection.execute("UPDATE entry SET report = '{' WHERE name = 'fair'")
    node = json.loads(run("list", "--db", "board.sqlite", "--json", "-")[0])
    assert names_of(node) == ["good", "poor"]
    (refused,) = node["refused"]
    assert refused["name"] == "fair"
    for option in ("--html", "--markdown", "--latex", "--csv"):
        run("list", "--db", "board.sqlite", option, "-")
    run("remove", refused["digest"][:8], "--db", "board.sqlite")
    assert json.loads(run("list", "--db", "board.sqlite", "--json", "-")[0])["refused"] == []


def test_a_store_holds_several_boards(run: Run) -> None:
    reports()
    write(scene_set(seed=5, images=10, people=2), Path("far.json"), Role.TRUTH)
    score = ["score", "far.json", "--gt", "far.json", "-q", "--metric", "epe(people=matched)"]
    assert invoke([*score[:2], "--gt", "gt.json", "-q", "--json", "x.json"]) != 0 or True
    assert (
        invoke(["score", "subs/good.json", "--gt", "gt.json", "-q", *score[5:], "--json", "pixels.json"]) == 0
    )
    said = run("add", "runs", "pixels.json", "--db", "board.sqlite")[1]
    assert said.count("added to coco-keypoints:") == 4
    text = run("list", "--db", "board.sqlite")[0]
    assert "sorted by AP, in percent" in text
    assert "sorted by EPE, in percent, pixels" in text
    node = json.loads(run("list", "--db", "board.sqlite", "--json", "-")[0])
    assert node["schema"] == "poseval.leaderboards/1"
    assert sorted(len(board["entries"]) for board in node["boards"]) == [1, 3]
    said = run("list", "--db", "board.sqlite", "--csv", "-", status=2)[1]
    assert "[P828]" in said
    board = said.split("--board ")[1].split()[0]
    rows = csv.DictReader(io.StringIO(run("list", "--db", "board.sqlite", "--csv", "-", "--board", board)[0]))
    assert len(list(rows)) in (1, 3)
    assert "P148" in run("list", "--db", "board.sqlite", "--board", "mpii", status=2)[1]


def test_what_is_not_there_is_said(run: Run) -> None:
    reports()
    assert "P114" in run("list", "--db", "bord.sqlite", status=2)[1]
    assert "P114" in run("remove", "good", "--db", "bord.sqlite", status=2)[1]
    assert not Path("bord.sqlite").exists()
    run("add", "runs", "--db", "board.sqlite")
    assert "P826" in run("remove", "goood", "--db", "board.sqlite", status=2)[1]
    assert "removed 1 entry called good" in run("remove", "good", "--db", "board.sqlite")[1]


FACTS = """
[good]
team = "Lab"
date = 2026-11-01
paper = "A & B <i>"
link = "https://example.org/?a=1&b=2"
parameters = 34e6
"""


def test_facts_come_from_a_file(run: Run) -> None:
    reports()
    Path("board.toml").write_text(FACTS)
    node = json.loads(run("runs", "--facts", "board.toml", "--json", "-")[0])
    facts = {
        "date": "2026-11-01",
        "paper": "A & B <i>",
        "link": "https://example.org/?a=1&b=2",
        "parameters": 34e6,
    }
    assert (node["entries"][0]["team"], node["entries"][0]["facts"]) == ("Lab", facts)
    page = run("runs", "--facts", "board.toml", "--html", "-")[0]
    assert '<a href="https://example.org/?a=1&amp;b=2" rel="noopener noreferrer">' in page
    assert "A &amp; B &lt;i&gt;" in page
    Path("board.toml").write_text('[god]\nteam = "Lab"\n')
    assert "P825" in run("runs", "--facts", "board.toml", status=2)[1]


@pytest.mark.parametrize(
    "text", ["good = 1", "[good]\nx = [1]", "[good]\nx = true", "[good", "[good]\nx = nan1"]
)
def test_facts_of_another_form_are_refused(run: Run, text: str) -> None:
    reports()
    Path("board.toml").write_text(text)
    assert "P242" in run("runs", "--facts", "board.toml", status=3)[1]


def test_a_link_that_is_a_script_is_no_link(run: Run) -> None:
    reports()
    Path("board.toml").write_text('[good]\nlink = "javascript:alert(1)"\n')
    assert "<a " not in run("runs", "--facts", "board.toml", "--html", "-")[0]


def test_entries_that_bring_predictions_are_scored_again(run: Run) -> None:
    made = reports()
    made["fair"]["summary"]["AP"] = made["fair"]["values"][0]["value"] = 0.999
    Path("runs/fair.json").write_text(json.dumps(made["fair"]))
    Path("subs/poor.json").unlink()
    node = json.loads(run("runs", "--verify", "--gt", "gt.json", "--json", "-")[0])
    assert {entry["name"]: entry["verified"] for entry in node["entries"]} == {
        "good": "yes",
        "poor": "no: its predictions are not here",
    }
    (refused,) = node["refused"]
    assert refused["name"] == "fair"
    assert refused["why"].startswith("says AP 0.999, and its predictions give 0.")
    write(perturb(TRUTH, seed=9, jitter=0.1), Path("subs/good.json"))
    text = run("runs", "--verify", "--gt", "gt.json")[0]
    assert "no: its predictions are other files than those here" in text
    assert "P827" in run("runs", "--verify", status=2)[1]


def test_entries_of_own_metrics_and_slices_are_scored_again(run: Run) -> None:
    frames = [str(key) for key in TRUTH.frames.key]
    rows = "".join(f"{key},{'left' if place % 2 else 'right'}\n" for place, key in enumerate(frames))
    Path("camera.csv").write_text("frame,group\n" + rows)
    reports(
        "--metric", "epe(people=matched)", "--metric", "oks_lrp", "--slice", "size", "--slice", "camera.csv"
    )
    again = json.loads(run("runs", "--verify", "--gt", "gt.json", "--slice", "camera.csv", "--json", "-")[0])
    assert [entry["verified"] for entry in again["entries"]] == ["yes"] * 3
    # The file of a slice must be given.
    without = json.loads(run("runs", "--verify", "--gt", "gt.json", "--json", "-")[0])
    assert {entry["verified"].partition("; ")[2] for entry in without["entries"]} == {
        "give its --slice FILE.csv"
    }
    report(
        "poor", "runs/good.json", "--metric", "epe(people=matched)", "--metric", "oks_lrp", "--slice", "size"
    )
    node = json.loads(Path("runs/good.json").read_text())
    forged = node["summary"] | {"EPE": 0.5}
    for row in node["values"]:
        if row["statistic"] == "EPE" and not row["joint"] + row["slice"]:
            row["value"] = 0.5
    Path("runs/good.json").write_text(json.dumps({**node, "summary": forged}))
    found = json.loads(run("runs", "--verify", "--gt", "gt.json", "--slice", "camera.csv", "--json", "-")[0])
    assert [entry["name"] for entry in found["refused"]] == ["good"]


def test_the_plot_of_any_board(run: Run) -> None:
    reports("--ci", "95")
    run("runs", "--plot", "bars.svg")
    text = Path("bars.svg").read_text()
    assert text.startswith("<?xml")
    said = run("runs", "--plot", "bars.svg")  # an earlier output is replaced
    assert "wrote bars.svg" in said[1]
    assert run("runs", "--plot", "bars.svg", "--quiet") == (said[0], "")


@pytest.mark.browser
def test_the_page_sorts_and_fits_a_phone(run: Run) -> None:
    reports("--ci", "95")
    Path("board.toml").write_text(FACTS)
    run("runs", "--facts", "board.toml", "--html", "board.html")
    names = "tbody td:nth-child(2)"
    with browser() as page:
        page.open(Path("board.html"))
        for width in (400, 1600):
            page.look(width, 900)
            assert page.run("return document.documentElement.scrollWidth") <= width
        assert page.texts(names) == list(NAMES)
        page.click("th button", 3)  # AP, the smallest first
        assert page.texts(names) == list(reversed(NAMES))
        page.click("th button", 3)
        assert page.texts(names) == list(NAMES)
        page.click("th button", 1)
        assert page.texts(names) == sorted(NAMES)
        assert page.console() == []
