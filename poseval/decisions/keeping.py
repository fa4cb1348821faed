"""The gate with its files: the baseline, the ledger, and what is written when a run replaces another."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from poseval.decisions.baselines import (
    Baseline,
    digest_of,
    load_baseline,
    load_ledger,
    save_baseline,
    save_ledger,
)
from poseval.decisions.gate import Demands, gate
from poseval.decisions.verdict import Verdict
from poseval.errors import UsageError, shown
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.reading import PathOrPoses
from poseval.scoring.saved_runs import Run, runs_of, saved_in
from poseval.scoring.task import Task
from poseval.statistics.clusters import clustered, clustered_like

Saved = str | os.PathLike[str] | Evaluation


@dataclass(frozen=True)
class Keeping:
    """What a gate writes.

    With `update` a run that is shown to keep up replaces the baseline; with `accept`, the reason of a person,
    any run does. `ledger` is the file that counts gate runs.
    """

    update: bool = False
    accept: str | None = None
    ledger: Path | None = None

    def check(self, one: bool, significant: bool) -> None:
        """Refuse contradictory settings; `one` says that one run is compared with one file.

        Raises:
            UsageError: P169.
        """
        if (self.update or self.accept is not None) and not one:
            what = "can only be replaced if it is one file, and by one run"
            raise UsageError("P169", where="a baseline", what=what, wanted="one run and one baseline file")
        if self.ledger is not None and not significant:
            raise UsageError(
                "P169", where="--ledger", what="has no effect without --significant", wanted="--significant"
            )
        if self.accept is not None and not self.accept.strip():
            raise UsageError(
                "P169", where="accept", what="has no reason", wanted="a sentence that gives the reason"
            )


def hold(
    run: Run | Sequence[Run],
    baseline: Saved | Sequence[Saved],
    truth: PathOrPoses | None,
    task: Task,
    cluster: str | None,
    demands: Demands,
    keeping: Keeping,
) -> Verdict:
    """The verdict of a gate on files; it counts in the ledger and replaces the baseline if asked for.

    Raises:
        UsageError: P169 contradictory settings, P822 a saved run beside ground truth; as `gate`.
        InputError: what is wrong with the files; P231 not a baseline, P232 not a ledger.
    """
    saved = saved_in(run)
    if saved and truth is not None:
        raise scored_before(saved[0])
    path = (
        Path(baseline) if isinstance(baseline, (str, os.PathLike)) and not os.path.isdir(baseline) else None
    )
    if path is not None:
        loaded = load_baseline(path, task.limits)
        before = Baseline(
            clustered(loaded.anchor, cluster, task.limits),
            clustered(loaded.last, cluster, task.limits),
            loaded.lineage,
        )
        runs, anchor = [before.last], [before.anchor]
    else:
        runs = anchor = [clustered(item, cluster, task.limits) for item in runs_of(baseline, truth, task)]
    found = [clustered(item, cluster, task.limits) for item in runs_of(run, truth, task, runs[0])]
    now = [clustered_like(item, runs[0]) for item in found]
    keeping.check(path is not None and len(now) == 1, demands.significant)
    if keeping.ledger is not None:
        digest = _digest(now)
        ledger = load_ledger(keeping.ledger, _digest(anchor)).looked_at(digest)
        demands = replace(demands, look=ledger.looks[digest])
    verdict = replace(gate(now, runs if path is None else before, demands), saved=bool(saved))
    if keeping.ledger is not None:
        # Before anything is said, so that no look is free; after runs that cannot be compared were refused.
        save_ledger(ledger, keeping.ledger)
    return verdict if path is None else _kept(verdict, before, now[0], path, keeping)


def scored_before(name: str) -> UsageError:
    """The error for a saved run where predictions are to be scored."""
    return UsageError(
        "P822",
        where=shown(name),
        what="is a saved run, which is taken as it is and not scored",
        wanted="predictions, which are scored here",
        hint="give it alone, as --run FILE, or the predictions with --gt",
    )


def _kept(verdict: Verdict, before: Baseline, now: Evaluation, path: Path, keeping: Keeping) -> Verdict:
    """The verdict, after the baseline has been replaced where it was to be."""
    if keeping.accept is not None:
        save_baseline(before.replaced_by(now, f"accepted: {keeping.accept}", anchor=True), path)
        return replace(verdict, accepted=keeping.accept, replaced=True)
    if keeping.update and verdict.keeps_up:
        why = "better than the anchor" if verdict.best else "keeps up"
        save_baseline(before.replaced_by(now, why, anchor=verdict.best), path)
        return replace(verdict, replaced=True)
    return verdict


def _digest(runs: Sequence[Evaluation]) -> str:
    """One digest of one run or several."""
    digests = [digest_of(run) for run in runs]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
