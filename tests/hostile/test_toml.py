"""TOML that asks its parser for more than its size: every file of settings, each way to grow."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from poseval.challenge.description import read_description
from poseval.cli.settings import settings
from poseval.decisions.facts import read_facts
from poseval.errors import LimitError, PosevalError
from poseval.files.toml import read_toml
from poseval.models.card_file import read_card
from poseval.skeletons import get_skeleton, load_skeleton
from poseval.skeletons.joint_map import load_joint_map
from tests.fuzz import formats

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SIGNS = ["'", '"', "\\", "[", ".", "#", "\n", "a", '"""', "'''"]
SECONDS = 4  # of the processor, for a file; a machine may be slow
COCO = get_skeleton("coco17")


def read_settings(path: Path) -> object:
    settings.cache_clear()
    return settings(path.parent)


READERS: dict[str, Callable[[Path], object]] = {
    "skeleton": load_skeleton,
    "joint map": lambda path: load_joint_map(path, COCO, COCO),
    "facts": read_facts,
    "challenge": lambda path: read_description(path, whole=False),
    "card": read_card,
    "settings": read_settings,
}
DEEP = 5000
LARGE = {
    "a key of many parts": "a" + ".a" * DEEP + " = 1",
    "a key of many parts with blanks and quotes": "a" + ' . "a"' * DEEP + " = 1",
    "parts below the bound, many times": "\n".join(f"k{n}" + ".a" * 30 + " = 1" for n in range(10_000)),
    "a table of many parts": "[a" + ".a" * DEEP + "]",
    "a list of tables of many parts": "[[a" + ".a" * DEEP + "]]",
    "tables of one prefix": "\n".join("[" + "a." * 30 + f"k{n}]" for n in range(10_000)),
    "tables": "\n".join(f"[a{n}]" for n in range(60_000)),
    "lists of tables": "[[a]]\n[a.b]\n[a.c]\n" * 20_000,
    "brackets": "a = " + "[" * 100_000,
    "braces": "a = " + "{a = " * 100_000,
    "lists": "a = [" + "[]," * 200_000 + "]",
    "braces with keys of parts": "a = " + ("{a" + ".a" * 20 + " = ") * 10 + "1" + "}" * 10,
    "comments": "#\n" * 400_000,
    "lists after a string that hides them": "a = '''\"'''\nb = " + "[" * 100_000,
    "a table after a string of quotes": 'a = """x"""""\n[a' + ".a" * DEEP + "]",
}
NUMBERS = {
    "hexadecimal": "a = 0x" + "1" * 10_000,
    "decimal": "a = " + "1" * 4_200,
    "decimal of many digits": "a = " + "1" * 100_000,
    "65 bits": "a = 9223372036854775808",
    "in a list": "a = [1, [-9223372036854775809]]",
    "float": "a = 1e400",
    "infinity": "a = inf",
    "not a number": "a = [nan]",
}


def see_refused(reader: str, text: str, path: Path) -> PosevalError:
    path.write_text(text)
    started = time.process_time()
    with pytest.raises(PosevalError) as caught, formats.within_seconds():
        READERS[reader](path)
    assert time.process_time() - started < SECONDS
    return caught.value


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("reader", READERS)
def test_12_what_a_file_asks_of_the_parser_is_bounded(reader: str, text: str, tmp_path: Path) -> None:
    assert len(text) < 1 << 20
    error = see_refused(reader, text, tmp_path / "poseval.toml")
    assert isinstance(error, LimitError)
    assert error.code == "P502"


@pytest.mark.parametrize("text", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("reader", READERS)
def test_05_numbers_are_finite_and_of_64_bits(reader: str, text: str, tmp_path: Path) -> None:
    assert see_refused(reader, text, tmp_path / "poseval.toml").code != "P502"


def test_sound_files_are_read_as_the_parser_reads_them(tmp_path: Path) -> None:
    """Dots in numbers and strings, brackets and quotes in strings, whole bodies of sigmas."""
    text = (
        'a = """[[[ "" \\""" \n#"""\nb = \'\'\'{{{ \'\'\'\'\nc = "....\\"[[["  # [[[ ....\nd = \'.....\'\n'
        f'e = [{", ".join(["0.026"] * 1000)}]\nf.g."h.i".j = -9223372036854775808\n'
        "g = 1979-05-27T07:32:00.999Z\n[x.y.z]\nh = {a.b = [{c = 1}]}\n[[l.m]]\n[[l.m]]\n[l.m.n]\n"
    )
    path = tmp_path / "a.toml"
    path.write_text(text)
    assert read_toml(path) == tomllib.loads(text)


def test_what_is_refused_for_its_depth_is_deep_or_no_toml(tmp_path: Path) -> None:
    """The marks are told apart as the parser tells them: random texts of brackets, quotes and dots."""
    rng = random.Random(1)
    path = tmp_path / "a.toml"
    sound = 0
    for _ in range(5000):
        inner = "".join(rng.choices(SIGNS, k=rng.randint(0, 9)))
        text = f"a = {rng.choice(['', chr(39), chr(34), chr(39) * 3, chr(34) * 3])}{inner}\nb = 1\n"
        text = f"{text}c = {'[' * 33}{']' * 33}\n"
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        sound += 1
        path.write_text(text)
        if "c" in tomllib.loads(text):
            with pytest.raises(LimitError):
                read_toml(path)
        else:
            read_toml(path)
    assert sound > 100
