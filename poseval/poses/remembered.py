"""Answers about pose sets that are remembered as long as the sets live."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from poseval.poses.pose_set import PoseSet

Answer = TypeVar("Answer")
Details = ParamSpec("Details")


def once(
    question: Callable[Concatenate[PoseSet, Details], Answer],
) -> Callable[Concatenate[PoseSet, Details], Answer]:
    """Remember the answers for a set, whose columns nobody can write to, as long as the set lives.

    Many submissions are scored against one ground truth, and it is asked the same for each of them. Further
    arguments are hashable, and nobody changes an answer.
    """
    answers: WeakKeyDictionary[PoseSet, dict[Hashable, Answer]] = WeakKeyDictionary()

    @wraps(question)
    def asked(poses: PoseSet, /, *details: Details.args, **named: Details.kwargs) -> Answer:
        known = answers.setdefault(poses, {})
        key = (details, tuple(named.items()))
        if key not in known:
            known[key] = question(poses, *details, **named)
        return known[key]

    return asked
