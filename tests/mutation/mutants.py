"""Mutants of a Python module: the same module with one place changed.

Changed are comparisons, arithmetic, logic, numbers, conditions, the order of arguments, and calls such as
`abs` and `min`; sets are emptied, and statements are dropped. Texts, annotations, decorators, what is raised
and `strict=` are left alone: no test should look at them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
}
RENAMED = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "minimum": "maximum",
    "maximum": "minimum",
    "argmin": "argmax",
    "argmax": "argmin",
    "floor": "ceil",
    "ceil": "floor",
    "fmin": "fmax",
    "fmax": "fmin",
}
UNWRAPPED = frozenset(
    {"abs", "min", "max", "minimum", "maximum", "clip", "sqrt", "rint", "floor", "round", "sorted"}
)
# The order of their arguments means nothing, or a checker of types finds the swap.
SYMMETRIC = frozenset(
    {"min", "max", "minimum", "maximum", "array_equal", "distance", "isinstance", "zip", "lcm", "gcd"}
)
NO_MUTANTS = frozenset({"strict", "dtype", "copy", "compare", "repr"})  # keywords


@dataclass(frozen=True)
class Mutant:
    """One change. `lines` are those of the code that runs it; None where that is the import of the module."""

    module: str
    place: str  # function or class that holds it
    before: str
    after: str
    number: int  # among equal changes of the same place
    line: int
    lines: range | None
    path: tuple[tuple[str, int | None], ...]  # from the root of the syntax tree
    node: ast.AST

    @property
    def key(self) -> str:
        """Its name, which outlives changes elsewhere in the file."""
        again = f" #{self.number}" if self.number else ""
        return f"{self.module}:{self.place}: {self.before} -> {self.after}{again}"


def mutants_of(module: str, path: Path) -> list[Mutant]:
    """All mutants of a module, in the order of the file."""
    tree = ast.parse(path.read_text())
    out: list[Mutant] = []
    count: dict[str, int] = {}
    for spot in _walk(tree, Spot()):
        for old, new in _changes(spot.node):
            before, after = _text(old), _text(new)
            name = f"{spot.place}: {before} -> {after}"
            number = count[name] = count.get(name, -1) + 1
            line = getattr(spot.node, "lineno", 0)
            out.append(Mutant(module, spot.place, before, after, number, line, spot.lines, spot.path, new))
    return out


def mutated(mutant: Mutant, path: Path) -> ast.Module:
    """The module's syntax tree with the change."""
    tree = ast.parse(path.read_text())
    *way, (field, index) = mutant.path
    parent: ast.AST = tree
    for name, place in way:
        value = getattr(parent, name)
        parent = value if place is None else value[place]
    if index is None:
        setattr(parent, field, mutant.node)
    else:
        getattr(parent, field)[index] = mutant.node
    return ast.fix_missing_locations(tree)


def without_texts(source: str) -> str:
    """A module's code without what its texts say and without what it raises."""
    return ast.dump(_NoTexts().visit(ast.parse(source)))


class _NoTexts(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Constant:
        return ast.Constant("")

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        return ast.Raise()


@dataclass(frozen=True)
class Spot:
    """A node of the tree, where it stands, and what runs it."""

    node: ast.AST = ast.Module([], [])
    path: tuple[tuple[str, int | None], ...] = ()
    place: str = "module"
    lines: range | None = None

    def child(self, node: ast.AST, field: str, index: int | None) -> Spot:
        """The spot of a node below this one."""
        place, lines = self.place, self.lines
        if isinstance(self.node, (ast.FunctionDef, ast.ClassDef)) and field == "body":
            place = f"{place}.{self.node.name}" if place != "module" else self.node.name
        inside = isinstance(self.node, (ast.FunctionDef, ast.Lambda)) and field == "body"
        if isinstance(node, ast.stmt) and (lines is not None or inside):
            lines = range(node.lineno, _last_line(node) + 1)
        elif inside and isinstance(node, ast.expr):  # a lambda
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        elif isinstance(self.node, ast.ClassDef):
            lines = None
        return Spot(node, (*self.path, (field, index)), place, lines)


def _last_line(node: ast.stmt) -> int:
    """Last line of a statement without the statements inside it."""
    body: list[ast.stmt] = getattr(node, "body", [])
    return max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno


def _walk(node: ast.AST, spot: Spot) -> Iterator[Spot]:
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "keywords", "bases") and not isinstance(
            node, ast.Call
        ):
            continue
        items = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, item in items:
            if not isinstance(item, ast.AST) or isinstance(item, ast.JoinedStr):
                continue
            if isinstance(item, ast.keyword) and item.arg in NO_MUTANTS:
                continue
            below = Spot(node, spot.path, spot.place, spot.lines).child(item, field, index)
            yield below
            if not isinstance(item, ast.Raise):
                yield from _walk(item, below)


