from __future__ import annotations

import csv
import io
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseval.errors import FormatError
from poseval.poses import Notice
from poseval.report.latex import escape_latex
from poseval.report.tables import escape_csv, escape_markdown
from poseval.results.layout import Layout
from poseval.results.report import Input, Report
from poseval.results.signature import Signature
from poseval.results.values import Interval, Value, Values


def report(**changes: object) -> Report:
    base: dict[str, object] = {
        "benchmark": "toy",
        "rules": "reference",
        "signature": Signature((("metric", "m"), ("gt", "00"))),
        "summary": {"AP": 0.5, "AR": math.nan},
        "values": Values([Value("m", "AP", value=0.5, n=3), Value("m", "AR", why="no labelled person")]),
        "notices": (Notice("N1", "two copies", 2),),
        "deviations": ("by hand",),
        "timings": {"read": 0.1},
        "inputs": (Input("truth", "gt.json", "ff", 3),),
        "intervals": {"AP": Interval(0.4, 0.6)},
        "layout": Layout(("AP", "AR"), (("", ("AP", "AR")),)),
    }
    return Report(**{**base, **changes})  # type: ignore[arg-type]


def test_json_reads_back() -> None:
    made = report()
    again = Report.from_json(made.to_json())
    assert again.to_json() == made.to_json()
    assert again.values == made.values
    assert json.loads(made.to_json())["summary"]["AR"] is None


def test_a_report_of_the_first_version_is_read() -> None:
    old = json.loads(report().to_json())
    old["schema"] = "poseval.report/1"
    del old["primary"]
    fields = ("low", "high", "level", "method")
    old["intervals"] = {key: {f: row[f] for f in fields} for key, row in old["intervals"].items()}
    again = Report.from_dict(old)
    assert again.summary.keys() == report().summary.keys()
    assert again.intervals["AP"].low == 0.4


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "poseval.report/1"}', "[" * 10])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        Report.from_json(text)
    assert caught.value.code == "P230"


def test_text_shows_undefined_with_its_reason() -> None:
    text = report().to_text()
    assert "50.0 [40.0, 60.0]" in text
    assert "n/a: AR: no labelled person" in text
    assert "\x1b" not in text
    assert "\x1b" in report().to_text(color=True)


def test_terminal_escapes_in_names_are_shown_escaped() -> None:
    text = report(notices=(Notice("N1", "name \x1b[2J"),)).to_text()
    assert "\\x1b[2J" in text
    assert "\x1b" not in text


def test_csv_has_every_value_and_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(report().to_csv())))
    assert [row["statistic"] for row in rows] == ["AP", "AR", "AP"]
    assert (rows[2]["metric"], rows[2]["interval_method"]) == ("summary", "percentile")
    assert float(rows[0]["value"]) == 0.5
    assert rows[1]["value"] == ""


@given(st.text())
def test_no_csv_cell_is_a_formula(text: str) -> None:
    cell = escape_csv(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    shown = text.replace("\0", "\\u0000")  # csv in Python 3.10 takes no NUL
    assert cell in (shown, f"'{shown}")


@given(st.text())
def test_no_cell_breaks_a_table(text: str) -> None:
    cell = escape_markdown(text)
    assert "\n" not in cell
    assert "|" not in cell.replace("\\|", "")
    assert "<" not in cell.replace("\\<", "")
    latex = escape_latex(text)
    assert "&" not in latex.replace(r"\&", "")


def test_pandas_has_the_columns_of_a_value() -> None:
    frame = report().to_pandas()
    assert list(frame.columns) == list(Value._fields)
    assert len(frame) == 2
