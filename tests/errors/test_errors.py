from __future__ import annotations

import pickle

import pytest

from poseval.errors import (
    SHOWN_FAULTS,
    Faults,
    FormatError,
    InputError,
    LimitError,
    MismatchError,
    MissingFeature,
    PosevalError,
    UsageError,
    ValueRangeError,
    error_of,
    like_others,
    shown,
)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (UsageError, 2),
        (FormatError, 3),
        (ValueRangeError, 3),
        (MismatchError, 3),
        (LimitError, 3),
        (MissingFeature, 2),
    ],
)
def test_each_kind_has_its_exit_status(kind: type[PosevalError], status: int) -> None:
    assert kind.exit_code == status
    assert issubclass(kind, InputError) == (status == 3)


def test_message_says_where_what_wanted_try_and_code() -> None:
    error = FormatError("P204", where="a.json: [3]", what="has 42 numbers", wanted="needs 51", hint="try X")
    assert str(error) == "a.json: [3]: has 42 numbers [P204]\n  expected: needs 51\n  try: try X"
    assert error.code == "P204"


def test_faults_of_one_kind_are_one_entry() -> None:
    faults = Faults()
    for index in range(612):
        faults.add("P204", where=f"results[{index}]", what=f"has {index} numbers", wanted="51 numbers")
    faults.add("P301", where="results[7].score", what="is NaN")
    with pytest.raises(FormatError) as caught:
        faults.raise_if_any()
    first, more, expected, other = str(caught.value).splitlines()
    assert first == "results[0]: has 0 numbers [P204]"
    assert more == "  and 611 more: results[1], results[2], results[3], results[4], ..."
    assert expected == "  expected: 51 numbers"
    assert other == "results[7].score: is NaN [P301]"


def test_all_faults_travel_and_the_rest_is_counted_per_code() -> None:
    faults = Faults()
    for index in range(SHOWN_FAULTS + 5):
        faults.add("P301" if index % 2 else "P204", where=f"[{chr(97 + index)}]", what="is wrong")
    faults.more("P301", 1000)
    with pytest.raises(FormatError) as caught:
        faults.raise_if_any()
    assert caught.value.total == SHOWN_FAULTS + 5 + 1000
    assert str(caught.value).count("\n") == SHOWN_FAULTS
    assert "and 1,005 more (3 x P204, 1,002 x P301)" in str(caught.value)


def test_no_fault_raises_nothing() -> None:
    Faults().raise_if_any()


def test_kept_faults_are_bounded_and_the_count_is_not() -> None:
    faults = Faults()
    for index in range(Faults.KEPT + 10):
        faults.add("P301", where=str(index), what="NaN")
    assert len(faults.kept) == Faults.KEPT
    assert len(faults) == Faults.KEPT + 10


def test_errors_survive_a_process_border() -> None:
    faults = Faults()
    faults.add("P402", where="b.json", what="has other frames", hint="another split?")
    faults.add("P301", where="[1]", what="NaN")
    error = pickle.loads(pickle.dumps(error_of(faults.kept, 7)))
    assert type(error) is MismatchError
    assert error.total == 7
    assert [fault.code for fault in error.faults] == ["P402", "P301"]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("left_wrist", "left_wrist"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb", "a\\u202eb"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("new\nline", "new\\x0aline"),
        ("Ärger und 姿勢", "Ärger und 姿勢"),
        ("no\u00a0break", "no\\xa0break"),
        ("line\u2028end", "line\\u2028end"),
    ],
)
def test_names_are_shown_without_control_characters(text: str, safe: str) -> None:
    assert shown(text) == safe


def test_long_names_are_cut() -> None:
    assert len(shown("x" * 10_000)) == 121


@pytest.mark.parametrize(("count", "text"), [(0, ""), (1, ", like 1 other"), (1200, ", like 1,200 others")])
def test_others_are_counted_in_the_right_number(count: int, text: str) -> None:
    assert like_others(count) == text
