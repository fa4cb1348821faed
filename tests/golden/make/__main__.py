"""python -m tests.golden.make [FAMILY ...] [--record]: write the scenes, have the official programs judge."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from tests.golden.make import families
from tests.golden.make.cases import CASES


def main() -> None:
    """Write the files of every case; with --record their expected.json, too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", nargs="*", default=list(families.MADE), help="default: all")
    parser.add_argument("--into", type=Path, default=CASES)
    parser.add_argument("--record", action="store_true", help="run the official programs")
    parser.add_argument("--programs", type=Path, help="folder of the checkouts that README.md lists")
    asked = parser.parse_args()
    for family in asked.family:
        if asked.record:
            shutil.rmtree(asked.into / family, ignore_errors=True)
        for make in families.MADE[family]():
            made = make()
            folder = made.write(asked.into / family)
            if asked.record:
                made.write_expected(asked.into / family, families.judge(family)(made, folder, asked.programs))
            print(f"{family}/{made.name}")


if __name__ == "__main__":
    main()
