"""YAML of untrusted files: what is read, and what is refused before it costs anything."""

from __future__ import annotations

import pytest

from poseval.datasets.containers.yaml import MAX_BYTES, MAX_DEPTH, MAX_PLAIN, parse
from poseval.errors import FormatError

LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


def test_what_descriptions_use() -> None:
    text = "a: 1 # one\nb: [1, 'x, y', 2.5]\nc:\n  0: person\n  1: \"a b\"\nd:\n  - x\n  - 2\n"
    text += "e: {0: a}\nf:\n'g': 'it''s'\nh: [1,\n  2]\ni: |\n  a: b\n  c\n"
    assert parse(text.encode(), "a") == {
        "a": 1,
        "b": [1, "x, y", 2.5],
        "c": {0: "person", 1: "a b"},
        "d": ["x", 2],
        "e": {0: "a"},
        "f": None,
        "g": "it's",
        "h": [1, 2],
        "i": "a: b\nc\n",
    }


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"---\n", b"\xef\xbb\xbf# a mark of byte order\n"])
def test_an_empty_text_is_an_empty_map(data: bytes) -> None:
    assert parse(data, "a") == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("x: 1\na: *b\n", "line 2: has an anchor or alias"),
        ("a: &b 1\n", "line 1: has an anchor or alias"),
        (LAUGHS, "line 1: has an anchor or alias"),
        ("a: !!python/object/apply:os.system [ls]\n", r"line 1: has a tag \(!\)"),
        ("a: !!binary aGVsbG8=\n", r"has a tag \(!\)"),
        ("a: ! 1\n", r"has a tag \(!\)"),
        ("a: 1\nb: 1\na: 2\n", "line 1: has the key 'a' twice"),
        ("x:\n  0: a\n  0: b\n", "line 2: has the key '0' twice"),
        ("a: [1, 2\n", "line 2: "),
        ("- a\n", "is not a map"),
        ("a\n", "is not a map"),
        ("a: 1\n   b: 2\n", "line 2: "),
        ("a: 1\n---\nb: 2\n", "line 2: but found another document"),
        ("? [a]\n: 1\n", "unhashable key"),
        ("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "\n", f"is nested deeper than {MAX_DEPTH}"),
        ("".join(f"{' ' * n}a:\n" for n in range(20)), f"line 9: is nested deeper than {MAX_DEPTH}"),
        ("[" * (MAX_BYTES - 1), "line 1: "),
        ("- " * (MAX_BYTES // 2), "is nested deeper"),
        ("a: 1" + ":59" * MAX_PLAIN + "\n", "characters without quotes"),
        ("a: 1" + ":59" * 300 + ".5\n", "too large"),
        ("a: 2020-13-45\n", "month"),
        ("a: \x01\n", "character"),
    ],
)
def test_everything_else_is_refused(text: str, what: str) -> None:
    with pytest.raises(FormatError, match=what) as caught:
        parse(text.encode(), "a")
    assert caught.value.code == "P272"


def test_nothing_is_built_of_a_text_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yaml.load", lambda *_, **__: pytest.fail("was loaded"))
    with pytest.raises(FormatError, match="anchor"):
        parse(LAUGHS.encode(), "a")


def test_quoted_and_block_texts_may_be_long() -> None:
    text = "x" * (MAX_PLAIN + 1)
    assert parse(f"a: '{text}'\nb: |\n  {text}\n".encode(), "a") == {"a": text, "b": text + "\n"}


@pytest.mark.parametrize("number", ["9" * MAX_PLAIN, "0x" + "f" * (MAX_PLAIN - 2), "1" + ":59" * 333])
def test_the_longest_numbers_can_be_printed(number: str) -> None:
    assert str(parse(f"a: {number}\n".encode(), "a")["a"])


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"a: \xff\n", "P211"), (b"\xff\xfea\0:\0", "P211"), (b"#" * (MAX_BYTES + 1), "P272")],
)
def test_other_encodings_and_sizes_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse(data, "a")
    assert caught.value.code == code
