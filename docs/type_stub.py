"""`poseval/__init__.pyi`: the public names for type checkers, which see `gt=` as another name of `truth=`.

    python docs/type_stub.py > poseval/__init__.pyi

The functions take `gt=` by a decorator, of which a type checker cannot know. Written from the functions' own
source, so that a signature stands in one place.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import poseval

ROOT = Path(poseval.__file__).resolve().parent
HEAD = '''"""Written by docs/type_stub.py: the public names, with `gt=` as another name of `truth=`."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import overload

from typing_extensions import Unpack

'''


def source_of(name: str) -> tuple[str, ast.Module]:
    """The module that defines a public name, followed through packages, and its syntax tree."""
    module = poseval._PLACES[name]
    while True:
        path = ROOT.parent / Path(*module.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        tree = ast.parse(file.read_text("utf-8"))
        if any(getattr(node, "name", None) == name for node in tree.body):
            return module, tree
        origin = imports_of(tree).get(name)
        if origin is None:
            return module, tree
        module = origin


def imports_of(tree: ast.Module) -> dict[str, str]:
    """Name -> module that a module takes it from."""
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def defined_in(tree: ast.Module) -> set[str]:
    """Classes, functions and aliases of a module."""
    targets = [
        target
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    named = {getattr(node, "name", "") for node in tree.body}
    return named | {target.id for target in targets if isinstance(target, ast.Name)}


def parameters(function: ast.FunctionDef) -> list[tuple[str, str, bool, bool]]:
    """Name with stars, annotation, whether there is a default, and whether it is given by name alone."""
    asked = function.args
    plain = [*asked.posonlyargs, *asked.args]
    missing = len(plain) - len(asked.defaults)
    out = [(one.arg, note(one), at >= missing, False) for at, one in enumerate(plain)]
    if asked.vararg:
        out.append((f"*{asked.vararg.arg}", note(asked.vararg), False, False))
    pairs = zip(asked.kwonlyargs, asked.kw_defaults, strict=True)
    out += [(one.arg, note(one), default is not None, True) for one, default in pairs]
    if asked.kwarg:
        out.append((f"**{asked.kwarg.arg}", note(asked.kwarg), False, True))
    return out


def note(one: ast.arg) -> str:
    return "" if one.annotation is None else ast.unparse(one.annotation)


def written(name: str, given: list[tuple[str, str, bool, bool]], returns: str) -> str:
    """One signature in a line."""
    parts: list[str] = []
    starred = False
    for label, annotation, default, alone in given:
        if alone and not starred and not label.startswith("*"):
            parts.append("*")
        starred = starred or alone or label.startswith("*")
        parts.append(f"{label}: {annotation}{' = ...' if default else ''}")
    return f"def {name}({', '.join(parts)}) -> {returns}: ..."


def signatures(function: ast.FunctionDef) -> list[str]:
    """A function's signatures: with `truth=`, and with `gt=`."""
    given, returns = parameters(function), ast.unparse(function.returns or ast.Constant(None))
    at = [one[0] for one in given].index("truth")
    after = [(label, text, default, True) for label, text, default, _ in given[at + 1 :]]  # by name alone
    before = given[:at]
    last = next((place for place, one in enumerate(before) if one[3]), len(before))
    with_gt = [*before[:last], ("gt", given[at][1], False, True), *before[last:], *after]
    return [f"@overload\n{written(function.name, one, returns)}" for one in (given, with_gt)]


def stub() -> str:
    """The whole file."""
    taken: dict[str, str] = {}  # name -> its module
    public: dict[str, str] = {}
    lines: list[str] = []
    for name in sorted(set(poseval.__all__) - {"__version__"}):
        module, tree = source_of(name)
        found = next((node for node in tree.body if getattr(node, "name", None) == name), None)
        if not isinstance(found, ast.FunctionDef) or "truth" not in [one[0] for one in parameters(found)]:
            public[name] = poseval._PLACES[name]
            continue
        lines += signatures(found)
        nodes = [node for line in signatures(found) for node in ast.walk(ast.parse(line))]
        for used in sorted({node.id for node in nodes if isinstance(node, ast.Name)}):
            origin = imports_of(tree).get(used, module if used in defined_in(tree) else "")
            if origin.startswith("poseval"):
                taken.setdefault(used, origin)
    own = [f"from {module} import {name} as {name}" for name, module in public.items()]
    others = [f"from {module} import {name}" for name, module in taken.items() if name not in public]
    imports = sorted([*own, *others])
    listed = ", ".join(f'"{name}"' for name in sorted(poseval.__all__))
    return (
        f"{HEAD}{chr(10).join(imports)}\n\n__all__ = [{listed}]\n__version__: str\n\n{chr(10).join(lines)}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(stub())
