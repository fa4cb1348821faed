"""The diagnosis as a value: frames in order of badness, findings, and the plain dictionary."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from poseval.diagnosis import diagnose as module
from poseval.diagnosis.diagnose import CLASSES, Diagnosis, diagnose
from poseval.diagnosis.error_types import Fault
from poseval.diagnosis.findings import findings
from poseval.diagnosis.gains import Stage, mean_ap
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.units import NumberStyle
from poseval.skeletons import get_skeleton
from tests.diagnosis.crowded import crowded

COCO = get_skeleton("coco17")
AREA = 20000.0


def sets(
    truth: list[tuple[int, np.ndarray]], found: list[tuple[int, np.ndarray]], frames: int, **columns: object
) -> Aligned:
    """People (frame, xy) of both sides; scores fall from 1 in the order given, over all frames."""
    names = Frames(np.array([f"f{place}" for place in range(frames)]))
    sides = []
    for rows in (truth, found):
        order = sorted(range(len(rows)), key=lambda row: rows[row][0])
        xy = np.stack([rows[row][1] for row in order]) if rows else np.zeros((0, 17, 2))
        frame = np.array([rows[row][0] for row in order], dtype=int)
        box = np.concatenate([xy.min(axis=1), xy.max(axis=1)], axis=1)
        sides.append((xy, frame, box, 1 - np.array(order) / 100))
    (xy, frame, box, _), (found_xy, found_frame, _, score) = sides
    base: dict[str, object] = {"area": np.full(len(xy), AREA), "box": box}
    people = People(xy=xy, frame=frame, **{**base, **columns})  # type: ignore[arg-type]
    guess = People(xy=found_xy, frame=found_frame, score=score, area=np.full(len(found_xy), AREA))
    return Aligned(PoseSet(COCO, names, people), PoseSet(COCO, names, guess))


def body(shift: float = 0.0, wrong: int = 0) -> np.ndarray:
    """A pose; its first `wrong` joints are far from everything."""
    xy = np.random.default_rng(0).uniform(0, 170, (17, 2))
    xy[:, 0] += shift
    xy[:wrong, 1] += 3000
    return xy


def worst(found: Diagnosis) -> list[tuple[str, int, int, int]]:
    return [(item.frame, item.joints, item.missed, item.background) for item in found.worst]


def test_the_worst_frames_come_first() -> None:
    truth = [(0, body()), (1, body()), (2, body()), (3, body()), (3, body(900)), (4, body()), (5, body())]
    found = [
        (0, body(wrong=1)),
        (1, body(wrong=3)),
        (3, body()),
        (4, body()),
        (4, body(5000)),
        (4, body(7000)),
        (5, body()),
        (1, body(5000)),
        (0, body(5000)),
        (0, body(7000)),
    ]
    aligned = sets(truth, found, 7)
    wanted = [
        ("f2", 0, 1, 0),  # a missed person is as bad as all joints of one
        ("f3", 0, 1, 0),
        ("f1", 3, 0, 1),
        ("f0", 1, 0, 2),
        ("f4", 0, 0, 2),  # only predictions of nobody; f5 and f6 have nothing wrong
    ]
    assert worst(diagnose(aligned)) == wanted
    assert worst(diagnose(aligned, worst=2)) == wanted[:2]


def test_frames_with_equal_badness_are_ordered_by_false_positives() -> None:
    truth = [(0, body()), (1, body())]
    found = [(0, body(wrong=1)), (1, body(wrong=1)), (1, body(5000))]
    assert worst(diagnose(sets(truth, found, 2))) == [("f1", 1, 0, 1), ("f0", 1, 0, 0)]


def test_a_missed_person_weighs_as_much_as_all_its_joints() -> None:
    truth = [(0, body()), (0, body(900)), (1, body()), (2, body()), (2, body(900))]
    found = [(0, body(wrong=10)), (0, body(900, wrong=8)), (2, body(wrong=8)), (2, body(900, wrong=8))]
    assert [row[0] for row in worst(diagnose(sets(truth, found, 3)))] == ["f0", "f1", "f2"]


def test_crowds_and_people_without_labels_are_not_missed() -> None:
    seen = np.full((4, 17), 2, dtype=np.int8)
    seen[1] = 0
    seen[2, 1:] = 0
    crowd = np.array([False, False, False, True])
    truth = [(0, body()), (0, body(900)), (0, body(1800)), (0, body(2700))]
    found = diagnose(sets(truth, [(0, body())], 1, seen=seen, crowd=crowd))
    assert worst(found) == [("f0", 0, 1, 0)]


def test_at_most_twenty_frames() -> None:
    truth = [(frame, body()) for frame in range(25)]
    assert [item.frame for item in diagnose(sets(truth, [], 25)).worst] == [
        f"f{place}" for place in range(20)
    ]


def test_the_dictionary_holds_every_number() -> None:
    found = diagnose(crowded(1), worst=3)
    out = json.loads(json.dumps(found.to_dict()))
    assert CLASSES == ("good", "jitter", "inversion", "swap", "miss")
    assert (out["schema"], out["scale"]) == ("poseval.diagnosis/1", "area")
    assert out["joints"] == list(COCO.joints)
    assert out["tracks"] is None
    assert len(out["worst"]) == 3
    assert out["worst"][0] == vars(found.worst[0])
    for shown, item in zip(out["ranges"], found.ranges, strict=True):
        assert shown["name"] == item.size.name
        assert shown["matched"] == item.matched
        for name, kind in zip(CLASSES, list(Fault)[1:], strict=True):
            assert shown["counts"][name] == item.counts[kind].tolist()
        assert shown["thresholds"] == pytest.approx(np.arange(0.5, 0.99, 0.05))
        for name, stages in (("cumulative", item.gains.cumulative), ("independent", item.gains.independent)):
            assert [stage["stage"] for stage in shown[name]] == [stage.name for stage in stages]
            for stage, item_stage in zip(shown[name], stages, strict=True):
                assert np.array_equal(np.array(stage["AP"], dtype=float), item_stage.ap, equal_nan=True)
                assert np.array_equal(
                    np.array(stage["recall"], dtype=float), item_stage.recall, equal_nan=True
                )
        assert shown["false_positives"] == item.gains.false_positives.tolist()
        assert shown["missed"] == item.gains.missed.tolist()
        assert shown["missed_though_found"] == item.gains.missed_though_found.tolist()
        assert (shown["people"], shown["found"]) == (item.people, item.found)
        assert [tuple(step.values()) for step in shown["steps"]] == [
            (step.name, step.ap, step.gain, step.alone, step.gain_alone) for step in item.gains.steps
        ]
    for shown, group in zip(out["groups"], found.groups, strict=True):
        assert (shown["by"], shown["name"], shown["people"]) == (group.by, group.name, group.people)
        assert list(shown["joints"].values()) == group.joints.tolist()[1:]


def test_people_of_all_ranges_are_counted_in_their_own() -> None:
    found = diagnose(crowded(1))
    every, medium, large = (item.matched for item in found.ranges)
    assert every > max(medium, large) > 0
    every, medium, large = (item.people for item in found.ranges)
    assert 0 < max(medium, large) < every <= medium + large  # who is on the limit is of both sizes
    assert all(0 < item.found <= item.people for item in found.ranges)
    assert [int(item.counts[1:].sum()) > 0 for item in found.ranges] == [True] * 3


def test_findings_name_the_costliest_error_and_the_worst_joint() -> None:
    truth = [(frame, body()) for frame in range(4)]
    found = [(frame, body(wrong=3 if frame < 3 else 2)) for frame in range(4)]
    opening, score, gain, _ = findings(diagnose(sets(truth, found, 4)))
    share = diagnose(sets(truth, found, 4)).ranges[0].gains
    base, miss = mean_ap(share.independent[0]), mean_ap(share.independent[1])
    assert score == f"AP by OKS, which compares whole poses, is {100 * base:.1f}"
    gained = f"{100 * (miss - base):+.1f}"
    assert gain == f"fixing missed joints gains most: AP {gained} when fixed first, {gained} alone"
    assert opening == (
        "4 of 4 people were found; the worst joint is nose: 100% of its labelled keypoints on people who "
        "were found are wrong (jitter: 0%)"
    )
    seen = np.full((4, 17), 2, dtype=np.int8)
    seen[:, :2] = 0
    opening, *_ = findings(diagnose(sets(truth, found, 4, seen=seen)))
    assert opening.startswith(
        "4 of 4 people were found; the worst joint is right_eye: 75% of its labelled keypoints on "
    )


def test_kinds_of_errors_are_ranked_by_progressive_gains() -> None:
    """Everyone is found, but half of the joints are missed: at most thresholds everyone is a miss.

    So alone misses gain most, though nobody is missing; one after the other, missed joints do.
    """
    truth = [(frame, body()) for frame in range(4)]
    found = [(frame, body(wrong=8)) for frame in range(4)]
    diagnosis = diagnose(sets(truth, found, 4))
    gains = diagnosis.ranges[0].gains
    base, (miss, *_, people) = mean_ap(gains.independent[0]), map(mean_ap, gains.independent[1:])
    assert people - base > miss - base > 0
    _, _, first, second = findings(diagnosis)
    assert first.startswith(
        f"fixing missed joints gains most: AP {100 * (miss - base):+.1f} when fixed first"
    )
    left = mean_ap(gains.cumulative[-1]) - mean_ap(gains.cumulative[-2])
    assert second == (
        "AP averages over limits on how near a pose must be (OKS); poses that were found, but are not near "
        f"enough for some limit, cost AP {100 * (people - base):.1f} now, and {100 * left:.1f} once all "
        "other errors are fixed; coco-analyze counts them as misses"
    )
    assert gains.missed_though_found.tolist() == gains.missed.tolist() != [0] * 10


def test_people_found_too_inaccurately_are_no_misses() -> None:
    """One of five people is missing, two are found too inaccurately: each has a step of its own."""
    truth = [(frame, body()) for frame in range(5)]
    found = [(0, body()), (1, body()), (2, body(wrong=12)), (3, body(wrong=12))]
    diagnosis = diagnose(sets(truth, found, 5))
    main = diagnosis.ranges[0]
    *_, absent, rest = main.gains.steps
    assert (absent.title, rest.title) == ("misses", "found too inaccurately")
    assert absent.gain + rest.gain == pytest.approx(
        mean_ap(main.gains.cumulative[-1]) - mean_ap(main.gains.cumulative[-2])
    )
    # Alone: of five people two are found well enough; without the missing one they are two of four.
    assert main.gains.absent_alone.ap[-1] > main.gains.independent[0].ap[-1]
    assert (main.people, main.found) == (5, 4)
    assert (main.gains.missed - main.gains.missed_though_found).tolist() == [1] * 10
    text = diagnosis.to_text()
    assert "size all (from 32 x 32 pixels): 4 of 5 people matched" in text
    assert "found too inaccurately  " in text
    assert sum("not near enough for some limit" in line for line in findings(diagnosis)) == 1


def test_people_of_other_sizes_are_named_where_their_joints_are_counted() -> None:
    """A medium and a large person: in each range the other one's prediction is matched, too (C27)."""
    truth, found = [(0, body()), (0, body(900))], [(0, body()), (0, body(900))]
    area = np.array([5000.0, 20000.0])
    plain, corrected = (diagnose(sets(truth, found, 1, area=area), corrected=kind) for kind in (False, True))
    assert [(item.found, item.people, item.matched) for item in plain.ranges] == [
        (2, 2, 2),
        (1, 1, 2),
        (1, 1, 2),
    ]
    assert [item.matched for item in corrected.ranges] == [2, 1, 1]
    assert [int(item.counts.sum()) for item in corrected.ranges] == [34, 17, 17]
    assert plain.to_text().count("below are the joints of 2 people, 1 of them of other sizes") == 2
    assert "other sizes" not in corrected.to_text()


