"""The walls of docs/architecture.md: which package may import which, and where packages of others may stand.

Every import counts: at the top of a file, inside a function, under TYPE_CHECKING, and by a text such as
`"poseval.metrics.pck:Pck"` that is imported later.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from poseval import metrics

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "poseval"
FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in FILES}

# Modules of the root that every package may import.
FOUNDATION = frozenset({"errors", "limits", "plugins", "processes", "threads", "_version"})
# package -> the packages that it may import, from the ground up. What is not listed is a failure.
MAY_IMPORT: dict[str, frozenset[str]] = {
    package: frozenset(names.split())
    for package, names in {
        "errors": "",
        "limits": "errors",
        "plugins": "errors",
        "threads": "errors",
        "processes": "errors threads",
        "_version": "",
        "kernels": "",
        "files": "kernels",
        "skeletons": "files",
        "poses": "skeletons",
        "results": "poses files",
        "datasets": "skeletons poses kernels files",
        "metrics": "skeletons poses kernels results",
        "benchmarks": "skeletons poses kernels results metrics",
        "checks": "skeletons poses kernels results metrics datasets benchmarks",
        "scoring": "skeletons poses results metrics datasets benchmarks checks files",
        "statistics": "poses kernels results metrics scoring",
        "decisions": "poses results scoring statistics files",
        "diagnosis": "poses kernels results metrics",
        "conversion": "skeletons poses datasets benchmarks",
        "validation": "skeletons poses results datasets benchmarks checks scoring",
        "report": "skeletons poses results metrics datasets scoring statistics decisions diagnosis "
        "validation files",
        "challenge": "skeletons poses results datasets benchmarks checks scoring decisions diagnosis "
        "validation report files",
        "models": "skeletons files kernels",
        "tracking": "skeletons poses models files",
        "runners": "skeletons poses datasets benchmarks scoring models tracking files",
        "training": "skeletons poses kernels results scoring models tracking runners files",
        "integrations": "skeletons poses results metrics datasets benchmarks scoring",
        "synth": "skeletons poses datasets results scoring report runners files",
        "compat": "skeletons poses kernels metrics datasets benchmarks scoring",
        "cli": "skeletons poses results metrics datasets benchmarks scoring statistics decisions diagnosis "
        "kernels conversion validation report challenge api models tracking runners training synth compat "
        "files",
        "api": "skeletons poses results datasets benchmarks scoring statistics decisions diagnosis "
        "conversion report files",
        "pytest_plugin": "api decisions",
        "__main__": "cli",
        "__init__": "skeletons poses results datasets scoring validation api models integrations",
    }.items()
}
# Files that name a package above them, by text alone, with the reason.
UPWARDS = {
    "poseval/results/renderers.py": ("report", "`report.to_text()` and its like call a renderer by its name"),
    "poseval/poses/pose_set.py": ("report", "a notebook asks a pose set for what it shows"),
}

# package of other people -> packages of ours that may import it, and whether only inside a function
THIRD_PARTY = {
    "click": ({"cli"}, False),
    "matplotlib": ({"report", "decisions"}, True),
    "pandas": ({"report", "decisions", "results"}, True),
    "PIL": ({"datasets", "report", "runners", "synth"}, True),
    "yaml": ({"datasets", "challenge"}, False),
    "jinja2": ({"report", "decisions"}, True),
    "torch": ({"models", "training", "runners", "integrations"}, False),
    "pycocotools": ({"compat"}, True),
    "motmetrics": ({"compat"}, True),
    "trackeval": ({"compat"}, True),
    "xtcocotools": ({"compat"}, True),
    "torchmetrics": ({"integrations"}, False),
    "ultralytics": ({"integrations"}, False),
    "lightning": ({"integrations"}, False),
    "pytorch_lightning": ({"integrations"}, False),
    "mmengine": ({"integrations"}, False),
    "mlflow": ({"report"}, True),
    "wandb": ({"report"}, True),
    "aim": ({"report"}, True),
}


# Packages that may ask which metric they have: a cross-check is the second half of its metric.
ASK_METRICS = frozenset({"metrics", "compat"})
# What a file may ask for nevertheless.
EXCEPT = {
    # PoseTrack21 takes CLEAR MOT from another program, which scores other frames.
    "poseval/benchmarks/posetrack.py": {"ClearMot"},
}


def package_of(module: str) -> str:
    """`metrics` for `poseval.metrics.pck`, `errors` for `poseval.errors`."""
    return [*module.split("."), "__init__"][1]


@cache
def imports(path: Path) -> tuple[tuple[str, bool], ...]:
    """Everything that a file imports, by name, and whether it does so while it is imported itself."""
    found: list[tuple[str, bool]] = []

    def visit(node: ast.AST, top: bool) -> None:
        for child in ast.iter_child_nodes(node):
            typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            if isinstance(child, ast.Import):
                found.extend((alias.name, top) for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module:
                for alias in child.names:
                    inner = f"{child.module}.{alias.name}"
                    found.append((inner if inner in MODULES else child.module, top))
            elif isinstance(child, ast.Constant) and isinstance(child.value, str):
                named = re.fullmatch(r"(poseval(?:\.\w+)+)(?::\w+)?", child.value)
                if named and named[1] in MODULES:
                    found.append((named[1], False))
            inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) or typing_only
            visit(child, top and not inside)

    visit(ast.parse(path.read_text("utf-8")), True)
    return tuple(found)


def module_of(path: Path) -> str:
    """`poseval.metrics.__init__` for its file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_other_side_of_a_cross_check_knows_nothing_of_poseval() -> None:
    files = sorted((PACKAGE / "compat" / "official").glob("*.py"))
    assert len(files) > 10
    for path in files:
        for name, _ in imports(path):
            ours = name.split(".")[0] == "poseval"
            assert not ours or name.startswith("poseval.compat.official"), f"{name_of(path)} imports {name}"


