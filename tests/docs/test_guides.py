"""The guides of CONTRIBUTING.md, followed to the letter: in this repository, and in a package of its own.

A block of code says by its first line where it goes: `# path/of/file.py` is a file, and what follows
`# path/of/file.py: TABLE` are rows of that table. A block of `toml` declares entry points, and the commands
in a block of `console` must work.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.errors import FormatError, codes
from poseval.models.registry import create_model
from poseval.poses import PoseSet
from poseval.synth import perturb, scene_set
from tests.plugin_packages import entry_points_of, on_path, write_metadata
from tests.shared import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass
class Guide:
    """What a guide says is to be written, entered, declared and run."""

    files: dict[str, str] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)  # `path: TABLE` -> rows
    codes: str = ""
    project: str = ""
    commands: list[str] = field(default_factory=list)


def guide(kind: str) -> Guide:
    """The guide of a kind, from its heading to the next."""
    section = re.search(rf"^## Add a {kind}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert section is not None
    found = Guide()
    for _, language, text in FENCE.findall(section[1]):
        code = textwrap.dedent(text)
        head, _, body = code.partition("\n")
        if language == "console":
            found.commands += code.splitlines()
        elif language == "toml":
            assert head == "# pyproject.toml"
            found.project += code
        elif language == "tsv":
            assert head == "# poseval/errors/codes.tsv"
            found.codes += body
        elif ":" in head:
            found.rows[head.removeprefix("# ")] = body
        else:
            found.files[head.removeprefix("# ")] = body
    return found


def module_of(path: str) -> str:
    """`poseval.metrics` for `poseval/metrics/__init__.py`."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@contextmanager
