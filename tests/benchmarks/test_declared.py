"""Benchmarks as values: declared in a few lines, varied by `replace`, and the way of each number kept."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.benchmarks import TABLE, get_benchmark
from poseval.benchmarks.base import Benchmark, Scored, headlines, its_joints
from poseval.benchmarks.rule_sets import RuleSet
from poseval.benchmarks.single import one_each
from poseval.errors import MismatchError
from poseval.metrics.base import Metric
from poseval.metrics.epe import Epe
from poseval.metrics.pck import Compare, Pck
from poseval.poses import PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import Summary
from poseval.synth import perturb, scene_set
from tests.metrics.single import pair_up


def near_joints(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    return (Pck("bbox", (0.1,), per_joint=per_joint), Epe())


DANCERS = Benchmark(
    name="dancers",
    title="Dancers",
    skeletons=("mpii16",),
    signs=((its_joints, 0.9),),
    sizes={10: "the test set"},
    metrics=near_joints,
    pair=one_each,
)


def dancers(count: int = 6, skeleton: str = "mpii16", seed: int = 0) -> Aligned:
    """People in boxes of 100 pixels, each joint off by up to 20; two frames in each of the sequences."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 100, (count, len(poseval.get_skeleton(skeleton)), 2))
    scene = pair_up(
        truth,
        truth + rng.uniform(-14, 14, truth.shape),
        skeleton,
        box=np.tile([0.0, 0, 100, 100], (count, 1)),
        head=np.full(count, 30.0),
    )
    at = np.arange(count)
    frames = replace(
        scene.truth.frames, sequence=at // 2, sequences=tuple(f"v{n}" for n in range((count + 1) // 2))
    )
    return Aligned(replace(scene.truth, frames=frames), replace(scene.predictions, frames=frames))


def test_a_value_scores() -> None:
    scene = dancers()
    report = poseval.score(scene.truth, scene.predictions, benchmark=DANCERS)
    error = np.linalg.norm(scene.truth.people.xy - scene.predictions.people.xy, axis=2)
    assert report.benchmark == "dancers"
    assert report.summary == pytest.approx({"PCK@0.1": (error <= 10).mean(), "EPE": error.mean()})
    assert report.better == {"PCK@0.1": "higher", "EPE": "lower"}
    assert report.deviations == (
        "the ground truth has 6 people; published numbers are for 10 (the test set)",
    )
    assert report.layout is None
    assert DANCERS.recognise(scene.truth) == 0.9


def test_a_relative_differs_in_what_is_replaced() -> None:
    relative = replace(DANCERS, name="few-dancers", sizes={6: "the small set"}, fixed_skeleton=True)
    scene = dancers()
    report = poseval.score(scene.truth, scene.predictions, benchmark=relative, rules="corrected")
    assert (report.benchmark, report.signature["bench"]) == ("few-dancers", "few-dancers")
    assert report.deviations == (
        "rules corrected: faults of the official program are fixed, so numbers can differ from its own",
    )
    other = dancers(skeleton="coco17")
    assert relative.recognise(other.truth) == 0.0
    with pytest.raises(MismatchError, match="benchmark few-dancers has mpii16") as caught:
        poseval.score(other.truth, other.predictions, benchmark=relative)
    assert caught.value.code == "P404"


def by_other_names(scored: Sequence[Scored], rules: RuleSet) -> Summary:
    return {f"mine/{key.replace('EPE', 'px')}": number for key, number in headlines(scored, rules).items()}


def test_numbers_keep_their_way_under_other_names() -> None:
    scene = dancers()
    renamed = replace(DANCERS, summary=by_other_names)
    better = poseval.score(scene.truth, scene.predictions, benchmark=renamed).better
    assert better == {"mine/PCK@0.1": "higher", "mine/px": "lower"}


def test_numbers_keep_their_way_in_slices_means_and_bins() -> None:
    scene = dancers(skeleton="jhmdb15")
    splits = {f"split{n}": np.arange(6) % 3 == n - 1 for n in (1, 2, 3)}
    frames = replace(scene.truth.frames, extra=splits)
    gt, dt = (replace(side, frames=frames) for side in (scene.truth, scene.predictions))
    better = poseval.score(gt, dt, "jhmdb").better
    assert {key for key, way in better.items() if way == "lower"} == {
        "EPE", "split1/EPE", "split2/EPE", "split3/EPE"
    }  # fmt: skip
    truth = np.random.default_rng(1).uniform(0, 90, (6, 68, 2))
    yaw = np.array([0.0, 40, 80, -10, -40, -80])
    faces = pair_up(truth, truth + 1, "ibug68", extra={"yaw": yaw})
    better = poseval.score(faces.truth, faces.predictions, "aflw2000-3d").better
    assert {key for key, way in better.items() if way == "higher"} == {"AUC@0.1"}
    assert better["yaw<=30/NME"] == "lower"


