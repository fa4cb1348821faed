"""Row 37, names that cannot be opened: every option and argument of every command that may take a path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from poseval.cli import cli, invoke
from tests.hostile.made import results, truth, write

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names of bytes and symbolic links are POSIX's")
LONG = "n" * 300
NAMES = (f"{LONG}.json", LONG, "loop.json", "caf\udce9.json")
# Texts that no command opens. An option that is new is taken for a path until it stands here.
WORDS = {
    *("--accept", "--board", "--benchmark", "--category", "--column", "--decode", "--executor", "--fact"),
    *("--format", "--format-in", "--gt-format", "--guard", "--key", "--limit", "--max-drop", "--metric"),
    *("--name", "--option", "--phase", "--rules", "--scales", "--seed-sd", "--set", "--smooth", "--sort"),
    *("--split", "--team", "--title", "--to", "--to-skeleton", "--tracker", "--transform", "--x", "words"),
}
SCORED = {"predictions": "dt.json", "--gt": "gt.json"}
RUN = {"model": "synth_small", "--gt": "gt.json", "--images": "pictures"}  # its weights are in the package
BASE: dict[str, dict[str, str]] = {
    "bench": {"model": "synth_small", "--repeats": "1"},
    "challenge build": {"folder": "challenge", "--out": "out.zip"},
    "challenge check": {"folder": "challenge", "submission": "dt.json"},
    "challenge init": {"folder": "made", "--gt": "gt.json", "--title": "People"},
    "challenge site": {"folder": "challenge", "--runs": "runs", "--out": "site.html"},
    "challenge worker": {"folder": "challenge", "--most": "0"},
    "compare": {"systems": "good.poseval", "--gt": "gt.json"},
    "completion": {"shell": "bash"},
    "config": {},
    "convert": {"source": "gt.json", "target": "converted.json", "--to": "coco"},
    "crosscheck": SCORED,
    "demo": {"folder": "runs"},
    "diagnose": {**SCORED, "--report": "d.html"},
    "doctor": {},
    "explain": {"words": "P114"},
    "explore": {**SCORED, "--out": "site"},
    "gate": {**SCORED, "--baseline": "good.poseval", "--significant": "", "--resamples": "100"},
    "help": {"words": "score"},
    "leaderboard": {"runs": "good.poseval", "--name": "mine"},
    "list": {"kind": "metrics"},
    "models": {"pattern": "simple_baseline_r50", "--weights": "none.pth"},
    "plot": {"runs": "good.poseval", "--out": "figures", "--format": "svg"},
    "run": {**RUN, "--out": "found.json", "--force": ""},
    "score": {**SCORED, "--report": "r.html", "--ci": "95", "--resamples": "100"},
    "sigmas": {"annotations": "gt.json", "--skeleton": "coco17"},
    "synth": {"folder": "world", "--images": "1", "--width": "64", "--height": "64"},
    "track": {"predictions": "dt.json", "--gt": "gt.json", "--out": "t.json", "--to": "native"},
    "train": {"model": "simple_baseline_r50", "--data": "gt.json", "--images": "pictures", "--out": "net"},
    "validate": {"files": "dt.json", "--gt": "gt.json"},
}
SLOW = {"bench", "crosscheck", "run", "train"}  # they build networks, or start other programs
UNDONE = {("demo", "folder")}  # a folder with a name that can be made would be filled, which takes seconds


def commands(of: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command with its words."""
    if not isinstance(of, click.Group):
        yield " ".join(path), of
        return
    context = click.Context(of)
    for name in of.list_commands(context):
        found = of.get_command(context, name)
        assert found is not None
        yield from commands(found, (*path, name))


COMMANDS = dict(commands(cli))


def taken(command: click.Command) -> Iterator[click.Parameter]:
    """The parameters that take a text which may be a path."""
    from poseval.cli.outputs import OutputOrStdout

    for parameter in command.params:
        texts = isinstance(parameter.type, click.Path | OutputOrStdout | click.types.StringParamType)
        if texts and not getattr(parameter, "is_flag", False) and parameter.opts[0] not in WORDS:
            yield parameter


def words(command: str, given: dict[str, str]) -> list[str]:
    """The command line."""
    options = [word for key, value in given.items() if key[0] == "-" for word in (key, value) if word]
    return [*command.split(), *(value for key, value in given.items() if key[0] != "-"), *options]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import poseval
    from poseval.scoring.saved_runs import save

    folder = tmp_path_factory.mktemp("paths")
    write(folder / "gt.json", truth())
    write(folder / "dt.json", results())
    save(poseval.evaluate(folder / "gt.json", folder / "dt.json"), folder / "good.poseval")
    for name in ("pictures", "runs"):
        (folder / name).mkdir()
    pytest.importorskip("PIL")
    from PIL import Image

    for image in truth()["images"]:
        Image.new("RGB", (640, 480)).save(folder / "pictures" / image["file_name"])
    for name in ("loop", "loop.json"):
        (folder / name).symlink_to(name)
    made = ["challenge", "init", str(folder / "challenge"), "--gt", str(folder / "gt.json"), "--title", "A"]
    assert invoke(made) == 0
    return folder


def test_every_command_is_in_the_table() -> None:
    assert set(BASE) == set(COMMANDS)


@pytest.mark.parametrize(
    "command", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in COMMANDS]
)
def test_37_names_that_cannot_be_opened(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for parameter in taken(COMMANDS[command]):
        key = parameter.opts[0]
        for name in NAMES:
            if (command, key) in UNDONE and "\udce9" in name:
                continue
            line = words(command, {**BASE[command], key: name})
            status = invoke(line)
            said = capsys.readouterr()
            assert status in (0, 1, 2, 3), (line, said.err[-1000:])  # 70 is an error of ours
