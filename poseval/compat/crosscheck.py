"""Cross-check: the same files through poseval and through the tool it must agree with.

`CHECKS` names, per metric, a function that runs the other tool. It reads the files by itself, so that a
mistake of our readers shows, too. Another package brings those of its metrics by entry points.
"""

from __future__ import annotations

import os
from types import FunctionType
from typing import TYPE_CHECKING

from poseval.compat.crosschecks.base import Case, Check, Difference
from poseval.errors import UsageError
from poseval.plugins import Registry
from poseval.scoring.score import prepare
from poseval.scoring.task import Asked, Task

if TYPE_CHECKING:
    from typing_extensions import Unpack

# metric -> module:function of type `Check`
CHECKS: dict[str, str] = {
    "oks_ap": "poseval.compat.crosschecks.oks:check",
    "auc": "poseval.compat.crosschecks.errors:check_auc",
    "epe": "poseval.compat.crosschecks.errors:check_epe",
    "nme": "poseval.compat.crosschecks.errors:check_nme",
    "pck": "poseval.compat.crosschecks.pck:check_pck",
    "pcp": "poseval.compat.crosschecks.pck:check_pcp",
    "pdj": "poseval.compat.crosschecks.pck:check_pck",
    "presence": "poseval.compat.crosschecks.pck:check_presence",
    "joint_ap": "poseval.compat.crosschecks.joint_ap:check",
    "clear_mot": "poseval.compat.crosschecks.tracking:check_clear",
    "identity": "poseval.compat.crosschecks.tracking:check_identity",
}
REGISTRY: Registry[Check] = Registry("cross-check", "P145", "poseval.crosschecks", CHECKS, FunctionType)


def crosscheck(
    truth: str | os.PathLike[str],
    predictions: str | os.PathLike[str],
    benchmark: str | None = None,
    *,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> list[Difference]:
    """Score two files with poseval and with the tools it reproduces; one row per number and array.

    Parameters as in `poseval.score`. Part labels are prefixes (`face/AP`), as in summaries.

    Raises:
        UsageError: P145 no metric of the benchmark has a check, or the other tool cannot read the files.
        PosevalError: what scoring raises.
    """
    prepared = prepare(truth, predictions, Task.of(task, benchmark, **asked))
    checked = REGISTRY.names()
    out: list[Difference] = []
    for part in prepared.parts:
        case = Case(
            os.fspath(truth),
            os.fspath(predictions),
            part.aligned.truth,
            part.aligned.predictions,
            part.slices,
        )
        for metric in part.metrics:
            if metric.name in checked:
                rows = REGISTRY.get(metric.name)(metric, metric.tally(part.aligned), case)
                prefix = f"{part.label}/" if part.label else ""
                out.extend(row._replace(name=prefix + row.name) for row in rows)
    if not out:
        raise UsageError(
            "P145",
            where=f"benchmark {prepared.benchmark.name}",
            what="has no metric with a cross-check",
            wanted=f"one of {', '.join(checked)}",
        )
    return out
