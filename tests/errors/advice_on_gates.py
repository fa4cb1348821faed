"""Advice on gates and leaderboards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from poseval.cli import invoke
from poseval.decisions.entries import Entry
from poseval.decisions.leaderboard import label_of
from poseval.decisions.store import Store
from tests.errors.advice import Argv, Case, changed, pair


def gate_with(*options: str, metric: str = "") -> Callable[[Path], Argv]:
    """`gate` of predictions against a baseline of themselves, with these options."""

    def make(folder: Path) -> Argv:
        argv = [*pair(folder), *(["--metric", metric] if metric else [])]
        base = str(folder / "base.poseval")
        assert invoke([*argv, "--save", base]) == 0
        return ["gate", *argv[1:], "--baseline", base, *options]

    return make


def saved_for_predictions(folder: Path) -> Argv:
    argv = gate_with()(folder)
    return [argv[0], argv[-1], *argv[2:]]


def alone(folder: Path, argv: Argv) -> Argv:
    return ["gate", "--run", argv[1], "--baseline", argv[-1]]


def with_run(*options: str) -> Callable[[Path], Argv]:
    """`gate --run` of a baseline and of these further options, or of predictions as its run."""

    def make(folder: Path) -> Argv:
        argv = gate_with()(folder)
        run = argv[1] if options == ("predictions",) else argv[-1]
        more = {"--gt": argv[2:4], "PREDICTIONS": [argv[1]]}.get(options[0], [])
        return ["gate", *more, "--run", run, *argv[-2:]]

    return make


def unverified(folder: Path) -> Argv:
    argv = pair(folder)
    assert invoke([*argv, "--json", str(folder / "report.json")]) == 0
    return ["leaderboard", str(folder / "report.json"), "--verify"]


def several_boards(folder: Path) -> Argv:
    argv, store = pair(folder), str(folder / "board.sqlite")
    for name, more in (("ap", []), ("px", ["--metric", "epe(people=matched)"])):
        report = str(folder / f"{name}.json")
        assert invoke([*argv, *more, "--json", report]) == 0
        assert invoke(["leaderboard", "add", report, "--db", store]) == 0
    return ["leaderboard", "list", "--db", store, "--csv", "-"]


def one_board(folder: Path, argv: Argv) -> Argv:
    first = Store(folder / "board.sqlite").entries()[0]
    assert isinstance(first, Entry)
    return [*argv, "--board", label_of(first)]


def empty_store(folder: Path) -> Argv:
    (folder / "board.sqlite").touch()
    return ["leaderboard", "list", "--db", str(folder / "board.sqlite")]


def with_a_run(folder: Path, argv: Argv) -> Argv:
    run = str(folder / "run.poseval")
    assert invoke([*pair(folder), "--save", run]) == 0
    assert invoke(["leaderboard", "add", run, *argv[2:]]) == 0
    return argv


def with_a_baseline(folder: Path, argv: Argv) -> Argv:
    assert invoke(["score", *argv[1:4], "--save", argv[-1]]) == 0
    return argv


PIXELS = "epe(people=matched)"

ON_GATES = [
    Case("P820", r"AP=1pt \(points\)", gate_with("--max-drop", "AP=1%"),
         lambda f, a: changed(a, "AP=1%", "AP=1pt")),
    Case("P820", "or AP=1rel%", gate_with("--max-drop", "AP=1%"),
         lambda f, a: changed(a, "AP=1%", "AP=1rel%")),
    Case("P821", "EPE=1 or EPE=1rel%", gate_with("--max-drop", "EPE=1pt", metric=PIXELS),
         lambda f, a: changed(a, "EPE=1pt", "EPE=1")),
    Case("P821", "EPE=1 or EPE=1rel%", gate_with("--max-drop", "EPE=1pt", metric=PIXELS),
         lambda f, a: changed(a, "EPE=1pt", "EPE=1rel%")),
    Case("P822", "give it alone, as --run FILE", saved_for_predictions, alone),
    Case("P822", "or the predictions with --gt", saved_for_predictions,
         lambda f, a: [a[0], str(f / "dt.json"), *a[2:]]),
    Case("P823", "leave --gt out", with_run("--gt"), lambda f, a: ["gate", *a[3:]]),
    Case("P823", "leave --run out", with_run("PREDICTIONS"),
         lambda f, a: [*a[:2], "--gt", str(f / "gt.json"), *a[-2:]]),
    Case("P824", "as PREDICTIONS, with --gt and without --run", with_run("predictions"),
         lambda f, a: ["gate", a[2], "--gt", str(f / "gt.json"), *a[-2:]]),
    Case("P827", "add --gt", unverified, lambda f, a: [*a, "--gt", str(f / "gt.json")]),
    Case("P241", "add runs to it: poseval leaderboard add RUN.poseval --db", empty_store, with_a_run),
    Case("P828", "add --board", several_boards, one_board),
    Case("P114", "make one: poseval score PREDICTIONS --gt FILE --save FILE.poseval",
         lambda f: ["gate", *pair(f)[1:], "--baseline", str(f / "first.poseval")], with_a_baseline),
]  # fmt: skip
