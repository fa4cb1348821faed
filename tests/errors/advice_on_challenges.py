"""Advice on challenges: their description, their folder, and submissions."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from poseval.cli import invoke
from tests.errors.advice import Argv, Case, add, pair


def challenge(folder: Path, before: str = "", after: str = "") -> Argv:
    """`challenge check` of a submission to a challenge whose description has one text replaced."""
    _, submission, _, truth = pair(folder)
    place = folder / "challenge"
    assert invoke(["challenge", "init", str(place), "--gt", truth, "--title", "People"]) == 0
    path = place / "challenge.toml"
    path.write_text(path.read_text().replace(before, after, 1))
    return ["challenge", "check", str(place), submission]


def described(before: str, after: str) -> Callable[[Path], Argv]:
    return lambda folder: challenge(folder, before, after)


def mended(before: str, after: str) -> Callable[[Path, Argv], Argv]:
    def follow(folder: Path, argv: Argv) -> Argv:
        path = folder / "challenge/challenge.toml"
        path.write_text(path.read_text().replace(after, before, 1))
        return argv

    return follow


def zipped_twice(folder: Path) -> Argv:
    *words, submission = challenge(folder)
    for name, inside in (("once.zip", submission), ("twice.zip", str(folder / "once.zip"))):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.write(inside, Path(inside).name)
    return [*words, str(folder / "twice.zip")]


def another_format(folder: Path) -> Argv:
    return challenge(folder, 'rules = "reference"', 'rules = "reference"\nformats = ["native"]')


def converted(folder: Path, argv: Argv) -> Argv:
    out = str(folder / "poses.npz")
    convert = ["convert", argv[-1], out, "--to", "native", "--gt", str(folder / "gt.json")]
    assert invoke(convert) == 0
    return [*argv[:-1], out]


def without_title(folder: Path) -> Argv:
    truth = pair(folder)[3]
    return ["challenge", "init", str(folder / "challenge"), "--gt", truth]


def like_and_benchmark(folder: Path) -> Argv:
    challenge(folder)
    ready = str(folder / "challenge/challenge.toml")
    words = ["challenge", "init", str(folder / "other"), "--gt", str(folder / "gt.json"), "--like", ready]
    return [*words, "--benchmark", "oks"]


def again(folder: Path) -> Argv:
    challenge(folder)
    truth = str(folder / "gt.json")
    return ["challenge", "init", str(folder / "challenge"), "--gt", truth, "--title", "Again"]


def without_wheels(folder: Path) -> Argv:
    challenge(folder)
    (folder / "wheels").mkdir()
    out = str(folder / "b.zip")
    words = ["challenge", "build", str(folder / "challenge"), "--for", "codabench", "--out", out]
    return [*words, "--wheels", str(folder / "wheels")]


def with_wheels(folder: Path, argv: Argv) -> Argv:
    for name in ("poseval", "numpy"):
        (folder / "wheels" / f"{name}-1-py3-none-any.whl").write_bytes(b"PK")
    return argv


ON_CHALLENGES = [
    Case("P208", "did you mean rules", described("rules =", "rule ="), mended("rules =", "rule =")),
    Case(
        "P208",
        "leave it out",
        described("rules =", "zzz = 1\nrules ="),
        mended("rules =", "zzz = 1\nrules ="),
    ),
    Case(
        "P226",
        "zip the files themselves",
        zipped_twice,
        lambda folder, argv: [*argv[:-1], str(folder / "once.zip")],
    ),
    Case("P227", "convert it", another_format, converted),
    Case("P886", "puts them there", without_wheels, with_wheels),
    Case("P894", "add --title TEXT", without_title, add("--title", "People")),
    Case(
        "P894", "leave out --validation and --benchmark", like_and_benchmark, lambda folder, argv: argv[:-2]
    ),
    Case(
        "P892",
        "give another name",
        again,
        lambda folder, argv: [*argv[:2], str(folder / "other"), *argv[3:]],
    ),
]
