"""Processor time of comparisons, diagnoses and report pages, of whole processes, beside their limits.

    python perf/decisions.py [--folder FOLDER] [--rounds 3]

Files have the size of val2017. The least of the rounds is shown, as other work only adds to it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from coco_files import files
from processes import run_process

SMALL, LARGE = 6_770, 100_000  # predictions
LIMITS = {  # seconds of processor time
    f"compare two runs of {SMALL:,} predictions": 1.5,
    f"compare two runs of {LARGE:,} predictions": 1.5,
    f"diagnose {SMALL:,} predictions": 0.8,
    f"score --report of {LARGE:,} predictions": 4.0,
}


def shifted(path: Path) -> Path:
    """The same predictions, each joint three pixels to the right: what a second system may have found."""
    out = path.with_name(f"shifted_{path.name}")
    if not out.exists():
        found = json.loads(path.read_text("utf-8"))
        for record in found:
            record["keypoints"][::3] = [x + 3 for x in record["keypoints"][::3]]
        out.write_text(json.dumps(found), "utf-8")
    return out


def made(folder: Path) -> list[list[str]]:
    """The arguments of each measurement, with the files that they read."""
    compared: list[list[str]] = []
    for count in (SMALL, LARGE):
        truth, predictions = files(folder, count, long_floats=count == SMALL)
        saved = []
        for path in (predictions, shifted(predictions)):
            saved.append(str(path.with_suffix(".poseval")))
            run_poseval(["score", str(path), "--gt", str(truth), "-q", "--save", saved[-1]])
        compared.append(["compare", *saved, "-q"])
        if count == SMALL:
            diagnosed = ["diagnose", str(predictions), "--gt", str(truth), "-q"]
    page = ["score", str(predictions), "--gt", str(truth), "-q", "--report", str(folder / "page.html")]
    return [*compared, diagnosed, page]


def run_poseval(arguments: list[str]) -> float:
    """Processor seconds of a command."""
    return run_process([sys.executable, "-m", "poseval", *arguments]).cpu


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        commands = made(options.folder or Path(name))
        for (title, limit), command in zip(LIMITS.items(), commands, strict=True):
            least = min(run_poseval(command) for _ in range(options.rounds))
            print(f"{title}: {least:.2f} s of {limit} s", flush=True)


if __name__ == "__main__":
    main()
