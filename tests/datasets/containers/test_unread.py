"""Keys that no reader declared are counted by where they stand, however often their names come again."""

from __future__ import annotations

from collections import Counter

from poseval.datasets.containers.unread import MOST_PATHS, REST, Known
from poseval.datasets.containers.xml import Node


def unread(node: object, *paths: str) -> dict[str, int]:
    out: Counter[str] = Counter()
    Known(*paths).count(node, out)
    return dict(out)


def test_one_name_at_two_places_counts_by_the_place():
    tasks = [{"id": 1, "data": {"id": 2, "image": "a"}} for _ in range(3)]
    assert unread(tasks, "[].id", "[].data.image") == {"[].data.id": 3}
    assert unread(tasks, "[].data.id") == {"[].id": 3, "[].data.image": 3}


def test_what_is_empty_holds_nothing_wherever_it_stands():
    empty = {"a": None, "b": "", "c": [], "d": {}}
    full = {"a": 0, "b": False, "c": [0], "d": {"e": 1}}
    assert unread([empty, full, empty], "[].x") == {"[].a": 1, "[].b": 1, "[].c": 1, "[].d": 1}


def test_a_value_where_others_have_an_object_is_counted():
    assert unread([{"a": {"b": 1}}, {"a": 5}, {"a": [1]}], "[].a.b") == {"[].a": 1, "[].a[]": 1}


def test_any_name_of_a_map_is_declared_at_once():
    node = {"people": {"ann": {"x": 1, "y": 2}, "bob": {"x": 1}}}
    assert unread(node, "people.*.x") == {"people.*.y": 1}


def test_what_is_empty_is_asked_of_each_object_of_the_same_names():
    rows = [{"x": 1, "a": ""}, {"x": 1, "a": "b"}, {"x": 1, "a": None}, {"x": 1, "a": {"c": 1}}]
    assert unread(rows, "[].x") == {"[].a": 2}
    assert unread(rows, "[].x", "[].a.d") == {"[].a": 1, "[].a.c": 1}


def test_elements_of_the_same_attributes_are_counted_each():
    leaves = [Node("point", {"label": "a", "source": source}) for source in ("manual", "", "file")]
    within = Node("point", {"label": "a", "source": "manual"}, [Node("more", {"value": "1"})], "text")
    root = Node("image", {}, [*leaves, within, *leaves])
    found = {"point.@source": 5, "point.more": 1, "point.#text": 1}
    assert unread(root, "point.@label") == found
    assert unread(root, "point.@label", "point.@source") == {
        key: count for key, count in found.items() if "source" not in key
    }


def test_more_sets_of_names_than_are_kept():
    rows = [{f"a{at}": 1, "x": 1} for at in range(2 * MOST_PATHS)]
    found = unread([*rows, *rows], "[].x")
    assert sum(found.values()) == 4 * MOST_PATHS
    assert found[REST] == 2 * MOST_PATHS