def here(found: Guide, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files as if they lay in this repository, and the rows in its tables."""
    written = []
    for name, text in found.files.items():
        if name.startswith("poseval/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
            package, _, module = module_of(name).rpartition(".")
            written.append((package, module))
            room = import_module(package)
            monkeypatch.setattr(room, "__path__", [*room.__path__, str((folder / name).parent)])
    for head, body in found.rows.items():
        path, _, table = head.partition(": ")
        tables = import_module(module_of(path))
        if isinstance(getattr(tables, table), dict):
            rows = eval(f"{{{body}}}", vars(tables))
        else:
            rows = {row.name: row for row in eval(f"({body})", vars(tables))}
        for key, row in rows.items():
            monkeypatch.setitem(tables.TABLE, key, row)
    if found.codes:
        text = (ROOT / "poseval/errors/codes.tsv").read_text("utf-8")
        assert not {line[:4] for line in found.codes.splitlines()} & {line[:4] for line in text.splitlines()}
        (folder / "codes.tsv").write_text(text + found.codes)
        monkeypatch.setattr(codes, "files", lambda package: folder)
        codes.entries.cache_clear()
    try:
        with on_path():
            yield
    finally:
        codes.entries.cache_clear()
        for package, module in written:
            sys.modules.pop(f"{package}.{module}", None)
            vars(import_module(package)).pop(module, None)


@contextmanager
def elsewhere(found: Guide, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files in a package `my_poses`, installed with the entry points that the guide declares."""
    package = folder / "my_poses"
    package.mkdir()
    for name, text in found.files.items():
        for other in found.files:
            text = text.replace(f'"{module_of(other)}:', f'"my_poses.{Path(other).stem}:')
        (package / Path(name).name).write_text(text)
    write_metadata(folder, "my-poses", entry_points_of(found.project))
    with on_path(folder):
        yield


@dataclass
class World:
    """Files in the folder where the commands run: COCO truth and predictions, scores in percent."""

    truth: PoseSet
    predictions: PoseSet

    @staticmethod
    def made(people: int) -> World:
        truth = scene_set(seed=5, images=6, people=people)
        found = perturb(truth, seed=6)
        percent = found.people.with_columns(score=np.round(found.people.score * 100))
        coco = datasets.get_format("coco")
        coco.write(truth, Path("truth.json"), WriteOptions(Role.TRUTH))
        coco.write(
            replace(found, people=percent),
            Path("predictions.json"),
            WriteOptions(Role.PREDICTIONS, truth=truth),
        )
        gt = poseval.read("truth.json")
        return World(gt, poseval.read("predictions.json", role="predictions", truth=gt))


def summary() -> dict[str, float]:
    found: dict[str, float] = json.loads(Path("report.json").read_text())["summary"]
    return found


def metric_counts(world: World, said: str) -> None:
    near = total = 0
    for row, frame in enumerate(world.truth.people.frame):
        (other,) = np.flatnonzero(world.predictions.people.frame == frame)
        for joint in np.flatnonzero(world.truth.people.seen[row] > 0):
            off = world.truth.people.xy[row, joint] - world.predictions.people.xy[other, joint]
            near += bool(world.predictions.people.seen[other, joint]) and np.hypot(*off) <= 3
            total += 1
    assert 0 < near < total
    assert summary() == {"pixel_share": near / total}


def format_keeps(world: World, said: str) -> None:
    assert datasets.recognise(datasets.Source("poses.txt"), Role.PREDICTIONS) == "pose-lines"
    again = datasets.read("poses.txt", ReadOptions(Role.PREDICTIONS, world.truth))
    assert np.array_equal(again.people.score, world.predictions.people.score)
    assert summary()["AP"] == poseval.score("truth.json", "predictions.json").summary["AP"]
    Path("wrong.txt").write_text("pose-lines nose\na 1 2\nb 1 2 x\n")
    with pytest.raises(FormatError) as caught:
        datasets.read("wrong.txt", ReadOptions(Role.PREDICTIONS))
    assert caught.value.counts == {"P204": 1, "P203": 1}


def benchmark_scores(world: World, said: str) -> None:
    truth, guess = world.truth.people, world.predictions.people
    errors, sizes = [], []
    for row, frame in enumerate(truth.frame):
        (other,) = np.flatnonzero(guess.frame == frame)
        for joint in np.flatnonzero(truth.seen[row] > 0):
            errors.append(np.hypot(*(truth.xy[row, joint] - guess.xy[other, joint])))
            sizes.append(max(truth.box[row, 2:] - truth.box[row, :2]))
    near = np.mean(np.array(errors) <= 0.1 * np.array(sizes))
    assert 0 < near < 1
    assert summary() == pytest.approx({"PCK@0.1": near, "EPE": np.mean(errors)})
    assert json.loads(Path("report.json").read_text())["better"] == {"PCK@0.1": "higher", "EPE": "lower"}
    assert "passed" in said


def model_answers(world: World, said: str) -> None:
    assert "two_layers" in said
    torch = pytest.importorskip("torch")
    model = create_model("two_layers", 5, (64, 48))
    assert model(torch.zeros(2, 3, 64, 48)).shape == (2, 5, 16, 12)


def tracker_follows(world: World, said: str) -> None:
    people = datasets.read("tracks.npz", ReadOptions(Role.PREDICTIONS, world.truth)).people
    assert len(people.track) == len(world.predictions)
    assert (people.track >= 0).all()
    pairs = set(zip(people.frame.tolist(), people.track.tolist(), strict=True))
    assert len(pairs) == len(people.track)
    assert len(set(people.track.tolist())) < len(people.track)


def check_is_heard(world: World, said: str) -> None:
    count = len(world.predictions)
    assert "N479: Scores of predictions are above 1." in said
    assert f"predictions.json: {count} of {count} scores are above 1. Are they percentages? [N479]" in said


# kind -> people in a frame, and what its guide must have done
DONE: dict[str, tuple[int, Callable[[World, str], None]]] = {
    "metric": (1, metric_counts),
    "format": (2, format_keeps),
    "benchmark": (1, benchmark_scores),
    "model": (1, model_answers),
    "tracker": (3, tracker_follows),
    "check": (2, check_is_heard),
}
WAYS = [(kind, way) for kind in DONE for way in (here, elsewhere) if kind != "check" or way is here]


@pytest.mark.parametrize(("kind", "way"), WAYS, ids=lambda value: getattr(value, "__name__", value))
def test_a_guide_does_what_it_says(
    kind: str,
    way: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = guide(kind)
    people, done = DONE[kind]
    (tmp_path / "files").mkdir()
    monkeypatch.chdir(tmp_path / "files")
    world = World.made(people)
    with way(found, tmp_path, monkeypatch):
        assert found.commands
        for command in found.commands:
            name, *words = shlex.split(command)
            assert name == "poseval"
            assert invoke(words) == 0, capsys.readouterr().err
        done(world, capsys.readouterr().out)


def test_every_guide_is_followed() -> None:
    assert re.findall(r"^## Add an? (\w+)$", TEXT, re.MULTILINE) == list(DONE)


@pytest.mark.parametrize("kind", DONE)
def test_the_code_of_the_guides_is_clean(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    for name, text in guide(kind).files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    config = ["--config", str(ROOT / "pyproject.toml")]
    for words in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        subprocess.run([sys.executable, "-m", "ruff", *words, *config, str(tmp_path)], check=True)
