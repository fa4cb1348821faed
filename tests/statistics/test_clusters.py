from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from poseval.benchmarks import get_benchmark
from poseval.errors import FormatError, MismatchError, UsageError
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.scoring import saved_runs
from poseval.scoring.groups import groups_of
from poseval.statistics.clusters import clustered, clustered_like, clusters_of
from poseval.statistics.comparison import compare
from tests import toy
from tests.statistics.ratios import run

GROUPS = {
    "sequence": np.array(["a", "a", "b", "b", "c", "c"]),
    "image": np.array([f"{i}.jpg" for i in range(6)]),
}
RUN = run(np.random.default_rng(0).random(6), groups=GROUPS)


def write(path: Path, rows: list[str]) -> str:
    path.write_text("frame,group\n" + "\n".join(rows) + "\n")
    return str(path)


def test_units_of_one_field_are_one_cluster() -> None:
    (found,) = clusters_of(clustered(RUN, "sequence"))
    assert (found.count, found.of.tolist(), found.keys.tolist()) == (3, [0, 0, 1, 1, 2, 2], ["a", "b", "c"])
    assert found.weights(np.array([[2, 0, 1]])).tolist() == [[2, 2, 0, 0, 1, 1]]


def test_a_file_names_groups_by_key_or_by_picture(tmp_path: Path) -> None:
    by_key = write(tmp_path / "who.csv", [f"{i},{i % 2}" for i in range(6)])
    by_picture = write(
        tmp_path / "pictures" if False else tmp_path / "who2.csv", [f"{i}.jpg,{i % 2}" for i in range(6)]
    )
    one, two = clustered(RUN, by_key), clustered(RUN, by_picture)
    assert [found.count for found in (*clusters_of(one), *clusters_of(two))] == [2, 2]
    assert one.signature["cluster"].partition("@")[0] == "who"
    assert one.signature["cluster"].partition("@")[2] == two.signature["cluster"].partition("@")[2]


@pytest.mark.parametrize(
    ("name", "said"),
    [("film", "is not a field of this run"), ("a+b+c", "more than two"), ("sequence+film", "is not a field")],
)
def test_an_unknown_cluster_is_refused(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        clustered(RUN, name)
    assert caught.value.code == "P168"


def test_a_file_that_leaves_units_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no group for 4 of 6 units") as caught:
        clustered(RUN, write(tmp_path / "who.csv", ["0,a", "1,b"]))
    assert caught.value.code == "P168"
    (tmp_path / "no.csv").write_text("frame,team\n0,a\n")
    with pytest.raises(FormatError):
        clustered(RUN, str(tmp_path / "no.csv"))


def test_runs_of_other_clusters_are_not_compared() -> None:
    with pytest.raises(MismatchError, match="what is resampled as a whole: sequence / none") as caught:
        compare({"a": clustered(RUN, "sequence"), "b": RUN})
    assert caught.value.code == "P420"


def test_two_clusters_are_for_intervals_alone() -> None:
    both = clustered(RUN, "sequence+image")
    with pytest.raises(UsageError, match="crosses two fields"):
        compare({"a": both, "b": both})


def test_a_run_takes_over_its_baselines_cluster(tmp_path: Path) -> None:
    baseline = clustered(RUN, write(tmp_path / "who.csv", [f"{i},{i % 2}" for i in range(6)]))
    taken = clustered_like(RUN, baseline)
    assert taken.signature == baseline.signature
    assert clusters_of(taken)[0].of.tolist() == clusters_of(baseline)[0].of.tolist()
    assert clustered_like(RUN, RUN) is RUN


def test_groups_are_what_puts_units_together() -> None:
    truth = toy.truth(6, people=1)
    frames = Frames(
        truth.frames.key,
        sequence=np.array([0, 0, 0, 1, 1, 1]),
        number=np.arange(6),
        path=np.array([f"{i // 2}.jpg" for i in range(6)]),
        sequences=("x", "y"),
        extra={"subject": np.array([1, 1, 1, 2, 2, 2]), "serial": np.arange(6), "weight": np.arange(6) / 2},
    )
    people = People(
        xy=truth.people.xy, frame=truth.people.frame, extra={"person_id": np.array([7, 7, 8, 8, 7, 7])}
    )
    poses = PoseSet(truth.skeleton, frames, people)
    found = groups_of(Aligned(poses, poses), "frame")
    assert sorted(found) == ["image", "person", "sequence", "subject"]
    assert found["sequence"].tolist() == ["x"] * 3 + ["y"] * 3
    assert found["person"].tolist() == ["7", "7", "8", "8", "7", "7"]
    assert groups_of(Aligned(poses, poses), "sequence") == {}


def test_groups_are_saved_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.register(monkeypatch)
    made = clustered(toy.run(1.0, 0), None)
    made = replace(made, groups={"film": np.array(["a", "b"] * 20)})
    saved_runs.save(made, tmp_path / "x.poseval")
    again = saved_runs.load(tmp_path / "x.poseval")
    assert again.groups["film"].tolist() == made.groups["film"].tolist()
    assert clusters_of(clustered(again, "film"))[0].count == 2


@pytest.mark.parametrize(
    ("name", "cluster", "primary"),
    [
        ("jhmdb", "sequence", "PCK@0.2"),
        ("penn-action", "sequence", "PCK@0.2"),
        ("mpii-val", "image", "PCKh@0.5"),
        ("300w", "image", "NME"),
        ("coco-keypoints", "", "AP"),
        ("posetrack18", "", "MOTA"),
        ("posetrack17-single-frame", "", "AP"),
        ("coco-wholebody", "", "wholebody/AP"),
    ],
)
def test_benchmarks_name_their_cluster_and_primary_number(name: str, cluster: str, primary: str) -> None:
    found = get_benchmark(name)
    assert (found.cluster, found.primary) == (cluster, primary)
