"""Which people are hard: by labelled joints, crowding and size."""

from __future__ import annotations

import numpy as np

from poseval.diagnosis.diagnose import Diagnosis, diagnose
from tests.diagnosis.test_report import body, sets


def groups(found: Diagnosis, by: str) -> dict[str, tuple[int, int, list[int]]]:
    return {g.name: (g.people, g.matched, g.joints.tolist()) for g in found.groups if g.by == by}


def test_by_number_of_labelled_joints() -> None:
    wanted = (1, 5, 6, 10, 11, 15, 16, 17)
    seen = np.zeros((8, 17), dtype=np.int8)
    for row, count in enumerate(wanted):
        seen[row, :count] = 2
    truth = [(frame, body()) for frame in range(8)]
    # Everybody is found; the first joint is wrong, but for the first person, who would not be found.
    found = [(frame, body(wrong=int(frame > 0))) for frame in range(7)]
    made = groups(diagnose(sets(truth, found, 8, seen=seen)), "labelled joints")
    assert list(made) == ["1-5", "6-10", "11-15", "16+"]
    # none, good, jitter, inversion, swap, miss
    assert made["1-5"] == (2, 2, [28, 5, 0, 0, 0, 1])
    assert made["6-10"] == (2, 2, [18, 14, 0, 0, 0, 2])
    assert made["11-15"] == (2, 2, [8, 24, 0, 0, 0, 2])
    assert made["16+"] == (2, 1, [1, 15, 0, 0, 0, 1])


def test_by_overlapping_boxes() -> None:
    """Boxes 100 wide overlap by 20 (0.11 of their union) or 18 (0.099); one person has no box."""
    left = [0.0, 80.0, 162.0, 500.0, 500.0, 500.0, 500.0, 900.0]
    box = np.array([[x, 0.0, x + 100.0, 50.0] for x in left])
    box[7, 0] = np.nan
    truth = [(0, body(x * 10)) for x in left[:3]] + [
        (1, body(x * 10 + row * 300)) for row, x in enumerate(left[3:])
    ]
    made = groups(diagnose(sets(truth, [], 2, box=box)), "overlapping boxes")
    assert {name: group[0] for name, group in made.items()} == {"0": 2, "1-2": 2, "3+": 4}


def test_boxes_of_no_area_overlap_nothing_and_other_frames_are_not_near() -> None:
    box = np.array([[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 100.0, 100.0]])
    made = groups(
        diagnose(sets([(0, body()), (0, body(900)), (1, body())], [], 2, box=box)), "overlapping boxes"
    )
    assert list(made) == ["0"]
    box = np.array([[0.0, 0.0, 100.0, 100.0], [90.0, 90.0, 190.0, 190.0], [200.0, 200.0, 300.0, 300.0]])
    truth = [(0, body()), (0, body(900)), (0, body(1800))]
    assert list(groups(diagnose(sets(truth, [], 1, box=box)), "overlapping boxes")) == ["0"]


def test_by_size_in_thirds_of_those_who_count() -> None:
    area = np.array([1600.0, 2500.0, 3600.0, 4900.0, 6400.0, 8100.0, 1e6])
    crowd = np.array([False] * 6 + [True])
    truth = [(frame, body()) for frame in range(7)]
    found = [(frame, body()) for frame in range(6)]
    made = groups(diagnose(sets(truth, found, 7, area=area, crowd=crowd)), "size")
    assert list(made) == ["small third", "middle third", "large third"]
    assert [group[:2] for group in made.values()] == [(2, 2)] * 3


def test_a_size_on_the_cut_belongs_to_the_smaller_third() -> None:
    """Roots of areas 10, 20, 30, 40: the cuts are exactly 20 and 30."""
    area = np.array([1600.0, 3600.0, 6400.0, 10000.0])
    truth = [(frame, body()) for frame in range(4)]
    made = groups(diagnose(sets(truth, [], 4, area=area)), "size")
    assert [group[0] for group in made.values()] == [2, 1, 1]


def test_nobody_who_counts_makes_no_group() -> None:
    made = diagnose(sets([(0, body())], [], 1, crowd=np.array([True])))
    assert made.groups == ()


def test_two_boxes_that_share_more_than_a_tenth_crowd_one_another() -> None:
    """11 by 10 pixels each: shifted by 9 they share 20 of 200, exactly a tenth; by 8 they share 30 of 190."""
    truth = [(0, body()), (0, body(900))]
    for shift, wanted in ((9.0, ["0"]), (8.0, ["1-2"])):
        box = np.array([[0.0, 0.0, 11.0, 10.0], [shift, 0.0, shift + 11.0, 10.0]])
        assert list(groups(diagnose(sets(truth, [], 1, box=box)), "overlapping boxes")) == wanted


def test_boxes_of_less_than_a_pixel_overlap_too() -> None:
    box = np.array([[0.0, 0.0, 0.5, 0.5]] * 2)
    truth = [(0, body()), (0, body(900))]
    assert list(groups(diagnose(sets(truth, [], 1, box=box)), "overlapping boxes")) == ["1-2"]
