from __future__ import annotations

import pytest

from poseval.errors import UsageError
from poseval.statistics.options import count_of, level_of, seed_of


@pytest.mark.parametrize("value", [95, "95", "95%", " 95 % ", 0.95, ".95", "0.95", "95.0"])
def test_ninety_five_is_written_in_many_ways(value: object) -> None:
    assert level_of(value) == pytest.approx(0.95)


@pytest.mark.parametrize(
    "value", [1, "1", 100, "100%", 0, -0.95, 0.3, "0.95%", "many", None, True, [95], "nan"]
)
def test_what_is_no_level_is_refused(value: object) -> None:
    with pytest.raises(UsageError) as caught:
        level_of(value)
    assert caught.value.code == "P142"


@pytest.mark.parametrize("value", [-1, "-1", 1.5, "1.5", "x", None, True, 2**32])
def test_what_is_no_seed_is_refused(value: object) -> None:
    assert seed_of("0") == 0
    with pytest.raises(UsageError) as caught:
        seed_of(value)
    assert caught.value.code == "P142"


@pytest.mark.parametrize("value", [0, 1, -5, 10**7, "1e3", "1,000"])
def test_what_is_no_count_is_refused(value: object) -> None:
    assert count_of("1000") == 1000
    with pytest.raises(UsageError) as caught:
        count_of(value)
    assert caught.value.code == "P142"


def test_the_largest_seed() -> None:
    assert seed_of(2**32 - 1) == seed_of("4294967295") == 4294967295
