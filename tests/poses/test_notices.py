"""Notices of several files or pieces are said once, with the sum of what they count."""

from __future__ import annotations

import pickle

from poseval.datasets.containers.json_records import FieldsNotRead
from poseval.poses import Notice
from poseval.poses.notices import Amount, counted, together

WITHOUT = Amount(noun="result", after=" without bbox")


def fields(*known: str) -> FieldsNotRead:
    return FieldsNotRead("annotations", known)


def test_different_sentences_of_one_code_stay_apart() -> None:
    plain = Notice("N431", "a: areas are of joints")
    said = [counted("N431", WITHOUT, {"": 2}, "a"), plain, counted("N431", WITHOUT, {"": 1003}, "a"), plain]
    assert [str(one) for one in together(said)] == [
        "a: 1,005 results without bbox [N431]",
        "a: areas are of joints [N431]",
    ]
    assert [one.count for one in together(said)] == [1005, 1]
    assert together(said[:2]) == said[:2]


def test_other_codes_and_other_words_stay_apart() -> None:
    said = [
        counted("N431", WITHOUT, {"": 2}),
        counted("N432", WITHOUT, {"": 2}),
        counted("N431", Amount(noun="row", after=" without bbox"), {"": 2}),
        Notice("N431", "2 results without bbox."),
    ]
    assert together(said) == said


def test_one_is_said_in_the_singular() -> None:
    assert counted("N431", WITHOUT, {"": 1}).text == "1 result without bbox"
    assert counted("N471", Amount("skipped regions: "), {"": 1}).text == "skipped regions: 1"


def test_several_files_are_named_by_the_first() -> None:
    said = [counted("N431", WITHOUT, {"": at}, f"{at}.json") for at in (3, 1, 2)]
    assert together(said)[0].text == "3.json and 2 other files: 6 results without bbox"
    assert together(said[:2])[0].text == "3.json and 1 other file: 4 results without bbox"
    assert together([*together(said[:2]), said[2]]) == together(said)


def test_names_are_listed_once_and_in_order() -> None:
    foreign = Amount(noun="result", after=" of other categories")
    pieces = [counted("N418", foreign, {"10": 1, "9": 2}), counted("N418", foreign, {"9": 1})]
    assert together(pieces)[0].text == "4 results of other categories (9, 10)"
    many = counted("N418", foreign, {str(at): 1 for at in range(6)})
    assert many.text == "6 results of other categories (0, 1, 2, 3, 4, ...)"


def test_fields_that_were_not_read_are_summed_by_name() -> None:
    pieces = [
        counted("N410", fields("score"), {"foo": 2, "scroe": 1}, "a.json"),
        counted("N410", fields("score", "bbox"), {"scroe": 4, "bar": 1}, "a.json"),
    ]
    text = "a.json: annotations: fields not read: scroe (5), did you mean score?, foo (2), bar (1)"
    assert [str(one) for one in together(pieces)] == [f"{text} [N410]"]
    assert together(pieces)[0].count == 8


def test_of_many_fields_the_most_frequent_are_named() -> None:
    counts = {f"x{at}y{at}z": 10 - at for at in range(7)}
    said = counted("N410", fields(), counts)
    assert said.text.endswith("x4y4z (6) and 2 more")
    assert counted("N410", fields(), {**counts, FieldsNotRead.REST: 30}).text.endswith("and many more")


def test_a_count_of_its_own_is_summed() -> None:
    said = [counted("N941", WITHOUT, {"": 7}, count=2), counted("N941", WITHOUT, {"": 8}, count=3)]
    assert [(one.text, one.count) for one in together(said)] == [("15 results without bbox", 5)]


def test_a_notice_goes_to_another_process() -> None:
    said = counted("N410", fields("score"), {"foo": 2}, "a.json")
    there = pickle.loads(pickle.dumps(said))
    assert there == said
    assert together([there, said])[0].text == "a.json: annotations: fields not read: foo (4)"
