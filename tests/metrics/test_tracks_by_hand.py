"""MOTA, MOTP, identity and HOTA of walks that can be counted by hand, and likeness of whole poses."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from poseval.errors import MismatchError, UsageError
from poseval.metrics import parse
from poseval.metrics.base import Need
from poseval.metrics.clear_mot import ClearMot, Events, Motp
from poseval.metrics.identity import Identity
from poseval.metrics.joint_rows import Empty
from poseval.metrics.tracking_scene import (
    Scale,
    Similarity,
    pair_rows,
    pose_similarity,
    scene_of,
    sizes_of,
)
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import Direction, Values
from poseval.skeletons import Skeleton
from tests.metrics.single import values

PAIR = Skeleton("pair", ("left_wrist", "right_wrist"), (1, 0), sigmas=(0.1, 0.05))
Row = tuple[int, int, float]  # frame, track, x of both joints


def sides(truth: list[Row], found: list[Row], frames: int = 4, **columns: Any) -> Aligned:
    """Both joints of a person at x, heads of 10 pixels, areas of 100; one sequence."""
    names = Frames(np.array([f"f{place}" for place in range(frames)]), sequences=("walk",))
    made = []
    for rows in (truth, found):
        xy = np.array([[[x, 0.0], [x, 50.0]] for *_, x in rows]).reshape(-1, 2, 2)
        base = {
            "head": np.full(len(rows), 10.0),
            "area": np.full(len(rows), 100.0),
            "box": np.array([[x, 0.0, x + 4, 25.0] for *_, x in rows]).reshape(-1, 4),
        }
        given = {**base, **columns} if rows is truth else base
        people = People(
            xy=xy,
            frame=np.array([frame for frame, *_ in rows], dtype=int),
            track=np.array([track for _, track, _ in rows], dtype=int),
            **given,  # type: ignore[arg-type]
        )
        made.append(PoseSet(PAIR, names, people))
    return Aligned(*made)


def walk(track: int, x: float = 0.0, frames: range = range(4)) -> list[Row]:
    return [(frame, track, x) for frame in frames]


def by_statistic(found: Values) -> dict[str, float]:
    return {row.statistic: row.value for row in found if not row.joint and math.isnan(row.threshold)}


# One true track of four frames: found 2 pixels off in frames 0 and 1, not in frame 2, and in frame 3 under
# another identity; somebody else in frames 0 and 1 is nobody's.
TRUTH = walk(5)
FOUND = [(0, 1, 2.0), (0, 9, 500.0), (1, 1, 2.0), (1, 9, 500.0), (3, 2, 2.0)]


def test_every_number_of_clear_mot() -> None:
    found = by_statistic(values(ClearMot(), sides(TRUTH, FOUND)))
    assert found["MOTA"] == pytest.approx(1 - (1 + 2 + 1) / 4)
    assert found["MOTP"] == pytest.approx(1 - 0.2)
    assert found["precision"] == pytest.approx(3 / 5)
    assert found["recall"] == pytest.approx(3 / 4)
    counts = {"misses": 2, "false_positives": 4, "switches": 2, "objects": 8, "detections": 6, "tracks": 2}
    more = {"MT": 0, "PT": 2, "ML": 0, "fragmentations": 2}
    assert {name: found[name] for name in (*counts, *more)} == {**counts, **more}


def test_a_switch_alone_costs_accuracy() -> None:
    """Nothing else is wrong: one of four frames."""
    found = by_statistic(values(ClearMot(), sides(walk(5), [(0, 1, 0), (1, 1, 0), (2, 2, 0), (3, 2, 0)])))
    assert (found["misses"], found["false_positives"], found["switches"]) == (0, 0, 2)
    assert found["MOTA"] == 0.75


def test_totals_per_sequence_are_those_of_the_whole() -> None:
    aligned = sides(TRUTH, FOUND)
    for metric in (ClearMot(), Identity(), parse("hota"), parse("joint_ap")):
        tally = metric.tally(aligned)
        whole = by_statistic(metric.reduce(tally))
        rows = metric.by_unit(tally)
        assert rows
        for row in rows:
            assert row.slice == "walk"
            assert row.value == pytest.approx(whole[row.statistic])
            assert row.n == 8
    columns = {row.statistic: row.value for row in ClearMot().by_unit(ClearMot().tally(aligned))}
    assert columns["switches"] == 2


def test_a_sequence_without_labels_is_undefined_alone() -> None:
    aligned = sides([], FOUND)
    for metric in (ClearMot(), Identity(), parse("hota"), parse("joint_ap")):
        row = metric.by_unit(metric.tally(aligned))[0]
        assert math.isnan(row.value)
        assert (row.n, row.why) == (0, "no labelled joint")


def test_trackeval_likes_by_one_minus_distance_and_counts_most_of_a_track_above_four_fifths() -> None:
    metric = ClearMot(events=Events.TRACKEVAL)
    found = by_statistic(values(metric, sides(TRUTH, FOUND)))
    assert found["MOTA"] == pytest.approx(0)
    assert found["MOTP"] == pytest.approx(0.8)
    assert found["switches"] == 2  # the gap in frame 2 hides none
    tracks = sides(walk(5, frames=range(5)), walk(1, frames=range(4)), 5)
    assert by_statistic(values(ClearMot(), tracks))["MT"] == 2
    assert by_statistic(values(metric, tracks))["PT"] == 2


def test_the_zeros_of_trackeval() -> None:
    """No denominator is below 1, so nothing is undefined."""
    metric = ClearMot(events=Events.TRACKEVAL, empty=Empty.TRACKEVAL)
    found = by_statistic(values(metric, sides([], [(0, 1, 0.0)])))
    assert (found["MOTA"], found["MOTP"], found["precision"], found["recall"]) == (-1, 0, 0, 0)
    nothing = by_statistic(values(metric, sides([], [])))
    assert (nothing["MOTA"], nothing["MOTP"], nothing["precision"], nothing["recall"]) == (0, 0, 0, 0)
    found = by_statistic(values(metric, sides(TRUTH, FOUND)))
    plain = by_statistic(values(ClearMot(events=Events.TRACKEVAL), sides(TRUTH, FOUND)))
    assert found == pytest.approx(plain)


@pytest.mark.parametrize(
    "parameters",
    [
        {"last_frame": False},
        {"dummies": True},
        {"motp": Motp.EVENTS},
        {"at": 1.0},
        {"at": 1.5},
    ],
)
def test_parameters_of_the_poseval_program_do_not_go_with_trackevals_events(parameters: Any) -> None:
    with pytest.raises(UsageError) as caught:
        ClearMot(events=Events.TRACKEVAL, **parameters)
    assert caught.value.code == "P122"
    assert ClearMot(**parameters) is not None


def test_likeness_of_whole_poses_may_be_1_under_trackevals_events() -> None:
    assert ClearMot(Similarity.OKS, at=1.0, events=Events.TRACKEVAL).at == 1.0


def test_what_is_lower_is_better() -> None:
    metric = ClearMot()
    lower = {"misses", "false_positives", "switches", "ML", "fragmentations"}
    for statistic in (*lower, "MOTA", "MOTP", "MT", "recall", "detections"):
        wanted = Direction.LOWER if statistic in lower else Direction.HIGHER
        assert metric.direction(statistic) is wanted


def test_identity_by_hand() -> None:
    found = by_statistic(values(Identity(), sides(TRUTH, FOUND)))
    assert found["IDF1"] == pytest.approx(2 * 2 / (4 + 5))
    assert found["IDP"] == pytest.approx(2 / 5)
    assert found["IDR"] == pytest.approx(2 / 4)
    assert found["IDTP"] == 4


def test_identity_where_a_side_has_nobody() -> None:
    nobody = by_statistic(values(Identity(), sides([], FOUND)))
    assert all(math.isnan(nobody[name]) for name in ("IDF1", "IDP", "IDR"))
    zeros = by_statistic(values(Identity(empty=Empty.TRACKEVAL), sides([], FOUND)))
    assert (zeros["IDF1"], zeros["IDP"], zeros["IDR"]) == (0, 0, 0)
    silent = by_statistic(values(Identity(), sides(TRUTH, [])))
    assert (silent["IDF1"], silent["IDR"]) == (0, 0)
    assert math.isnan(silent["IDP"])
    assert by_statistic(values(Identity(empty=Empty.TRACKEVAL), sides(TRUTH, [])))["IDP"] == 0


@pytest.mark.parametrize("similarity", [Similarity.OKS, Similarity.PCKH])
def test_a_likeness_on_the_threshold_is_enough(similarity: Similarity) -> None:
    """Both joints of one pose, one joint of the other: a likeness of exactly 1 and of exactly 0.5."""
    truth = [(0, 1, 0.0), (0, 2, 1000.0)]
    aligned = sides(truth, truth)
    xy = aligned.predictions.people.xy.copy()
    xy[1, 1] += 1e6
    people = aligned.predictions.people.with_columns(xy=xy)
    aligned = Aligned(aligned.truth, replace(aligned.predictions, people=people))
    for at, wanted in ((0.5, 2), (0.51, 1), (1.0, 1)):
        for metric in (ClearMot(similarity, at), Identity(similarity, at)):
            found = by_statistic(values(metric, aligned))
            assert found["detections" if metric.name == "clear_mot" else "IDTP"] == wanted
        events = ClearMot(similarity, at, events=Events.TRACKEVAL)
        assert by_statistic(values(events, aligned))["detections"] == wanted
    found = by_statistic(values(ClearMot(similarity, 0.5), aligned))
    assert found["MOTP"] == pytest.approx(1 - 0.5 / 2)
    found = by_statistic(values(ClearMot(similarity, 0.5, events=Events.TRACKEVAL), aligned))
    assert found["MOTP"] == pytest.approx(1 - 0.5 / 2)


def likeness(aligned: Aligned, similarity: Similarity, area: Scale = Scale.GIVEN) -> list[float]:
    scene = scene_of(aligned, similarity)
    return pose_similarity(aligned, scene, similarity, area).tolist()


def test_oks_of_whole_poses_takes_twice_the_sigmas() -> None:
    """exp(-d^2 / (2 area (2 sigma)^2)), the mean of two joints of sigma 0.1 and 0.05; an area of 100."""
    (alike,) = likeness(sides([(0, 1, 0.0)], [(0, 1, 1.5)]), Similarity.OKS)
    wanted = [math.exp(-(1.5**2) / (2 * 100 * (2 * sigma) ** 2)) for sigma in (0.1, 0.05)]
    assert alike == pytest.approx(sum(wanted) / 2)


def test_oks_by_the_box() -> None:
    """Boxes are 4 by 25, an area of 100; given areas are another."""
    aligned = sides([(0, 1, 0.0)], [(0, 1, 1.5)], area=np.array([400.0]))
    wanted = likeness(sides([(0, 1, 0.0)], [(0, 1, 1.5)]), Similarity.OKS)
    assert likeness(aligned, Similarity.OKS, Scale.BOX) == pytest.approx(wanted)
    assert likeness(aligned, Similarity.OKS)[0] > wanted[0]


def test_a_joint_half_a_head_off_is_near() -> None:
    assert likeness(sides([(0, 1, 0.0)], [(0, 1, 5.0)]), Similarity.PCKH) == [1.0]
    assert likeness(sides([(0, 1, 0.0)], [(0, 1, 5.000001)]), Similarity.PCKH) == [0.0]


@pytest.mark.parametrize("similarity", [Similarity.OKS, Similarity.PCKH])
def test_joints_without_a_label_do_not_count_and_missing_ones_count_nothing(similarity: Similarity) -> None:
    seen = np.array([[2, 2], [2, 0], [0, 0]], dtype=np.int8)
    aligned = sides(
        [(0, 1, 0.0), (1, 1, 0.0), (2, 1, 0.0)], [(0, 1, 0.0), (1, 1, 0.0), (2, 1, 0.0)], seen=seen
    )
    given = np.array([[2, 0], [2, 0], [2, 2]], dtype=np.int8)
    people = aligned.predictions.people.with_columns(seen=given)
    aligned = Aligned(aligned.truth, replace(aligned.predictions, people=people))
    alike = likeness(aligned, similarity)
    assert alike[:2] == [0.5, 1.0]
    assert math.isnan(alike[2])


def test_pairs_are_those_of_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = [(0, 1, 0.0), (0, 2, 3.0), (2, 1, 0.0)]
    found = [(0, 1, 0.0), (0, 2, 3.0), (0, 3, 9.0), (1, 1, 0.0), (2, 1, 0.0)]
    aligned = sides(truth, found)
    rows, columns = pair_rows(scene_of(aligned, Similarity.PCKH))
    assert rows.tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert columns.tolist() == [0, 1, 2, 0, 1, 2, 4]
    whole = likeness(aligned, Similarity.PCKH)
    assert whole == [1, 1, 0, 1, 1, 0, 1]
    monkeypatch.setattr("poseval.metrics.tracking_scene.CHUNK", 4)  # two pairs at a time
    assert likeness(aligned, Similarity.PCKH) == whole


def test_what_whole_poses_are_measured_with() -> None:
    assert ClearMot().needs == {Need.TRACKS, Need.HEADS}
    assert Identity(Similarity.PCKH).needs == {Need.TRACKS, Need.HEADS}
    assert ClearMot(Similarity.OKS).needs == {Need.TRACKS, Need.SIGMAS, Need.AREA}
    assert parse("hota(similarity=oks,area=box)").needs == {Need.TRACKS, Need.SIGMAS, Need.BOXES}


def test_a_track_id_twice_in_a_frame_is_refused_with_its_place() -> None:
    found = [(0, 1, 0.0), (1, 7, 0.0), (1, 3, 9.0), (1, 7, 20.0)]
    with pytest.raises(MismatchError, match=r"frame f1.*\n?.*track id 7 twice \(1 repeated ids") as caught:
        scene_of(sides(TRUTH, found), Similarity.JOINT)
    assert caught.value.code == "P405"
    scene_of(sides(TRUTH, [(0, 7, 0.0), (1, 7, 0.0), (1, -1, 9.0), (1, -1, 5.0)]), Similarity.JOINT)
    with pytest.raises(MismatchError, match="track id 0 twice"):
        scene_of(sides(TRUTH, [(1, 0, 0.0), (1, 0, 9.0)]), Similarity.JOINT)


def test_hota_by_hand() -> None:
    """Everything is found exactly, but the identity changes half way."""
    found = by_statistic(values(parse("hota"), sides(walk(5), [(0, 1, 0), (1, 1, 0), (2, 2, 0), (3, 2, 0)])))
    assert found["DetA"] == found["DetRe"] == found["DetPr"] == found["LocA"] == 1
    # Each true positive shares 2 frames of 4 with its track: 2 / (2 + 2 + 0).
    assert found["AssA"] == found["AssRe"] == pytest.approx(0.5)
    assert found["AssPr"] == 1
    assert found["HOTA"] == pytest.approx(math.sqrt(0.5))
    assert found["FragA"] == pytest.approx(0.5)
    assert found["FA-HOTA"] == pytest.approx(math.sqrt(math.sqrt(0.5 * 0.5)))


def test_trackeval_takes_the_gate_of_joints_as_one_minus_it() -> None:
    """Half a head size away: outside of a gate of 0.3, and on one of 0.5."""
    aligned = sides(walk(5), walk(1, 5.0))
    for at, recall in ((0.3, 0.0), (0.5, 1.0)):
        metric = ClearMot(events=Events.TRACKEVAL, at=at)
        assert by_statistic(values(metric, aligned))["recall"] == recall


def test_a_joint_that_is_labelled_once_is_enough() -> None:
    once = sides(walk(5, frames=range(1)), walk(1, frames=range(1)))
    found = by_statistic(values(ClearMot(), once))
    assert (found["MOTA"], found["MOTP"], found["precision"], found["recall"]) == (1, 1, 1, 1)


@pytest.mark.parametrize("name", ["clear_mot", "hota", "identity", "joint_ap"])
def test_a_summary_shows_joints_on_request_alone(name: str) -> None:
    aligned = sides(TRUTH, FOUND)
    assert parse(name) == parse(f"{name}(per_joint=no)")
    assert not [row for row in values(parse(name), aligned) if row.joint == "left_wrist"]
    assert [row for row in values(parse(f"{name}(per_joint=yes)"), aligned) if row.joint == "left_wrist"]


def test_sizes_by_which_distances_of_poses_are_scaled() -> None:
    """The file's area, that of the box, or the extent of the labelled joints, which is never nothing."""
    xy = np.array([[[0.0, 0.0], [4.0, 3.0]], [[2.0, 1.0], [2.0, 9.0]], [[0.0, 0.0], [5.0, 5.0]]])
    seen = np.array([[2, 2], [2, 2], [2, 0]])
    box = np.array([[0.0, 0.0, 10.0, 20.0], [1.0, 2.0, 4.0, 6.0], [0.0, 0.0, 1.0, 1.0]])
    people = People(xy, np.arange(3), seen=seen, box=box, area=np.array([7.0, 8.0, 9.0]))
    assert sizes_of(people, Scale.EXTENT).tolist() == [12.0, 2.0**-52, 2.0**-52]
    assert sizes_of(people, Scale.GIVEN).tolist() == [7.0, 8.0, 9.0]
    assert sizes_of(people, Scale.BOX).tolist() == [200.0, 12.0, 1.0]
