from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from poseval import metrics
from poseval.errors import UsageError
from poseval.metrics.base import Metric, Table, Tally, always
from poseval.poses import Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Value, Values


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
