"""Names, parameters and what is refused, for every tracker."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from poseval import tracking
from poseval.errors import UsageError
from poseval.tracking.similarity import Measure


def test_there_are_the_trackers_users_expect() -> None:
    assert {"greedy", "hungarian", "sort", "bytetrack", "ocsort"} <= set(tracking.names())


@pytest.mark.parametrize("name", tracking.names())
def test_a_configuration_reads_its_own_name_back(name: str) -> None:
    config = tracking.get_tracker(name)()  # type: ignore[call-arg]
    assert tracking.parse(str(config)) == config
    assert tracking.parse(name) == config


@pytest.mark.parametrize("name", tracking.names())
def test_configurations_are_frozen_and_documented(name: str) -> None:
    kind = tracking.get_tracker(name)
    config = kind()  # type: ignore[call-arg]
    assert is_dataclass(config)
    first = fields(config)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(config, first, 1)
    assert kind.summary
    assert kind.source
    for parameter in fields(config):
        assert f"`{parameter.name}`" in (kind.__doc__ or ""), f"{name}.{parameter.name} is not documented"


def test_parameters_are_read_by_type() -> None:
    config = tracking.parse("greedy(measure=both, floor=0.25, memory=3)")
    assert config == tracking.get_tracker("greedy")(measure=Measure.BOTH, floor=0.25, memory=3)  # type: ignore[call-arg]
    assert tracking.parse("bytetrack(fuse_score=no)").fuse_score is False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("sortt", "P160", "did you mean sort"),
        ("deepsort2", "P160", "one of greedy"),
        ("sort(hits=3)", "P161", "has no parameter 'hits'"),
        ("sort(min_hits)", "P161", "cannot read 'min_hits'"),
        ("sort(min_hits=3", "P161", "closing bracket"),
        ("sort(min_hits=many)", "P162", "expected: an integer"),
        ("sort(iou=1.5)", "P162", "at most 1"),
        ("sort(iou=nan)", "P162", "at least 0"),
        ("bytetrack(high=nan)", "P162", "expected: a number"),
        ("sort(max_age=0)", "P162", "at least 1"),
        ("greedy(measure=l2)", "P162", "expected: one of iou, oks, both"),
        ("bytetrack(fuse_score=maybe)", "P162", "true or false"),
        ("sort(\x1b[31m=3)", "P161", r"x1b"),
    ],
)
def test_what_is_refused(text: str, code: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        tracking.parse(text)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert "\x1b" not in str(caught.value)
