"""What a participant sees says nothing of hidden ground truth but the numbers that `detail` allows.

Each probe is judged by two challenges that have the same frames and other people in them: status, message and
page must be the same, byte by byte, once the numbers are taken out. So no message, count, notice, flag or
refusal can carry anything of the annotations.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.challenge.description import DETAIL, PUBLIC
from poseval.challenge.judge import NOT_SCORED, Judge, Verdict, open_judge
from poseval.challenge.public import known_part
from poseval.challenge.starting import start
from poseval.scoring.score import score
from tests.challenge.worlds import WORLDS, World

COCO, MPII, VIDEOS = WORLDS[0], WORLDS[5], WORLDS[6]
NUMBERS = re.compile(r"<table>.*</table>", re.DOTALL)
Rows = list[dict[str, Any]]


def judge_of(world: World, folder: Path, seed: int, **changes: Any) -> Judge:
    folder.mkdir(parents=True)
    made = start(folder / "c", world.write_truth(folder / "gt.npz", seed), "People", world.benchmark)
    changed = replace(made, splits=(replace(made.splits[0], public=world.public, **changes),))
    return open_judge(changed)


class Judges(dict[str, tuple[Judge, Judge]]):
    """Two judges for each world, made when asked for: their ground truth differs in all but its frames."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def __missing__(self, benchmark: str) -> tuple[Judge, Judge]:
        world = next(one for one in WORLDS if one.benchmark == benchmark)
        one, other = (judge_of(world, self.folder / f"{benchmark}{seed}", seed) for seed in (1, 2))
        self[benchmark] = one, other
        return self[benchmark]


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Judges:
    return Judges(tmp_path_factory.mktemp("hidden"))


def seen(verdict: Verdict) -> tuple[str, str, str, list[str]]:
    """All that a participant sees, without the values of numbers."""
    node = verdict.public()
    assert node.keys() == {"schema", "status", "split", "digest", "numbers", "joints", "message"}
    return verdict.status, verdict.message, NUMBERS.sub("", verdict.page), sorted(node["joints"])


def bytes_of(world: World, folder: Path, seed: int) -> bytes:
    folder.mkdir(exist_ok=True)
    return world.sent_file(folder, seed).read_bytes()


