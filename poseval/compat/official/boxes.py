"""Tracked boxes of MOTChallenge by TrackEval itself, which also reads the files.

CLEAR MOT and identities of MOT15 are counted by py-motmetrics, over boxes that TrackEval read.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
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

Data = dict[str, Any]
SEQUENCE = "sequence"
GATE = 0.5
CLEAR = {"MOTA": "MOTA", "MOTP": "MOTP", "precision": "CLR_Pr", "recall": "CLR_Re", "misses": "CLR_FN",
         "false_positives": "CLR_FP", "switches": "IDSW", "MT": "MT", "PT": "PT", "ML": "ML",
         "fragmentations": "Frag"}  # fmt: skip


def boxes(question: Question) -> list[Side]:
    """HOTA, CLEAR MOT and identities of one sequence, or of a folder of them.

    Raises:
        CannotCheck: TrackEval is not installed, or it refuses the files; rules without a program.
    """
    if question.rules == "corrected":
        raise CannotCheck("no program has these rules")
    data = _read(question)
    higher = _evaluated("HOTA", data)
    numbers = {key: float(higher[key].mean()) for key in ("HOTA", "DetA", "AssA", "LocA")}
    if question.rules == "mot15":
        return [Side(trackeval_version(), numbers, ADDITION), _by_motmetrics(data.values())]
    clear = _evaluated("CLEAR", data, THRESHOLD=GATE)
    identity = _evaluated("Identity", data, THRESHOLD=GATE)
    numbers |= {name: float(clear[key]) for name, key in CLEAR.items()}
    numbers["IDF1"] = float(identity["IDF1"])
    return [Side(trackeval_version(), numbers, ADDITION)]


def _read(question: Question) -> dict[str, Data]:
    """The sequences as TrackEval reads and reduces them."""
    try:
        from trackeval.datasets import MotChallenge2DBox
        from trackeval.utils import TrackEvalException
    except ImportError:
        raise CannotCheck(TRACKEVAL_EXTRA) from None
    files = _files(Path(question.truth), Path(question.predictions))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        lengths = {}
        for sequence, paths in files.items():
            copies = [Path(folder, "gt", sequence, "gt", "gt.txt"), Path(folder, "found", "one", "data")]
            copies[1] /= f"{sequence}.txt"
            last = 1
            for path, copy in zip(paths, copies, strict=True):
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(content(path))
                lines = copy.read_text().split()
                last = max([last, *(int(float(line.split(",")[0])) for line in lines)])
            lengths[sequence] = last
        config = {
            "GT_FOLDER": str(Path(folder, "gt")),
            "TRACKERS_FOLDER": str(Path(folder, "found")),
            "BENCHMARK": question.rules.upper().replace("MOT16", "MOT17"),
            "SEQ_INFO": lengths,
            "SKIP_SPLIT_FOL": True,
            "PRINT_CONFIG": False,
        }
        try:
            made = MotChallenge2DBox(config)
            return {
                sequence: made.get_preprocessed_seq_data(made.get_raw_seq_data("one", sequence), "pedestrian")
                for sequence in files
            }
        except TrackEvalException as error:
            raise CannotCheck(f"TrackEval refuses the files: {error}") from None


def _files(truth: Path, predictions: Path) -> dict[str, tuple[Path, Path]]:
    """Ground truth and predictions of each sequence."""
    if truth.is_dir() != predictions.is_dir():
        raise CannotCheck("one side is a folder of sequences, the other a file")
    if not truth.is_dir():
        return {SEQUENCE: (truth, predictions)}
    true = {path.parts[-3]: path for path in sorted(truth.glob("*/gt/gt.txt"))}
    true = true or {path.stem: path for path in sorted(truth.glob("*.txt"))}
    return {name: (path, predictions / f"{name}.txt") for name, path in true.items()}


def _evaluated(metric: str, data: Mapping[str, Data], **config: Any) -> dict[str, Any]:
    from trackeval import metrics

    with contextlib.redirect_stdout(io.StringIO()):
        made = getattr(metrics, metric)({"PRINT_CONFIG": False, **config})
        parts = {sequence: made.eval_sequence(one) for sequence, one in data.items()}
        found: dict[str, Any] = made.combine_sequences(parts)
    return found


def _by_motmetrics(sequences: Iterable[Data]) -> Side:
    """CLEAR MOT and IDF1 with a memory of matches that has no end."""
    total: dict[str, float] = defaultdict(float)
    matched = objects = hypotheses = 0.0
    for data in sequences:
        frames = [
            Meeting(a.tolist(), b.tolist(), np.where(like >= GATE, 1 - like, np.nan), False)
            for a, b, like in zip(data["gt_ids"], data["tracker_ids"], data["similarity_scores"], strict=True)
        ]
        counts = clear_counts(frames, dummies=False)
        for key, value in counts.items():
            total[key] += value
        one = identity_counts(frames)
        matched, objects, hypotheses = matched + one[0], objects + one[1], hypotheses + one[2]
    numbers = clear_ratios(total, "corrected")
    numbers |= {key: total[key] for key in ("misses", "false_positives", "switches")}
    numbers["IDF1"] = 2 * matched / (objects + hypotheses) if objects else float("nan")
    return Side(motmetrics_version(), dict(numbers), ADDITION)
