"""What the programs that measure a section of a page are asked."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path

from processes import ROOT


def section_options(about: str | None, rounds: int = 7) -> argparse.ArgumentParser:
    """A parser of --folder, --rounds and --write; more may be added to it."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "perf", help="for files and peers")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"of everything (default {rounds})")
    parser.add_argument("--write", type=Path, help="page to write the section into, too")
    return parser


def table_options(about: str | None, rows: Collection[str]) -> argparse.Namespace:
    """The same of a table, and `only`: a text that some of its `rows` have. A part of one is not written."""
    parser = section_options(about)
    parser.add_argument("--only", default="", help="measure and print the rows that have this text")
    options = parser.parse_args()
    if not any(options.only in row for row in rows):
        listed = "\n  ".join(rows)
        parser.error(f"--only: no row has {options.only!r}; there are\n  {listed}")
    if options.write and options.only:
        parser.error("--write is of the whole table")
    return options
