from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from poseval import metrics
from poseval.errors import UsageError
from poseval.metrics.base import Metric, Table, Tally
from poseval.metrics.parameters import always, format_parameter, read_parameter, words
from poseval.poses import Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Direction, Number, Value, Values


class Norm(enum.Enum):
    HEAD = "head"
    BOX = "box"


@dataclass(frozen=True)
class Toy(Metric):
    """Counts people."""

    norm: Norm = always(Norm.HEAD)
    at: float = 0.5
    levels: tuple[float, ...] = (0.5, 0.75)
    strict: bool = False
    top: int = 20

    name: ClassVar[str] = "toy"
    source: ClassVar[str] = "made up"

    def tally(self, aligned: Aligned) -> Tally:
        frame = aligned.truth.people.frame
        table = Table(frame, {"people": np.ones(len(frame), dtype=np.int64)})
        return Tally(str(self), aligned.unit_keys("frame"), {"people": table})

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        return Values([Value(str(self), "count", value=float(tally.sum("people", weight)))])


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(metrics.TABLE, "toy", "tests.metrics.test_base:Toy")


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        (Toy(), "toy(norm=head)"),
        (Toy(norm=Norm.BOX, at=0.1), "toy(norm=box,at=0.1)"),
        (Toy(levels=(0.1, 2.0), strict=True, top=5), "toy(norm=head,levels=0.1/2,strict=yes,top=5)"),
    ],
)
def test_the_canonical_name_parses_back(metric: Toy, text: str) -> None:
    assert str(metric) == text
    assert metrics.parse(text) == metric


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("tyo", "P121"),
        ("toy(at=much)", "P122"),
        ("toy(at=nan)", "P122"),
        ("toy(norm=foot)", "P122"),
        ("toy(wrong=1)", "P123"),
        ("toy(at=1", "P123"),
        ("toy(at)", "P123"),
    ],
)
def test_a_wrong_name_is_refused_with_its_code(text: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        metrics.parse(text)
    assert caught.value.code == code


def tally(units: list[int], values: list[float], keys: str) -> Tally:
    table = Table(np.array(units), {"v": np.array(values)})
    return Tally("m", np.array(list(keys)), {"rows": table})


def test_tallies_of_disjoint_units_add() -> None:
    one, two = tally([0, 0, 1], [1, 2, 3], "ab"), tally([0, 2], [4, 5], "cde")
    both = Tally.concat([one, two])
    assert both.units == 5
    assert both.per_unit("v").tolist() == [3, 3, 4, 0, 5]
    assert both.sum("v") == one.sum("v") + two.sum("v")


def test_weights_equal_copies() -> None:
    made = tally([0, 0, 1], [1, 2, 3], "ab")
    copies = Tally.concat([made, made])
    assert made.sum("v", np.array([2, 2])) == copies.sum("v")
    assert made.sum("v", np.array([1, 0])) == 3


def test_units_can_be_made_coarser() -> None:
    made = tally([0, 1, 2], [1, 2, 3], "abc").grouped(np.array([0, 0, 1]), np.array(["s", "t"]))
    assert made.per_unit("v").tolist() == [3, 3]


def test_tallies_of_other_settings_do_not_add() -> None:
    one = Tally("m", np.array(["a"]), {}, {"at": 1})
    two = Tally("m", np.array(["b"]), {}, {"at": 2})
    with pytest.raises(UsageError) as caught:
        Tally.concat([one, two])
    assert caught.value.code == "P118"


def rows(*values: Value) -> Values:
    return Values(values)


@dataclass(frozen=True)
class Errors(Metric):
    """Error and accuracy."""

    levels: tuple[float, ...] = (0.5,)
    names: tuple[str, ...] = words()
    per_joint: bool = False

    name: ClassVar[str] = "errors"
    source: ClassVar[str] = "made up"
    headlines: ClassVar[tuple[str, ...]] = ("error", "accuracy")
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"error"})

    def tally(self, aligned: Aligned) -> Tally:
        raise NotImplementedError

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        total, count = tally.sum("error", weight), tally.sum("count", weight)
        value = float(total / count) if count else math.nan
        return rows(
            Value("errors", "error", value=value, n=int(count)),
            Value("errors", "error", "left_wrist", value=value),
            Value("errors", "error", slice="easy", value=value),
            Value("errors", "error", threshold=0.5, value=value),
            Value("errors", "accuracy", value=1 - value),
            Value("errors", "total", value=float(total)),
        )


