"""`poseval leaderboard`: rank runs, or keep them in a store."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poseval.cli.names import ACTIONS, actions
from poseval.cli.numbers import MOST_PROCESSES, Number
from poseval.cli.options import (
    LEVEL,
    QUIET,
    UNIT,
    InputPath,
    emit,
    show,
    talk,
    task_options,
    tell,
)
from poseval.cli.outputs import OUTPUT, OutputPath, WritingCommand
from poseval.cli.progress import working
from poseval.cli.terminal import say
from poseval.errors import UsageError, near_names, number_of, shown, unknown_name
from poseval.processes import can_copy
from poseval.threads import begun

if TYPE_CHECKING:
    from poseval.decisions.entries import Entry, Refused
    from poseval.decisions.leaderboard import Board
    from poseval.poses import PoseSet
    from poseval.scoring.task import Task

SCHEMA = "poseval.leaderboards/1"  # of the boards of a store that holds several
BY_THREADS = "workers: threads score, since only Linux copies a process well"
ONE_BOARD = ("csv", "markdown", "latex", "plot")  # outputs that hold one board


@dataclass(frozen=True)
class BoardOptions:
    """What the command line asks for, by the names of the options below."""

    runs: tuple[str, ...]
    truth: Path | None
    task: Task
    store: Path | None
    which: str | None
    sort: str | None
    columns: tuple[str, ...]
    facts: tuple[str, ...]
    facts_file: Path | None
    level: float
    best_per_team: bool
    team: str
    name: str | None
    verify: bool
    workers: int | None
    unit: str
    json: str | None
    csv: str | None
    markdown: str | None
    latex: str | None
    html: str | None
    plot: Path | None
    x: str | None
    quiet: bool

    @property
    def action(self) -> str:
        """What is done with the store."""
        return self.runs[0] if self.store is not None and self.runs and self.runs[0] in ACTIONS else "list"

    @property
    def paths(self) -> tuple[str, ...]:
        """The runs that are given."""
        return self.runs[1:] if self.runs and self.runs[0] == self.action and self.store else self.runs


@click.command(
    cls=WritingCommand, epilog="With --db, the first argument may be an action: add, list, export or remove."
)
@click.argument("runs", nargs=-1, shell_complete=actions)
@click.option(
    "--gt", "truth", type=InputPath(), help="Ground truth, where RUNS are predictions. It is read once."
)
@click.option("--db", "store", type=InputPath(), help="SQLite file that stores the runs.")
@click.option(
    "--board",
    "which",
    metavar="NAME",
    help="Board of the store to show, by the start of its name or benchmark.",
)
@click.option("--sort", metavar="KEY", help="Number to rank by. By default the benchmark's primary one.")
@click.option("--column", "columns", multiple=True, metavar="KEY", help="Number to show. Repeatable.")
@click.option(
    "--facts",
    "facts_file",
    type=InputPath(),
    metavar="FILE.toml",
    help="TOML file with facts to show: a table per entry (team, date, paper, link, code, costs, ...).",
)
@click.option(
    "--fact",
    "facts",
    multiple=True,
    metavar="NAME",
    help="Fact from the .run.json file to show, such as parameters. Repeatable.",
)
@click.option(
    "--level",
    type=LEVEL,
    default="95",
    show_default=True,
    help="Confidence level of paired tests of saved runs.",
)
@click.option("--best-per-team", is_flag=True, help="Show only the best entry of each team.")
@click.option("--team", default="", help="Team of the given runs.")
@click.option("--name", help="Name of the given run. By default its file name.")
@click.option("--verify", is_flag=True, help="Score entries again whose predictions are here (with --gt).")
@click.option(
    "--workers",
    type=Number(1, MOST_PROCESSES),
    help="Number of processes. By default one for each processor, on Linux; threads elsewhere.",
)
@task_options
@click.option("--json", type=OUTPUT, metavar="FILE|-", help="Write the leaderboard as JSON.")
@click.option("--csv", type=OUTPUT, metavar="FILE|-", help="Write the leaderboard as CSV.")
@click.option("--markdown", type=OUTPUT, metavar="FILE|-", help="Write the leaderboard as Markdown.")
@click.option("--latex", type=OUTPUT, metavar="FILE|-", help="Write the leaderboard as LaTeX.")
@click.option("--html", type=OUTPUT, metavar="FILE|-", help="Write the leaderboard as HTML.")
@click.option(
    "--plot", type=OutputPath(), help="Draw bars with intervals, or points over --x, as PNG, SVG or PDF."
)
@click.option(
    "--x",
    metavar="NAME",
    help="Fact or number on the x axis of --plot, such as people/s. By default a cost, if any.",
)
@UNIT
@QUIET
def leaderboard(**given: Any) -> int:
    """Rank RUNS of one benchmark: JSON reports, saved runs, folders of them, or predictions with --gt."""
    options = BoardOptions(**given)
    if options.store is None and not options.runs:
        raise UsageError(
            "P148", where="arguments of leaderboard", what="name no runs", wanted="RUNS or --db FILE"
        )
    first = options.runs[0] if options.runs and options.store else ""
    if first not in ACTIONS and near_names(first, ACTIONS) and not os.path.exists(first):
        raise unknown_name("P102", "action", first, ACTIONS)
    if options.action == "remove":
        _remove(options)
        return 0
    with working("reading and scoring", quiet=options.quiet):
        entries, refused = _given(options)
    if options.store is not None:
        _add(options.store, entries)
        if options.action == "add":
            _tell_refused(refused)
            return 3 if refused else 0
        entries, refused = _stored(options, refused)
    boards = _boards(options, entries, refused)
    for board in boards:
        for name, notices in board.notices.items():
            tell(notices, talk(options.quiet), name)
    _write(boards, options)
    return 0


def _remove(options: BoardOptions) -> None:
    from poseval.decisions.store import Store

    for which in options.paths:
        removed = number_of(Store(Path(str(options.store))).remove(which), "entry", "entries")
        say(f"removed {removed} called {which}")


def _given(options: BoardOptions) -> tuple[list[Entry], list[Refused]]:
    """The entries that the arguments name, and those that cannot be read."""
    truth = None if options.truth is None else begun(partial(_truth, options.truth, options.task))
    # While the ground truth is parsed, outside of the interpreter lock, what ranks is imported.
    from poseval.api.leaderboard import scorer
    from poseval.decisions import leaderboard as _  # noqa: F401
    from poseval.decisions.entries import Entry, Refused, entries_of, named_alike, unfolded

    score = None if truth is None else scorer(truth(), options.task)
    paths = unfolded(options.paths, options.truth is not None)
    found = entries_of(paths, options.name, options.team, score, options.workers)
    if (options.workers or 1) > 1 and not can_copy():
        talk(options.quiet)(BY_THREADS)
    entries = named_alike([entry for entry in found if isinstance(entry, Entry)])
    return entries, [entry for entry in found if isinstance(entry, Refused)]


def _truth(path: Path, task: Task) -> PoseSet:
    from poseval.scoring.reading import read_truth

    return read_truth(path, task)


def _add(store: Path, entries: Sequence[Entry]) -> None:
    from poseval.decisions.leaderboard import label_of
    from poseval.decisions.store import Store

    for entry in entries:
        added = Store(store).add(entry)
        say(f"{'added to' if added else 'already on'} {label_of(entry)}: {entry.name}")


def _stored(options: BoardOptions, refused: list[Refused]) -> tuple[list[Entry], list[Refused]]:
    """The entries of the store, and those that cannot be read, there and among the arguments."""
    from poseval.decisions.entries import Entry, Refused
    from poseval.decisions.store import Store

    held = Store(Path(str(options.store))).entries()
    more = [entry for entry in held if isinstance(entry, Refused)]
    return [entry for entry in held if isinstance(entry, Entry)], [*refused, *more]


def _boards(options: BoardOptions, entries: list[Entry], refused: list[Refused]) -> list[Board]:
    """A board for each signature of a store, or one of the given runs; what is refused is on the last."""
    from poseval.decisions.facts import names_of, read_facts, with_facts
    from poseval.decisions.leaderboard import apart, build, of_most

    entries, more = _verified(options, entries)
    facts = {} if options.facts_file is None else read_facts(options.facts_file)
    entries = with_facts(entries, facts)
    if options.store is None:
        entries, others = of_most(entries)
        groups, more = [entries], [*more, *others]
    else:
        groups = _chosen(apart(entries), options)
    if not entries:
        _tell_refused([*refused, *more])
    if not groups:
        return []
    with working("ranking", quiet=False):
        boards = [
            build(
                group,
                sort=options.sort,
                columns=options.columns,
                best_per_team=options.best_per_team,
                facts=(*options.facts, *names_of(facts)),
                level=options.level,
                shown_as=options.unit,
            )
            for group in groups
        ]
    return [*boards[:-1], replace(boards[-1], refused=(*refused, *more))]


def _verified(options: BoardOptions, entries: list[Entry]) -> tuple[list[Entry], list[Refused]]:
    """Entries after their predictions were scored again, and those that say other numbers."""
    if not options.verify:
        return entries, []
    if options.truth is None:
        raise UsageError(
            "P827", where="--verify", what="has no ground truth", wanted="--gt FILE", hint="add --gt"
        )
    from poseval.api.leaderboard import scorer_like
    from poseval.decisions.entries import Entry, Refused
    from poseval.decisions.verifying import verified

    score = scorer_like(options.truth, options.task)
    folders = {Path(path).stem: Path(path).parent for path in options.paths}
    found = [verified(entry, folders.get(entry.name, Path()), score) for entry in entries]
    return (
        [entry for entry in found if isinstance(entry, Entry)],
        [entry for entry in found if isinstance(entry, Refused)],
    )


def _chosen(groups: list[list[Entry]], options: BoardOptions) -> list[list[Entry]]:
    """The boards that are asked for.

    Raises:
        UsageError: P148 none of that name; P828 several, for an output that holds one.
    """
    from poseval.decisions.leaderboard import label_of

    labels = [label_of(group[0]) for group in groups]
    if options.which is not None:
        groups = [
            group for group, label in zip(groups, labels, strict=True) if label.startswith(options.which)
        ]
        if not groups:
            raise unknown_name("P148", "board", options.which, labels)
    one = [name for name in ONE_BOARD if getattr(options, name)]
    if len(groups) > 1 and (one or options.sort or options.columns):
        raise UsageError(
            "P828",
            where=shown(options.store),
            what=f"holds {len(groups)} boards: {', '.join(shown(label) for label in labels)}",
            wanted="one board for --csv, --markdown, --latex, --plot, --sort and --column",
            hint=f"add --board {shown(labels[0])}",
        )
    return groups


def _tell_refused(refused: Sequence[Refused]) -> None:
    for entry in refused:
        say(f"refused: {shown(entry.name)}: {shown(entry.why, 400)}")


def _write(boards: Sequence[Board], options: BoardOptions) -> None:
    from poseval.report import leaderboard as rendering
    from poseval.report.leaderboard_page import to_html

    if options.json:
        node = boards[0].to_json()
        if len(boards) > 1:
            listed = {"schema": SCHEMA, "boards": [board.to_dict() for board in boards]}
            node = json.dumps(listed, indent=1, allow_nan=False, ensure_ascii=False)
        emit(node + "\n", options.json)
    if options.html:
        emit(to_html(boards), options.html)
    renderers = {"csv": rendering.to_csv, "markdown": rendering.to_markdown, "latex": rendering.to_latex}
    for style, renderer in renderers.items():
        if target := getattr(options, style):
            emit(renderer(boards[0]), target)
    if "-" not in (options.json, options.csv, options.markdown, options.latex, options.html):
        show(lambda: "\n".join(board.to_text() for board in boards))
    if options.plot is not None:
        from poseval.report.leaderboard_plot import save_plot

        save_plot(boards[0], options.plot, options.x)
        talk(options.quiet)(f"wrote {options.plot}")
