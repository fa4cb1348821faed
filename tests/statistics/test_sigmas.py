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