def test_people_who_are_too_small_to_count_are_named() -> None:
    truth, found = [(0, body()), (0, body(900))], [(0, body()), (0, body(900))]
    diagnosis = diagnose(sets(truth, found, 1, area=np.array([500.0, 20000.0])))
    assert findings(diagnosis)[:2] == [
        "2 of 2 people were found",
        (
            "AP by OKS, which compares whole poses, is 100.0, without 1 person below 32 x 32 pixels, whom "
            "the AP of a report counts"
        ),
    ]


def test_findings_are_in_fractions_where_these_are_asked_for() -> None:
    people = [(frame, body()) for frame in range(4)]
    found = diagnose(sets(people, people[:3], 4))
    _, score, gain = findings(found, NumberStyle("fraction", 1))
    assert score.endswith(" is 0.752")
    assert gain == "fixing misses gains most: AP +0.248 with all other errors fixed, +0.248 alone"
    assert "(in fractions of 1)" in found.to_text("fraction")
    assert "(in percent)" in found.to_text()
    assert found.to_dict()["unit"] == "fraction"


def test_a_gain_says_after_what_it_was_measured() -> None:
    """One of four people is missing: that is left once all else is fixed."""
    people = [(frame, body()) for frame in range(4)]
    opening, score, gain = findings(diagnose(sets(people, people[:3], 4)))
    assert (opening, score) == ("3 of 4 people were found", "AP by OKS, which compares whole poses, is 75.2")
    assert gain == "fixing misses gains most: AP +24.8 with all other errors fixed, +24.8 alone"


