"""`poseval leaderboard`: rank runs, or keep them in a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import InputPath, emit
from poseval.errors import UsageError

if TYPE_CHECKING:
    from poseval.decisions.leaderboard import Board, Entry

ACTIONS = ("add", "list", "export", "remove")
FACTS = ".run.json"
STYLES = ("text", "csv", "markdown", "latex", "html")


@click.command(epilog="With --db, the first word may be an action: add, list, export or remove.")
@click.argument("runs", nargs=-1)
@click.option("--db", "store", type=InputPath(), help="SQLite file that keeps the runs.")
@click.option("--sort", metavar="KEY", help="Number of the summary to rank by; default the first.")
@click.option("--column", "columns", multiple=True, metavar="KEY", help="Number to show; repeatable.")
@click.option(
    "--fact", "facts", multiple=True, metavar="NAME", help="Column of the provenance block to show."
)
@click.option("--best-per-team", is_flag=True, help="Only the best entry of each team.")
@click.option("--team", default="", help="Team of the runs given.")
@click.option("--name", help="Name of the run given (one run); default its file name.")
@click.option("--csv", "csv_to", metavar="FILE|-")
@click.option("--markdown", "markdown_to", metavar="FILE|-")
@click.option("--latex", "latex_to", metavar="FILE|-")
@click.option("--html", "html_to", metavar="FILE|-")
@click.option(
    "--plot", "plot_to", type=click.Path(path_type=Path), help="PNG, SVG or PDF of the number over --x."
)
@click.option(
    "--x", default="people/s", show_default=True, metavar="NAME", help="Fact or number across --plot."
)
def leaderboard(
    runs: tuple[str, ...],
    store: Path | None,
    sort: str | None,
    columns: tuple[str, ...],
    facts: tuple[str, ...],
    best_per_team: bool,
    team: str,
    name: str | None,
    csv_to: str | None,
    markdown_to: str | None,
    latex_to: str | None,
    html_to: str | None,
    plot_to: Path | None,
    x: str,
) -> None:
    """Rank RUNS (JSON reports or saved runs) of one benchmark."""
    from poseval.decisions.leaderboard import Store, build

    action, paths = ("list", runs)
    if store is not None and runs and runs[0] in ACTIONS:
        action, paths = runs[0], runs[1:]
    if store is None and not runs:
        raise UsageError("P148", where="leaderboard", what="has no runs", wanted="RUNS or --db FILE")
    if action == "remove" and store is not None:
        for which in paths:
            click.echo(f"removed {Store(store).remove(which)} of {which}", err=True)
        return
    # The facts of a run lie beside its report: a pattern such as runs/* names both.
    paths = tuple(path for path in paths if not path.endswith(FACTS))
    entries = [_entry(Path(path), team, name if len(paths) == 1 else None) for path in paths]
    if store is not None and entries:
        for entry in entries:
            added = Store(store).add(entry)
            click.echo(f"{'added' if added else 'already there'}: {entry.name}", err=True)
    if action == "add":
        return
    if store is not None:
        entries = Store(store).entries()
    board = build(entries, sort=sort, columns=columns, best_per_team=best_per_team, facts=facts)
    _print(board, {"csv": csv_to, "markdown": markdown_to, "latex": latex_to, "html": html_to})
    if plot_to is not None:
        from poseval.report.leaderboard_plot import save_plot

        save_plot(board, plot_to, x)
        click.echo(f"wrote {plot_to}", err=True)


def _print(board: Board, targets: dict[str, str | None]) -> None:
    from poseval.report import leaderboard as rendering

    renderers = {
        "csv": rendering.to_csv,
        "markdown": rendering.to_markdown,
        "latex": rendering.to_latex,
        "html": rendering.to_html,
    }
    for style, target in targets.items():
        if target:
            emit(renderers[style](board), target)
    if "-" not in targets.values():
        emit(rendering.to_text(board), None)


def _entry(path: Path, team: str, name: str | None) -> Entry:
    import json

    from poseval.decisions.leaderboard import Entry
    from poseval.scoring.saved_runs import load_report

    side = path.with_name(path.name + FACTS)
    facts = json.loads(side.read_text("utf-8")) if side.is_file() else {}
    return Entry(name or path.stem, load_report(path), team, facts if isinstance(facts, dict) else {})
