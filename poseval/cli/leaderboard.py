"""`poseval leaderboard`: rank runs, or keep them in a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import LEVEL, InputPath, emit, tell
from poseval.cli.outputs import OUTPUT, OutputPath, WritingCommand
from poseval.cli.progress import working
from poseval.cli.terminal import say
from poseval.errors import UsageError, number_of

if TYPE_CHECKING:
    from poseval.decisions.leaderboard import Board

ACTIONS = ("add", "list", "export", "remove")


@click.command(
    cls=WritingCommand, epilog="With --db, the first argument may be an action: add, list, export or remove."
)
@click.argument("runs", nargs=-1)
@click.option("--db", "store", type=InputPath(), help="SQLite file that stores the runs.")
@click.option("--sort", metavar="KEY", help="Number to rank by. By default the first of the summary.")
@click.option("--column", "columns", multiple=True, metavar="KEY", help="Number to show. Repeatable.")
@click.option(
    "--fact",
    "facts",
    multiple=True,
    metavar="NAME",
    help="Fact from the .run.json file to show, such as parameters. Repeatable.",
)
@click.option(
    "--level", type=LEVEL, default="95", show_default=True, help="Level of the paired tests of saved runs."
)
@click.option("--best-per-team", is_flag=True, help="Show only the best entry of each team.")
@click.option("--team", default="", help="Team of the given runs.")
@click.option("--name", help="Name of the given run. By default its file name.")
@click.option("--json", "json_to", type=OUTPUT, metavar="FILE|-", help="Write the leaderboard as JSON.")
@click.option("--csv", "csv_to", type=OUTPUT, metavar="FILE|-", help="Write the leaderboard as CSV.")
@click.option(
    "--markdown", "markdown_to", type=OUTPUT, metavar="FILE|-", help="Write the leaderboard as Markdown."
)
@click.option("--latex", "latex_to", type=OUTPUT, metavar="FILE|-", help="Write the leaderboard as LaTeX.")
@click.option("--html", "html_to", type=OUTPUT, metavar="FILE|-", help="Write the leaderboard as HTML.")
@click.option("--plot", "plot_to", type=OutputPath(), help="Plot the number over --x, as PNG, SVG or PDF.")
@click.option(
    "--x",
    default="people/s",
    show_default=True,
    metavar="NAME",
    help="Fact or number on the x axis of --plot.",
)
def leaderboard(
    runs: tuple[str, ...],
    store: Path | None,
    sort: str | None,
    columns: tuple[str, ...],
    facts: tuple[str, ...],
    level: float,
    best_per_team: bool,
    team: str,
    name: str | None,
    json_to: str | None,
    csv_to: str | None,
    markdown_to: str | None,
    latex_to: str | None,
    html_to: str | None,
    plot_to: Path | None,
    x: str,
) -> None:
    """Rank RUNS (JSON reports or saved runs) of one benchmark."""
    from poseval.api.leaderboard import leaderboard
    from poseval.decisions.leaderboard import FACTS, entry_of
    from poseval.decisions.store import Store

    action, paths = ("list", runs)
    if store is not None and runs and runs[0] in ACTIONS:
        action, paths = runs[0], runs[1:]
    if store is None and not runs:
        raise UsageError(
            "P148", where="arguments of leaderboard", what="name no runs", wanted="RUNS or --db FILE"
        )
    if action == "remove" and store is not None:
        for which in paths:
            removed = number_of(Store(store).remove(which), "entry", "entries")
            say(f"removed {removed} called {which}")
        return
    # The facts of a run lie beside its report: a pattern such as runs/* names both.
    paths = tuple(path for path in paths if not path.endswith(FACTS))
    entries = [entry_of(path, name if len(paths) == 1 else None, team) for path in paths]
    if store is not None and entries:
        for entry in entries:
            added = Store(store).add(entry)
            say(f"{'added' if added else 'already stored'}: {entry.name}")
    if action == "add":
        return
    if store is not None:
        entries = Store(store).entries()
    with working("ranking", quiet=False):
        board = leaderboard(
            entries, sort=sort, columns=columns, best_per_team=best_per_team, facts=facts, level=level
        )
    targets = {"json": json_to, "csv": csv_to, "markdown": markdown_to, "latex": latex_to, "html": html_to}
    for entry_name, notices in board.notices.items():
        tell(notices, say, entry_name)
    _print(board, targets)
    if plot_to is not None:
        from poseval.report.leaderboard_plot import save_plot

        save_plot(board, plot_to, x)
        say(f"wrote {plot_to}")


def _print(board: Board, targets: dict[str, str | None]) -> None:
    from poseval.report import leaderboard as rendering

    renderers = {
        "json": lambda board: board.to_json() + "\n",
        "csv": rendering.to_csv,
        "markdown": rendering.to_markdown,
        "latex": rendering.to_latex,
        "html": rendering.to_html,
    }
    for style, target in targets.items():
        if target:
            emit(renderers[style](board), target)
    if "-" not in targets.values():
        emit(board.to_text(), None)
