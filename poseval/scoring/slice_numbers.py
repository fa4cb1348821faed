"""Numbers computed over the groups of a slice: means over severities, gaps between groups, and tables.

Sources: Michaelis et al. 2019, Benchmarking Robustness in Object Detection (mPC and rPC).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from poseval.results.layout import Layout
from poseval.results.values import ERROR, Direction, Number, Summary, Value
from poseval.scoring.slice_tables import CLEAN, SEVERITY

GAP, MEAN, RELATIVE = "gap", "mPC", "rPC"
DERIVED = "slices"  # in place of a metric, in rows of what groups give together
CORRUPTED = re.compile(rf"(?:(?P<kind>.*) )?{SEVERITY} \d+")
LIST_DIGITS = 2  # decimals where no benchmark lays out the numbers


@dataclass(frozen=True)
class Family:
    """One number of each group of a slice: `keys` by group; `{}` in `pattern` stands for the slice's name."""

    label: str
    pattern: str
    keys: Mapping[str, str]

    def key(self, name: str) -> str:
        """The key of a number over all groups: `size:gap/AP`."""
        return self.pattern.replace("{}", f"{self.label}:{name}", 1)

    @property
    def whole(self) -> str:
        """The key of the same number of the whole set."""
        return self.pattern.replace("{}/", "", 1)


def families(summary: Summary, slices: Sequence[str]) -> list[Family]:
    """The numbers of a summary that belong together, of the slices by name: `size=small`."""
    named = [name for name in slices if "=" in name]
    found: dict[tuple[str, str], dict[str, str]] = {}
    for key, number in summary.items():
        inside = [name for name in named if number.slice == name or number.slice.startswith(f"{name}/")]
        if inside and max(inside, key=len) in key:
            name = max(inside, key=len)
            label, _, group = name.partition("=")
            found.setdefault((label, key.replace(name, "{}", 1)), {})[group] = key
    return [Family(label, pattern, keys) for (label, pattern), keys in found.items()]


def with_corruption(summary: Summary, slices: Sequence[str]) -> Summary:
    """A summary with mPC and rPC of every slice whose groups are severities.

    mPC is the mean over kinds of corruption of the mean over severities; rPC is mPC over the clean number.
    """
    if not any(SEVERITY in name for name in slices):
        return summary
    out = dict(summary)
    for family in families(summary, slices):
        kinds: dict[str, list[Number]] = {}
        for group, key in family.keys.items():
            named = CORRUPTED.fullmatch(group)
            if named:
                kinds.setdefault(named["kind"] or "", []).append(summary[key])
        if not kinds or len(family.keys) - (CLEAN in family.keys) != sum(map(len, kinds.values())):
            continue
        every = [number for numbers in kinds.values() for number in numbers]
        means = [math.fsum(number.value for number in one) / len(one) for one in kinds.values()]
        mean = math.fsum(means) / len(means)
        like = every[0]._replace(value=mean, slice=f"{family.label}:{MEAN}", n=sum(n.n for n in every))
        out[family.key(MEAN)] = like
        if CLEAN in family.keys:
            clean = summary[family.keys[CLEAN]].value
            relative = mean / clean if clean else math.nan
            name = f"{family.label}:{RELATIVE}"
            out[family.key(RELATIVE)] = like._replace(value=relative, slice=name, bounds=ERROR)
    return out


@dataclass(frozen=True)
class Gap:
    """The largest minus the smallest of a number over the groups of a slice, whose `keys` define it."""

    key: str
    keys: tuple[str, ...]
    number: Number


def gaps_of(summary: Summary, slices: Sequence[str]) -> Iterator[Gap]:
    """The gap of every number that two groups or more define."""
    for family in families(summary, slices):
        known = {key: summary[key] for key in family.keys.values() if not math.isnan(summary[key].value)}
        if len(known) < 2:
            continue
        values = [number.value for number in known.values()]
        like = next(iter(known.values()))
        number = like._replace(
            value=max(values) - min(values),
            better=Direction.LOWER,
            slice=f"{family.label}:{GAP}",
            n=sum(number.n for number in known.values()),
        )
        yield Gap(family.key(GAP), tuple(known), number)


def rows_of(summary: Summary) -> Iterator[Value]:
    """Numbers over groups, as rows; they belong to no single metric."""
    for number in summary.values():
        why = "a group does not define it" if math.isnan(number.value) else ""
        row = Value(DERIVED, number.statistic, number.joint, number.slice, n=number.n, why=why)
        yield row._replace(value=number.value)


def tables_of(summary: Summary, layout: Layout | None, slices: Sequence[str]) -> tuple[Layout, ...]:
    """A table for each slice and row of the layout, and one of joints that the layout does not show."""
    digits = LIST_DIGITS if layout is None else layout.digits
    shown = set() if layout is None else {key for _, keys in layout.rows for key in keys}
    found = families(summary, slices)
    rows = [("", ())] if layout is None else list(layout.rows)
    out = []
    for label in dict.fromkeys(family.label for family in found):
        mine = [family for family in found if family.label == label]
        for title, keys in rows:
            header = {} if layout is None else dict(zip(keys, layout.header, strict=True))
            columns = _in_order(mine, keys) if layout else _whole(mine, summary)
            # Rows that are mostly blank are of single joints, which slices do not repeat.
            if columns and (len(rows) == 1 or 2 * len(columns) > len(keys)):
                names = [header.get(family.whole, family.whole) for family in columns]
                name = f"{label}, {title}" if title and len(rows) > 1 else label
                out.append(Layout(tuple(names), _group_rows(columns, summary), digits, name))
    joints = {key: number for key, number in summary.items() if number.joint and not number.slice}
    return (*out, *_joint_table({k: n for k, n in joints.items() if k not in shown}, digits))


def _in_order(families: Sequence[Family], keys: Sequence[str]) -> list[Family]:
    """Families of the whole numbers `keys`, in their order."""
    by_whole = {family.whole: family for family in families}
    return [by_whole[key] for key in keys if key in by_whole]


def _whole(families: Sequence[Family], summary: Summary) -> list[Family]:
    return [one for one in families if not summary[next(iter(one.keys.values()))].joint]


def _group_rows(columns: Sequence[Family], summary: Summary) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Rows of groups, each with how many items its first number is of, and of what they give together."""
    groups = dict.fromkeys(group for family in columns for group in family.keys)
    rows = []
    for group in groups:
        keys = tuple(family.keys.get(group, "") for family in columns)
        count = summary[next(filter(None, keys))].n
        rows.append((f"{group} (n = {count:,})", keys))
    for name in (MEAN, RELATIVE, GAP):
        keys = tuple(key if (key := family.key(name)) in summary else "" for family in columns)
        if any(keys):
            rows.append((name, keys))
    return tuple(rows)


def _joint_table(joints: Summary, digits: int) -> Iterator[Layout]:
    columns: dict[str, dict[str, str]] = {}
    for key, number in joints.items():
        if key.endswith(f"/{number.joint}"):
            columns.setdefault(key.removesuffix(f"/{number.joint}"), {})[number.joint] = key
    names = dict.fromkeys(joint for column in columns.values() for joint in column)
    rows = tuple((name, tuple(column.get(name, "") for column in columns.values())) for name in names)
    if rows:
        yield Layout(tuple(columns), rows, digits, "joint")