def broken(data: bytes) -> Iterator[bytes]:
    """A submission that is damaged in ways which any file can be."""
    yield b""
    for place in (1, len(data) // 3, len(data) - 2):
        yield data[:place]
    for before, after in (
        (b"1", b"NaN"),
        (b"2", b"null"),
        (b"3", b"1e400"),
        (b".", b"-1e308"),
        (b"4", b'"x"'),
    ):
        middle = data.find(before, len(data) // 2)
        yield data[:middle] + after + data[middle + len(before) :]


# Those that share format and pairing with another world.
ALIKE = {"crowdpose", "ochuman", "aic", "posetrack21"}
EACH = [pytest.param(one, marks=pytest.mark.slow if one.benchmark in ALIKE else ()) for one in WORLDS]


@pytest.mark.parametrize("world", EACH, ids=lambda world: world.benchmark)
def test_files_of_any_kind(world: World, judges: Judges, tmp_path: Path) -> None:
    one, other = judges[world.benchmark]
    probes = [bytes_of(world, tmp_path / "p", seed) for seed in (1, 2, 3)]
    for at, probe in enumerate([*probes, *broken(probes[0])]):
        path = tmp_path / f"probe{at}"
        path.write_bytes(probe)
        assert seen(one.judge(path)) == seen(other.judge(path)), at
    assert one.judge(tmp_path / "probe0").numbers != other.judge(tmp_path / "probe0").numbers


def everywhere(rows: Rows, **values: object) -> Rows:
    return [{**row, **values} for row in rows]


def only_images(count: int) -> Callable[[Rows], Rows]:
    return lambda rows: [row for row in rows if row["image_id"] < 100 + count]


PROBES: dict[str, Callable[[Rows], Any]] = {
    "nothing": lambda rows: [],
    "no person in most images": only_images(1),
    "one image more": only_images(2),
    "an image that is not there": lambda rows: [*rows, {**rows[0], "image_id": 999}],
    "only images that are not there": lambda rows: everywhere(rows, image_id=999),
    "ids as texts": lambda rows: [{**row, "image_id": str(row["image_id"])} for row in rows],
    "names as ids": lambda rows: [{**row, "image_id": f"{row['image_id']:012d}.jpg"} for row in rows],
    "another category": lambda rows: everywhere(rows, category_id=2),
    "every row ten times": lambda rows: rows * 10,
    "a flood in one image": lambda rows: [*rows, *([rows[0]] * 500)],
    "one score": lambda rows: everywhere(rows, score=0.5),
    "scores from beyond": lambda rows: everywhere(rows, score=-1e300),
    "one point": lambda rows: everywhere(rows, keypoints=[300.0, 300.0, 1.0] * 17),
    "normalised": lambda rows: everywhere(rows, keypoints=[0.5, 0.5, 1.0] * 17),
    "far outside": lambda rows: everywhere(rows, keypoints=[1e15, -1e15, 1.0] * 17),
    "overflowing": lambda rows: everywhere(rows, keypoints=[1e308, 1e308, 1.0] * 17),
    "no joints": lambda rows: everywhere(rows, keypoints=[0.0, 0.0, 0.0] * 17),
    "mirrored": lambda rows: [{**row, "keypoints": row["keypoints"][::-1]} for row in rows],
    "half of the joints": lambda rows: [{**row, "keypoints": row["keypoints"][:24]} for row in rows],
    "with boxes": lambda rows: everywhere(rows, bbox=[0.0, 0.0, 1.0, 1.0]),
    "with ids of annotations": lambda rows: [{**row, "id": at} for at, row in enumerate(rows)],
    "as ground truth": lambda rows: {"images": [], "annotations": rows, "categories": []},
    "one NaN": lambda rows: [{**rows[0], "score": math.nan}, *rows[1:]],
}


@pytest.mark.parametrize("detail", DETAIL)
def test_probes_of_a_benchmark_of_images(detail: str, tmp_path: Path) -> None:
    one, other = (judge_of(COCO, tmp_path / str(seed), seed, detail=detail) for seed in (1, 2))
    rows = json.loads(bytes_of(COCO, tmp_path / "p", 3))
    found = {}
    probes = list(PROBES)[1::20] if detail == "report" else list(PROBES)  # figures take seconds
    for name in probes:
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(PROBES[name](rows)))
        mine, theirs = one.judge(path), other.judge(path)
        if detail == "report" and mine.scored:  # its page holds curves and tables: that is what it is
            mine, theirs = replace(mine, page=""), replace(theirs, page="")
        assert seen(mine) == seen(theirs), name
        found[name] = mine.status
    assert set(found.values()) == ({"scored"} if detail == "report" else {"scored", "refused"})


def moved(rows: Rows, change: Callable[[float, float], tuple[float, float]]) -> Rows:
    """Rows whose joints are elsewhere."""
    out = []
    for row in rows:
        joints = np.asarray(row["keypoints"]).reshape(-1, 3)
        xy = [change(x, y) for x, y in joints[:, :2].tolist()]
        out.append({**row, "keypoints": np.hstack([xy, joints[:, 2:]]).reshape(-1).tolist()})
    return out


MISTAKES: dict[str, Callable[[Rows], Rows]] = {
    "x and y exchanged": lambda rows: moved(rows, lambda x, y: (y, x)),
    "half as large": lambda rows: moved(rows, lambda x, y: (x / 2, y / 2)),
    "mirrored": lambda rows: moved(rows, lambda x, y: (639 - x, y)),
    "beside": lambda rows: moved(rows, lambda x, y: (x + 40, y)),
    "other images": lambda rows: [{**row, "image_id": 100 + (row["image_id"] - 99) % 12} for row in rows],
    "every image but one": lambda rows: [row for row in rows if row["image_id"] != 105],
    "a flood above the right ones": lambda rows: [*rows, *({**rows[0], "score": 2.0} for _ in range(60))],
}


def test_mistakes_that_scoring_would_find(judges: Judges, tmp_path: Path) -> None:
    """Of these `poseval score` says what the number would be otherwise; here it would say what is true."""
    one, other = judges["coco-keypoints"]
    rows = json.loads(bytes_of(COCO, tmp_path / "p", 1))
    noticed = set()
    for name, change in MISTAKES.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(change(rows)))
        assert seen(one.judge(path)) == seen(other.judge(path)), name
        mine, theirs = (
            {notice.text for notice in score(judge.truth, path, task=judge.task).notices}
            for judge in (one, other)
        )
        noticed |= {name} if mine != theirs else set()
    assert len(noticed) >= 3  # what could have been said differs


def test_images_without_people_are_like_others(judges: Judges, tmp_path: Path) -> None:
    """Two images, with people in one ground truth and without in the other, are refused and scored alike."""
    one, other = judges["coco-keypoints"]
    assert not np.array_equal(one.truth.people.frame, other.truth.people.frame)
    for image in range(98, 113):
        path = tmp_path / "dt.json"
        row = {"image_id": image, "category_id": 1, "keypoints": [9.0] * 51, "score": 1.0}
        path.write_text(json.dumps([row]))
        found = one.judge(path)
        assert seen(found) == seen(other.judge(path))
        assert found.scored == (100 <= image < 112)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.benchmark)
