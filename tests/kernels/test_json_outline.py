"""The outline of a JSON file: its keys and lists, without reading what is in them."""

from __future__ import annotations

import pytest

from poseval.errors import FormatError, LimitError
from poseval.kernels import json as kj
from poseval.kernels import json_outline

pytestmark = pytest.mark.usefixtures("either_way")


def test_outline_of_an_object() -> None:
    text = (
        '\ufeff{"info": {"year": "2020"}, "images": [{"id": 1, "k": [1, 2]}, {}], "tags": ["a"]'
        ', "images": []}'
    )
    found = json_outline.outline(text.encode())
    assert found.kind == "object"
    keys = found.by_key()
    assert (keys["info"].kind, keys["tags"].first) == ("object", "string")
    images = found.entries[1]  # type: ignore[index]
    assert isinstance(images, json_outline.Entry)
    assert (images.items, images.first_kinds()) == (2, {"id": "number", "k": "array"})
    assert text.encode()[images.start : images.end] == b'[{"id": 1, "k": [1, 2]}, {}]'
    assert found.repeated() == ["images"]
    inner = images.first
    assert isinstance(inner, tuple)
    assert inner[1].items == 2


def test_outline_of_an_array_reads_its_first_element_only() -> None:
    found = json_outline.outline(b' [{"score": 1, "keypoints": [1]}, {"broken ')
    assert (found.kind, found.start, found.end) == ("array", 1, -1)
    assert set(found.by_key()) == {"score", "keypoints"}


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"[]", "array"), (b"{}", "object"), (b'"x"', "string"), (b"3", "number"), (b"null", "null")],
)
def test_outline_of_small_things(data: bytes, kind: str) -> None:
    found = json_outline.outline(data)
    assert (found.kind, found.end) == (kind, len(data))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ('{"a": 1}'.encode("utf-16"), "P211"),
        ('{"a": 1}'.encode("utf-16-le"), "P211"),
        ('{"a": 1}'.encode("utf-32-be"), "P211"),
        (b'{"a": 1}, ', "P210"),
        (b'{"a": [1, 2}', "P210"),
        (b"{" + b'"a":{' * 100_000, "P502"),
        (b"", "P200"),
    ],
)
def test_outline_refuses(data: bytes, code: str) -> None:
    with pytest.raises((FormatError, LimitError)) as caught:
        json_outline.outline(data)
    assert caught.value.code == code


def long_file(middle: str) -> bytes:
    """An object with a list of records beyond the length that the outline walks through, and a tail."""
    record = '{"a": [1, 2.5, {"b": "x\\\\\\"]}"}], "c": null}'
    records = ", ".join([record] * 30_000)
    return f'{{"records": [{records}{middle}], "rest": [1, 2]}}'.encode()


def test_of_long_lists_of_records_the_outline_only_looks_for_the_end() -> None:
    data = long_file("")
    entry = json_outline.outline(data).by_key()["records"]
    assert (entry.checked, entry.items, entry.kind) == (False, 30_000, "array")
    assert data[entry.start : entry.start + 2] == b"[{"
    assert data[entry.end - 2 : entry.end + 1] == b"}],"
    assert json_outline.outline(data).by_key()["rest"].checked
    json_outline.check(data, entry)


@pytest.mark.parametrize("broken", [", {1: 2}", ", {,}", ', {"a": 01}', ', {"a": "\x01"}', ', {"a" 1}', ","])
def test_what_the_outline_passes_over_is_found_by_the_check_and_by_columns(broken: str) -> None:
    data = long_file(broken)
    entry = json_outline.outline(data).by_key()["records"]
    with pytest.raises(FormatError) as checked:
        json_outline.check(data, entry)
    with pytest.raises(FormatError) as read:
        kj.columns(data, [kj.number("z")], start=entry.start, depth=1)
    assert (checked.value.code, read.value.code) == ("P210", "P210")
    assert checked.value.fault.where == read.value.fault.where


def test_a_long_list_that_is_cut_or_too_deep_is_refused_by_the_outline() -> None:
    data = long_file("")
    with pytest.raises(FormatError, match="truncated") as cut:
        json_outline.outline(data[:-20])
    assert cut.value.code == "P210"
    with pytest.raises(LimitError) as deep:
        json_outline.outline(long_file(", " + "[" * 60 + "]" * 60))
    assert deep.value.code == "P502"
