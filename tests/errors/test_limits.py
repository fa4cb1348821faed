"""Every limit says what is allowed: by a number or a way out, never by the name of an attribute."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from poseval.errors import LimitError
from poseval.files.reading import ITEMS, parse_json
from tests.shared import ROOT


def limits() -> Iterator[tuple[str, dict[str, str]]]:
    """Where each limit error is made, and the source of its parts."""
    for path in sorted((ROOT / "poseval").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "LimitError":
                parts = {str(part.arg): ast.unparse(part.value) for part in node.keywords}
                yield f"{path.name}:{node.lineno}", parts


def test_every_limit_says_what_is_allowed() -> None:
    found = dict(limits())
    assert len(found) > 30
    for place, parts in found.items():
        wanted = parts.get("wanted", "")
        assert wanted, (place, parts)
        assert wanted != "'fewer'", place
        constants = [
            str(part.value) for part in ast.walk(ast.parse(wanted)) if isinstance(part, ast.Constant)
        ]
        assert not any("limits." in text for text in constants), place


def test_a_json_tree_names_the_number_of_values() -> None:
    with pytest.raises(LimitError, match="has more values than allowed") as caught:
        parse_json("[" + "1," * ITEMS + "1]", "a.json", most=4 * ITEMS)
    assert caught.value.fault.wanted == f"at most {ITEMS:,} values"