@pytest.mark.parametrize("name", TABLE)
def test_every_benchmark_is_entered_under_its_name_and_reaches_workers(name: str) -> None:
    benchmark = get_benchmark(name)
    assert benchmark.name == name
    again = pickle.loads(pickle.dumps(benchmark))
    assert (again.name, again.rule_sets, again.sizes) == (name, benchmark.rule_sets, benchmark.sizes)


def test_a_benchmark_that_is_in_no_table_reaches_workers() -> None:
    scene = dancers()
    run = poseval.evaluate(scene.truth, scene.predictions, benchmark=DANCERS)
    assert pickle.loads(pickle.dumps(run)).summary() == run.summary()


class TestSlicesThatAreAskedFor:
    """They stand beside the benchmark's numbers and change none of them."""

    @pytest.mark.parametrize("name", ["jhmdb", "penn-action", "mpii-val", "300w", "lsp"])
    def test_of_single_people(self, name: str) -> None:
        self.check(dancers(skeleton=get_benchmark(name).skeletons[0]), name)

    def test_of_groups(self) -> None:
        scene = dancers()
        people = scene.truth.people.with_columns(extra={"group": np.zeros(6, dtype=np.int64)})
        guess = scene.predictions.people.with_columns(
            joint_score=np.random.default_rng(0).random((6, 16)), score=np.ones(6)
        )
        truth, predictions = replace(scene.truth, people=people), replace(scene.predictions, people=guess)
        self.check(Aligned(truth, predictions), "mpii-multi")

    def test_of_crowds(self) -> None:
        scene = dancers(skeleton="crowdpose14")
        frames = replace(scene.truth.frames, extra={"crowd_index": np.linspace(0, 1, 6)})
        guess = scene.predictions.people.with_columns(score=np.linspace(0.1, 0.9, 6))
        truth = replace(scene.truth, frames=frames)
        self.check(Aligned(truth, PoseSet(truth.skeleton, frames, guess)), "crowdpose")

    @staticmethod
    def check(scene: Aligned, name: str) -> None:
        plain = poseval.score(scene.truth, scene.predictions, name).summary
        sliced = poseval.score(scene.truth, scene.predictions, name, slices=["sequence"]).summary
        assert {key: sliced[key] for key in plain} == pytest.approx(plain, abs=0, nan_ok=True)
        more = [key for key in sliced if key not in plain]
        assert more
        assert all(key.startswith(("sequence=", "sequence:gap/")) for key in more)

    def test_in_intervals(self) -> None:
        """A yaw bin of a slice is not the slice."""
        truth = np.random.default_rng(1).uniform(0, 90, (6, 68, 2))
        faces = pair_up(truth, truth + 1, "ibug68", extra={"yaw": np.array([0.0, 0, 40, 40, 80, 80])})
        run = poseval.evaluate(faces.truth, faces.predictions, "aflw2000-3d", slices=["sequence"])
        ones = np.ones((1, 6), dtype=np.int64)
        found = {key: number.value for key, number in run.summaries(ones)[0].items()}
        assert found == pytest.approx(dict(run.report().summary), nan_ok=True)

    def test_with_a_colon_in_the_name(self, tmp_path: Path) -> None:
        scene = dancers()
        rows = [f"{key},{'night: rain' if n % 2 else 'day'}" for n, key in enumerate(scene.truth.frames.key)]
        (tmp_path / "light.csv").write_text("\n".join(["frame,group", *rows]))
        summary = poseval.score(
            scene.truth, scene.predictions, DANCERS, slices=[str(tmp_path / "light.csv")]
        ).summary
        assert {"light=day/EPE", "light=night: rain/EPE"} <= summary.keys()


def test_kinds_of_two_metrics_are_not_mixed() -> None:
    """A joint exactly at the threshold is right by one metric and wrong by the other."""
    truth = np.random.default_rng(3).integers(0, 90, (2, 16, 2)) * 1.0
    scene = pair_up(truth, truth + np.array([15.0, 0.0]), head=np.full(2, 30.0))
    le, lt = Pck("head", (0.5,)), Pck("head", (0.5,), Compare.LT)
    summary = poseval.score(scene.truth, scene.predictions, "mpii-val", metrics=[le, lt]).summary
    assert (summary["PCKh@0.5"], summary["PCKh@0.5/knee"]) == (1.0, 1.0)
    assert (summary[f"{lt}/PCKh@0.5"], summary[f"{lt}/PCKh@0.5/knee"]) == (0.0, 0.0)


def test_joints_of_another_benchmark_are_not_comparable() -> None:
    """COCO's 17 joints under CrowdPose's rules make a number, which must not pass for CrowdPose's."""
    truth = scene_set(seed=1, images=4, people=2)
    report = poseval.score(truth, perturb(truth, seed=2), "crowdpose")
    assert "the ground truth follows skeleton coco17, not crowdpose14" in report.deviations
    own = poseval.score(truth, perturb(truth, seed=2), "coco-keypoints")
    assert not any("follows skeleton" in text for text in own.deviations)
