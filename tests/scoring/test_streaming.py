"""Results that are read in pieces give the report of results that are read as a whole."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.cli import invoke
from poseval.datasets.coco import pieces, result_windows
from poseval.datasets.files import long_list
from poseval.errors import InputError, LimitError, PosevalError, UsageError
from poseval.limits import MIB, Limits, raised
from poseval.scoring import long_files
from poseval.scoring.score import evaluate, score
from poseval.synth import perturb, scene_set

TRUTH = scene_set(seed=5, images=40, people=4)
Result = dict[str, Any]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of two or three images, and windows of about ten results."""
    monkeypatch.setattr(pieces, "PIECE", 3000)
    monkeypatch.setattr(result_windows, "WINDOW", 6000)
    monkeypatch.setattr(result_windows, "HEAD", 2000)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth") / "gt.json"
    poseval.write(TRUTH, path, "coco")
    return path


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    path = tmp_path_factory.mktemp("results") / "dt.json"
    poseval.write(perturb(TRUTH, 1, jitter=0.5), path, "coco", role="predictions", truth=TRUTH)
    listed: list[Result] = json.loads(path.read_text("utf-8"))
    rng = np.random.default_rng(0)
    listed += [{**one, "score": round(one["score"] / 2, 2)} for one in listed]
    return [listed[at] for at in rng.permutation(len(listed))]


def said(report: poseval.Report) -> Any:
    """A report without the seconds, the path, and what checks say, which look at the first piece."""
    value = json.loads(report.to_json())
    del value["timings"], value["notices"]
    for one in value["inputs"]:
        del one["path"]
    return value


def lines(listed: list[Result]) -> bytes:
    return "\r\n\n".join(map(json.dumps, listed)).encode()


FORMS: dict[str, Callable[[list[Result]], bytes]] = {
    "list.json": lambda listed: json.dumps(listed).encode(),
    "compact.json": lambda listed: json.dumps(listed, separators=(",", ":")).encode(),
    "indented.json": lambda listed: b"\xef\xbb\xbf \n" + json.dumps(listed, indent=2).encode() + b"\n",
    "lines.jsonl": lines,
    "list.json.gz": lambda listed: gzip.compress(json.dumps(listed).encode()),
    "two.json.gz": lambda listed: b"".join(
        gzip.compress(half) for half in halves(json.dumps(listed).encode())
    ),
    "list.json.xz": lambda listed: lzma.compress(json.dumps(listed).encode()),
    "list.json.bz2": lambda listed: bz2.compress(json.dumps(listed).encode()),
    "lines.jsonl.gz": lambda listed: gzip.compress(lines(listed)),
}


def halves(text: bytes) -> tuple[bytes, bytes]:
    return text[: len(text) // 2], text[len(text) // 2 :]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_report(
    name: str, truth: Path, results: list[Result], tmp_path: Path, small: None
) -> None:
    path = tmp_path / name
    path.write_bytes(FORMS[name](results))
    whole, streamed = score(truth, path), score(truth, path, stream=True)
    assert said(streamed) == said(whole)
    assert whole.behind is not None
    assert streamed.behind is None


def texts(report: poseval.Report, *codes: str) -> list[str]:
    return [notice.text for notice in report.notices if notice.code in codes]


def test_checks_say_what_they_looked_at(
    truth: Path, results: list[Result], tmp_path: Path, small: None
) -> None:
    path = tmp_path / "dt.json"
    path.write_text(json.dumps(results[:1]), "utf-8")
    partly = "dt.json: predictions were checked in the first 40 of 40 frames"
    assert texts(score(truth, path, stream=True), "N943") == []
    assert partly not in str(score(truth, path, stream=True))
    path.write_text(json.dumps(results), "utf-8")
    assert texts(score(truth, path, stream=True), "N943") == [
        "dt.json: predictions were checked in the first 1 of 40 frames; --no-stream checks all"
    ]
    assert texts(score(truth, path, stream=False), "N943") == []


