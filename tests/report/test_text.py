"""The text table stays readable when intervals make it wide."""

from __future__ import annotations

from poseval.report.interval_notes import notes
from poseval.report.text import WIDE, blocks, render, style_of, table_cells
from poseval.results.layout import Layout
from poseval.results.values import Interval
from tests.results.test_report import report

NUMBERS = ("AP", "AP50", "AP75", "AP_M", "AP_L", "AR", "AR50", "AR75")
JOINTS = ("nose", "left_eye", "right_eye")


def test_narrow_tables_stay_as_they_are() -> None:
    rows = [["", "AP", "AR"], ["all", "1.0", "2.0"], ["nose", "1.0", ""]]
    assert blocks(rows) == [rows]


def test_what_one_row_alone_has_gets_a_line_per_number() -> None:
    wide = "x" * 40
    rows = [["", "AP", "AR", "OKS"], ["all", wide, wide, ""], ["nose", wide, "", wide]]
    assert blocks(rows) == [
        [["", "all"], ["AP", wide], ["AR", wide]],
        [["", "AP", "OKS"], ["all", wide, ""], ["nose", wide, wide]],
    ]


def test_tables_with_more_columns_than_rows_are_turned() -> None:
    wide = "x" * 30
    rows = [["", "a", "b", "c", "d", "e"], ["one", *[wide] * 5], ["two", *[wide] * 5]]
    assert blocks(rows) == [[["", "one", "two"], *([name, wide, wide] for name in "abcde")]]


def test_per_joint_report_with_intervals_fits_a_terminal() -> None:
    summary = dict.fromkeys([*NUMBERS, *(f"AP/{joint}" for joint in JOINTS)], 0.5)
    rows = [("all joints", NUMBERS)]
    rows += [(joint, (f"AP/{joint}", *[""] * (len(NUMBERS) - 1))) for joint in JOINTS]
    made = report(
        summary=summary,
        intervals={key: Interval(0.4, 0.6) for key in summary},
        layout=Layout(NUMBERS, tuple(rows)),
    )
    text = render(made)
    table = text[: text.index("notice")]
    assert (
        max(map(len, table.splitlines()))
        <= WIDE
        < max(len("  ".join(row)) for row in table_cells(made, style_of(made)))
    )
    assert table.count("50.0 [40.0, 60.0]") == len(summary) + 1  # the AP of all joints stands in both


def test_the_effective_number_of_units_is_called_so() -> None:
    interval = Interval(0.4, 0.6, effective=3.96, groups=4, units=4)
    made = report(summary={"AP": 0.5}, intervals={"AP": interval}, primary="AP")
    assert "AP: effective number of units 4.0 of 4" in notes(made)
