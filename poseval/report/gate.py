"""A gate's verdict as text, JUnit XML, GitHub annotation and GitHub job summary.

Every format has one escaping function. The annotation is one, not one per number: a failed gate is one fact.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from poseval.errors import shown
from poseval.report.tables import markdown_table
from poseval.report.text_table import aligned, number

if TYPE_CHECKING:
    from poseval.decisions.gate import Check, Verdict


def _row(check: Check) -> list[str]:
    return [
        shown(check.key),
        number(check.baseline),
        number(check.value),
        number(-check.drop if check.drop else 0.0, "+.4f"),
        number(check.allowed),
        "" if math.isnan(check.p) else number(check.p),
        f"{'pass' if check.passed else 'FAIL'}: {check.why}",
    ]


HEADER = ["", "baseline", "this run", "change", "allowed", "p", ""]


def to_text(verdict: Verdict) -> str:
    """A table of all checks and the verdict. A change below zero is for the worse."""
    lines = aligned([HEADER, *map(_row, verdict.checks)], left=(0, -1))
    return "\n".join([*lines, "", sentence(verdict)]) + "\n"


def sentence(verdict: Verdict) -> str:
    """The verdict in one sentence."""
    failed = [check for check in verdict.checks if not check.passed]
    kind = "significant gate" if verdict.significant else "exact gate"
    if not failed:
        return f"gate passed: {len(verdict.checks)} number(s) checked ({kind})"
    worst = ", ".join(
        f"{shown(check.key)} {number(check.baseline)} -> {number(check.value)}" for check in failed[:3]
    )
    more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
    return f"gate failed: {len(failed)} of {len(verdict.checks)} number(s) got worse ({kind}): {worst}{more}"


def to_junit(verdict: Verdict) -> str:
    """JUnit XML: one test case per number."""
    failures = sum(not check.passed for check in verdict.checks)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="poseval gate" tests="{len(verdict.checks)}" failures="{failures}" errors="0">',
    ]
    for check in verdict.checks:
        head = f"  <testcase classname={quoteattr('poseval.gate')} name={quoteattr(shown(check.key))}"
        if check.passed:
            lines.append(head + "/>")
            continue
        text = f"{number(check.baseline)} -> {number(check.value)}: {shown(check.why, 1000)}"
        lines += [
            head + ">",
            f"    <failure message={quoteattr(text)}>{escape(text)}</failure>",
            "  </testcase>",
        ]
    return "\n".join([*lines, "</testsuite>"]) + "\n"


def escape_command(text: str) -> str:
    """The message of a GitHub workflow command: `%` and line breaks percent-encoded."""
    lines = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return shown(lines, 4000)


def to_annotation(verdict: Verdict) -> str:
    """One GitHub workflow command: an error when the gate failed, a notice when it passed."""
    kind = "notice" if verdict.passed else "error"
    return f"::{kind} title=poseval gate::{escape_command(sentence(verdict))}\n"


def to_job_summary(verdict: Verdict) -> str:
    """Markdown for the file that GITHUB_STEP_SUMMARY names."""
    lines = ["### poseval gate: " + ("passed" if verdict.passed else "failed"), ""]
    rows = [["number", *HEADER[1:-1], "verdict"], *map(_row, verdict.checks)]
    lines += markdown_table(rows)
    return "\n".join([*lines, "", f"`{shown(verdict.signature, 4000).replace('`', '')}`"]) + "\n"
