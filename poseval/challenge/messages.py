"""What a participant reads about a submission, in the words of `poseval validate`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from poseval.datasets.base import Role
from poseval.errors import Fault, PosevalError, error_of
from poseval.poses import Notice, PoseSet
from poseval.report.validation import render
from poseval.validation.validate import Validation, grouped

NAME = "the submission"
# Advice for a command line or its environment, which participants of a server do not have.
OPTION = re.compile(r"--(?!to\b|gt\b)|POSEVAL_")


def refusal(error: PosevalError, hidden: bool) -> str:
    """The faults of a submission; if ground truth is `hidden`, without advice for its owner alone."""
    faults = [_for_participants(fault) for fault in error.faults] if hidden else error.faults
    groups = grouped(error_of(faults, error.total, error.counts))
    return render(Validation(NAME, None, Role.PREDICTIONS.value, groups=groups))


def said_of(poses: PoseSet, format: str, notices: Sequence[Notice]) -> str:
    """What a valid submission holds, and what is unusual in it."""
    found = Validation(
        NAME, format, Role.PREDICTIONS.value, len(poses), len(poses.frames), health=tuple(notices)
    )
    return render(found)


def _for_participants(fault: Fault) -> Fault:
    return replace(
        fault,
        wanted=None if fault.wanted and OPTION.search(fault.wanted) else fault.wanted,
        hint=None if fault.hint and OPTION.search(fault.hint) else fault.hint,
    )
