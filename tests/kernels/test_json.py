"""Columns from JSON against a plain twin on top of Python's own reader."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseval.errors import FormatError, LimitError
from poseval.kernels import json as kj
from poseval.limits import Limits
from tests.kernels.json_writings import FIELDS, read, written

pytestmark = pytest.mark.usefixtures("either_way")


def numbers(rows: list[Any]) -> np.ndarray:
    return np.array([float(value) for value in rows], dtype=np.float64)


def check(table: kj.Columns, rows: list[dict[str, Any]]) -> None:
    assert table.count == len(rows)
    for name in ("image_id", "category", "score", "bbox", "name", "keypoints", "polygon", "people", "crowd"):
        given_ = [row.get(name) is not None and row[name] != [] for row in rows]
        if name in ("keypoints", "polygon", "people"):
            given_ = [name in row for row in rows]
        assert table[name].given.tolist() == given_, name
    assert table["category"].values.tolist() == [row.get("category", -1) for row in rows]
    assert table["crowd"].values.tolist() == [int(row.get("crowd", -1)) for row in rows]
    np.testing.assert_array_equal(table["score"].values, numbers([row.get("score", np.nan) for row in rows]))
    np.testing.assert_array_equal(
        table["bbox"].values, numbers([v for row in rows for v in row.get("bbox") or [np.nan] * 4])
    )
    flat = [row.get("keypoints", []) for row in rows]
    np.testing.assert_array_equal(
        table["keypoints"].values, numbers([v for f in flat for i, v in enumerate(f) if i % 3 < 2])
    )
    np.testing.assert_array_equal(
        table["keypoints"].tail, numbers([v for f in flat for i, v in enumerate(f) if i % 3 == 2])
    )
    assert table["keypoints"].lengths.tolist() == [len(f) // 3 for f in flat]
    assert [
        w if c >= 0 else None for c, w in zip(table["name"].codes, _words(table["name"]), strict=True)
    ] == [row.get("name") for row in rows]
    for row, value, code in zip(rows, table["image_id"].values, table["image_id"].codes, strict=True):
        found = table["image_id"].words[code] if code >= 0 else int(value)
        assert found == row.get("image_id", -1)
    polygon = table["polygon"]
    rebuilt = [
        [
            polygon.values[polygon.inner[i] : polygon.inner[i + 1]].tolist()
            for i in range(polygon.start[n], polygon.start[n + 1])
        ]
        for n in range(len(rows))
    ]
    assert rebuilt == [[numbers(part).tolist() for part in row.get("polygon", [])] for row in rows]
    check_people(table["people"], rows)


def _words(column: kj.Column) -> list[str]:
    return [column.words[code] if code >= 0 else "" for code in column.codes]


def check_people(column: kj.Column, rows: list[dict[str, Any]]) -> None:
    inner = column.records
    assert inner is not None
    people = [person for row in rows for person in row.get("people", [])]
    assert column.lengths.tolist() == [len(row.get("people", [])) for row in rows]
    assert inner["track"].values.tolist() == [person.get("track", -1) for person in people]
    assert inner["pose"].values.tolist() == numbers([v for p in people for v in p.get("pose", [])]).tolist()
    assert sum(inner.unknown.values()) == sum("x" in person for person in people)


@settings(max_examples=400, deadline=None)
@given(written())
def test_any_writing_gives_the_same_columns(case: tuple[list[dict[str, Any]], str]) -> None:
    rows, text = case
    table = read(text)
    assert not table.faults
    check(table, rows)
    unknown = {key: sum(key in row for row in rows) for key in ("other", 'od"d\\')}
    assert table.unknown == {key: count for key, count in unknown.items() if count}
    data = text.encode("utf-8", "surrogatepass")
    assert [data[at : at + 1] for at in table.offset] == [b"{"] * len(rows)


@settings(max_examples=100, deadline=None)
@given(written(), st.integers(2, 4), st.integers(1, 60), st.integers(-1, 500))
def test_threads_change_nothing(
    case: tuple[list[dict[str, Any]], str], threads: int, stretch: int, end: int
) -> None:
    rows, text = case
    check(read(text, threads=threads, stretch=stretch, end=end), rows)


@settings(max_examples=200, deadline=None)
@given(written(), st.data())
def test_threads_find_the_same_faults(case: tuple[list[dict[str, Any]], str], data: st.DataObject) -> None:
    text = case[1].encode()
    at = data.draw(st.integers(0, max(len(text) - 1, 0)))
    broken = text[:at] + bytes([data.draw(st.integers(0, 255))]) + text[at + 1 :]
    outcomes = []
    for threads, stretch in ((1, 1 << 20), (3, 16), (2, 40)):
        try:
            table = read(broken, threads=threads, stretch=stretch)
            outcomes.append((table.count, table.faults, dict(table.fault_counts), dict(table.unknown)))
        except (FormatError, LimitError) as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1] == outcomes[2]


@settings(max_examples=400, deadline=None)
@given(written(), st.data())
def test_only_json_is_accepted(case: tuple[list[dict[str, Any]], str], data: st.DataObject) -> None:
    text = case[1].encode("utf-8")
    at = data.draw(st.integers(0, max(len(text) - 1, 0)))
    kind = data.draw(st.sampled_from(["cut", "drop", "put"]))
    if kind == "cut":
        broken = text[:at]
    elif kind == "drop":
        broken = text[:at] + text[at + 1 :]
    else:
        broken = text[:at] + bytes([data.draw(st.integers(0, 255))]) + text[at:]
    try:
        tree = json.loads(broken.decode("utf-8"))
        valid = isinstance(tree, list)
    except ValueError:
        valid = False
    try:
        read(broken)
        accepted = True
    except (FormatError, LimitError):
        accepted = False
    assert accepted == valid


FAULTS = [
    ('{"score": NaN}', "nonfinite", "score", -1, "", "NaN"),
    ('{"score": -Infinity}', "nonfinite", "score", -1, "", "-Inf"),
    ('{"score": 1e400}', "nonfinite", "score", -1, "", "1e400"),
    ('{"score": true}', "type", "score", -1, "boolean", "true"),
    ('{"score": "12.5"}', "type", "score", -1, "string", '"12'),
    ('{"score": [1]}', "type", "score", -1, "array", "[1]"),
    ('{"score": null}', "null", "score", -1, "", "null"),
    ('{"score": 1, "score": 2}', "repeated", "score", -1, "", '"score": 2'),
    ('{"keypoints": [1, 2, 0, 3, NaN, 0]}', "nonfinite", "keypoints", 4, "", "NaN"),
    ('{"keypoints": [1, null, 0]}', "null", "keypoints", 1, "", "null"),
    ('{"keypoints": [1, 2, "3"]}', "type", "keypoints", 2, "string", '"3"'),
    ('{"keypoints": [1, 2, 0, 4]}', "length", "keypoints", -1, "", "[1"),
    ('{"keypoints": 5}', "type", "keypoints", -1, "number", "5"),
    ('{"bbox": [1, 2, 3]}', "length", "bbox", -1, "", "[1"),
    ('{"bbox": {"x": 1}}', "type", "bbox", -1, "object", "{"),
    ('{"crowd": 2}', "flag", "crowd", -1, "", "2"),
    ('{"crowd": "yes"}', "type", "crowd", -1, "string", '"yes'),
    ('{"name": 5}', "type", "name", -1, "number", "5"),
    ('{"category": 1.5}', "fraction", "category", -1, "", "1.5"),
    ('{"category": 9223372036854775808}', "range", "category", -1, "", "922"),
    ('{"polygon": [[1, 2], 3]}', "type", "polygon", 2, "number", "3"),
    ('{"name": "' + "é" * 600 + '"}', "long_text", "name", -1, "", '"'),
    ("[1]", "type", "", -1, "array", "[1"),
    ("7", "type", "", -1, "number", "7"),
]


@pytest.mark.parametrize(("body", "kind", "field", "element", "found", "at"), FAULTS)
def test_each_fault_says_where(body: str, kind: str, field: str, element: int, found: str, at: str) -> None:
    text = '[{"score": 1}, {}, ' + body + ', {"score": 2}]'
    table = read(text)
    (fault,) = table.faults
    assert (fault.kind, fault.field, fault.record, fault.element, fault.found) == (
        kind,
        field,
        2,
        element,
        found,
    )
    assert text.encode()[fault.offset :].startswith(at.encode())
    assert table.fault_counts == {(field, kind): 1}
    assert table.count == 4
    assert np.array_equal(table["score"].values[[0, 3]], [1, 2])


def test_faults_of_nested_records_count_their_own_rows() -> None:
    table = read('[{"people": [{"track": 1}]}, {"people": [{"track": 2}, {"track": "x"}]}]')
    assert not table.faults
    inner = table["people"].records
    assert inner is not None
    assert [(fault.record, fault.field, fault.kind) for fault in inner.faults] == [(2, "track", "type")]


def test_many_faults_are_counted_and_few_kept() -> None:
    table = read("[" + ", ".join(['{"score": NaN}'] * 5000) + "]")
    assert table.fault_counts == {("score", "nonfinite"): 5000}
    assert len(table.faults) == 1000


def test_null_joint_score_is_not_given() -> None:
    table = read('[{"keypoints": [1, 2, null, 4, 5, 0.5]}]')
    assert not table.faults
    np.testing.assert_array_equal(table["keypoints"].tail, [np.nan, 0.5])


def test_nan_in_a_field_that_nobody_reads_is_passed_over() -> None:
    table = read('[{"loss": NaN, "x": [Infinity, -Infinity], "score": 1}]')
    assert table["score"].values.tolist() == [1.0]


def test_distinct_unknown_keys_are_bounded() -> None:
    rows = ",".join(f'{{"k{i}": 1}}' for i in range(1000))
    for threads, stretch in ((1, 1 << 20), (3, 500)):
        table = read("[" + rows + "]", threads=threads, stretch=stretch)
        assert len(table.unknown) == 256
        assert table.unknown_rest == 744


def test_texts_are_listed_once_in_order() -> None:
    table = read('[{"name": "b"}, {}, {"name": "a"}, {"name": "b"}, {"name": "\\u00e9\\ud83d\\ude00"}]')
    assert table["name"].words == ("b", "a", "é😀")
    assert table["name"].codes.tolist() == [0, -1, 1, 0, 2]
    assert table["name"].strings().tolist() == ["b", "", "a", "b", "é😀"]


def test_lone_surrogate_is_kept_as_it_is() -> None:
    assert read('[{"name": "\\udce9"}]')["name"].words == ("\udce9",)


SYNTAX = [
    ("", "P200", None),
    (" \n", "P200", None),
    ('[{"score": 1}', "P210", 13),
    ('[{"score": 1', "P210", 12),
    ('[{"score": tru', "P210", 14),
    ('[{"score": 1}] x', "P210", 15),
    ('[{"score": 1},]', "P210", 14),
    ('[{"score": 1,}]', "P210", 13),
    ('[{"keypoints": [1,]}]', "P210", 18),
    ('[{"other": [1,]}]', "P210", 14),
    ('[{"score": 1} // c\n]', "P210", 14),
    ("[{'score': 1}]", "P210", 2),
    ('[{"score": 01}]', "P210", 11),
    ('[{"score": .5}]', "P210", 11),
    ('[{"score": 5.}]', "P210", 11),
    ('[{"score": +5}]', "P210", 11),
    ('[{"score": 1.2.3}]', "P210", 14),
    ('[{"score": nan}]', "P210", 11),
    ('[{"na\nme": 1}]', "P210", 5),
    ('[{"name": "\\x"}]', "P210", 12),
    ('[{"name": "\\u12g4"}]', "P210", 15),
    ('{"score": 1}', "P210", 0),
    (b'[{"name": "caf\xe9"}]', "P211", 14),
    (b'[{"name": "\xc0\x80"}]', "P211", 11),
    (b'[{"name": "\xed\xa0\x80"}]', "P211", 11),
    (b'[{"name": "\xf5\x80\x80\x80"}]', "P211", 11),
    (b'[{"score": 1\x00}]', "P210", 12),
]


@pytest.mark.parametrize(("text", "code", "offset"), SYNTAX)
def test_what_is_no_json_is_refused_with_its_byte(text: str | bytes, code: str, offset: int | None) -> None:
    with pytest.raises(FormatError) as caught:
        read(text)
    assert caught.value.code == code
    if offset is not None:
        assert f"byte {offset}:" in str(caught.value)


def test_line_of_a_syntax_error() -> None:
    with pytest.raises(FormatError, match=r"a\.json: line 3, byte 19: has a comma before a closing bracket"):
        kj.columns(b'[\n  {"score": 1},\n ]', FIELDS, name="a.json")


LIMITS = Limits(depth=6, keys=3, numbers=10)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[{"other": ' + "[" * 5 + "]" * 5 + "}]", "nested deeper"),
        ('[{"other": ' + "[" * 200_000, "nested deeper"),
        ('[{"a": 1, "b": 1, "c": 1, "d": 1}]', "more keys"),
        ('[{"a": {"1": 1, "2": 1, "3": 1, "4": 1}}]', "more keys"),
        ('[{"keypoints": [1,2,3,4,5,6,7,8,9,10,11,12]}]', "more numbers"),
        ('[{"polygon": [[1,2,3,4,5,6,7,8,9,10,11,12]]}]', "more numbers"),
        ("[" + '{"keypoints": [1,2,3]},' * 3 + '{"keypoints": [1,2,3]}]', "more numbers"),
        ("[{},{},{},{},{},{}]", "more records"),
        ('[{"people": [{},{},{},{},{},{}]}]', "more records"),
    ],
)
@pytest.mark.parametrize("threads", [1, 3])
def test_limits_stop_the_reading(text: str, what: str, threads: int) -> None:
    with pytest.raises(LimitError, match=what) as caught:
        read(text, limits=LIMITS, max_records=5, threads=threads, stretch=16)
    assert caught.value.code == "P502"


def test_depth_at_the_limit_is_fine() -> None:
    assert read('[{"other": ' + "[" * 4 + "]" * 4 + "}]", limits=LIMITS).count == 1
