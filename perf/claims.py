"""What the statistics hold of what they promise: coverage, false alarms and power, by simulation.

    python perf/claims.py --write docs/statistics.md [--sets 1000] [--only coverage]

Draws data sets from `populations.py`, asks the package for intervals (`interval_coverage.py`), comparisons
and gates (`alarms.py`), and counts. Standard errors are those of the simulation. What each data set gave is
kept in the folder that the environment names as KEEP, so that more of them can be added.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("POSEVAL_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from alarms import comparisons, gates, looks, smallest, states, training
from interval_coverage import clusters, coverage, medians
from sections import write_section
from times import times

TABLES: dict[str, Callable[[int], Iterator[str]]] = {
    "times": times,
    "medians": medians,
    "coverage": coverage,
    "clusters": clusters,
    "gates": gates,
    "comparisons": comparisons,
    "smallest": smallest,
    "training": training,
    "looks": looks,
    "states": states,
}


def main() -> None:
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", type=int, default=1000, help="data sets of each row")
    parser.add_argument("--only", choices=TABLES, action="append", help="one table; repeatable")
    parser.add_argument("--write", type=Path, help="page whose sections are replaced")
    asked = parser.parse_args()
    for name in asked.only or TABLES:
        started = time.perf_counter()
        text = ""
        for part in TABLES[name](asked.sets):  # what is there is written, as simulations take long
            text += f"{part}\n\n"
            print(part, flush=True)
            if asked.write is not None:
                write_section(asked.write, name, text.rstrip("\n"))
        print(f"\n{name}: {time.perf_counter() - started:.0f} s, {asked.sets} sets", flush=True)


if __name__ == "__main__":
    main()