def test_copies_and_crowds_are_counted_in_all_pieces(
    truth: Path, results: list[Result], tmp_path: Path, small: None
) -> None:
    path = tmp_path / "dt.json"
    last = max(results, key=lambda one: int(one["image_id"]))  # the first piece has none of these
    path.write_text(json.dumps([*results, *[{**last, "keypoints": [5, 5, 1] * 17}] * 30]), "utf-8")
    reports = [score(truth, path, metrics=["oks_ap(max_dets=2)"], stream=on) for on in (False, True)]
    whole, streamed = (
        [text.partition("; with")[0] for text in texts(report, "N419", "N426", "N927")] for report in reports
    )
    assert sorted(streamed) == sorted(whole)
    assert len(whole) == 3


@pytest.mark.parametrize("without", [1, 2, 50, "an image"])
def test_notices_of_reading_have_the_count_of_all_pieces(
    without: Any, truth: Path, results: list[Result], tmp_path: Path, small: None
) -> None:
    path, codes = tmp_path / "dt_3 of 7.json", ("N431", "N418", "N410")
    listed = [{**one, "bbox": [1, 2, 30, 40]} for one in results]
    image = listed[-1]["image_id"]  # whose piece has no box at all, if it is without
    for at, one in enumerate(listed):
        lacks = one["image_id"] == image if without == "an image" else at >= len(listed) - without
        if lacks and at:
            del one["bbox"]
    listed[7]["category_id"], listed[200]["category_id"] = 9, 4
    for at, one in enumerate(listed):
        one.update({"scroe": 1} if at % 3 else {"scroe": 1, "foo": 2})
    path.write_text(json.dumps(listed), "utf-8")
    whole, streamed = (
        [(one.text, one.count) for one in score(truth, path, stream=on).notices if one.code in codes]
        for on in (False, True)
    )
    assert len(whole) == 3
    assert sorted(streamed) == sorted(whole)


