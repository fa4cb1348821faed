"""Every wording of advice in the source: what calls give as `hint` and notices after `try:`, as patterns.

What is put in at run time is a hole, `.*`. A name is looked up in its function, then among the constants of
all modules; a call of a function of ours stands for what that returns.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path

from tests.shared import ROOT

PARTS = ("benchmarks", "checks", "conversion", "datasets", "files", "scoring", "skeletons")
HOLE = ".*"


@cache
def _trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / "poseval").rglob("*.py"))}


@cache
def _functions() -> dict[str, list[ast.FunctionDef]]:
    """Functions by name, without methods."""
    found: dict[str, list[ast.FunctionDef]] = {}
    for tree in _trees().values():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
    return found


@cache
def _constants() -> dict[str, ast.expr]:
    return {
        name: value
        for tree in _trees().values()
        for name, value in _assigned(tree.body)
        if name.lstrip("_").isupper()
    }


def _assigned(body: Sequence[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((to.id, node.value) for to in node.targets if isinstance(to, ast.Name))


def _texts(node: ast.expr, scope: ast.AST, depth: int = 0) -> list[str]:
    """Patterns of the texts that an expression can give; none for what is handed on."""
    if depth > 6:
        return []
    if isinstance(node, ast.Constant):
        return [re.escape(node.value)] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        parts = [ast.dump(part) for part in node.values]  # one that occurs twice has one value
        each = {
            key: _texts(part, scope, depth + 1) or [HOLE]
            for key, part in zip(parts, node.values, strict=True)
        }
        chosen = [dict(zip(each, texts, strict=True)) for texts in product(*each.values())]
        return ["".join(one[key] for key in parts) for one in chosen]
    if isinstance(node, ast.FormattedValue):
        return _texts(node.value, scope, depth + 1)
    if isinstance(node, ast.BinOp):
        sides = [_texts(side, scope, depth + 1) or [HOLE] for side in (node.left, node.right)]
        return ["".join(parts) for parts in product(*sides)]
    if isinstance(node, ast.IfExp):
        return _texts(node.body, scope, depth + 1) + _texts(node.orelse, scope, depth + 1)
    if isinstance(node, ast.BoolOp):
        return [text for value in node.values for text in _texts(value, scope, depth + 1)]
    if isinstance(node, ast.Name):
        values = [value for name, value in _assigned(list(ast.walk(scope))) if name == node.id]
        values = values or [_constants()[node.id]] if node.id in _constants() or values else []
        return [text for value in values for text in _texts(value, scope, depth + 1)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _returned(node, scope, depth)
    return []


def _returned(call: ast.Call, scope: ast.AST, depth: int) -> list[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name == "to_raise":  # one wording for each limit; of one that varies, those of its other calls
        return [f"raise it with --limit {limit}={HOLE}" for limit in _texts(call.args[0], scope, depth + 1)]
    if name == "shown":
        return []
    return [
        text
        for made in _functions().get(name, ())
        if made.returns is not None and ast.unparse(made.returns) in ("str", "str | None")
        for node in ast.walk(made)
        if isinstance(node, ast.Return) and node.value is not None
        for text in _texts(node.value, made, depth + 1)
    ]


NOTICE = "; try: "  # what stands before the advice of a notice, in its one sentence


def _in_sentences(scope: ast.AST) -> Iterator[str]:
    """What notices advise at the end of their sentence."""
    for node in ast.walk(scope):
        if isinstance(node, ast.JoinedStr) and any(
            isinstance(part, ast.Constant) and NOTICE in str(part.value) for part in node.values
        ):
            at = re.escape(NOTICE)
            yield from (text.rpartition(at)[2] for text in _texts(node, scope) if at in text)


def _hints(scope: ast.AST) -> Iterator[ast.expr]:
    """What a function gives as `hint`, by keyword, by place, or as the value of a variable of that name."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Call):
            yield from (word.value for word in node.keywords if word.arg == "hint")
            for made in _functions().get(node.func.id, ()) if isinstance(node.func, ast.Name) else ():
                names = [arg.arg for arg in made.args.args]
                yield from (value for name, value in zip(names, node.args, strict=False) if name == "hint")
    yield from (value for name, value in _assigned(list(ast.walk(scope))) if name == "hint")


@cache
def wordings() -> dict[str, str]:
    """Pattern of each advice, and the file that gives it."""
    out = {}
    for path, tree in _trees().items():
        place = path.relative_to(ROOT / "poseval")
        if place.parts[0] in PARTS:
            for scope in tree.body:
                for value in _hints(scope):
                    out.update({text: str(place) for text in _texts(value, scope) if text.strip(".*")})
                out.update({text: str(place) for text in _in_sentences(scope) if text.strip(".*")})
    return out


def followed(texts: Sequence[str]) -> set[str]:
    """The wordings that texts have; each text counts for the one that says most of it."""
    known = wordings()
    texts = [*texts, *(text.rpartition("; this looks like ")[0] for text in texts)]  # two wordings in one
    fits = [[one for one in known if re.fullmatch(one, text)] for text in texts]
    return {max(ones, key=lambda one: len(one.replace(HOLE, ""))) for ones in fits if ones}


def advice_in(said: str) -> list[str]:
    """What messages advise, one text for each `try:`."""
    return re.findall(r"(?:^ *|; )try: (.*?)(?: \[N\d+\])?$", said, re.MULTILINE)
