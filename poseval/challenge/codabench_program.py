"""What Codabench's scoring program does: one submission, its scores, and the page that its sender sees.

The log is shown to the participant. It holds what `poseval challenge check` prints, and no reason that
could say something of the ground truth.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from poseval.challenge.codabench import column_keys
from poseval.challenge.description import read_description
from poseval.challenge.judge import open_judge

NOT_READY = "The challenge is not set up correctly; ask its organisers.\n"


def score(given: Path, out: Path) -> int:
    """Score `given/res` by `given/ref` into `out`; without scores.json Codabench calls a submission failed.

    Returns the exit status: 0 with a verdict, 1 where the challenge itself is wrong.
    """
    try:
        description = read_description(given / "ref", whole=False)
        judge = open_judge(description)
    except Exception:  # whatever it is, its text may hold ground truth
        sys.stdout.write(NOT_READY)
        return 1
    verdict = judge.judge(given / "res")
    out.mkdir(parents=True, exist_ok=True)
    (out / "detailed_results.html").write_text(verdict.page, "utf-8")
    sys.stdout.write(f"{verdict.status}\n{verdict.message}")
    if verdict.scored:
        keys = column_keys(description.columns)
        scores = {keys[name]: value for name, value in verdict.numbers.items()}
        (out / "scores.json").write_text(json.dumps(scores, allow_nan=False), "utf-8")
    return 0
