"""Sigmas from repeated annotations: the formula by plain loops, known sigmas found again, refusals."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.errors import UsageError
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import Skeleton
from poseval.statistics.weights import multinomial

SIGMAS = (0.02, 0.05, 0.1)
SKELETON = Skeleton("fly", ("head", "thorax", "abdomen"), (0, 1, 2))
AREA = 10_000.0


def annotators(count: int, frames: int, seed: int = 0, areas: bool = True) -> list[PoseSet]:
    """The same two animals in each frame, each annotator off by the sigmas of the joints."""
    rng = np.random.default_rng(seed)
    rows = 2 * frames
    frame = np.repeat(np.arange(frames), 2)
    place = rng.uniform(-40, 40, (rows, 3, 2)) + np.tile([[[100.0, 100.0]], [[400.0, 300.0]]], (frames, 1, 1))
    table = Frames(np.asarray([f"img{at:04d}.png" for at in range(frames)]))
    spread = np.asarray(SIGMAS)[:, None] * math.sqrt(AREA / 2)  # of each coordinate
    out = []
    for _ in range(count):
        xy = place + rng.normal(0, 1, place.shape) * spread
        area = np.full(rows, AREA) if areas else None
        out.append(PoseSet(SKELETON, table, People(xy, frame, seen=np.full((rows, 3), 2), area=area)))
    return out


def test_known_sigmas_are_found_and_lie_in_their_intervals() -> None:
    found = poseval.estimate_sigmas(annotators(2, 1500), resamples=300)
    assert [row.joint for row in found.joints] == list(SKELETON.joints)
    for row, sigma in zip(found.joints, SIGMAS, strict=True):
        assert row.value == pytest.approx(sigma, rel=0.04)
        assert row.low < sigma < row.high
        assert row.high - row.low < 0.1 * sigma
        assert row.n == 3000
    assert (found.pairs, found.people, found.areas) == (3000, 3000, "the areas of the files")


def test_intervals_hold_the_sigma_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(60):
        found = poseval.estimate_sigmas(annotators(2, 40, seed), level=0.8, resamples=200)
        inside += sum(row.low < sigma < row.high for row, sigma in zip(found.joints, SIGMAS, strict=True))
    assert 0.68 < inside / 180 < 0.9


@pytest.mark.parametrize("areas", [True, False])
def test_the_formula_by_plain_loops(areas: bool) -> None:
    first, second, third = annotators(3, 6, 4, areas)
    hidden = second.people.seen.copy()
    hidden[2, 1] = 0
    second = replace(second, people=second.people.with_columns(seen=hidden))
    found = poseval.estimate_sigmas([first, second, third], resamples=50)

    def extent(poses: PoseSet, row: int) -> float:
        points = poses.people.xy[row][poses.people.seen[row] > 0].tolist()
        return math.prod(max(side) - min(side) for side in zip(*points, strict=True))

    for joint in range(3):
        shares = []
        for other in (second, third):
            for row in range(len(first)):
                if other.people.seen[row, joint]:
                    size = AREA if areas else (extent(first, row) + extent(other, row)) / 2
                    apart = math.dist(first.people.xy[row, joint], other.people.xy[row, joint])
                    shares.append(apart**2 / size)
        assert found.joints[joint].value == pytest.approx(math.sqrt(sum(shares) / len(shares) / 2), rel=1e-12)
        assert found.joints[joint].n == len(shares)


def test_people_are_paired_whatever_their_order() -> None:
    first, second = annotators(2, 20)
    order = np.arange(40).reshape(20, 2)[:, ::-1].ravel()
    turned = replace(second, people=second.people.take(order))
    assert (
        poseval.estimate_sigmas([first, turned]).by_name()
        == poseval.estimate_sigmas([first, second]).by_name()
    )


def test_without_repeated_annotations_it_refuses(tmp_path: Path) -> None:
    first, second = annotators(2, 3)
    path = tmp_path / "a.npz"
    datasets.get_format("native").write(first, path, WriteOptions(Role.TRUTH))
    far = replace(second, people=second.people.with_columns(xy=second.people.xy + 5000))
    for files in ([first], [path, path], [], [first, far]):
        with pytest.raises(UsageError) as caught:
            poseval.estimate_sigmas(files)
        assert caught.value.code == "P197"
        assert caught.value.fault.wanted


def test_the_command_and_the_file_that_sigmas_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = []
    for name, one in zip("ab", annotators(2, 50), strict=True):
        paths.append(tmp_path / f"{name}.npz")
        datasets.get_format("native").write(one, paths[-1], WriteOptions(Role.TRUTH))
    out = tmp_path / "sigmas.json"
    assert invoke(["sigmas", *map(str, paths), "--out", str(out), "--resamples", "50"]) == 0
    told = capsys.readouterr().out
    assert "95% interval" in told
    assert "from 100 pairs of annotations of 100 people" in told
    assert json.loads(out.read_text())["sigmas"] == poseval.estimate_sigmas(paths).by_name()
    truth, predictions = annotators(2, 50)
    people = predictions.people.with_columns(score=np.linspace(0, 1, 100))
    report = poseval.score(truth, replace(predictions, people=people), sigmas=out)
    assert report.summary["AP"] > 0.5
    assert invoke(["sigmas", str(paths[0])]) == 2
    assert "[P197]" in capsys.readouterr().err
    assert invoke(["sigmas", *map(str, paths), "--json", "-", "--resamples", "9"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "poseval.sigmas/1"


def test_few_distances_are_named_and_one_frame_has_no_interval() -> None:
    found = poseval.estimate_sigmas(annotators(2, 1))
    assert all(math.isnan(row.low) and row.value > 0 for row in found.joints)
    assert "too uncertain to use: head, thorax, abdomen" in found.to_text()


def flies(places: list[list[list[float]]], seen: list[list[int]], area: list[float] | None = None) -> PoseSet:
    """One animal per frame, with joints at given places."""
    count = len(places)
    table = Frames(np.asarray([f"img{at:04d}.png" for at in range(count)]))
    return PoseSet(
        SKELETON, table, People(np.array(places), np.arange(count), seen=np.array(seen), area=area)
    )


PLACES = [[[0.0, 0.0], [30.0, 0.0], [30.0, 40.0]], [[5.0, 5.0], [25.0, 5.0], [25.0, 15.0]]]
MOVED = [[[3.0, 4.0], [30.0, 0.0], [30.0, 40.0]], [[5.0, 7.0], [25.0, 5.0], [25.0, 15.0]]]
ALL = [[2, 2, 2], [2, 2, 2]]


def test_sigmas_by_hand_and_a_joint_that_never_moves_has_none() -> None:
    found = poseval.estimate_sigmas([flies(PLACES, ALL, [100.0, 50.0]), flies(MOVED, ALL, [300.0, 50.0])])
    # Squares of distances 25 and 4 over areas 200 and 50.
    assert found.joints[0].value == pytest.approx(math.sqrt((25 / 200 + 4 / 50) / 2 / 2), rel=1e-14)
    assert found.by_name() == {"head": found.joints[0].value}
    assert [row.value for row in found.joints[1:]] == [0.0, 0.0]
    assert (found.level, found.resamples, found.seed) == (0.95, 1000, 0)


@pytest.mark.parametrize(
    ("first", "second", "given"),
    [
        ([100.0, 50.0], [300.0, 50.0], True),
        ([100.0, 50.0], None, False),
        (None, [100.0, 50.0], False),
        ([100.0, math.nan], [300.0, 50.0], False),
        ([100.0, 0.0], [300.0, 50.0], False),
    ],
)
def test_areas_of_files_are_taken_where_every_labelled_animal_has_one(
    first: list[float] | None, second: list[float] | None, given: bool
) -> None:
    some = [[1, 2, 1], [1, 1, 1]]  # hidden joints are labelled, too
    found = poseval.estimate_sigmas([flies(PLACES, some, first), flies(MOVED, some, second)])
    assert found.areas == ("the areas of the files" if given else "the extent of the labelled joints")
    # Extents: 30 * 40 and 27 * 40 (the head came nearer), 20 * 10 and 20 * 10.
    share = 25 / 200 + 4 / 50 if given else 25 / ((1200 + 27 * 40) / 2) + 4 / 200
    assert found.joints[0].value == pytest.approx(math.sqrt(share / 4), rel=1e-14)


def test_an_animal_of_which_a_joint_is_hidden_needs_an_area_and_one_without_labels_needs_none() -> None:
    part = [[2, 2, 0], [2, 2, 2]]
    found = poseval.estimate_sigmas([flies(PLACES, part, [math.nan, 50.0]) for _ in range(2)])
    assert found.areas == "the extent of the labelled joints"
    nobody = [[0, 0, 0], [2, 2, 2]]
    found = poseval.estimate_sigmas([flies(PLACES, nobody, [math.nan, 50.0]) for _ in range(2)])
    assert found.areas == "the areas of the files"
    assert (found.pairs, found.people) == (1, 2)
    assert [row.n for row in found.joints] == [1, 1, 1]


def test_areas_below_one_are_areas_and_none_at_all_is_not() -> None:
    tiny = [flies(places, ALL, [0.5, 0.25]) for places in (PLACES, MOVED)]
    found = poseval.estimate_sigmas(tiny)
    assert found.areas == "the areas of the files"
    assert found.joints[0].value == pytest.approx(math.sqrt((25 / 0.5 + 4 / 0.25) / 4), rel=1e-14)
    # The head alone has no extent.
    alone = [flies(places, [[2, 0, 0], [2, 2, 2]]) for places in (PLACES, MOVED)]
    found = poseval.estimate_sigmas(alone)
    assert [row.n for row in found.joints] == [1, 1, 1]
    assert found.joints[0].value == pytest.approx(math.sqrt(4 / 200 / 2), rel=1e-14)


def test_a_joint_counts_where_both_label_it() -> None:
    for first, second in ((ALL, [[2, 2, 2], [0, 2, 2]]), ([[2, 2, 2], [0, 2, 2]], ALL)):
        sets = [flies(PLACES, first, [100.0, 50.0]), flies(MOVED, second, [300.0, 50.0])]
        head = poseval.estimate_sigmas(sets).joints[0]
        assert head.n == 1
        assert head.value == pytest.approx(math.sqrt(25 / 200 / 2), rel=1e-14)


@pytest.mark.filterwarnings("error")
def test_a_joint_that_nobody_labels_has_no_sigma() -> None:
    seen = [[2, 2, 0], [2, 2, 0]]
    found = poseval.estimate_sigmas([flies(places, seen, [100.0, 50.0]) for places in (PLACES, MOVED)])
    last = found.joints[2]
    assert (last.joint, last.n, math.isnan(last.value), math.isnan(last.low)) == ("abdomen", 0, True, True)
    assert json.loads(found.to_json())["joints"][2]["value"] is None
    assert "abdomen" not in found.by_name()


@pytest.mark.parametrize(("frames", "resamples", "level"), [(2, 2, 0.5), (2, 9, 0.5), (30, 40, 0.9)])
def test_intervals_are_central_quantiles_of_resampled_frames(
    frames: int, resamples: int, level: float
) -> None:
    first, second = annotators(2, frames)
    found = poseval.estimate_sigmas([first, second], level=level, resamples=resamples, seed=5)
    weights = multinomial(frames, resamples, 5)
    squares = ((first.people.xy - second.people.xy) ** 2).sum(axis=2) / AREA  # [2 * frames, 3]
    for joint, row in enumerate(found.joints):
        draws = []
        for weight in weights:
            each = np.repeat(weight, 2)  # two animals in a frame
            draws.append(math.sqrt((squares[:, joint] * each).sum() / each.sum() / 2))
        low, high = np.quantile(draws, [(1 - level) / 2, 1 - (1 - level) / 2])
        assert (row.low, row.high) == pytest.approx((low, high), rel=1e-12)
        assert row.n == 2 * frames


@pytest.mark.parametrize("count", [9, 10])
def test_nine_distances_are_few_and_ten_are_not(count: int) -> None:
    seen = [[2, 2, 2 if at < count else 0] for at in range(12)]
    rng = np.random.default_rng(1)
    one, other = (rng.uniform(0, 50, (12, 3, 2)).tolist() for _ in range(2))
    found = poseval.estimate_sigmas([flies(one, seen), flies(other, seen)], resamples=20)
    assert [row.n for row in found.joints] == [12, 12, count]
    assert ("too uncertain to use: abdomen" in found.to_text()) == (count == 9)
    assert ("too uncertain" in found.to_text()) == (count == 9)
