"""The examples in the help texts, run one after another as they are printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from poseval import read
from poseval.cli import COMMANDS, invoke
from poseval.cli.examples import EXAMPLES, epilog
from poseval.datasets import Role, WriteOptions, get_format
from poseval.synth import perturb, scene_set

NEEDS_TORCH = ("run", "train")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    truth = scene_set(seed=5, images=30, people=3)
    coco = get_format("coco")
    coco.write(truth, folder / "gt.json", WriteOptions(role=Role.TRUTH))
    for name, seed, jitter in (("preds", 1, 0.2), ("a", 1, 0.2), ("b", 2, 0.6)):
        poses = perturb(truth, seed, jitter=jitter)
        coco.write(poses, folder / f"{name}.json", WriteOptions(role=Role.PREDICTIONS, truth=truth))
    for name, seed in (("first", 3), ("second", 4)):
        coco.write(
            perturb(truth, seed, jitter=0.1),
            folder / f"{name}.json",
            WriteOptions(role=Role.TRUTH, truth=truth),
        )
    for name in ("a", "b"):
        words = f"score {folder}/{name}.json --gt {folder}/gt.json -q --save {folder}/{name}.poseval"
        assert invoke(words.split()) == 0
        assert invoke(f"{words} --json {folder}/{name}.report.json --force".split()) == 0
    videos = "--video --images 2 --sequence-length 5 --skeleton posetrack15_poseval --format posetrack18 -q"
    assert invoke(["synth", str(folder / "clips"), *videos.split()]) == 0
    (folder / "clips" / "truth").rename(folder / "videos")
    people = read(folder / "videos", role="truth")
    posetrack = get_format("posetrack18")
    posetrack.write(perturb(people, 6), folder / "preds", WriteOptions(role=Role.PREDICTIONS, truth=people))
    return folder


def test_every_command_has_examples() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()


def test_examples_stand_in_the_help_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    for command, rows in EXAMPLES.items():
        assert invoke([command, "--help"]) == 0
        out = capsys.readouterr().out
        for words, why in rows:
            assert f"poseval {command} {words}".strip() in out
            assert f"# {why}\n" in out
        assert max(map(len, out.splitlines())) <= 80
    assert epilog("none") is None


@pytest.mark.parametrize(
    ("command", "words"),
    [(command, words) for command, rows in EXAMPLES.items() for words, _ in rows],
)
def test_an_example_works(
    command: str, words: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if command in NEEDS_TORCH:
        pytest.skip("run by the tests of the runner and of training")
    monkeypatch.chdir(place)
    typed = shlex.split(re.sub(r" >> \S+", "", words))
    assert invoke([command, *typed]) == 0, capsys.readouterr().err
