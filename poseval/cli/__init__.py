"""The command line: thin commands over the library. Results go to stdout, messages to stderr.

Exit statuses: 0 done, 1 a gate or cross-check failed, 2 wrong command, 3 wrong file, 70 internal error,
130 Ctrl-C, 143 terminated.
"""

from __future__ import annotations

import errno
import gc
import os
import select
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType

import click

from poseval._version import __version__
from poseval.cli.groups import CommandGroup, with_examples
from poseval.cli.settings import announce, settings
from poseval.cli.terminal import flush, say
from poseval.errors import LimitError, PosevalError, shown
from poseval.limits import from_environment
from poseval.processes import own_process
from poseval.threads import thread_limit

# command -> (module:attribute, help in one line). Modules are imported only when their command runs.
COMMANDS: dict[str, tuple[str, str]] = {
    "bench": ("poseval.cli.bench:bench", "Measure how long a model takes."),
    "challenge": (
        "poseval.cli.challenge:challenge",
        "Make a challenge and check submissions as its server does.",
    ),
    "compare": (
        "poseval.cli.compare:compare",
        "Say which differences between systems noise does not explain.",
    ),
    "completion": ("poseval.cli.completion:completion", "Print what a shell needs to complete names."),
    "config": ("poseval.cli.config:config", "Show the defaults that hold in this folder."),
    "convert": ("poseval.cli.convert:convert", "Convert between formats and list what is lost."),
    "crosscheck": (
        "poseval.cli.crosscheck:crosscheck",
        "Compare the numbers with those of the official programs.",
    ),
    "demo": ("poseval.cli.demo:demo", "Make synthetic data, run a small network on it and score it."),
    "diagnose": ("poseval.cli.diagnose:diagnose", "Show the errors in predictions and what each costs."),
    "doctor": ("poseval.cli.doctor:doctor", "Print versions and settings, for a bug report."),
    "explain": ("poseval.cli.explain:explain", "Explain an error code, or how two reports differ."),
    "explore": ("poseval.cli.explore:explore", "Make pages that show every frame, to open from disk."),
    "gate": ("poseval.cli.gate:gate", "Fail when a run is worse than its baseline allows."),
    "help": ("poseval.cli.help:help_of", "Show the help of a command."),
    "leaderboard": ("poseval.cli.leaderboard:leaderboard", "Rank many runs of one benchmark."),
    "list": (
        "poseval.cli.list:listing",
        "List benchmarks, metrics, formats, skeletons, trackers or limits.",
    ),
    "models": ("poseval.cli.models:models", "List reference models, or print one with its size and cost."),
    "plot": ("poseval.cli.plot:plot", "Draw figures of a run."),
    "run": ("poseval.cli.run:run", "Run a model on images and write its predictions."),
    "score": ("poseval.cli.score:score", "Score predictions against ground truth."),
    "sigmas": ("poseval.cli.sigmas:sigmas", "Estimate the sigmas of OKS from repeated annotations."),
    "synth": ("poseval.cli.synth:synth", "Draw synthetic people with exact ground truth."),
    "track": ("poseval.cli.track:track", "Track the people of predictions over time."),
    "train": ("poseval.cli.train:train", "Train a model by its published recipe."),
    "validate": ("poseval.cli.validate:validate", "Report everything that is wrong or unusual in a file."),
}

# They run where a settings file is wrong, too, and take nothing from it.
WITHOUT_SETTINGS = ("completion", "config", "doctor", "explain", "help")


class ReaderGone(Exception):
    """A pipe broke while a command wrote."""