def test_the_root_holds_no_more_than_eight_modules() -> None:
    assert len(MODULES) > 300
    assert len(list(PACKAGE.glob("*.py"))) <= 8


def test_every_package_is_in_the_list() -> None:
    assert {package_of(module) for module in MODULES} <= MAY_IMPORT.keys()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_walls_between_packages(path: Path) -> None:
    module = module_of(path)
    mine = package_of(module)
    allowed = MAY_IMPORT[mine] | FOUNDATION | {mine}
    upwards = UPWARDS.get(name_of(path))
    for name, _ in imports(path):
        if name.split(".")[0] == "poseval" and name != "poseval":
            target = package_of(name)
            if upwards is None or target != upwards[0]:
                assert target in allowed, f"{name_of(path)} imports {name}"


def test_exceptions_are_used() -> None:
    for name, (package, reason) in UPWARDS.items():
        assert reason
        assert package in {package_of(found) for found, _ in imports(ROOT / name)}


def test_no_circle_between_packages() -> None:
    """The allow-list itself has an order: a package stands above all that it may import."""
    _walk({name: set(targets) for name, targets in MAY_IMPORT.items()})


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_packages_of_others_stay_where_they_belong(path: Path) -> None:
    mine = package_of(module_of(path))
    for name, top in imports(path):
        allowed = THIRD_PARTY.get(name.split(".")[0])
        if allowed is not None:
            packages, inside_only = allowed
            assert mine in packages, f"{name_of(path)} imports {name}"
            assert not (inside_only and top), f"{name_of(path)} imports {name} at module level"


def metrics_asked_for(path: Path) -> set[str]:
    """Metrics that a file asks for: classes in `isinstance`, and words that are compared with a `name`."""
    tree = ast.parse(path.read_text("utf-8"))
    kinds = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and re.match(r"poseval\.metrics\.(?!base$)", node.module or "")
        for alias in node.names
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            found |= {name.id for name in ast.walk(node.args[1]) if isinstance(name, ast.Name)} & kinds
        if isinstance(node, ast.Compare):
            sides = list(ast.walk(node))
            if any(isinstance(side, ast.Attribute) and side.attr == "name" for side in sides):
                found |= {str(one.value) for one in sides if isinstance(one, ast.Constant)} & set(
                    metrics.TABLE
                )
    return found


def test_nothing_asks_which_metric_it_has() -> None:
    """What depends on a metric is an attribute or a method of it, so that other packages' work everywhere."""
    asking = {
        name_of(path): asked
        for path in FILES
        if package_of(module_of(path)) not in ASK_METRICS and (asked := metrics_asked_for(path))
    }
    assert asking == EXCEPT


def test_no_circle_between_files() -> None:
    """Deferred imports count, too; a package's own `__init__` may name what lies in it, by text."""
    graph: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        if name_of(path) in UPWARDS:
            continue
        targets = {name for name, _ in imports(path) if name in MODULES and name != module}
        if path.name == "__init__.py":
            targets = {name for name in targets if not name.startswith(f"{module}.")}
        graph[module] = targets
    _walk(graph)


def _walk(graph: dict[str, set[str]]) -> None:
    done: set[str] = set()

    def walk(node: str, trail: tuple[str, ...]) -> None:
        assert node not in trail, " -> ".join((*trail[trail.index(node) :], node))
        if node not in done:
            for target in sorted(graph.get(node, ())):
                walk(target, (*trail, node))
            done.add(node)

    for name in sorted(graph):
        walk(name, ())
