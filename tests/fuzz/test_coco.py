"""A short run of the fuzz program; longer ones are for a person to start."""

from __future__ import annotations

from tests.fuzz.coco import run


def test_whatever_the_bytes_are_the_answer_is_ours() -> None:
    answers = run(rounds=400, seed=1)
    assert answers["ok"] > 20  # the mutations are not all fatal,
    assert len(answers) > 10  # and reach many checks
