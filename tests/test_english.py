"""The words that users read: no private words, the field's terms, help texts that are sentences."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from poseval.cli import COMMANDS as SHORT
from poseval.cli import cli

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "poseval"
COLUMNS = 80  # of a terminal
SOURCES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}

# What is not written, as a regular expression -> what is written instead.
BANNED = {
    r"(?<!ground[ -])(?<!ground\n)\btruths?\b": "ground truth",
    r"\b(mend|mends|mended|mending)\b": "fix",
    r"\b(labelled|joint) places\b": "labelled keypoints",
    r"\bbackgrounds?\b": "false positives",
    r"\bmissed people\b": "misses",
    r"\b(shares? of|(in|as|are|the) shares)\b": "fraction, percentage or normalised coordinates",
    r"\b(aloud|told|strangers?|crews?|books?|desks?|talks?)\b": "a plain word",
    r"\b(films?|pictures?)\b": "video or image",
    r"\b(heard|hears?)\b": "report",
    r"\b(dear|dearest|hopeless)\b": "a plain word",
    r"\bground[ -]\s*ground": "ground truth, once",
    r"\(s\)": "the noun in the right number (poseval.errors.number_of)",
    r"\blegal\b": "valid",
}
# Values in JSON, which stay as they are.
IN_JSON = {"missed people", "share of weights in one bit", "share of attention products skipped"}
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)  # names of options, keys and files stay as they are


def found(text: str, banned: dict[str, str] = BANNED) -> list[str]:
    """The banned words of a text, each with what to write."""
    plain = CODE.sub("``", text)
    return [
        f"{match.group()!r}: write {instead}"
        for pattern, instead in banned.items()
        for match in re.finditer(pattern, plain, re.IGNORECASE)
    ]


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a source file that has a space, but docstrings and keys: what can reach a user."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in ast.walk(node) if part is not node)
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield node.lineno, node.value


def commands(group: click.Group = cli) -> Iterator[tuple[str, click.Command]]:
    """Every command by its name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield name, command


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", SOURCES)
def test_messages_have_no_banned_word(name: str) -> None:
    lines = [(line, text) for line, text in sentences(SOURCES[name]) if text not in IN_JSON]
    wrong = [f"line {line}: {text!r}: {found(text)}" for line, text in lines if found(text)]
    assert not wrong, "\n".join(wrong)


# Parameters keep their names, classification networks have a background, and formulas write f(s).
IN_DOCSTRINGS = {r"\(s\)", r"\bbackgrounds?\b", next(pattern for pattern in BANNED if "truths" in pattern)}


@pytest.mark.parametrize("name", SOURCES)
def test_docstrings_have_no_banned_word(name: str) -> None:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [
        node for node in ast.walk(ast.parse(SOURCES[name].read_text("utf-8"))) if isinstance(node, documented)
    ]
    patterns = {pattern: word for pattern, word in BANNED.items() if pattern not in IN_DOCSTRINGS}
    wrong = [word for node in nodes for word in found(ast.get_docstring(node) or "", patterns)]
    assert not wrong, "\n".join(wrong)


PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "poseval/errors/codes.tsv")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_have_no_banned_word(path: Path) -> None:
    lines = CODE.sub(lambda match: "\n" * match.group().count("\n"), path.read_text("utf-8")).splitlines()
    wrong = [
        f"line {n}: {found(line)}"
        for n, line in enumerate(lines, 1)
        if found(line) and not line.startswith("    ")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_texts_are_sentences_and_fit(name: str) -> None:
    command = COMMANDS[name]
    texts = {name: command.help or "", f"{name} (short)": SHORT[name][1]}
    texts |= {f"{name} {p.opts[0]}": p.help or "" for p in command.params if isinstance(p, click.Option)}
    wrong = [
        where for where, text in texts.items() if not re.fullmatch(r"[A-Z0-9{].*\.", text.strip(), re.DOTALL)
    ]
    assert not wrong, f"no sentence (capital, full stop): {wrong}"
    assert not [text for text in texts.values() if found(text)]
    page = command.get_help(click.Context(command, info_name=f"poseval {name}", terminal_width=COLUMNS))
    assert [line for line in page.splitlines() if len(line) > COLUMNS] == []


def test_a_banned_word_is_found() -> None:
    assert found("the truth is told") != found("the ground truth")
    assert [line for line, _ in sentences(Path(__file__))]
    assert found("`truth` and ground truth") == []
    assert len(found("3 fault(s) in the truth, said aloud")) == 3
