from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from poseval.benchmarks import get_benchmark
from poseval.decisions.gate import Demands, gate
from poseval.decisions.ties import by_tests
from poseval.errors import FormatError, MismatchError, UsageError
from poseval.poses import Frames, People, PoseSet
from poseval.scoring import saved_runs
from poseval.scoring.evaluation import Evaluation
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
    [("film", "is not known"), ("a+b+c", "more than two"), ("sequence+film", "is not known")],
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


PERSON, VIDEO = (part.ravel() for part in np.meshgrid(np.arange(12), np.arange(9)))
CROSSED = {"person": PERSON.astype(np.str_), "video": VIDEO.astype(np.str_)}


def crossed(
    rng: np.random.Generator, effect: float, cluster: str = "person+video"
) -> tuple[Evaluation, Evaluation]:
    """Two systems on twelve people in nine videos; persons and videos suit one or the other."""
    shared = rng.uniform(0.3, 0.6, len(PERSON))
    likes = rng.normal(0, effect, 12)[PERSON] + rng.normal(0, effect, 9)[VIDEO]
    one, two = (shared + rng.normal(0, 0.02, len(PERSON)) for _ in range(2))
    first, second = (run(top, groups=CROSSED) for top in (one, two + likes))
    return clustered(first, cluster), clustered(second, cluster)


def test_two_clusters_that_cross_add_up_their_variances() -> None:
    """Of equal units, the variance of a mean by clusters is that of their means; V_a + V_b - V_ab."""
    rng = np.random.default_rng(1)
    one, two = crossed(rng, 0.1)
    (row,) = compare({"a": one, "b": two}).differences
    tops = [made.parts[0].tallies.popitem()[1].tables["units"].columns["top"][:, 0] for made in (one, two)]
    off = tops[1] - tops[0]
    by_person, by_video = (
        np.array([off[of == k].mean() for k in range(of.max() + 1)]) for of in (PERSON, VIDEO)
    )
    variances = [part.var(ddof=1) / len(part) for part in (by_person, by_video, off)]
    # The 108 cells make 63 blocks of one or two.
    assert row.error**2 == pytest.approx(variances[0] + variances[1] - variances[2], rel=0.1)
    assert row.p == pytest.approx(2 * stats.t.sf(abs(off.mean()) / row.error, 8))


def test_two_clusters_that_cross_do_not_cry_wolf() -> None:
    found, sets = {}, 200
    for cluster in ("person", "person+video"):
        rng = np.random.default_rng(2)
        p = [
            compare(dict(zip("ab", crossed(rng, 0.1, cluster), strict=True))).differences[0].p
            for _ in range(sets)
        ]
        found[cluster] = float(np.mean(np.array(p) <= 0.05))
    assert found["person"] > 0.12  # the videos are left out, more than half of the variance
    assert found["person+video"] < 0.09  # 5 % and 2.6 standard errors


def test_gate_and_leaderboard_take_two_clusters() -> None:
    one, two = crossed(np.random.default_rng(3), 0.0)
    worse = replace(two, parts=run(np.full(len(PERSON), 0.1), groups=CROSSED).parts)
    verdict = gate(worse, one, Demands(significant=True))
    assert (verdict.cluster, verdict.units, verdict.passed) == ("person+video", 9, False)
    assert gate(two, one, Demands(significant=True)).passed
    ties = by_tests([one, two, worse], "n0", 0.95)
    assert ties.how == "paired t tests on 9 units (person+video), Holm over 3 pairs, 95 %"
    assert ties.apart.tolist() == [[False, False, True], [False, False, True], [False, False, False]]


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
    found = groups_of(poses, "frame")
    assert sorted(found) == ["image", "person", "sequence", "subject"]
    assert found["sequence"].tolist() == ["x"] * 3 + ["y"] * 3
    assert found["person"].tolist() == ["7", "7", "8", "8", "7", "7"]
    assert groups_of(poses, "sequence") == {}


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
        ("flic", "movie", "PCK@0.2"),
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


def test_a_file_is_named_by_eight_digits_of_its_groups(tmp_path: Path) -> None:
    made = clustered(RUN, write(tmp_path / "who.csv", [f"{i},g{i % 2}" for i in range(6)]))
    digest = hashlib.sha256(b"g0\ng1\ng0\ng1\ng0\ng1").hexdigest()
    assert made.signature["cluster"] == f"who@{digest[:8]}"
