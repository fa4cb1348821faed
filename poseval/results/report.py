"""Report: values, summary, signature, notices, deviations, timings, inputs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poseval.errors import FormatError, UsageError, number_of, shown
from poseval.errors.calls import from_python
from poseval.files.reading import REPORT_BYTES, parse_json
from poseval.poses import Notice
from poseval.results.former_names import current_rules, units_of_former
from poseval.results.layout import Layout
from poseval.results.renderers import drawn, rendered
from poseval.results.result import json_value
from poseval.results.signature import Signature
from poseval.results.typed import made, numbers, texts, typed
from poseval.results.units import FRACTION, PERCENT, Unit
from poseval.results.values import Direction, Interval, Value, Values

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "poseval.report/2"
READ = ("poseval.report/1", SCHEMA)  # the first has no primary number, and short intervals
OPTIONAL = frozenset({"intervals", "layout", "tables", "timings"})
REQUIRED = frozenset(
    [
        "schema",
        "benchmark",
        "rules",
        "signature",
        "unit",
        "units",
        "summary",
        "primary",
        "better",
        "values",
        "notices",
        "deviations",
        "inputs",
    ]
)


@dataclass(frozen=True)
class Input:
    """One input file."""

    role: str
    path: str
    sha256: str
    records: int


@dataclass(frozen=True, repr=False)
class Report:
    """The result of one scoring run. `summary` maps a key to a fraction; undefined is NaN with a reason.

    `behind` is the evaluation and the people of the run, which `plot` and `worst` draw. It is not written to
    files, pickled or compared.
    """

    benchmark: str
    rules: str
    signature: Signature
    summary: Mapping[str, float]
    values: Values
    notices: tuple[Notice, ...] = ()
    deviations: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    layout: Layout | None = None
    better: Mapping[str, str] = field(default_factory=dict)  # summary key -> "higher" or "lower"
    primary: str = ""  # key of the number that decides
    units: Mapping[str, Unit] = field(default_factory=dict)  # keys and statistics that are no shares
    tables: tuple[Layout, ...] = ()  # of slices and joints, behind the main table
    behind: Any = field(default=None, compare=False)

    def __repr__(self) -> str:
        value = self.summary.get(self.primary, math.nan)
        first = f"{self.primary} {value:.4g}, " if self.primary else ""
        return f"Report({self.benchmark}, {first}{number_of(len(self.summary), 'number')})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "behind": None}

    def _repr_html_(self) -> str:
        """What a notebook shows: the summary, the notices and the signature."""
        return rendered("report html", self)

    @from_python
    def plot(self, name: str = "precision_recall") -> Any:
        """One figure of the run as a matplotlib `Figure` without a window; `poseval.plot` gives all of them.

        Raises:
            UsageError: P102 the run has no figure of this name, P863 a report that was read from a file.
        """
        return drawn("report plot", self.behind, name=name)

    @from_python
    def worst(self, count: int = 5, images: str | os.PathLike[str] | None = None) -> Any:
        """Drawings of the frames with the most errors, worst first, to be shown in a notebook.

        `images` is the folder of the images to draw on.

        Raises:
            UsageError: P106 no frame has an error, P114 no such folder, P863 a report that was read.
        """
        if not isinstance(count, int) or count < 1:
            what = f"is {shown(repr(count), 40)}"
            raise UsageError("P103", where="count", what=what, wanted="a number from 1")
        folder = None if images is None else Path(os.fspath(images))
        return drawn("report worst", self.behind, count=count, images=folder)

    @from_python
    def log_to(
        self, *trackers: Any, step: int | None = None, prefix: str = "poseval", pages: bool = True
    ) -> None:
        """Log the report to experiment trackers.

        ::

            report.log_to(mlflow)
            report.log_to(wandb.run, writer, step=epoch, pages=False)

        A tracker is `mlflow` or one of its runs, `wandb` or one of its runs, a `SummaryWriter` of
        TensorBoard, an `aim.Run`, or a logger of Lightning. Numbers of the summary become scalars
        `prefix/key`, as fractions; undefined ones are left out. With `pages` the page of the report and its
        figures become artefacts. The signature is kept, too.

        Raises:
            UsageError: P101 another object, P863 pages of a report that was read from a file.
        """
        drawn("report log", self, trackers=trackers, step=step, prefix=prefix, pages=pages)

    def unit_of(self, name: str) -> Unit:
        """The unit of a number of the summary, or of a statistic of the values."""
        return self.units.get(name, Unit.SHARE)

    def interval(self, key: str) -> Interval | None:
        """The interval of a summary number; None where there is none."""
        found = self.intervals.get(key)
        return found if found is not None and found.given else None

    def why(self, key: str) -> str:
        """The reason why a summary number is undefined; empty if it is defined or the reason is not known."""
        last = key.rpartition("/")[2]
        for row in self.values:
            if row.why and math.isnan(row.value):
                names = {row.statistic, f"{row.statistic}_{row.slice}", row.joint}
                if last in names and (last != row.joint or row.statistic in key):
                    return row.why
        return ""

    def to_dict(self, timings: bool = True) -> dict[str, Any]:
        """Plain JSON values in schema `poseval.report/2` (docs/report.md); undefined is None."""
        out: dict[str, Any] = {
            "schema": SCHEMA,
            "benchmark": self.benchmark,
            "rules": self.rules,
            "signature": str(self.signature),
            "unit": FRACTION,
            "units": {name: unit.value for name, unit in self.units.items()},
            "summary": {key: json_value(value) for key, value in self.summary.items()},
        }
        out["primary"] = self.primary
        if self.intervals:
            out["intervals"] = {
                key: {name: json_value(v) for name, v in asdict(interval).items()}
                for key, interval in self.intervals.items()
            }
        out["better"] = dict(self.better)
        out["values"] = [_row(value) for value in self.values]
        out["notices"] = [{"code": n.code, "text": n.text, "count": n.count} for n in self.notices]
        out["deviations"] = list(self.deviations)
        if self.layout is not None:
            out["layout"] = asdict(self.layout)
        if self.tables:
            out["tables"] = [asdict(table) for table in self.tables]
        if timings:
            out["timings"] = dict(self.timings)
        out["inputs"] = [asdict(item) for item in self.inputs]
        return out

    def to_json(self, timings: bool = True) -> str:
        """The report as JSON text. Without timings, equal input gives equal text."""
        return json.dumps(self.to_dict(timings), indent=1, allow_nan=False, ensure_ascii=False)

    @staticmethod
    def from_json(text: str | bytes, where: str = "report") -> Report:
        """The report that `to_json` wrote.

        Raises:
            FormatError: P230 when the text is not such a report.
            LimitError: P501, P502 when it is larger or deeper than any report.
        """
        try:
            node = parse_json(text, where, REPORT_BYTES)
        except ValueError as error:
            raise _no_report(where, error) from error
        return Report.from_dict(node, where)

    @staticmethod
    def from_dict(node: Any, where: str = "report") -> Report:
        """The report from the values of `to_dict`.

        Raises:
            FormatError: P230 when the values are not those of a report.
        """
        if not isinstance(node, dict) or node.get("schema") not in READ:
            raise FormatError("P230", where=where, what="is not a report", wanted=f'"schema": "{SCHEMA}"')
        try:
            whole = node["schema"] == SCHEMA
            if whole:
                _require_keys(node)
            layout = node.get("layout")
            better = dict(node.get("better", {}))
            if not set(better.values()) <= {direction.value for direction in Direction}:
                raise ValueError("better is neither higher nor lower")
            return Report(
                benchmark=typed((str,), "benchmark", node["benchmark"]),
                rules=current_rules(typed((str,), "rules", node["rules"])),
                signature=Signature.parse(node["signature"]),
                summary=numbers(node["summary"], "summary"),
                values=Values(made(Value, row, whole=whole) for row in node["values"]),
                notices=tuple(made(Notice, notice) for notice in node["notices"]),
                deviations=texts(node["deviations"], "deviations"),
                timings=numbers(node.get("timings", {}), "timings"),
                inputs=tuple(made(Input, item) for item in node["inputs"]),
                intervals={
                    key: made(Interval, item, whole=whole) for key, item in node.get("intervals", {}).items()
                },
                better=better,
                primary=typed((str,), "primary", node.get("primary", "")),
                layout=None if layout is None else _layout(layout),
                units=_units(node),
                tables=tuple(_layout(table) for table in node.get("tables", ())),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, UsageError) as error:
            raise _no_report(where, error) from error

    def to_text(self, color: bool = False, unit: str = PERCENT, digits: int | None = None) -> str:
        """The table that papers of this benchmark print, with notices below.

        `unit` is "percent" or "fraction": how fractions such as AP are shown. `digits` are the decimals of
        percentages, by default those of the benchmark's papers.
        """
        return rendered("report text", self, color=color, unit=unit, digits=digits)

    def to_csv(self) -> str:
        """CSV with a header and one row per value, as fractions; cells are safe against formula injection."""
        return rendered("report csv", self)

    def to_markdown(self, unit: str = PERCENT, digits: int | None = None) -> str:
        """The summary table as Markdown."""
        return rendered("report markdown", self, unit=unit, digits=digits)

    def to_latex(self, unit: str = PERCENT, digits: int | None = None) -> str:
        """The tables as LaTeX with booktabs, with the columns of papers and one line for the model."""
        return rendered("report latex", self, unit=unit, digits=digits)

    def to_pandas(self) -> pd.DataFrame:
        """All values as a long table with the columns of `Value`."""
        import pandas as pd

        return pd.DataFrame([row._asdict() for row in self.values], columns=list(Value._fields))


def _require_keys(node: Mapping[str, Any]) -> None:
    """Refuse a report that lacks a part, has one more, or holds other than fractions.

    Raises:
        ValueError.
    """
    lacking, more = sorted(REQUIRED - node.keys()), sorted(node.keys() - REQUIRED - OPTIONAL)
    if lacking or more:
        raise ValueError(f"it lacks {shown(lacking[0])}" if lacking else f"{shown(more[0])} is no part of it")
    if node["unit"] != FRACTION:
        raise ValueError(f"unit is {shown(node['unit'], 20)}, and reports hold fractions")


def _row(value: Value) -> dict[str, Any]:
    row = value._asdict()
    row["value"] = json_value(value.value)
    row["threshold"] = json_value(value.threshold)
    row["n"] = int(value.n)
    return row


def _layout(node: Mapping[str, Any]) -> Layout:
    return Layout(
        texts(node["header"], "header"),
        tuple((typed((str,), "row", label), texts(keys, "row")) for label, keys in node["rows"]),
        typed((int,), "digits", node["digits"]),
        typed((str,), "title", node.get("title", "")),
    )


def _units(node: Mapping[str, Any]) -> dict[str, Unit]:
    """What numbers are measured in; earlier reports do not say."""
    if "units" not in node:
        return {name: Unit(unit) for name, unit in units_of_former(node["summary"]).items()}
    return {str(name): Unit(unit) for name, unit in node["units"].items()}


def _no_report(where: str, error: Exception) -> FormatError:
    what = f"is not a report ({type(error).__name__}: {shown(error)})"
    return FormatError("P230", where=where, what=what, wanted=SCHEMA)
