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
from poseval.results.units import NumberStyle
from poseval.statistics.noninferiority import State

if TYPE_CHECKING:
    from poseval.decisions.verdict import Check, Verdict

NAMED = 3  # checks that a sentence names


def _name(check: Check) -> str:
    return shown(check.key) if check.against == "baseline" else f"{shown(check.key)} (to {check.against})"


def _style(verdict: Verdict) -> NumberStyle:
    return NumberStyle(verdict.shown_as)


def _cells(verdict: Verdict) -> list[list[str]]:
    """Header and rows: guarded checks first. A change below zero is for the worse."""
    bounds = ["at least", "at most", "p", "adjusted"] if verdict.significant else []
    header = ["", "baseline", "this run", "change", "allowed", *bounds, ""]
    rows, style = [], _style(verdict)
    for check in sorted(verdict.checks, key=lambda check: not check.guarded):
        drop, upper, lower = (
            style.number(-found, check.unit, sign=True) for found in (check.drop, check.upper, check.lower)
        )
        found = [style.number(value, check.unit) for value in (check.baseline, check.value)]
        row = [_name(check), *found, drop, style.number(check.allowed, check.unit)]
        if verdict.significant:
            ends = [upper, lower]
            row += [*ends, *("" if math.isnan(p) else number(p) for p in (check.p, check.p_adjusted))]
        state = check.state.value if check.passed else "FAILS"
        rows.append([*row, f"{state}: {shown(check.why)}" if check.why else state])
    return [header, *rows]


def to_text(verdict: Verdict) -> str:
    """A table of all checks, the verdict, and the smallest drop that the gate could have found."""
    lines = [*aligned(_cells(verdict), left=(0, -1)), "", *_power(verdict), basis(verdict), source(verdict)]
    return "\n".join([*lines, sentence(verdict)]) + "\n"


def sentence(verdict: Verdict) -> str:
    """The verdict in one sentence."""
    untested = sum(check.state is State.NOT_TESTED for check in verdict.guarded)
    return _outcome(verdict, len(verdict.guarded) - untested) + _at_worst(verdict) + _undefined(verdict)


def _outcome(verdict: Verdict, count: int) -> str:
    checks = number_of(count, "check")
    if verdict.accepted:
        return f"gate passed: accepted by hand ({shown(verdict.accepted)})"
    if verdict.failed:
        return f"gate failed: {len(verdict.failed)} of {checks}: {_listed(verdict, verdict.failed)}"
    unsure = tuple(check for check in verdict.guarded if check.state is State.NOT_SHOWN)
    if unsure:
        return f"gate passed, but not shown to keep up: {_listed(verdict, unsure)}"
    return f"gate passed: {checks} {'shown to keep up' if verdict.significant else 'within bounds'}"


def _at_worst(verdict: Verdict) -> str:
    """The numbers that decide, but have nothing to lose."""
    found = [check for check in verdict.guarded if check.passed and check.why and math.isinf(check.loss)]
    return "".join(
        f"; {_name(check)}: {check.why}" for check in found[:NAMED] if check.state is not State.NOT_TESTED
    )


def _undefined(verdict: Verdict) -> str:
    """The numbers that were not tested because the baseline or the run does not define them."""
    found: dict[str, list[str]] = {}
    for check in verdict.checks:
        if check.state is State.NOT_TESTED and check.why:
            found.setdefault(check.why, []).append(_name(check))
    text = ""
    for why, names in found.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        text += f"; not tested: {', '.join(names[:NAMED])}{more} ({why})"
    return text


def _listed(verdict: Verdict, checks: tuple[Check, ...]) -> str:
    parts, style = [], _style(verdict)
    for check in checks[:NAMED]:
        before, now = style.number(check.baseline, check.unit), style.number(check.value, check.unit)
        text = f"{_name(check)} {before} -> {now}, {style.amount(check.allowed, check.unit)} allowed"
        if check.state is State.NOT_SHOWN and not math.isnan(check.upper):
            text += f", the drop may be up to {style.amount(check.upper, check.unit)}"
        parts.append(f"{text} ({shown(check.why)})" if check.why else text)
    more = f" and {len(checks) - NAMED} more" if len(checks) > NAMED else ""
    return "; ".join(parts) + more


