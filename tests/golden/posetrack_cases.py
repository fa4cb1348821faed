"""The PoseTrack golden cases: where they lie, and what the official programs said."""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from poseval.scoring.evaluation import Evaluation
from poseval.scoring.score import evaluate
from tests.shared import shared_cases

CASES = {path.parent.name: path.parent for path in shared_cases("golden/posetrack", "*/expected.json")}
ORDER_21 = (
    *("nose", "head_bottom", "head_top", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow"),
    *("left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee"),
    *("left_ankle", "right_ankle"),
)


@functools.cache
def expected(case: str) -> dict[str, Any]:
    """The recorded results of all programs."""
    found: dict[str, Any] = json.loads((CASES[case] / "expected.json").read_text("utf-8"))
    return found


def output(case: str, program: str = "poseval") -> dict[str, Any]:
    """What one program said; empty where it was not run."""
    found: dict[str, Any] = expected(case)["results"].get(program, {}).get("output", {})
    return found


def cases_with(program: str, *keys: str) -> list[str]:
    """Cases where a program gave all these results."""
    return [case for case in CASES if all(key in output(case, program) for key in keys)]


@functools.cache
def evaluation(case: str, rules: str, benchmark: str | None = None) -> Evaluation:
    """Our evaluation of a case."""
    folder = CASES[case]
    return evaluate(folder / "gt", folder / "pred", benchmark, rules=rules, per_joint=True)


def numbers(values: list[float | None]) -> np.ndarray:
    """A recorded list with null as NaN."""
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def case_path(case: str) -> Path:
    """Folder of a case."""
    return CASES[case]
