"""Columns written as JSON say what `json` says of each record."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseval.datasets.containers.json_write import BLOCK, known_numbers, number_texts, records, where
from poseval.errors import ValueRangeError

ODD = [0.0, -0.0, 1.0, -3.0, 0.1, 1 / 3, 1e22, 1e-7, 2.0**53, 2.0**53 - 1, -(2.0**53), 5e-324, 1.7e308]


def rows(*shape: int) -> np.ndarray:
    values = np.random.default_rng(0).normal(0, 1e3, (2 * BLOCK + 3, *shape))
    flat = values.reshape(-1)
    flat[: len(ODD)] = flat[-len(ODD) :] = ODD
    return values


@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 2), (1, 4)])
def test_numbers_are_those_of_json(shape):
    values = rows(*shape)
    assert list(number_texts(values)) == [json.dumps(row) for row in values.tolist()]


@pytest.mark.parametrize("shape", [(3, 0), (3, 0, 2), (2, 0, 0), (3, 2, 0)])
def test_rows_without_numbers_are_those_of_json(shape):
    values = np.zeros(shape)
    for whole in (False, True):
        assert list(number_texts(values, whole)) == [json.dumps(row) for row in values.tolist()]


def test_whole_numbers_are_shorter_and_read_back_to_the_same_double():
    texts = list(number_texts(np.asarray(ODD), whole=True))
    assert texts[:5] == ["0", "-0.0", "1", "-3", "0.1"]
    assert texts[8:11] == ["9007199254740992.0", "9007199254740991", "-9007199254740992.0"]
    read = [float(json.loads(text)) for text in texts]
    assert [value.hex() for value in read] == [value.hex() for value in ODD]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_any_number_is_the_same_double_and_has_no_needless_point(values):
    texts = list(number_texts(np.asarray(values), whole=True))
    assert [float(json.loads(text)).hex() for text in texts] == [value.hex() for value in values]
    floats = [value for value in map(json.loads, texts) if isinstance(value, float)]
    assert not any(value.is_integer() and 0 < abs(value) < 2**53 for value in floats)


def test_other_separators_stand_between_all_numbers():
    assert list(number_texts(np.asarray([[0.5, 1.5], [2.5, 3.5]]), between=" ")) == ["[0.5 1.5]", "[2.5 3.5]"]


@pytest.mark.parametrize("shape", [(), (4,), (3, 2)])
def test_nothing_and_no_numbers(shape):
    assert list(number_texts(np.zeros((0, *shape)))) == []
    assert list(known_numbers(np.zeros((0, *shape)))) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_json_lacks_are_refused(bad):
    with pytest.raises(ValueRangeError, match="NaN or infinite") as caught:
        list(number_texts(np.asarray([1.0, bad])))
    assert caught.value.code == "P301"


def test_a_record_lacks_what_is_not_given():
    box = np.asarray([[1.0, 2.0], [np.nan, 2.0], [3.5, 4.0]])
    made = records(
        {
            'na"me': map(json.dumps, ["ä", "b", "c"]),
            "box": known_numbers(box, whole=True),
            "track": where(np.asarray([True, False, False]), ["7", "8", "9"]),
        }
    )
    wanted = [{'na"me': "ä", "box": [1, 2], "track": 7}, {'na"me': "b"}, {'na"me': "c", "box": [3.5, 4]}]
    assert list(made) == [json.dumps(record) for record in wanted]


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        list(records({"a": ["1", "2"], "b": ["1"]}))
