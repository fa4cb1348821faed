"""Answers about a set are found once, for each set and each question apart, and go with the set."""

from __future__ import annotations

import gc
import weakref

import numpy as np

from poseval.poses import PoseSet
from poseval.poses.remembered import once
from poseval.synth import scene_set


def test_a_set_is_asked_once_for_each_detail() -> None:
    asked: list[tuple[str, bool]] = []

    @once
    def question(poses: PoseSet, detail: bool) -> tuple[str, bool]:
        asked.append((poses.origin.path, detail))
        return asked[-1]

    first, other = scene_set(seed=1, images=2, people=1), scene_set(seed=2, images=2, people=1)
    found = [question(first, True), question(first, True), question(first, False), question(other, True)]
    assert found[0] is found[1]
    assert len(asked) == 3


def test_an_answer_goes_with_its_set() -> None:
    class Answer:
        pass

    @once
    def question(poses: PoseSet) -> Answer:
        return Answer()

    poses = scene_set(seed=1, images=2, people=1)
    answer = weakref.ref(question(poses))
    assert answer() is not None
    del poses
    gc.collect()
    assert answer() is None


def test_people_say_who_is_labelled_and_nobody_can_change_it() -> None:
    people = scene_set(seed=1, images=3, people=2).people
    seen = people.seen.copy()
    seen[1] = 0
    seen[2, 1:] = 0
    seen[2, 0] = 1
    changed = people.with_columns(seen=seen)
    assert changed.is_labelled.tolist() == [row != 1 for row in range(len(people))]
    assert not changed.is_labelled.flags.writeable
    assert people.is_labelled.all()
    assert np.array_equal(changed.take(np.array([1, 2])).is_labelled, [False, True])
