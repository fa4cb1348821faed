"""The walls of docs/architecture.md: who may import whom, and what may be imported at all."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "poseval"
MODULES = sorted(PACKAGE.rglob("*.py"))

# package part -> parts it must never import
FORBIDDEN = {
    "metrics": {
        "datasets",
        "benchmarks",
        "scoring",
        "evaluation",
        "report",
        "cli",
        "models",
        "runners",
        "compat",
    },
    "datasets": {
        "metrics",
        "benchmarks",
        "scoring",
        "evaluation",
        "report",
        "cli",
        "models",
        "runners",
        "compat",
    },
    "benchmarks": {"scoring", "evaluation", "report", "cli", "models", "runners", "compat", "stats"},
    "pairs": {"metrics", "datasets", "benchmarks", "scoring", "evaluation", "report", "cli"},
    "matching": {"metrics", "datasets", "benchmarks", "scoring", "evaluation", "report", "cli"},
    "poses": {"metrics", "datasets", "benchmarks", "scoring", "evaluation", "report", "cli", "pairs"},
    "skeletons": {
        "metrics",
        "datasets",
        "benchmarks",
        "scoring",
        "evaluation",
        "report",
        "cli",
        "pairs",
        "poses",
    },
    "errors": {
        "metrics",
        "datasets",
        "benchmarks",
        "scoring",
        "evaluation",
        "report",
        "cli",
        "pairs",
        "poses",
    },
    "limits": {
        "metrics",
        "datasets",
        "benchmarks",
        "scoring",
        "evaluation",
        "report",
        "cli",
        "pairs",
        "poses",
    },
    "kernels": {
        "metrics",
        "datasets",
        "benchmarks",
        "scoring",
        "evaluation",
        "report",
        "cli",
        "pairs",
        "poses",
    },
    "tracking": {"scoring", "evaluation", "cli", "runners", "datasets", "benchmarks", "report"},
    "models": {"cli"},
    "scoring": {"cli", "models", "runners", "compat"},
    "evaluation": {"cli", "models", "runners", "compat", "scoring", "datasets"},
    "report": {"cli", "scoring", "evaluation", "models", "runners"},
}

# third-party import -> parts that may have it, and whether only inside functions
THIRD_PARTY = {
    "click": ({"cli"}, False),
    "matplotlib": ({"report", "leaderboard"}, True),
    "pandas": ({"report", "leaderboard", "datasets"}, True),
    "jinja2": ({"report", "leaderboard"}, True),
    "torch": ({"models", "runners"}, False),
    "pycocotools": ({"compat"}, True),
    "motmetrics": ({"compat"}, True),
}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, bool]]:
    """Imported module names of a file, and whether the import runs when the module is imported."""
    found: list[tuple[str, bool]] = []

    def visit(node: ast.AST, top: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            if isinstance(child, ast.Import):
                found.extend((alias.name, top) for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module:
                found.append((child.module, top))
                if child.module == "poseval":
                    found.extend((f"poseval.{alias.name}", top) for alias in child.names)
            inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
            visit(child, top and not inside)

    visit(ast.parse(path.read_text("utf-8")), True)
    return found


def test_there_are_modules() -> None:
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_walls_between_parts(path: Path) -> None:
    part = part_of(path)
    for name, _ in imports(path):
        pieces = name.split(".")
        if pieces[0] == "poseval" and len(pieces) > 1:
            assert pieces[1] not in FORBIDDEN.get(part, set()), f"{path.name} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_third_party_imports_stay_where_they_belong(path: Path) -> None:
    part = part_of(path)
    for name, top in imports(path):
        allowed = THIRD_PARTY.get(name.split(".")[0])
        if allowed is not None:
            parts, inside_only = allowed
            assert part in parts, f"{path.name} imports {name}"
            assert not (inside_only and top), f"{path.name} imports {name} at module level"


def test_no_circle_between_modules() -> None:
    graph: dict[str, set[str]] = {}
    known = {
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in MODULES
    }
    for name, path in known.items():
        graph[name] = {target for target, top in imports(path) if top and target in known and target != name}
    done: set[str] = set()

    def walk(node: str, trail: tuple[str, ...]) -> None:
        assert node not in trail, " -> ".join((*trail, node))
        if node not in done:
            for target in sorted(graph[node]):
                walk(target, (*trail, node))
            done.add(node)

    for name in sorted(graph):
        walk(name, ())