def errors_tally() -> Tally:
    table = Table(
        np.array([0, 0, 2]), {"error": np.array([0.5, 1.5, 3.0]), "count": np.array([True, True, True])}
    )
    return Tally("errors", np.array(["a", "b", "c"]), {"rows": table})


def test_columns_are_found_by_name_and_counts_stay_integers() -> None:
    made = errors_tally()
    assert made.per_unit("error").tolist() == [2.0, 0.0, 3.0]
    assert made.per_unit("error").dtype == np.float64
    assert made.per_unit("count").tolist() == [2, 0, 1]
    assert made.per_unit("count").dtype == np.int64
    assert made.per_unit("count") is made.per_unit("count")
    assert made.column("error").tolist() == [0.5, 1.5, 3.0]
    assert made.weight_of_rows("error", None).tolist() == [1, 1, 1]
    assert made.weight_of_rows("error", np.array([5, 0, 7])).tolist() == [5, 5, 7]
    with pytest.raises(KeyError, match="nothing"):
        made.column("nothing")
    wide = Table(np.array([0, 2]), {"v": np.arange(12).reshape(2, 3, 2)})
    tally = Tally("m", np.array(["a", "b", "c"]), {"rows": wide})
    assert (
        tally.sum("v", np.array([2, 9, 1])).tolist()
        == (2 * wide.columns["v"][0] + wide.columns["v"][1]).tolist()
    )


def test_parts_of_several_tables_are_put_together_with_their_keys() -> None:
    def part(keys: str, metric: str = "m", facts: int = 1) -> Tally:
        one = Table(np.array([0, 1]), {"x": np.array([1, 2])})
        two = Table(np.array([1]), {"y": np.array([5]), "z": np.array([7])})
        return Tally(metric, np.array(list(keys)), {"one": one, "two": two}, {"at": facts})

    both = Tally.concat([part("ab"), part("cd")])
    assert both.keys.tolist() == ["a", "b", "c", "d"]
    assert both.per_unit("x").tolist() == [1, 2, 1, 2]
    assert both.unit_of("y").tolist() == [1, 3]
    assert both.column("z").tolist() == [7, 7]
    assert both.facts == {"at": 1}
    for other in (part("cd", metric="n"), part("cd", facts=2)):
        with pytest.raises(UsageError):
            Tally.concat([part("ab"), part("ef"), other])


def test_a_summary_shows_headlines_without_joint_slice_and_threshold() -> None:
    metric = Errors()
    found = metric.reduce(errors_tally())
    assert [row.statistic for row in metric.headline_rows(found)] == ["error", "accuracy"]
    assert metric.headline(found) == {"error": 5 / 3, "accuracy": 1 - 5 / 3}
    assert [row.statistic for row in Toy().headline_rows(found)] == ["error", "accuracy", "total"]


def test_directions_are_of_statistics() -> None:
    metric = Errors()
    assert metric.direction("error") is Direction.LOWER
    assert metric.direction("accuracy") is Direction.HIGHER
    number = metric.number(Value("errors", "error", "left_wrist", "easy", value=0.5))
    assert number == Number(0.5, Direction.LOWER, "error", "left_wrist", "easy")
    assert number.key == "easy/error/left_wrist"


def test_units_alone_and_many_weights_at_once() -> None:
    metric, made = Errors(), errors_tally()
    alone = metric.by_unit(made)
    assert [(row.slice, row.statistic) for row in alone] == [
        (f"{key}{'/easy' if again else ''}", name)
        for key in "abc"
        for name, again in (("error", 0), ("error", 1), ("accuracy", 0), ("total", 0))
    ]
    assert alone.get("error", slice="a") == 1.0
    assert math.isnan(alone.get("error", slice="b"))
    assert alone.get("error", slice="c") == 3.0
    weights = np.array([[1, 1, 1], [2, 0, 0]])
    assert [found.get("error") for found in metric.reduce_headlines(made, weights)] == [5 / 3, 1.0]


