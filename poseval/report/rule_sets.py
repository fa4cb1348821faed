"""Reports of the same files under several rule sets: side by side, and one after another."""

from __future__ import annotations

import json
from collections.abc import Mapping

from poseval.errors import PosevalError, shown
from poseval.report.text import cell, style_of
from poseval.report.text_table import aligned
from poseval.results.report import Report
from poseval.results.units import PERCENT

RuleSetReports = Mapping[str, Report | PosevalError]  # rule_set -> its report, or why it has none

MANY_KEYS = 24  # more numbers than this are shown side by side only in total


def side_by_side(rule_sets: RuleSetReports, unit: str = PERCENT) -> list[list[str]]:
    """Text cells: a row per number, a column per rule set; `refused` where a rule set has no report."""
    reports = {name: report for name, report in rule_sets.items() if isinstance(report, Report)}
    keys = list(dict.fromkeys(key for report in reports.values() for key in report.summary))
    if len(keys) > MANY_KEYS:
        keys = [key for key in keys if "/" not in key]
    rows = [["", *rule_sets]]
    for key in keys:
        line = [shown(key)]
        for rule_set in rule_sets.values():
            if not isinstance(rule_set, Report):
                line.append("refused")
            elif key in rule_set.summary:
                line.append(cell(rule_set, style_of(rule_set, unit), key))
            else:
                line.append("")
        rows.append(line)
    return rows


def render_rule_sets(rule_sets: RuleSetReports, color: bool = False, unit: str = PERCENT) -> str:
    """The side-by-side table, then the report of every rule set, or why it refuses the files."""
    parts = ["\n".join(aligned(side_by_side(rule_sets, unit))) + "\n"]
    for name, report in rule_sets.items():
        if isinstance(report, Report):
            parts.append(report.to_text(color, unit))
        else:
            parts.append(f"The rule set {name} refuses these files:\n{report}\n")
    return "\n".join(parts)


def rule_sets_to_json(rule_sets: RuleSetReports) -> str:
    """A JSON list: every rule set's report, or its name and the errors that refused the files."""
    return json.dumps(
        [
            report.to_dict()
            if isinstance(report, Report)
            else {"rules": name, "errors": [str(fault) for fault in report.faults]}
            for name, report in rule_sets.items()
        ],
        indent=1,
        allow_nan=False,
        ensure_ascii=False,
    )
