"""A gate's verdict as text, JUnit XML, GitHub annotation and GitHub job summary.

Every format has one escaping function. The annotation is one, not one per number: a failed gate is one fact.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from poseval.errors import number_of, shown
from poseval.report.tables import markdown_table
from poseval.report.text_table import aligned, number

if TYPE_CHECKING:
    from poseval.decisions.verdict import Check, Verdict

NAMED = 3  # checks that a sentence names


def _name(check: Check) -> str:
    return shown(check.key) if check.against == "baseline" else f"{shown(check.key)} (to {check.against})"


def _change(drop: float) -> str:
    return number(-drop if drop else 0.0, "+.4f")


def _cells(verdict: Verdict) -> list[list[str]]:
    """Header and rows: guarded checks first. A change below zero is for the worse."""
    bounds = ["at least", "at most", "p", "adjusted"] if verdict.significant else []
    header = ["", "baseline", "this run", "change", "allowed", *bounds, ""]
    rows = []
    for check in sorted(verdict.checks, key=lambda check: not check.guarded):
        found = [check.baseline, check.value]
        row = [_name(check), *map(number, found), _change(check.drop), number(check.allowed)]
        if verdict.significant:
            ends = [_change(check.upper), _change(check.lower)]
            row += [*ends, *("" if math.isnan(p) else number(p) for p in (check.p, check.p_adjusted))]
        state = check.state.value if check.passed else "FAILS"
        rows.append([*row, f"{state}: {shown(check.why)}" if check.why else state])
    return [header, *rows]


def to_text(verdict: Verdict) -> str:
    """A table of all checks, the verdict, and what the gate could have found."""
    lines = [*aligned(_cells(verdict), left=(0, -1)), "", *_power(verdict), basis(verdict)]
    return "\n".join([*lines, sentence(verdict)]) + "\n"


def sentence(verdict: Verdict) -> str:
    """The verdict in one sentence."""
    untested = tuple(check for check in verdict.guarded if check.state.value == "not tested")
    return _outcome(verdict, len(verdict.guarded) - len(untested)) + _untested(untested)


def _outcome(verdict: Verdict, count: int) -> str:
    checks = number_of(count, "check")
    if verdict.accepted:
        return f"gate passed: accepted by hand ({shown(verdict.accepted)})"
    if verdict.failed:
        return f"gate failed: {len(verdict.failed)} of {checks}: {_listed(verdict, verdict.failed)}"
    unsure = tuple(check for check in verdict.guarded if check.state.value == "not shown")
    if unsure:
        return f"gate passed, but not shown to keep up: {_listed(verdict, unsure)}"
    return f"gate passed: {checks} {'shown to keep up' if verdict.significant else 'within bounds'}"


def _untested(checks: tuple[Check, ...]) -> str:
    """What the baseline does not define, so that it cannot have been kept."""
    if not checks:
        return ""
    more = f" and {len(checks) - NAMED} more" if len(checks) > NAMED else ""
    return f"; not tested: {', '.join(map(_name, checks[:NAMED]))}{more} ({checks[0].why})"


def _listed(verdict: Verdict, checks: tuple[Check, ...]) -> str:
    parts = []
    for check in checks[:NAMED]:
        text = f"{_name(check)} {number(check.baseline)} -> {number(check.value)}"
        if check.state.value == "not shown" and not math.isnan(check.upper):
            text += f", the drop may be up to {number(check.upper)}"
        parts.append(f"{text} ({shown(check.why)})" if check.why else text)
    more = f" and {len(checks) - NAMED} more" if len(checks) > NAMED else ""
    return "; ".join(parts) + more


def _power(verdict: Verdict) -> list[str]:
    """What the gate finds with 80 % power, and how many units the allowed drop needs."""
    lines = []
    for check in verdict.guarded:
        if math.isnan(check.smallest):
            continue
        enough = "no number of units finds" if math.isinf(check.needed) else f"{check.needed:,.0f} units find"
        lines.append(
            f"{_name(check)}: drops of {number(check.smallest)} or more are found with 80 % power; "
            f"{enough} {number(2 * check.allowed)}, twice what is allowed"
        )
        parts = f"standard error {number(check.error_units)} from units"
        training = "between-training variance not measured"
        if not math.isnan(check.error_training):
            training = f"{number(check.error_training)} from training"
        lines.append(f"{_name(check)}: {parts}, {training}")
    return lines


def basis(verdict: Verdict) -> str:
    """What the verdict stands on."""
    units = f"{number_of(verdict.units, 'unit')} ({shown(verdict.cluster)})"
    if not verdict.significant:
        return f"exact gate, {units}"
    text = f"significant gate, alpha {verdict.alpha:.3g}, {units}"
    if verdict.look:
        text += f", look {verdict.look} at this anchor"
    if verdict.rounds:
        return f"{text}, max-T over {verdict.rounds:,} sign flips from seed {verdict.seed}"
    return f"{text}, {verdict.method}"


def to_junit(verdict: Verdict) -> str:
    """JUnit XML: one test case per guarded check."""
    failed = set() if verdict.accepted else {id(check) for check in verdict.failed}
    count = len(verdict.guarded)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="poseval gate" tests="{count}" failures="{len(failed)}" errors="0">',
    ]
    for check in verdict.guarded:
        head = f"  <testcase classname={quoteattr('poseval.gate')} name={quoteattr(_name(check))}"
        if id(check) not in failed:
            lines.append(head + "/>")
            continue
        text = f"{check.state.value}: {_listed(verdict, (check,))}"
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
    header, *rows = _cells(verdict)
    lines += markdown_table([["number", *header[1:-1], "verdict"], *rows])
    lines += ["", basis(verdict), *_power(verdict)]
    return "\n".join([*lines, "", f"`{shown(verdict.signature, 4000).replace('`', '')}`"]) + "\n"