def test_parameters_by_name() -> None:
    metric = Toy(at=0.25)
    assert metric.has(at=0.25, top=20)
    assert not metric.has(at=0.5)
    assert not metric.has(at=0.25, wrong=1)
    assert metric.has()


def test_the_signature_leaves_out_what_only_adds_rows() -> None:
    assert str(Errors(per_joint=True)) == "errors(per_joint=yes)"
    assert Errors(per_joint=True).signature_form() == "errors"
    assert Errors(levels=(0.1,), per_joint=True).signature_form() == "errors(levels=0.1)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Norm.BOX, "box"),
        (True, "yes"),
        (False, "no"),
        (3, "3"),
        (0.5, "0.5"),
        (2.0, "2"),
        (-3.0, "-3"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        ((0.5, 2.0), "0.5/2"),
        (None, "none"),
        ("head", "head"),
    ],
)
def test_text_of_parameters(value: object, text: str) -> None:
    assert format_parameter(value) == text


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [
        ("box", Norm.HEAD, Norm.BOX),
        ("yes", False, True),
        ("No", True, False),
        ("TRUE", False, True),
        ("false", True, False),
        ("7", 1, 7),
        ("7", 1.0, 7.0),
        ("0.5/2", (1.0,), (0.5, 2.0)),
        ("0.5/", (), (0.5,)),
        ("1/2", (3,), (1, 2)),
        ("none", "head", None),
        ("torso", "head", "torso"),
        ("torso", None, "torso"),
    ],
)
def test_parameters_of_text(text: str, default: object, value: object) -> None:
    found = read_parameter(text, default, "metric toy: x")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "default", "words"),
    [
        ("foot", Norm.HEAD, "one of head, box"),
        ("maybe", True, " yes"),
        ("1.5", 20, " 20"),
        ("-1000000000000", 20, " 20"),
        ("inf", 0.5, " 0.5"),
        ("0.1/x", (0.5, 0.75), " 0.5"),
    ],
)
def test_text_that_is_no_parameter_is_refused_with_what_would_be(
    text: str, default: object, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_parameter(text, default, "metric toy: x")
    assert caught.value.code == "P122"
    assert words in str(caught.value)
    assert repr(text.split("/")[-1]) in str(caught.value)


def test_a_request_reads_spaces_and_lists_what_there_is() -> None:
    request = metrics.MetricRequest.of(" toy( at = 0.25 , top=3, ) ")
    assert request.given == (("at", 0.25), ("top", 3))
    assert request.name == "toy"
    assert metrics.parse("toy") == metrics.parse("toy()") == Toy()
    with pytest.raises(
        UsageError, match=r"has no parameter 'wrong'[\s\S]*toy\(norm, at, levels, strict, top\)"
    ):
        metrics.parse("toy(wrong=1)")
    with pytest.raises(UsageError, match="cannot read 'at'"):
        metrics.parse("toy(at)")
    with pytest.raises(UsageError, match="presence without parameters"):
        metrics.parse("presence(at=1)")


def test_a_list_may_stand_in_brackets_that_are_closed() -> None:
    assert metrics.parse("toy( levels = ( 0.1, 2 ) ,top=3)") == Toy(levels=(0.1, 2.0), top=3)
    for text in ("toy(levels=(0.15)", "toy(at=0.15))", "toy(at=(0.15)", "toy(top=13))"):
        with pytest.raises(UsageError) as caught:
            metrics.parse(text)
        assert caught.value.code == "P122"


def test_the_model_that_agrees_most_gives_what_was_not_said() -> None:
    own = [Toy(at=0.1, top=5), Toy(at=0.2, top=6), Toy(at=0.2, top=7, strict=True)]
    assert metrics.MetricRequest.of("toy(at=0.2,strict=yes)").under(own) == own[2]
    assert metrics.MetricRequest.of("toy(at=0.2)").under(own) == own[1]
    assert metrics.MetricRequest.of("toy(at=0.3)").under(own) == Toy(at=0.3, top=5)
    assert metrics.MetricRequest.of("toy(at=0.3)").under([Errors()]) == Toy(at=0.3)


def test_every_metric_that_comes_with_poseval_is_there() -> None:
    found = metrics.registered()
    assert [metric.name for metric in found] == metrics.names() == sorted(metrics.names())
    for metric in found:
        assert metrics.parse(str(metric)) == metric
