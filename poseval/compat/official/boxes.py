"""Tracked boxes of MOTChallenge by TrackEval itself, which also reads the files.

CLEAR MOT and identities of MOT15 are counted by py-motmetrics, over boxes that TrackEval read.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from poseval.compat.official.base import ADDITION, CannotCheck, Question, Side, content
from poseval.compat.official.posetrack import clear_ratios
from poseval.compat.official.tracking import (
    TRACKEVAL_EXTRA,
    Meeting,
    clear_counts,
    identity_counts,
    motmetrics_version,
    trackeval_version,
)

SEQUENCE = "sequence"
GATE = 0.5
CLEAR = {"MOTA": "MOTA", "MOTP": "MOTP", "precision": "CLR_Pr", "recall": "CLR_Re", "misses": "CLR_FN",
         "false_positives": "CLR_FP", "switches": "IDSW", "MT": "MT", "PT": "PT", "ML": "ML",
         "fragmentations": "Frag"}  # fmt: skip


def boxes(question: Question) -> list[Side]:
    """HOTA, CLEAR MOT and identities of one sequence.

    Raises:
        CannotCheck: TrackEval is not installed, or it refuses the files; rules without a program.
    """
    if question.rules == "corrected":
        raise CannotCheck("no program has these rules")
    data = _read(question)
    higher = _evaluated("HOTA", data)
    numbers = {key: float(higher[key].mean()) for key in ("HOTA", "DetA", "AssA", "LocA")}
    if question.rules == "mot15":
        return [Side(trackeval_version(), numbers, ADDITION), _by_motmetrics(data)]
    clear = _evaluated("CLEAR", data, THRESHOLD=GATE)
    identity = _evaluated("Identity", data, THRESHOLD=GATE)
    numbers |= {name: float(clear[key]) for name, key in CLEAR.items()}
    numbers["IDF1"] = float(identity["IDF1"])
    return [Side(trackeval_version(), numbers, ADDITION)]


def _read(question: Question) -> dict[str, Any]:
    """The sequence as TrackEval reads and reduces it."""
    try:
        from trackeval.datasets import MotChallenge2DBox
        from trackeval.utils import TrackEvalException
    except ImportError:
        raise CannotCheck(TRACKEVAL_EXTRA) from None
    paths = [Path(question.truth), Path(question.predictions)]
    if any(path.is_dir() for path in paths):
        raise CannotCheck("it reads single sequences")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        copies = [Path(folder, "gt", SEQUENCE, "gt", "gt.txt"), Path(folder, "found", "one", "data")]
        copies[1] /= f"{SEQUENCE}.txt"
        last = 1
        for path, copy in zip(paths, copies, strict=True):
            copy.parent.mkdir(parents=True)
            copy.write_bytes(content(path))
            lines = copy.read_text().split()
            last = max([last, *(int(float(line.split(",")[0])) for line in lines)])
        config = {
            "GT_FOLDER": str(Path(folder, "gt")),
            "TRACKERS_FOLDER": str(Path(folder, "found")),
            "BENCHMARK": question.rules.upper().replace("MOT16", "MOT17"),
            "SEQ_INFO": {SEQUENCE: last},
            "SKIP_SPLIT_FOL": True,
            "PRINT_CONFIG": False,
        }
        try:
            made = MotChallenge2DBox(config)
            raw = made.get_raw_seq_data("one", SEQUENCE)
            data: dict[str, Any] = made.get_preprocessed_seq_data(raw, "pedestrian")
        except TrackEvalException as error:
            raise CannotCheck(f"TrackEval refuses the files: {error}") from None
    return data


def _evaluated(metric: str, data: Mapping[str, Any], **config: Any) -> dict[str, Any]:
    from trackeval import metrics

    with contextlib.redirect_stdout(io.StringIO()):
        made = getattr(metrics, metric)({"PRINT_CONFIG": False, **config})
        found: dict[str, Any] = made.combine_sequences({SEQUENCE: made.eval_sequence(data)})
    return found


def _by_motmetrics(data: Mapping[str, Any]) -> Side:
    """CLEAR MOT and IDF1 with a memory of matches that has no end."""
    frames = [
        Meeting(a.tolist(), b.tolist(), np.where(like >= GATE, 1 - like, np.nan), False)
        for a, b, like in zip(data["gt_ids"], data["tracker_ids"], data["similarity_scores"], strict=True)
    ]
    total = clear_counts(frames, dummies=False)
    matched, objects, hypotheses = identity_counts(frames)
    numbers = clear_ratios(total, "corrected")
    numbers |= {key: total[key] for key in ("misses", "false_positives", "switches")}
    numbers["IDF1"] = 2 * matched / (objects + hypotheses) if objects else float("nan")
    return Side(motmetrics_version(), dict(numbers), ADDITION)