def _changes(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """What may stand at the node's place, with what stood there."""
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for other in COMPARED[type(operator)]:
                ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
                yield node, ast.Compare(node.left, ops, node.comparators)
    elif isinstance(node, ast.BinOp) and not (_is_text(node) or _is_type(node)):
        if type(node.op) in SWAPPED and not isinstance(node.left, ast.Constant):
            yield node, ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right)
        yield node, node.right if isinstance(node.left, ast.Constant) else node.left
    elif isinstance(node, ast.UnaryOp):
        yield node, node.operand
    elif isinstance(node, ast.BoolOp):
        other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield node, ast.BoolOp(other_op, node.values)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield node, ast.Constant(not node.value)
        elif isinstance(node.value, int):
            yield node, ast.Constant(node.value + 1)
        elif isinstance(node.value, float):
            yield node, ast.Constant(node.value * 2 or 1.0)
    elif isinstance(node, ast.Set):
        yield node, ast.Call(ast.Name("set", ast.Load()), [], [])
    elif isinstance(node, ast.Call):
        yield from _call_changes(node)
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        test = ast.UnaryOp(ast.Not(), node.test)
        if isinstance(node, ast.IfExp):
            yield node, ast.IfExp(test, node.body, node.orelse)
        else:
            yield node, type(node)(test, node.body, node.orelse)
    elif isinstance(node, ast.comprehension):
        for index, condition in enumerate(node.ifs):
            ifs = [*node.ifs[:index], ast.UnaryOp(ast.Not(), condition), *node.ifs[index + 1 :]]
            yield node, ast.comprehension(node.target, node.iter, ifs, node.is_async)
    elif isinstance(node, ast.stmt) and _can_go(node):
        yield node, ast.copy_location(ast.Pass(), node)


def _is_text(node: ast.BinOp) -> bool:
    """Whether texts are put together."""
    parts = (node.left, node.right)
    return any(
        isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in parts
    )


def _is_type(node: ast.BinOp) -> bool:
    """Whether this is a union of types, such as `int | None` or `str | Sequence[str]`."""
    end = node.right
    known = {"None", "str", "int", "float", "Evaluation", "Report", "Entry", "Baseline", "PoseSet"}
    return isinstance(node.op, ast.BitOr) and (
        (isinstance(end, ast.Constant) and end.value is None)
        or (isinstance(end, ast.Name) and end.id in known)
        or (
            isinstance(end, ast.Subscript)
            and ast.unparse(end.value) in ("Sequence", "Mapping", "os.PathLike")
        )
    )


def _call_changes(node: ast.Call) -> Iterator[tuple[ast.AST, ast.AST]]:
    target = node.func
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    plain = not any(isinstance(arg, ast.Starred) for arg in node.args)
    if name in RENAMED:
        other: ast.expr = ast.Name(RENAMED[name], ast.Load())
        if isinstance(target, ast.Attribute):
            other = ast.Attribute(target.value, RENAMED[name], ast.Load())
        yield node, ast.Call(other, node.args, node.keywords)
    if name in UNWRAPPED and node.args and plain and isinstance(target, ast.Name | ast.Attribute):
        first = node.args[0]
        if len(node.args) > 1 or name not in ("min", "max"):  # not `values.max(0)`, not `max(values)`
            yield node, first
    first_place = 1 if name == "where" and len(node.args) == 3 else 0
    pair = node.args[first_place : first_place + 2]
    if len(pair) == 2 and plain and name not in SYMMETRIC and ast.unparse(pair[0]) != ast.unparse(pair[1]):
        args = [*node.args[:first_place], pair[1], pair[0], *node.args[first_place + 2 :]]
        yield node, ast.Call(target, args, node.keywords)


def _can_go(node: ast.stmt) -> bool:
    """Whether a statement can be dropped: calls, changes in place, steps of loops, and what is raised."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Subscript | ast.Attribute) for target in node.targets)
    return isinstance(node, ast.AugAssign | ast.Continue | ast.Break | ast.Raise)


def _text(node: ast.AST) -> str:
    """Source text on one line; of an `if` or a `while` only the head."""
    if isinstance(node, ast.If | ast.While):
        word = "if" if isinstance(node, ast.If) else "while"
        return f"{word} {ast.unparse(node.test)}"
    return " ".join(ast.unparse(node).split())
