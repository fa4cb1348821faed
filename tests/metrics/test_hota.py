"""HOTA from first principles: scenes worked out by hand, and its identities on random films."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from poseval.metrics import parse
from poseval.metrics.hota import ALPHAS, RADIUS, Frames, Hota, Matching, Total, ratios
from poseval.metrics.joint_rows import Empty
from poseval.metrics.reid_hota import Pieces, ReidHota
from poseval.metrics.tracking_scene import Similarity
from poseval.poses.aligned import Aligned
from poseval.results.values import Values
from tests.differential.test_motmetrics import aligned
from tests.kernels.test_tracking import film, person
from tests.kernels.tracking_scenes import random_film, seeds

HALF = RADIUS / 2  # distance at which the similarity is one half


def values(sides: Aligned, metric: Hota | None = None) -> Values:
    chosen = metric or Hota()
    return chosen.reduce(chosen.tally(sides))


def by_alpha(found: Values, statistic: str) -> np.ndarray:
    rows = sorted(
        (r.threshold, r.value) for r in found if r.statistic == statistic and not math.isnan(r.threshold)
    )
    return np.array([value for _, value in rows])


def test_a_perfect_track_is_one() -> None:
    found = values(aligned(film(*[([person(0, 0)], [person(4, 0)])] * 3)))
    for name in ("HOTA", "DetA", "AssA", "LocA", "FragA"):
        assert found.get(name) == 1


def test_half_similarity_counts_up_to_alpha_one_half() -> None:
    found = values(aligned(film(*[([person(0, 0)], [person(4, HALF)])] * 4)))
    wanted = (ALPHAS <= 0.5).astype(float)
    np.testing.assert_array_equal(by_alpha(found, "DetA"), wanted)
    np.testing.assert_array_equal(by_alpha(found, "HOTA"), wanted)
    assert found.get("HOTA") == pytest.approx(10 / 19)
    assert found.get("LocA") == pytest.approx((10 * 0.5 + 9 * 1.0) / 19)


def test_one_switch_in_the_middle() -> None:
    """4 frames, ids 1 1 2 2: for every true positive TPA = 2, FNA = 2, FPA = 0, so AssA = 1 / 2."""
    found = values(aligned(film(*[([person(0, 0)], [person(4 + t // 2, 0)]) for t in range(4)])))
    assert found.get("DetA") == 1
    assert found.get("AssA") == pytest.approx(0.5)
    assert found.get("HOTA") == pytest.approx(math.sqrt(0.5))
    assert found.get("FragA") == pytest.approx(0.5)


def test_fragments_count_less_than_one_whole() -> None:
    """4 frames, ids 1 2 1 2: the same AssA as 1 1 2 2, but pieces of length 1: FragA = 1 / 4."""
    found = values(aligned(film(*[([person(0, 0)], [person(4 + t % 2, 0)]) for t in range(4)])))
    assert found.get("AssA") == pytest.approx(0.5)
    assert found.get("FragA") == pytest.approx(0.25)


STRAY = film(*[([person(0, 0)], [person(4, 0.3 * RADIUS)])] * 9,
             ([person(0, 0)], [person(4, 0.3 * RADIUS), person(9, 0.23 * RADIUS)]))  # fmt: skip


def test_a_stray_detection_does_not_take_the_place_of_a_track() -> None:
    """One object, ten frames at a similarity of 0.7; a stray of 0.77 in the last. TP 10, FP 1 up to 0.7."""
    found = values(aligned(STRAY))
    assert found.get("HOTA") == pytest.approx(14 / 19 * math.sqrt(10 / 11))
    assert found.get("AssA") == pytest.approx(14 / 19)


def test_the_plain_assignment_takes_the_stray_detection() -> None:
    """Quirk P31: nine frames with the track, one with the stray; at 0.75 the stray alone is right."""
    found = values(aligned(STRAY), Hota(assignment=Matching.PLAIN))
    low = math.sqrt(10 / 11 * (9 * 9 / (10 + 10 - 9) + 1 / 10) / 10)
    assert found.get("HOTA") == pytest.approx((14 * low + math.sqrt(1 / 20 * 1 / 10)) / 19)


def test_misses_and_false_positives() -> None:
    """4 frames: found in 2, missed in 1, and a false positive in 1: TP 2, FN 2, FP 1."""
    frames = [
        ([person(0, 0)], [person(4, 0)]),
        ([person(0, 0)], [person(4, 0)]),
        ([person(0, 0)], []),
        ([person(0, 0)], [person(4, 9)]),
    ]
    found = values(aligned(film(*frames)))
    assert found.get("DetA") == pytest.approx(2 / 5)
    assert found.get("DetRe") == pytest.approx(2 / 4)
    assert found.get("DetPr") == pytest.approx(2 / 3)
    # TPA = 2; the true track has 4 frames, the predicted one 3
    assert found.get("AssA") == pytest.approx(2 / (4 + 3 - 2))
    assert found.get("AssRe") == pytest.approx(2 / 4)
    assert found.get("AssPr") == pytest.approx(2 / 3)


def test_frames_without_predictions_under_the_kit() -> None:
    """Quirk P08: a frame without predictions misses the joints of all 3 frames, not its one."""
    frames = [([person(0, 0)], [person(4, 0)]), ([person(0, 0)], []), ([person(0, 0)], [person(4, 0)])]
    sides = aligned(film(*frames))
    assert values(sides).get("DetRe") == pytest.approx(2 / 3)
    assert values(sides, Hota(frames=Frames.SEQUENCE)).get("DetRe") == pytest.approx(2 / 5)
    nobody = aligned(film(*[([person(0, 0)], [])] * 3))
    assert values(nobody, Hota(frames=Frames.SEQUENCE)).get("DetRe") == 0


def test_a_joint_without_truth_is_undefined_and_leaves_the_total_alone() -> None:
    nan = math.nan
    sides = aligned(film(*[([person(0, 0, nan)], [person(4, 0, 0)])] * 2, joints=2))
    found = Hota(per_joint=True).reduce(Hota().tally(sides))
    row = next(r for r in found if (r.statistic, r.joint) == ("HOTA", "joint_1"))
    assert math.isnan(row.value)
    assert row.why == "no labelled joint_1"
    zero = Hota(per_joint=True, empty=Empty.POSETRACK21)
    assert next(r for r in zero.reduce(zero.tally(sides)) if r.joint == "joint_1").value == 0


@settings(max_examples=80, deadline=None)
@given(seed=seeds)
def test_hota_is_the_geometric_mean_per_threshold(seed: int) -> None:
    sides = aligned(random_film(seed))
    for metric in (Hota(), Hota(total=Total.POSETRACK21, empty=Empty.POSETRACK21)):
        found = metric.reduce(metric.tally(sides))
        hota, det, ass = (by_alpha(found, name) for name in ("HOTA", "DetA", "AssA"))
        np.testing.assert_allclose(hota**2, det * ass, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_ranges_and_orders(seed: int) -> None:
    """Numbers lie in 0..1; counts fall as alpha rises; a part never exceeds its whole."""
    sides = aligned(random_film(seed))
    metric = Hota()
    tally = metric.tally(sides)
    sums = metric.sums(
        {name: tally.per_unit(name) for name in tally.tables["sequences"].columns},
        np.ones(tally.units, dtype=np.int64),
    )
    assert (np.diff(sums["matched"], axis=1) <= 0).all()
    for values_ in ratios(sums, Empty.POSETRACK21).values():
        assert ((values_ >= 0) & (values_ <= 1 + 1e-12)).all()
    assert (sums["association"] <= sums["association_recall"] + 1e-9).all()
    assert (sums["association"] <= sums["association_precision"] + 1e-9).all()
    assert (sums["fragments"] <= sums["association"] + 1e-9).all()


def test_whole_poses_by_pckh() -> None:
    """Two of three joints within half a head: similarity 2 / 3, found for alpha up to 0.65."""
    sides = aligned(film(*[([person(0, 0, 0, 0)], [person(4, 0, 0.4, 3)])] * 2, joints=3))
    found = values(sides, Hota(similarity=Similarity.PCKH))
    np.testing.assert_array_equal(by_alpha(found, "DetA"), (ALPHAS <= 2 / 3).astype(float))
    assert [row.joint for row in found if row.joint] == []


def test_weights_are_copies() -> None:
    """A sequence of weight 2 equals two sequences."""
    one, two = random_film(1), random_film(2)
    joints = min(one.joints, two.joints)
    films = replace(one, sequences=[one.sequences[0], two.sequences[0]], joints=joints)
    copied = replace(films, sequences=[*films.sequences, films.sequences[1]])
    for metric in (Hota(), parse("identity"), parse("clear_mot"), parse("joint_ap")):
        weighted = metric.reduce(metric.tally(aligned(films)), np.array([1, 2]))
        assert weighted == metric.reduce(metric.tally(aligned(copied)))


def reid(sides: Aligned) -> Aligned:
    """Track ids serve as identities."""

    def named(poses):  # type: ignore[no-untyped-def]
        return replace(poses, people=poses.people.with_columns(extra={"person_id": poses.people.track}))

    predictions = replace(named(sides.predictions), frames=sides.truth.frames)
    return Aligned(named(sides.truth), predictions)


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_reid_of_one_sequence_is_hota_where_nothing_is_to_choose(seed: int) -> None:
    scene = random_film(seed, crowd=1, grid=False)
    scene = replace(scene, sequences=scene.sequences[:1])
    for frame in scene.frames:
        frame.predictions = frame.predictions[:1]
    sides = reid(aligned(scene))
    a, b = Hota().reduce(Hota().tally(sides)), ReidHota().reduce(ReidHota().tally(sides))
    for name in ("AssA", "AssRe", "AssPr", "FragA", "LocA", "DetA"):
        left = {r.joint: r.value for r in a if r.statistic == name and math.isnan(r.threshold) and r.joint}
        right = {r.joint: r.value for r in b if r.statistic == name and r.joint}
        assert left == pytest.approx(right, nan_ok=True)


def test_reid_counts_over_sequences_and_pieces() -> None:
    """One person, two videos of 2 frames, one identity: as one track of 4. A video's end cuts its piece."""
    once = film(*[([person(0, 0)], [person(4, 0)])] * 2)
    sides = reid(aligned(replace(once, sequences=once.sequences * 2)))
    within, across = (ReidHota(pieces=p).reduce(ReidHota().tally(sides)) for p in Pieces)
    assert within.get("AssA") == across.get("AssA") == 1
    assert within.get("FragA") == pytest.approx((2 * 2 + 2 * 2) / 4 / 4)
    assert across.get("FragA") == 1
    other = film(*[([person(0, 0)], [person(5, 0)])] * 2)
    split = reid(aligned(replace(once, sequences=[*once.sequences, *other.sequences])))
    assert ReidHota().reduce(ReidHota().tally(split)).get("AssA") == pytest.approx(0.5)
    assert Hota().reduce(Hota().tally(split)).get("AssA") == 1


def test_reid_prefers_more_true_positives_to_greater_similarity() -> None:
    """Two by two: the greatest sum leaves one pair far; per threshold, two pairs above it come first."""
    frame = ([person(0, 0.0), person(1, 0.2)], [person(4, 0.2), person(5, 0.4)])
    sides = reid(aligned(film(frame)))
    found = ReidHota().tally(sides).sum("matched")[0]
    low = ALPHAS <= 1 - 0.2 / RADIUS
    assert (found[low] == 2).all()
    assert (found[(~low) & (ALPHAS < 0.99)] == 1).all()