def test_jitter_is_an_error_of_a_joint_too() -> None:
    xy = body()
    area = np.sqrt(2 * AREA * -np.log(0.7))
    xy[3, 0] += 2 * COCO.sigma_array[3] * area
    found = diagnose(sets([(0, body())], [(0, xy)], 1))
    assert found.ranges[0].counts[Fault.JITTER].sum() == 1
    assert COCO.joints[3] in findings(found)[0]


def test_without_anybody_who_counts_no_error_costs_anything() -> None:
    (line,) = findings(diagnose(sets([(0, body())], [(0, body(wrong=1))], 1, area=np.array([10.0]))))
    assert "nose" in line
    assert findings(diagnose(sets([(0, body())], [], 1, area=np.array([10.0])))) == []


def test_findings_say_so_where_there_are_no_errors() -> None:
    people = [(frame, body()) for frame in range(4)]
    assert findings(diagnose(sets(people, people, 4))) == [
        "4 of 4 people were found",
        "AP by OKS, which compares whole poses, is 100.0",
        "no errors were found",
    ]


def test_the_mean_over_thresholds_leaves_out_what_is_undefined() -> None:
    assert mean_ap(Stage("x", np.array([0.5, math.nan, 0.7]), np.zeros(3))) == pytest.approx(0.6)
    assert math.isnan(mean_ap(Stage("x", np.full(3, math.nan), np.zeros(3))))


def test_tracks_are_followed_where_anybody_has_one() -> None:
    truth, found = [(0, body()), (0, body(900))], [(0, body()), (0, body(900))]
    assert diagnose(sets(truth, found, 1)).tracks is None
    assert diagnose(sets(truth, found, 1, track=np.array([-1, 0]))).tracks is not None
    assert diagnose(sets(truth, found, 1, track=np.array([-1, 0]))).to_dict()["tracks"]["events"] == []


def test_corrected_rules_reach_every_part() -> None:
    """Fixing misses under corrected rules puts joints where their class ends, which is further away."""
    truth, found = [(0, body())], [(0, body(wrong=9))]
    plain, corrected = (diagnose(sets(truth, found, 1), corrected=kind).ranges[0] for kind in (False, True))
    assert mean_ap(plain.gains.independent[1]) > mean_ap(corrected.gains.independent[1])
    default = diagnose(sets(truth, found, 1)).ranges[0].gains.independent[1]
    assert default.ap.tolist() == plain.gains.independent[1].ap.tolist()
    assert module.diagnose_if_possible(sets(truth, found, 1), True) is not None
