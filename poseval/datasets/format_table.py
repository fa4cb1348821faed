"""docs/formats.md, generated from what the formats declare.

python -m poseval.datasets.format_table > docs/formats.md
"""

from __future__ import annotations

import sys

from poseval import datasets
from poseval.datasets.base import Role
from poseval.datasets.holding import FACTS

HEAD = """# Formats

Generated from the code by `python -m poseval.datasets.format_table`; a test fails when it is not current.

`poseval convert SOURCE TARGET --to FORMAT` goes from any format that is read to any that is written. The
second table says what survives writing and reading: T as truth, P as predictions, TP both. Everything else is
counted as dropped when a file is written.
"""


def render() -> str:
    """The page as Markdown."""
    rows = ["| format | what | reads | writes | folder |", "| --- | --- | --- | --- | --- |"]
    held = [f"| format | {' | '.join(FACTS)} |", "| --- |" + " --- |" * len(FACTS)]
    for name in datasets.names():
        one = datasets.get_format(name)
        reads, writes = (
            ", ".join(sorted(r.value for r in roles)) or "-" for roles in (one.reads, one.writes)
        )
        rows.append(f"| {name} | {one.title} | {reads} | {writes} | {'yes' if one.folder else 'no'} |")
        if one.holds:
            cells = [
                "".join(
                    mark
                    for role, mark in ((Role.TRUTH, "T"), (Role.PREDICTIONS, "P"))
                    if role in one.writes and fact in one.holds_as(role)
                )
                for fact in FACTS
            ]
            held.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([HEAD, *rows, "", "## What each format holds", "", *held, ""])


if __name__ == "__main__":
    sys.stdout.write(render())