def test_the_known_part_is_a_function_of_the_frames(world: World) -> None:
    one, other = (known_part(world.truth(seed), world.public) for seed in (1, 2))
    assert one is not None
    assert other is not None
    for name in ("key", "sequence", "number", "size", "labelled", "path"):
        assert np.array_equal(
            getattr(one.frames, name), getattr(other.frames, name), equal_nan=name == "size"
        )
    assert one.frames.extra.keys() == other.frames.extra.keys() <= {"image_id"}
    for part in (one, other):
        assert not (part.people.seen > 0).any()
        for name in ("xy", "area", "box", "head", "score"):
            assert np.isnan(getattr(part.people, name)).all()
        assert len(part) == (len(part.frames) if world.public == "people" else 0)
        assert not part.people.extra
        assert not part.origin.sha256
        assert not part.people.crowd.any()
        assert (part.people.track == -1).all()
        assert (part.people.source_id == -1).all()


def test_nothing_is_known_where_nothing_is_public(tmp_path: Path) -> None:
    """Then nothing is said of a wrong image: such a submission fails, like one with any other fault."""
    assert known_part(COCO.truth(1), "nothing") is None
    world = replace(COCO, public="nothing")
    one, other = (judge_of(world, tmp_path / str(seed), seed) for seed in (1, 2))
    rows = json.loads(bytes_of(COCO, tmp_path / "p", 3))
    for name in ("an image that is not there", "half of the joints", "one NaN"):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(PROBES[name](rows)))
        found = one.judge(path)
        assert seen(found) == seen(other.judge(path)), name
        assert found.status == "failed"
        assert found.message == f"{NOT_SCORED}\n"
    assert judge_of(world, tmp_path / "again", 1).judge(tmp_path / "p/s3.json").scored


def test_less_than_the_shown_digits_cannot_be_seen(tmp_path: Path) -> None:
    """A participant who moves one joint a little, again and again, sees no number move."""
    judge = judge_of(COCO, tmp_path / "1", 1)
    rows = json.loads(bytes_of(COCO, tmp_path / "p", 1))
    found = set()
    for step in range(8):
        rows[0]["keypoints"][0] += 0.01 * step
        path = tmp_path / "dt.json"
        path.write_text(json.dumps(rows))
        verdict = judge.judge(path)
        found.add((tuple(verdict.numbers.items()), verdict.page))
        assert all(value == round(value, 1) for value in verdict.numbers.values())
    assert len(found) == 1


def test_a_report_on_hidden_ground_truth_has_no_frame_count_or_digest(tmp_path: Path) -> None:
    judge = judge_of(VIDEOS, tmp_path / "1", 1, detail="report")
    verdict = judge.judge(VIDEOS.sent_file(tmp_path, 2))
    assert '<h2 id="tables">' in verdict.page
    digest = str(judge.truth.origin.sha256)
    for secret in (digest[:8], "gt.npz", *judge.truth.frames.key.tolist(), *judge.truth.frames.sequences):
        assert secret not in verdict.page, secret
    assert f"{len(judge.truth)} records" not in verdict.page
    assert re.search(r'id="frame-data">{"frames": ?\[\]}<', verdict.page)
    counts = {row["n"] for row in verdict.report["values"] if row["n"] > 10}
    assert counts
    assert not [count for count in counts if f">{count:,}</td>" in verdict.page]
    assert ">objects<" not in verdict.page
    numbers = re.findall(r'data-sort="(-?[0-9.]+)"', verdict.page)
    assert len(numbers) > 50
    assert all(float(text) == round(float(text), 3) for text in numbers)


def test_a_public_set_shows_everything(tmp_path: Path) -> None:
    judge = judge_of(COCO, tmp_path / "1", 1, detail="report")
    public = replace(judge.split, public="everything")
    judge = open_judge(replace(judge.description, splits=(public,)))
    verdict = judge.judge(COCO.sent_file(tmp_path, 1))
    assert f"{len(judge.truth)} records" in verdict.page


def test_limits_do_not_hang_on_the_ground_truth(judges: Judges, tmp_path: Path) -> None:
    """What is larger than a limit is refused in the first step, before the ground truth is looked at."""
    one, other = judges["coco-keypoints"]
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("r.json", b" " * 60_000_000)
    assert seen(one.judge(path)) == seen(other.judge(path))


def test_every_level_is_tried() -> None:
    assert {world.public for world in WORLDS} | {"nothing", "everything"} == set(PUBLIC)