class LazyGroup(CommandGroup):
    """The group whose commands are imported when they run, so that `poseval --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted(COMMANDS)

    def path_of(self, command: str) -> str:
        """The name itself."""
        return command

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now, with its examples."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        return with_examples(getattr(import_module(module), attribute), cmd_name)

    def hint(self, name: str) -> str | None:
        """A file in place of a command is mostly one to score."""
        is_file = os.path.exists(name)
        return f"to score a file: poseval score {shown(name)} --gt GROUND_TRUTH" if is_file else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is asked for, with defaults from a settings file."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and _is_work(args) and (found := settings(Path.cwd())):
            ctx.default_map = {args[0]: found.of(command)}
            announce(command, found, say)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. A broken pipe is raised under another name, because click would exit with 1."""
        if _is_work([*getattr(ctx, "_protected_args", ()), *ctx.args]):
            thread_limit()  # a wrong value is an error before anything is read, here and in POSEVAL_LIMITS
            from_environment()
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


EPILOG = """Examples:

\b
  poseval score preds.json --gt gt.json
  poseval validate preds.json --gt gt.json

Exit status: 0 done, 1 a gate or cross-check failed, 2 wrong command, 3 wrong file,
70 internal error, 130 Ctrl-C, 143 terminated.

`poseval help COMMAND` shows the options of a command, with examples."""


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="poseval")
def cli() -> None:
    """Score human-pose predictions exactly as each benchmark's official program does."""


def _is_work(args: list[str]) -> bool:
    """Whether a command line asks for more than help, which wrong settings must not keep anybody from."""
    return bool(args) and args[0] not in WITHOUT_SETTINGS and not {"-h", "--help"} & set(args)


class Terminated(BaseException):
    """Raised on SIGTERM; like Ctrl-C, it lets temporary files be removed before the process ends."""


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def main() -> None:
    """Entry point: every outcome ends in a documented exit status."""
    # A command is mostly start-up. NumPy's linear algebra starts a thread per core, which no command here
    # uses (25 ms), and the collector walks everything that imports leave behind again and again (10 ms).
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(500_000, 20, 20)
    signal.signal(signal.SIGTERM, _terminate)
    own_process()
    status = invoke(sys.argv[1:])
    # Nothing is left to do: files are closed, workers joined. Taking the interpreter apart costs 30 ms.
    os._exit(status)


def invoke(arguments: list[str]) -> int:
    """Run the command line and return its exit status."""
    try:
        result = cli.main(arguments, prog_name="poseval", standalone_mode=False)
        flush()
        return result if isinstance(result, int) else 0
    except PosevalError as error:
        say(f"poseval: {error}")
        return error.exit_code
    except click.exceptions.Exit as done:
        return int(done.exit_code)
    except click.Abort as ended:
        # Click takes an EOFError for Ctrl-D at a question. No command asks one: it is a fault.
        fault = ended.__cause__ or ended.__context__
        return _internal(fault) if isinstance(fault, EOFError) else 130
    except Terminated:
        return 143
    except KeyboardInterrupt:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (ReaderGone, BrokenPipeError) as error:
        if _output_is_broken():
            # The reader went away (`poseval score ... | head`): no fault. Keep Python quiet at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return 0
        return _internal(error)
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP) and error.filename is not None:
            from poseval.files.reading import unreadable

            refused = unreadable(shown(error.filename, 400), error)
            say(f"poseval: {refused}")
            return refused.exit_code
        if error.errno != errno.ENOSPC or error.filename is not None:
            return _internal(error)
        say("poseval: standard output: cannot be written (no space left on device) [P506]")  # a help text
        return LimitError.exit_code
    except Exception as error:
        return _internal(error)


def _internal(error: BaseException) -> int:
    if os.environ.get("POSEVAL_DEBUG"):
        import traceback

        traceback.print_exc()
    text = f"{type(error).__name__}: {shown(error, 400)}"
    say(f"poseval: internal error: {text} (POSEVAL_DEBUG=1 shows where)")
    return 70


def _output_is_broken() -> bool:
    """Whether nobody reads stdout: a broken pipe to a worker process must not pass for that."""
    if not hasattr(select, "poll"):  # Windows
        return True
    poll = select.poll()
    poll.register(1, select.POLLOUT)
    return any(events & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, events in poll.poll(0))
