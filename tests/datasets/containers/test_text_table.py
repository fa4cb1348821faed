"""Words that are numbers, and those that Python takes for one but a file of numbers does not hold."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseval.datasets.containers.text_table import NUMBER, numbers_of
from poseval.errors import Faults


def read(words: list[str], missing: bool = False) -> tuple[list[float] | None, list[str]]:
    faults = Faults()
    found = numbers_of(words, "a.csv: line 3", faults, missing)
    return found, [fault.code for fault in faults.kept]


def test_numbers_in_any_spelling():
    words = ["1", "-2.", "+.5", "1e3", "2.5E-2", " 7 ", "\t8"]
    assert read(words) == ([1.0, -2.0, 0.5, 1000.0, 0.025, 7.0, 8.0], [])
    assert read([]) == ([], [])


@pytest.mark.parametrize("word", ["", "e", "1e", "--1", "1-1", "1.2.3", "1_0", "١", "0x1", ".", "+", "1 2"])
def test_what_is_no_number(word):
    assert read(["1", word]) == (None, ["P203"])


@pytest.mark.parametrize("word", ["nan", "-NaN", "inf", "Infinity", "1e999", "-1e999"])
def test_what_is_not_finite(word):
    assert read(["1", word]) == (None, ["P301"])


@pytest.mark.parametrize("word", ["", " ", "nan", "NaN"])
def test_missing_numbers(word):
    found, codes = read(["1", word, "2"], missing=True)
    assert not codes
    assert found is not None
    assert (found[0], math.isnan(found[1]), found[2]) == (1.0, True, 2.0)


def test_a_sign_does_not_make_a_missing_number():
    assert read(["-nan"], missing=True) == (None, ["P301"])
    assert read(["1e999"], missing=True) == (None, ["P301"])


@given(st.lists(st.text("0123456789+-.eE", max_size=6), min_size=1))
def test_words_of_digits_are_numbers_by_one_pattern(words):
    found, _ = read(words)
    if all(NUMBER.fullmatch(word) for word in words):
        assert found is None or found == [float(word) for word in words]
        assert (found is None) == any(math.isinf(float(word)) for word in words)
    else:
        assert found is None