def test_one_piece_has_the_notices_of_the_whole(truth: Path, results: list[Result], tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    fields = {"segmentation": [], "bbox": [1, 2, 30, 40]}
    rows = [{**results[0], "segmentation": []}, *({**one, **fields} for one in results[1:])]
    path.write_text(json.dumps(rows), "utf-8")
    whole, streamed = (texts(score(truth, path, stream=on), "N431") for on in (False, True))
    assert len(whole) == 2
    assert streamed == whole


def shares(truth: Path, path: Path) -> list[pieces.Share]:
    with pieces.Pieces(path, poseval.read(truth), poseval.Task().limits) as found:
        return list(found)


def test_results_are_read_in_many_pieces(
    truth: Path, results: list[Result], tmp_path: Path, small: None
) -> None:
    path = tmp_path / "dt.json"
    path.write_text(json.dumps(results), "utf-8")
    found = shares(truth, path)
    assert len(found) > 10
    assert np.concatenate([share.rows for share in found]).tolist() == list(range(40))
    gathered = [one for share in found for one in json.loads(share.document.data)]
    assert sorted(map(json.dumps, gathered)) == sorted(map(json.dumps, results))


@pytest.mark.parametrize(
    "asked", [{"rules": "corrected"}, {"per_joint": True}, {"metrics": ["oks_lrp", "calibration"]}]
)
@pytest.mark.parametrize("boxes", ["all", "none", "but the first", "only the first", "first null"])
def test_every_rule_gives_the_same_report(
    asked: Any, boxes: str, truth: Path, results: list[Result], tmp_path: Path, small: None
) -> None:
    listed = [dict(one) for one in results]
    for at, one in enumerate(listed):
        first = at == 0
        if (
            boxes == "none"
            or (boxes == "but the first" and first)
            or (boxes == "only the first" and not first)
        ):
            one.pop("bbox", None)
        else:
            one["bbox"] = None if boxes == "first null" and first else [1, 2, 30 + at % 70, 40]
    path = tmp_path / "dt.json"
    path.write_text(json.dumps(listed), "utf-8")
    whole, streamed = (score(truth, path, stream=stream, **asked) for stream in (False, True))
    assert said(streamed) == said(whole)


def test_intervals_and_saved_runs_are_the_same(
    truth: Path, results: list[Result], tmp_path: Path, small: None
) -> None:
    path = tmp_path / "dt.json"
    path.write_text(json.dumps(results), "utf-8")
    runs = [evaluate(truth, path, stream=stream) for stream in (False, True)]
    for name, tally in (
        ("keys", lambda run: run.unit_keys.tolist()),
        ("groups", lambda run: sorted(run.groups)),
    ):
        assert tally(runs[0]) == tally(runs[1]), name
    weights = np.random.default_rng(1).integers(0, 3, (5, 40))
    assert runs[0].summaries(weights) == runs[1].summaries(weights)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"keypoints": "no"}, "P203", "[77].keypoints"),
        ({"keypoints": [1, 2, 3]}, "P204", "[77].keypoints"),
        ({"score": None}, "P302", "[77].score"),
        ({"bbox": [0, 0, -1, 4]}, "P307", "[77].bbox"),
    ],
)
def test_a_fault_names_its_place_in_the_file(
    change: Result, code: str, words: str, truth: Path, results: list[Result], tmp_path: Path, small: None
) -> None:
    path = tmp_path / "dt.json"
    path.write_text(json.dumps([*results[:77], {**results[77], **change}, *results[78:]]), "utf-8")
    with pytest.raises(InputError) as caught:
        score(truth, path, stream=True)
    assert caught.value.code == code
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (lambda text: text[: len(text) // 2], "P210"),
        (lambda text: text[:-1] + ",]", "P210"),
        (lambda text: text + "x", "P210"),
        (lambda text: text.replace('"score"', '"score', 1), "P210"),
        (lambda text: text[: len(text) // 2] + '{"image_id": ' + text[len(text) // 2 :], "P210"),
        (lambda text: '{"results": ' + text + "}", "P838"),
        (lambda text: "", "P200"),
        (lambda text: text.replace('"image_id": ', '"image_id": 9', 1), "P402"),
        (lambda text: text.replace('"image_id": 1,', '"image_id": "1",'), "P838"),
    ],
)
def test_what_is_wrong_is_refused(
    text: Callable[[str], str], code: str, truth: Path, results: list[Result], tmp_path: Path, small: None
) -> None:
    path = tmp_path / "dt.json"
    path.write_text(text(json.dumps(results)), "utf-8")
    with pytest.raises(PosevalError) as caught:
        score(truth, path, stream=True)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["not whole.json.gz", "not whole.json.xz", "not whole.json.bz2"])
def test_a_damaged_packing_is_refused(name: str, truth: Path, results: list[Result], tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(halves(FORMS[f"list{path.suffixes[0]}{path.suffixes[1]}"](results))[0])
    with pytest.raises(InputError) as caught:
        score(truth, path, stream=True)
    assert caught.value.code == "P212"


def test_a_zstandard_file_that_ends_between_blocks_is_refused(
    truth: Path, results: list[Result], tmp_path: Path
) -> None:
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "cut.jsonl.zst"
    packing = zstandard.ZstdCompressor().compressobj()
    begun = packing.compress(lines(results)) + packing.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    path.write_bytes(begun)
    with pytest.raises(InputError) as caught:
        score(truth, path, stream=True)
    assert caught.value.code == "P212"
    path.write_bytes(begun + packing.flush())
    assert score(truth, path, stream=True).summary == score(truth, path, stream=False).summary


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no file that is always full")
def test_no_room_for_what_is_unpacked_names_the_folder(
    truth: Path, results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dt.json.gz"
    path.write_bytes(gzip.compress(json.dumps(results).encode()))
    full = partial(open, "/dev/full", "r+b")
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(LimitError) as caught:
        score(truth, path, stream=True)
    assert caught.value.code == "P506"
    assert "dt.json.gz: cannot be unpacked into" in str(caught.value)
    assert "TMPDIR" in str(caught.value)


def test_bounds_hold(truth: Path, results: list[Result], tmp_path: Path, small: None) -> None:
    path = tmp_path / "dt.json.gz"
    path.write_bytes(gzip.compress(json.dumps(results).encode()))
    for limit, code in (("people=20", "P502"), ("bytes=4KiB", "P501"), ("ratio=1", "P504")):
        path.write_bytes(gzip.compress(json.dumps(results * (50 if code == "P504" else 1)).encode()))
        with pytest.raises(LimitError) as caught:
            score(truth, path, stream=True, limits=[limit])
        assert caught.value.code == code


class TestLongFiles:
    """Files from a size on are read in pieces by themselves, where they can be."""

    @pytest.fixture(autouse=True)
    def long(self, monkeypatch: pytest.MonkeyPatch, small: None) -> None:
        monkeypatch.setattr(long_files, "LONG", 1)

    def test_by_themselves(self, truth: Path, results: list[Result], tmp_path: Path) -> None:
        path = tmp_path / "dt.json"
        path.write_text(json.dumps(results), "utf-8")
        assert score(truth, path).behind is None
        assert score(truth, path, stream=False).behind is not None
        assert score(truth, path, slices=["size"]).behind is not None

    def test_others_are_read_as_before(self, truth: Path, results: list[Result], tmp_path: Path) -> None:
        path = tmp_path / "dt.json"
        path.write_text(json.dumps({"results": results}), "utf-8")
        assert score(truth, path).behind is not None
        path.write_text(json.dumps(results).replace('"image_id": ', '"image_id": 9'), "utf-8")
        with pytest.raises(InputError) as caught:
            score(truth, path)
        assert caught.value.code == "P402"


class TestOtherLongFiles:
    """JSON lines and packed files, whose text is held when they are read as a whole, are shorter."""

    @pytest.fixture(autouse=True)
    def short(self, monkeypatch: pytest.MonkeyPatch, small: None) -> None:
        monkeypatch.setattr(long_files, "LINES", 50_000)
        monkeypatch.setattr(long_files, "PACKED", 10_000)

    @pytest.mark.parametrize("name", [name for name in FORMS if not name.endswith(".json")])
    def test_by_themselves(self, name: str, truth: Path, results: list[Result], tmp_path: Path) -> None:
        path = tmp_path / name
        path.write_bytes(FORMS[name](results[:10]))
        assert score(truth, path).behind is not None
        path.write_bytes(FORMS[name](results))
        report = score(truth, path)
        assert report.behind is None
        assert said(report) == said(score(truth, path, stream=False))

    def test_a_plain_list_is_long_from_its_own_size_on(
        self, truth: Path, results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(long_list, "LONG", 1)
        path = tmp_path / "dt.json"
        path.write_text(json.dumps(results), "utf-8")
        assert path.stat().st_size > 50_000
        assert score(truth, path).behind is not None

    def test_gzip_says_what_it_unpacks_to(self, truth: Path, results: list[Result], tmp_path: Path) -> None:
        path = tmp_path / "dt.json.gz"
        path.write_bytes(gzip.compress(json.dumps(results[:5] * 40).encode(), 9))
        assert path.stat().st_size < 10_000
        assert score(truth, path).behind is None
        path.write_bytes(gzip.compress(json.dumps({"results": results}).encode()))
        assert score(truth, path).behind is not None


def test_a_plain_file_in_pieces_may_be_longer(truth: Path, results: list[Result], tmp_path: Path) -> None:
    path, usual = tmp_path / "dt.json", Limits()
    path.write_text(json.dumps(results), "utf-8")
    larger = long_files.limits_in_pieces(path, usual)
    assert (larger.file_bytes, larger.people) == (4096 * MIB, 10_000_000)
    assert replace(larger, file_bytes=usual.file_bytes, people=usual.people) == usual
    asked = Limits(file_bytes=MIB, people=2_000_001)
    assert long_files.limits_in_pieces(path, asked) == asked
    held = raised(["bytes=512MiB"], usual)  # the usual value, but asked for
    assert long_files.limits_in_pieces(path, held).file_bytes == usual.file_bytes
    path.write_bytes(gzip.compress(b"[]"))
    assert long_files.limits_in_pieces(path, usual) == usual


@pytest.mark.parametrize("asked", [{"slices": ["size"]}, {"align_by": "stem"}, {"joints": "names"}])
def test_what_needs_all_at_once_is_named(
    asked: Any, truth: Path, results: list[Result], tmp_path: Path
) -> None:
    path = tmp_path / "dt.json"
    path.write_text(json.dumps(results), "utf-8")
    with pytest.raises(UsageError) as caught:
        score(truth, path, stream=True, **asked)
    assert caught.value.code == "P838"


def test_from_the_command_line(
    truth: Path, results: list[Result], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dt.json"
    path.write_text(json.dumps(results), "utf-8")
    texts = []
    for option in ("--stream", "--no-stream"):
        assert invoke(["score", str(path), "--gt", str(truth), option, "--csv", "-", "--quiet"]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert invoke(["score", str(path), "--gt", str(truth), "--stream", "--report", "out.html"]) == 2
    assert "does not go with --report" in capsys.readouterr().err