def _power(verdict: Verdict) -> list[str]:
    """What the gate finds with 80 % power, and how many units the allowed drop needs."""
    lines, style = [], _style(verdict)
    for check in verdict.guarded:
        if math.isnan(check.smallest):
            continue
        smallest, twice = (style.amount(n, check.unit) for n in (check.smallest, 2 * check.allowed))
        enough = ""
        if check.allowed:
            many = (
                "no number of units finds" if math.isinf(check.needed) else f"{check.needed:,.0f} units find"
            )
            enough = f"; {many} {twice}, twice what is allowed"
        if check.blind:
            units = f"{number_of(verdict.units, 'unit')} ({shown(verdict.cluster)})"
            found = f"{units} are too few to see any drop, even the loss of nearly everything"
        else:
            found = f"drops of {smallest} or more are found with 80 % power"
        lines.append(f"{_name(check)}: {found}{enough}")
        parts = f"standard error {style.amount(check.error_units, check.unit)} from units"
        training = "between-training variance not measured"
        if not math.isnan(check.error_training):
            training = f"{style.amount(check.error_training, check.unit)} from training"
        lines.append(f"{_name(check)}: {parts}, {training}")
    return lines


def basis(verdict: Verdict) -> str:
    """Level, seed, units and clusters behind the verdict."""
    units = f"{number_of(verdict.units, 'unit')} ({shown(verdict.cluster)})"
    caption = _style(verdict).caption(check.unit for check in verdict.checks)
    if not verdict.significant:
        return f"exact gate, {units}, numbers {caption}"
    text = f"significant gate, alpha {verdict.alpha:.3g}, {units}, numbers {caption}"
    if verdict.look:
        text += f", look {verdict.look} at this anchor"
    if verdict.rounds:
        return f"{text}, max-T over {verdict.rounds:,} sign flips from seed {verdict.seed}"
    return f"{text}, {verdict.method}"


def replacement(verdict: Verdict) -> str:
    """Which part of the baseline was replaced; `kept` if none was."""
    if not verdict.replaced:
        return "kept"
    what = "last run and anchor" if verdict.accepted or verdict.best else "last run, the anchor stays"
    style, numbers = _style(verdict), []
    for check in verdict.guarded:
        if check.against == "baseline":
            before, now = (style.number(value, check.unit) for value in (check.baseline, check.value))
            numbers.append(f"{shown(check.key)} {before} -> {now}")
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    return f"replaced ({what}; {', '.join(numbers[:NAMED])}{more})"


def source(verdict: Verdict) -> str:
    """The source of the run's numbers."""
    run = "the run" if verdict.trainings[1] == 1 else "each run"
    if verdict.saved:
        return f"{run} was saved before and is taken as it is; its ground truth and units are the baseline's"
    return f"{run} is of predictions that were scored here"


def to_junit(verdict: Verdict) -> str:
    """JUnit XML: one test case per guarded check."""
    failed = set() if verdict.accepted else {id(check) for check in verdict.failed}
    count = len(verdict.guarded)
    skipped = sum(check.state is State.NOT_TESTED for check in verdict.guarded)
    others = f'errors="0" skipped="{skipped}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="poseval gate" tests="{count}" failures="{len(failed)}" {others}>',
    ]
    for check in verdict.guarded:
        head = f"  <testcase classname={quoteattr('poseval.gate')} name={quoteattr(_name(check))}"
        if check.state is State.NOT_TESTED:
            lines += [head + ">", f"    <skipped message={quoteattr(check.why)}/>", "  </testcase>"]
            continue
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
    lines += ["", basis(verdict), source(verdict), *_power(verdict)]
    return "\n".join([*lines, "", f"`{shown(verdict.signature, 4000).replace('`', '')}`"]) + "\n"
