"""`poseval challenge`: init, build, check, site, worker."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.groups import CommandGroup
from poseval.cli.numbers import MOST_ITEMS, Number
from poseval.cli.options import BENCHMARK, QUIET, Choice, InputPath, emit, show, talk, tell
from poseval.cli.outputs import OUTPUT, OutputPath, WritingCommand
from poseval.cli.progress import working
from poseval.cli.terminal import say
from poseval.errors import UsageError, number_of, shown
from poseval.poses import Notice

if TYPE_CHECKING:
    from poseval.challenge.judge import Verdict

WRONG = 3  # the exit of a submission that was not scored
SPLIT = click.option("--split", metavar="NAME", help="Split to score on. By default the last, which ranks.")
FOLDER = click.argument("folder", type=InputPath())


class ChallengeGroup(CommandGroup):
    """Refuses Windows in words: `poseval.challenge` needs forks, and locks and limits of POSIX."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is asked for.

        Raises:
            UsageError: P870 no such command, P899 a system without forks, but for a help text.
        """
        found = super().resolve_command(ctx, args)
        if not hasattr(os, "fork") and not {"-h", "--help"} & set(args):
            raise UsageError(
                "P899",
                where="challenge",
                what="scores submissions in forked processes with limits, which Windows does not have",
                wanted="Linux or macOS",
                hint="use the Linux subsystem of Windows (WSL)",
            )
        return found


@click.group(cls=ChallengeGroup)
def challenge() -> None:
    """Make a challenge for an engine that exists: Codabench, EvalAI, GitHub, or a static board.

    Everything about it stands in FOLDER/challenge.toml, which `init` writes with a comment for each setting.
    """


@challenge.command()
@FOLDER
@click.option("--gt", "truth", type=InputPath(), required=True, help="Ground truth of the hidden test set.")
@click.option(
    "--validation", type=InputPath(), help="Ground truth of a public validation set, if there is one."
)
@click.option("--title", help="Title of the challenge.")
@click.option("--like", type=InputPath(), metavar="FILE.toml", help="A ready description to begin with.")
@BENCHMARK
def init(
    folder: Path,
    truth: Path,
    validation: Path | None,
    title: str | None,
    like: Path | None,
    benchmark: str | None,
) -> None:
    """Make FOLDER with a description, the ground truth and pages, all to be edited."""
    from poseval.challenge.starting import start, start_like

    if like is None and title is None:
        raise UsageError(
            "P894", where="the challenge", what="has no title", wanted="--title", hint="add --title TEXT"
        )
    if like is not None and (validation or benchmark):
        raise UsageError(
            "P894",
            where="--like",
            what="names a description, which says the benchmark and the one split",
            wanted="--like without --validation and --benchmark",
            hint="leave out --validation and --benchmark",
        )
    with working("reading", quiet=False):
        if like is None:
            made = start(folder, truth, str(title), benchmark, validation)
        else:
            made = start_like(folder, like, truth, title)
    columns = ", ".join(shown(column.key, 40) for column in made.columns)
    say(f"benchmark {made.benchmark}, rules {made.rules}, columns {columns}")
    say(f"wrote {shown(folder, 400)}; next: edit challenge.toml and pages/, then poseval challenge build")


@challenge.command(cls=WritingCommand)
@FOLDER
@click.argument("submission", type=InputPath())
@SPLIT
@click.option("--json", "json_to", type=OUTPUT, metavar="FILE|-", help="Write what participants see as JSON.")
@click.option("--page", type=OutputPath(), help="Write the page that participants see, as HTML.")
@click.option("--save", type=OutputPath(), help="Write the whole verdict, for `poseval challenge site`.")
@click.option("--name", help="Name of the entry in --save. By default the file's name.")
@click.option("--team", default="", help="Team of the entry in --save.")
@click.option("--form", is_flag=True, help="Check the form alone, without the ground truth.")
@click.option("--public", is_flag=True, help="Write to --save only what participants may see.")
@click.option(
    "--reason",
    "with_reason",
    is_flag=True,
    help="Also print, for organisers alone, why a valid submission was not scored.",
)
@QUIET
def check(
    folder: Path,
    submission: Path,
    split: str | None,
    json_to: str | None,
    page: Path | None,
    save: Path | None,
    name: str | None,
    team: str,
    form: bool,
    public: bool,
    with_reason: bool,
    quiet: bool,
) -> int:
    """Do to SUBMISSION what a server would do, under the same limits.

    Prints what a participant sees. The exit status is 0 for a submission that is scored or valid, else 3.
    """
    from poseval.challenge.description import read_description
    from poseval.challenge.judge import FAILED, REFUSED, open_form_judge, open_judge
    from poseval.challenge.records import Record, as_public, now, write_record
    from poseval.decisions.entries import as_name, check_name
    from poseval.files.writing import write_atomically

    name = name or as_name(submission.name.partition(".")[0])
    for text in (name, team):
        check_name(text)
    with working("reading and scoring", quiet=quiet):
        description = read_description(folder, whole=False)
        judge = open_form_judge(description, split) if form else open_judge(description, split)
        verdict = judge.judge(submission)
    if json_to != "-":
        show(lambda: _as_text(verdict))
    if json_to is not None:
        import json

        emit(json.dumps(verdict.public(), indent=1, ensure_ascii=False) + "\n", json_to)
    if page is not None:
        write_atomically(page, verdict.page.encode(), force=True)
    if save is not None:
        record = Record(verdict, name, team, {}, now())
        write_record(as_public(record, description) if public else record, save)
    if with_reason and verdict.private:
        say(f"for organisers alone: {shown(verdict.private, 2000)}")
    return WRONG if verdict.status in (FAILED, REFUSED) else 0


def _as_text(verdict: Verdict) -> str:
    from poseval.report.text_table import aligned

    numbers = {**verdict.numbers, **verdict.joints}
    rows = [[shown(key), f"{value:g}"] for key, value in numbers.items()]
    head = f"{verdict.status} on {verdict.split}"
    return "\n".join([head, *aligned(rows, (0,)), "", verdict.message.strip(), ""])


@challenge.command()
@FOLDER
@click.option(
    "--for",
    "engine",
    type=Choice(["codabench", "evalai", "github"]),
    required=True,
    help="Competition server.",
)
@click.option("--out", type=OutputPath(), required=True, help="The bundle, or folder, to write.")
@click.option("--wheels", type=InputPath(), help="Folder of wheels to put into Codabench's scoring program.")
@click.option("--force", is_flag=True, help="Replace what is there.")
@QUIET
def build(folder: Path, engine: str, out: Path, wheels: Path | None, force: bool, quiet: bool) -> None:
    """Check the description, and write what a competition server needs."""
    from poseval.challenge.codabench import build_bundle
    from poseval.challenge.description import read_description
    from poseval.challenge.evalai import build_folder
    from poseval.challenge.repository import build_repository
    from poseval.files.writing import require_free

    require_free(out, force)
    with working("checking and packing", quiet=quiet):
        description = read_description(folder)
        if engine == "codabench":
            notes = build_bundle(description, out, wheels)
        elif engine == "evalai":
            notes = build_folder(description, out, force)
        else:
            notes = build_repository(description, out, force)
    tell(notes, say)  # in spite of --quiet: one of them is a key that is printed once
    say(f"wrote {shown(out, 400)}")


@challenge.command()
@FOLDER
@click.option("--runs", type=InputPath(), required=True, help="Folder of verdicts (`check --save`).")
@click.option("--out", type=OutputPath(), required=True, help="Folder to write index.html and board.json to.")
@click.option("--force", is_flag=True, help="Replace an earlier site.")
@QUIET
def site(folder: Path, runs: Path, out: Path, force: bool, quiet: bool) -> None:
    """Write a static board of the submissions that were scored."""
    import json

    from poseval.challenge.description import read_description
    from poseval.challenge.site import site_of
    from poseval.datasets.files.folder import write_folder

    if not os.path.isdir(runs):
        raise UsageError(
            "P114", where=f"--runs {shown(runs, 400)}", what="is not a folder", wanted="a folder"
        )
    paths = sorted(path for path in runs.iterdir() if os.path.isfile(path) and not path.name.startswith("."))
    with working("ranking", quiet=quiet):
        made = site_of(read_description(folder, whole=False), paths)
    boards = {name: board.to_dict() for name, board in made.boards.items()}
    text = json.dumps(boards, indent=1, allow_nan=False, ensure_ascii=False)
    files = [("index.html", made.page().encode()), ("board.json", text.encode())]
    write_folder(out, files, force, (".html", ".json"))
    for one in made.left_out:
        tell([Notice("N597", f"{one.name} stands on no board: {one.why}")], talk(quiet))
    count = sum(len(board.rows) for board in made.boards.values())
    say(f"wrote {shown(out, 400)}: {number_of(count, 'entry', 'entries')}")


@challenge.command()
@FOLDER
@click.option("--state", type=OutputPath(), help="Folder that keeps verdicts. By default SAVE_DIR.")
@click.option("--phase", "phases", multiple=True, metavar="PK=SPLIT", help="Split of a phase. Repeatable.")
@click.option("--poll", type=Number(0, 3600), default=10, show_default=True, help="Seconds between looks.")
@click.option(
    "--most", type=Number(1, MOST_ITEMS), help="Stop after so many messages, or when there is none."
)
def worker(folder: Path, state: Path | None, phases: tuple[str, ...], poll: int, most: int | None) -> None:
    """Score the submissions of a challenge on EvalAI, until it is stopped.

    AUTH_TOKEN, API_SERVER, QUEUE_NAME and CHALLENGE_PK are read from the environment.
    """
    from poseval.challenge.description import read_description
    from poseval.challenge.evalai_worker import Worker, from_environment

    server = from_environment()
    description = read_description(folder, whole=False)
    known = dict(_phase(text) for text in phases)
    for split in known.values():
        description.split(split)
    place = state or Path(os.environ.get("SAVE_DIR") or "evalai-state")
    Worker(server, description, known, place, say).run(poll, most)


def _phase(text: str) -> tuple[int, str]:
    """A phase of the server, and its split here."""
    number, _, split = text.partition("=")
    if not (number.isascii() and number.isdigit() and len(number) < 19 and split):
        raise UsageError(
            "P896",
            where=f"--phase {shown(text, 60)!r}",
            what="is no phase",
            wanted="PK=SPLIT, such as 12=test",
        )
    return int(number), split
