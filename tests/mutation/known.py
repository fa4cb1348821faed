"""Mutants that live, with their reasons: a line of known.tsv is `equivalent` or `survivor`, reason, name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

VERDICTS = ("equivalent", "survivor")  # the first changes nothing that a user can see


@cache
def known() -> dict[str, tuple[str, str]]:
    """Verdict and reason of each mutant in the list.

    Raises:
        ValueError: a line without one of the verdicts, a reason and a name.
    """
    out = {}
    for number, line in enumerate(Path(__file__).with_name("known.tsv").read_text().splitlines(), start=1):
        parts = line.split("\t")
        if len(parts) != 3 or parts[0] not in VERDICTS or not all(parts):
            raise ValueError(f"known.tsv: line {number}: expected equivalent or survivor, reason, name")
        verdict, reason, name = parts
        out[name] = (verdict, reason)
    return out
