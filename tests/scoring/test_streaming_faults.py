"""What is wrong with results is said with the same words, whether they are read in pieces or as a whole."""

from __future__ import annotations

import gzip
import json
import math
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval.datasets.coco import pieces, result_windows
from poseval.errors import FormatError, InputError, PosevalError
from poseval.scoring import long_files
from poseval.scoring.score import score
from tests.fuzz.coco import mutated
from tests.hostile.made import results, truth

Result = dict[str, Any]
COUNT = 30


def many() -> list[Result]:
    return [dict(one) for _ in range(COUNT // len(results())) for one in results()]


def changed(*changes: tuple[int, Result]) -> list[Result]:
    out = many()
    for at, change in changes:
        out[at] = {key: value for key, value in {**out[at], **change}.items() if value != "absent"}
    return out


# Results, and then their text, may be changed.
RECORDS: dict[str, list[Any]] = {
    "an unknown image": changed((17, {"image_id": 999})),
    "unknown images": changed((2, {"image_id": 999}), (3, {"image_id": 998}), (25, {"image_id": 999})),
    "only unknown images": [{**one, "image_id": one["image_id"] + 700} for one in many()],
    "no image": changed((4, {"image_id": "absent"}), (28, {"image_id": "absent"})),
    "an image by half": changed((4, {"image_id": 10.5})),
    "an image of null": changed((29, {"image_id": None})),
    "too few numbers": changed((22, {"keypoints": [1, 2, 3]})),
    "no numbers": changed((22, {"keypoints": "none"})),
    "texts among numbers": changed((6, {"keypoints": ["1"] * 51}), (7, {"keypoints": ["1"] * 51})),
    "no joints": [{key: value for key, value in one.items() if key != "keypoints"} for one in many()],
    "a score of null": changed((0, {"score": None})),
    "no score": changed((12, {"score": "absent"})),
    "a word as score": changed((29, {"score": "high"})),
    "an infinite score": changed((9, {"score": float("inf")})),
    "no category": changed((3, {"category_id": "absent"})),
    "a box that is negative": changed((5, {"bbox": [0, 0, -1, 2]}), (20, {"bbox": [0, 0, 1, -2]})),
    "a box of three": changed((13, {"bbox": [0, 0, 1]})),
    "an unknown image and a score of null": changed((1, {"image_id": 999}), (24, {"score": None})),
    "faults of all checks": changed(
        *((at, {"image_id": "absent"}) for at in (2, 20)),
        *((at, {"score": "absent"}) for at in (3, 19)),
        *((at, {"bbox": [0, 0, -1, 1]}) for at in (1, 18)),
        *((at, {"keypoints": [1, 2, 3]}) for at in (4, 17)),
        (28, {"score": None}),
        (0, {"image_id": 999}),
    ),
    "a number among results": [*many()[:20], 5, *many()[20:]],
    "a number at last": [*many(), 5],
    "lists": [[1, 2], [3, 4]],
    "numbers": [1, 2, 3],
}
TEXTS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda text: b"",
    "white space": lambda text: b" \n ",
    "an object": lambda text: b"{}",
    "half": lambda text: text[: len(text) // 2 + 40],
    "cut in a number": lambda text: text[: text.rindex(b"0.9") + 2],
    "cut behind a list": lambda text: text[: text.rindex(b"],") + 1],
    "a character too many": lambda text: text + b"x",
    "a quote too few": lambda text: replaced(text, b'"score"', b'"score'),
    "a word": lambda text: replaced(text, b'"score": ', b'"score": high'),
    "a number too long": lambda text: replaced(text, b'"score": ', b'"score": 0'),
    "a colon too few": lambda text: replaced(text, b'"score": ', b'"score" '),
    "no text": lambda text: replaced(text, b'"score"', b'"sco\xffe"'),
    "nested without end": lambda text: replaced(text, b'"score": ', b'"more": ' + b"[" * 40 + b', "score": '),
}
FORMS: dict[str, Callable[[list[Any]], bytes]] = {
    "list.json": lambda rows: json.dumps(rows).encode(),
    "indented.json": lambda rows: json.dumps(rows, indent=1).encode(),
    "lines.jsonl": lambda rows: "".join(f"{json.dumps(row)}\n" for row in rows).encode(),
    "other_lines.jsonl": lambda rows: "\r\n\n ".join(map(json.dumps, rows)).encode(),
}
PACKED: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress}


def replaced(text: bytes, old: bytes, new: bytes) -> bytes:
    """One in the middle of the file."""
    at = text.index(old, len(text) // 2) if old in text[len(text) // 2 :] else len(text)
    return text[:at] + new + text[at + len(old) :]


@pytest.fixture(scope="module")
def gt(tmp_path_factory: pytest.TempPathFactory) -> poseval.PoseSet:
    path = tmp_path_factory.mktemp("truth") / "gt.json"
    path.write_text(json.dumps(truth()), "utf-8")
    return poseval.read(path)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows and pieces of a few results."""
    monkeypatch.setattr(pieces, "PIECE", 5000)
    monkeypatch.setattr(result_windows, "WINDOW", 2500)
    monkeypatch.setattr(result_windows, "HEAD", 1500)


def told(gt: poseval.PoseSet, path: Path, stream: bool) -> str:
    """The error in words; empty for none."""
    try:
        score(gt, path, stream=stream)
    except PosevalError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def cases() -> Iterator[Any]:
    for form in FORMS:
        for name, rows in RECORDS.items():
            yield pytest.param(form, lambda form=form, rows=rows: FORMS[form](rows), id=f"{name}, {form}")
        for name, change in TEXTS.items():
            yield pytest.param(
                form, lambda form=form, change=change: change(FORMS[form](many())), id=f"{name}, {form}"
            )


@pytest.mark.parametrize(("form", "made"), list(cases()))
@pytest.mark.parametrize("packing", [*PACKED, ".zst"])
def test_the_words_are_the_same(
    form: str, made: Callable[[], bytes], packing: str, gt: poseval.PoseSet, tmp_path: Path
) -> None:
    pack = PACKED[packing] if packing in PACKED else pytest.importorskip("zstandard").compress
    path = tmp_path / f"{form}{packing}"
    path.write_bytes(pack(made()))
    whole = told(gt, path, stream=False)
    assert whole
    assert told(gt, path, stream=True) == whole


MANY: dict[str, list[Result]] = {
    "score": [{"score": None}],
    "image by half": [{"image_id": 10.5}],
    "image of true": [{"image_id": True}],
    "image of more than 64 bits": [{"image_id": 1 << 64}],
    "box and score": [{"bbox": [0, 0, -1, 1]}, {"score": None}],
    "lengths and images": [{"keypoints": [1, 2, 3]}, {"image_id": 999}, {"keypoints": [1] * 6}],
}


@pytest.mark.parametrize("name", MANY)
def test_more_faults_than_are_listed_are_counted_alike(
    name: str, gt: poseval.PoseSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE", 300_000)
    path, rows = tmp_path / "dt.json", results() * 500
    path.write_text(
        json.dumps([*rows, *({**one, **change} for change in MANY[name] for one in rows)]), "utf-8"
    )
    whole = told(gt, path, stream=False)
    assert "and 999 more" in whole or "and 1,999 more" in whole
    assert told(gt, path, stream=True) == whole


@pytest.mark.parametrize("form", FORMS)
def test_long_files_say_where_by_themselves(
    form: str, gt: poseval.PoseSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_files, "LONG", 1)  # so that the reader of whole documents is not asked
    path = tmp_path / form
    for name in set(TEXTS) - {"nothing", "white space", "an object"}:
        path.write_bytes(TEXTS[name](FORMS[form](many())))
        assert told(gt, path, stream=True) == told(gt, path, stream=False), name


@pytest.mark.parametrize("name", ["dt.json", "dt.jsonl"])
def test_a_line_that_is_cut_is_named(name: str, gt: poseval.PoseSet, tmp_path: Path) -> None:
    lines = [json.dumps(one) for one in many()]
    text = "\n".join([*lines[:20], "", lines[20][:100]])
    (tmp_path / name).write_text(text, "utf-8")
    for stream in (False, True):
        with pytest.raises(FormatError) as caught:
            score(gt, tmp_path / name, stream=stream)
        assert str(caught.value) == (
            f"{name}: line 22, byte {len(text)}: ends in the middle of the document (truncated) [P210]"
        )


def test_a_wrong_value_in_a_line_is_at_the_byte_of_the_file(gt: poseval.PoseSet, tmp_path: Path) -> None:
    path = tmp_path / "dt.jsonl"
    path.write_bytes(FORMS["other_lines.jsonl"](changed((14, {"score": "high"}))))
    at = path.read_bytes().index(b'"high"')
    for stream in (False, True):
        with pytest.raises(FormatError) as caught:
            score(gt, path, stream=stream)
        assert f"[14].score (byte {at})" in str(caught.value)


def test_commas_where_windows_meet(gt: poseval.PoseSet, tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    for at in range(1, COUNT + 1):
        rows = [json.dumps(one) for one in many()]
        path.write_text("[" + ", ".join(rows[:at]) + " ,, " + ", ".join(rows[at:]) + "]", "utf-8")
        assert "[P210]" in told(gt, path, stream=True)
        assert told(gt, path, stream=True) == told(gt, path, stream=False)


def test_too_many_results(gt: poseval.PoseSet, tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    path.write_text(json.dumps(many()), "utf-8")
    words = []
    for stream in (False, True):
        with pytest.raises(PosevalError) as caught:
            score(gt, path, stream=stream, limits=["people=20"])
        words.append(str(caught.value))
    assert words[0] == words[1]


def test_a_file_that_is_not_there(gt: poseval.PoseSet, tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    assert "[P114]" in told(gt, path, stream=True)
    assert told(gt, path, stream=True) == told(gt, path, stream=False)


def test_mutated_files_are_refused_alike(gt: poseval.PoseSet, tmp_path: Path) -> None:
    for number in range(200):
        rng = random.Random(number)
        form = rng.choice([*FORMS])
        path = tmp_path / form
        path.write_bytes(mutated(FORMS[form](many()[:12]), rng))
        whole, streamed = told(gt, path, stream=False), told(gt, path, stream=True)
        assert streamed == whole or ("[P838]" in streamed and not whole), number


@pytest.fixture
def no_images(tmp_path: Path) -> Path:
    path = tmp_path / "none.json"
    path.write_text(json.dumps({**truth(), "images": [], "annotations": []}), "utf-8")
    return path


@pytest.mark.parametrize("stream", [False, True])
def test_a_truth_without_images_scores_nothing(no_images: Path, tmp_path: Path, stream: bool) -> None:
    path = tmp_path / "empty.json"
    path.write_text("[]", "utf-8")
    report = score(no_images, path, stream=stream)
    assert report.summary
    assert all(math.isnan(value) for value in report.summary.values())
    assert "N427" in [notice.code for notice in report.notices]


def test_results_of_a_truth_without_images_are_of_unknown_images(no_images: Path, tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    path.write_text(json.dumps(many()), "utf-8")
    words = []
    for stream in (False, True):
        with pytest.raises(InputError) as caught:
            score(no_images, path, stream=stream)
        words.append(str(caught.value))
    assert caught.value.code == "P402"
    assert words[0] == words[1]


def test_a_sound_file_of_another_form_is_said_to_be_none_for_pieces(
    gt: poseval.PoseSet, tmp_path: Path
) -> None:
    path = tmp_path / "dt.json"
    for rows in (many()[:1], many()):  # in one window, and in more than one
        path.write_text(json.dumps([rows]), "utf-8")
        assert told(gt, path, stream=False) == ""
        assert "dt.json: is a list of lists [P838]" in told(gt, path, stream=True)


def test_what_is_wrong_with_all_results_is_said_once(gt: poseval.PoseSet, tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    path.write_text(json.dumps([{**one, "keypoints": [1, 2, 1] * 26} for one in many()]), "utf-8")
    assert "[P204]" in told(gt, path, stream=False)
    assert told(gt, path, stream=True) == told(gt, path, stream=False)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(gt: poseval.PoseSet, tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    path.write_text(json.dumps(many()), "utf-8")
    path.chmod(0)
    whole = told(gt, path, stream=False)
    assert "[P136]" in whole
    assert told(gt, path, stream=True) == whole
