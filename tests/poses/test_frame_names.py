"""Pairing frames by names: ways in a fixed order, said aloud, refused when two of them disagree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from poseval.benchmarks.alignment import align, on_frames_of
from poseval.errors import MismatchError, UsageError
from poseval.poses import Frames, People, PoseSet
from poseval.poses.frame_names import WAYS, file_name, labels, natural, number, place, stem
from poseval.skeletons import get_skeleton


def frames(keys: list[str], paths: list[str] | None = None) -> Frames:
    return Frames(np.asarray(keys), path=None if paths is None else np.asarray(paths))


def poses(table: Frames, at: list[int] | None = None) -> PoseSet:
    """One person per frame (or in the frames `at`), told apart by x."""
    frame = np.arange(len(table)) if at is None else np.asarray(at, dtype=np.int64)
    xy = np.zeros((len(frame), 17, 2)) + frame[:, None, None] + 1.0
    return PoseSet(get_skeleton("coco17"), table, People(xy, frame, seen=np.full((len(frame), 17), 2)))


def paired(theirs: PoseSet, ours: PoseSet, way: str | None = None) -> tuple[list[int], list[str]]:
    """Frame of ours under each of their people, by x, and what was said."""
    moved, notices = on_frames_of(ours, theirs, way)
    order = np.argsort(moved.people.xy[:, 0, 0])
    return moved.people.frame[order].tolist(), [notice.text for notice in notices]


class TestNames:
    @pytest.mark.parametrize(
        ("path", "name", "bare", "last"),
        [
            ("val2017/000000000139.jpg", "000000000139.jpg", "000000000139", 139),
            (r"C:\data\img_7.PNG", "img_7.PNG", "img_7", 7),
            ("walk.v2", "walk.v2", "walk.v2", 2),
            ("walk.v2.mp4", "walk.v2.mp4", "walk.v2", 2),
            ("12", "12", "12", 12),
            (
                "a_000000000012_keypoints.json",
                "a_000000000012_keypoints.json",
                "a_000000000012_keypoints",
                12,
            ),
            (".hidden", ".hidden", ".hidden", -1),
            ("", "", "", -1),
            ("nobody.jpg", "nobody.jpg", "nobody", -1),
            ("1" * 30 + ".jpg", "1" * 30 + ".jpg", "1" * 30, -1),  # beyond int64
        ],
    )
    def test_parts_of_a_path(self, path: str, name: str, bare: str, last: int) -> None:
        assert file_name(path) == name
        assert stem(path) == bare
        assert number(path) == last

    def test_what_a_frame_is_called_on_each_way(self) -> None:
        table = frames(["1", "2"], ["cam/a_07.jpg", ""])
        assert labels(table, "key") == ["1", "2"]
        assert labels(table, "file name") == ["cam/a_07.jpg", "2"]
        assert labels(table, "stem") == ["a_07", "2"]
        assert labels(table, "number") == ["7", "2"]

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("img_{}.jpg", "IMG_{}.JPG"),
            ("dog%20run{}.jpg", "dog run{}.jpg"),
            ("e\N{COMBINING ACUTE ACCENT}t\N{LATIN SMALL LETTER E WITH ACUTE}{}.jpg",
             "\N{LATIN SMALL LETTER E WITH ACUTE}te\N{COMBINING ACUTE ACCENT}{}.jpg"),
            ("b{}.jpg", "https://host/data/b{}.jpg?token=a/c"),
            ("b{}.jpg ", "b{}.jpg"),
        ],
    )  # fmt: skip
    def test_one_name_in_two_spellings(self, theirs: str, ours: str) -> None:
        truth = poses(frames(["4", "5"], [ours.format("x"), ours.format("y")]))
        found, said = paired(poses(frames([theirs.format("y"), theirs.format("x")])), truth)
        assert found == [1, 0]
        assert said == ["frames were paired by spelling, because keys differ"]

    def test_names_that_differ_by_case_alone_are_not_the_same(self) -> None:
        truth = poses(frames(["4", "5"], ["A.jpg", "a.jpg"]))
        assert paired(poses(frames(["a", "A"])), truth) == (
            [1, 0], ["frames were paired by stem, because keys differ"]
        )  # fmt: skip
        with pytest.raises(MismatchError):
            paired(poses(frames(["%41.jpg"])), truth)

    def test_the_order_of_the_ways(self) -> None:
        assert WAYS == ("key", "file name", "stem", "base name", "path end", "spelling", "number")


class TestEachWay:
    TRUTH = frames(["10", "11", "12"], ["val/a_1.jpg", "val/b_2.jpg", "val/c_3.jpg"])

    @pytest.mark.parametrize(
        ("keys", "paths", "way"),
        [
            (["12", "11", "10"], None, "key"),
            (["z", "y", "x"], ["val/c_3.jpg", "val/b_2.jpg", "val/a_1.jpg"], "file name"),
            (["z", "y", "x"], ["c_3.png", "b_2.png", "a_1.png"], "stem"),
            (["c_3", "b_2", "a_1"], None, "stem"),
            (["z", "y", "x"], ["f_003.json", "f_002.json", "f_001.json"], "number"),
        ],
    )
    def test_frames_are_paired_and_the_way_is_said(
        self, keys: list[str], paths: list[str] | None, way: str
    ) -> None:
        found, said = paired(poses(frames(keys, paths)), poses(self.TRUTH))
        assert found == [2, 1, 0]
        if way == "key":
            assert said == []  # nothing odd about it
        else:
            assert said == [f"frames were paired by {way}, because keys differ"]

    def test_equal_tables_are_taken_as_they_are(self) -> None:
        assert paired(poses(frames(["10", "11", "12"])), poses(self.TRUTH)) == ([0, 1, 2], [])

    def test_the_first_way_that_finds_all_is_taken(self) -> None:
        # Stems and numbers find all, file names only one.
        theirs = frames(["x", "y"], ["val/a_1.jpg", "other/b_2.jpg"])
        found, said = paired(poses(theirs), poses(self.TRUTH))
        assert found == [0, 1]
        assert said == ["frames were paired by stem, because keys differ"]

    def test_only_frames_with_people_must_be_found(self) -> None:
        theirs = frames(["10", "nowhere", "12"])
        assert paired(poses(theirs, [0, 2]), poses(self.TRUTH))[0] == [0, 2]

    def test_nobody_predicted_anywhere(self) -> None:
        moved, notices = on_frames_of(poses(self.TRUTH), poses(frames(["10", "b"]), []))
        assert (len(moved), len(moved.frames), notices) == (0, 3, [])

    def test_the_notice_reaches_the_alignment(self) -> None:
        theirs = poses(frames(["a_1", "b_2"]))
        aligned, notices = align(poses(self.TRUTH), theirs)
        assert [notice.code for notice in notices] == ["N402"]
        assert aligned.predictions.people.frame.tolist() == [0, 1]


class TestAmbiguous:
    # Keys say 1 and 2; the numbers in the stems say 2 and 1.
    TRUTH = frames(["1", "2"], ["img_2.jpg", "img_1.jpg"])
    THEIRS = frames(["1", "2"], ["f_1.json", "f_2.json"])

    def refused(self, theirs: PoseSet, ours: PoseSet, way: str | None = None) -> MismatchError:
        with pytest.raises(MismatchError) as caught:
            on_frames_of(ours, theirs, way)
        return caught.value

    def crossed(self) -> tuple[PoseSet, PoseSet]:
        """File names pair straight, numbers crosswise."""
        ours = frames(["x", "y", "z"], ["a.jpg", "b_1.jpg", "a_2.jpg"])
        theirs = frames(["p", "q"], ["b_1.jpg", "a_2.jpg"])
        return poses(theirs), poses(ours)

    def test_two_ways_that_pair_differently_are_both_named(self) -> None:
        ours = frames(["1", "2"], ["cam/img_2.jpg", "cam/img_1.jpg"])
        theirs = poses(frames(["2", "1"], ["img_2.json", "img_1.json"]))
        error = self.refused(theirs, poses(ours))
        assert error.code == "P403"
        text = str(error)
        assert "are paired with the ground truth by key, but differently by stem and by number" in text
        # Two frames that one of their frames could be, by name.
        assert "frame 'img_2.json' is 'cam/img_1.jpg' by key and 'cam/img_2.jpg' by stem" in text
        assert "--align: key, file name, stem, base name, path end, spelling, number" in text

    @pytest.mark.parametrize(("way", "rows"), [("key", [1, 0]), ("stem", [0, 1]), ("number", [0, 1])])
    def test_a_named_way_settles_it(self, way: str, rows: list[int]) -> None:
        ours = frames(["1", "2"], ["cam/img_2.jpg", "cam/img_1.jpg"])
        theirs = poses(frames(["2", "1"], ["img_2.json", "img_1.json"]))
        found, _ = paired(theirs, poses(ours), way)
        assert found == rows

    def test_ways_that_agree_are_not_ambiguous(self) -> None:
        theirs, ours = self.crossed()
        assert paired(theirs, ours)[0] == [1, 2]

    def test_a_name_that_stands_twice_in_the_truth(self) -> None:
        ours = poses(frames(["x", "y"], ["cam1/0001.jpg", "cam2/0001.jpg"]))
        error = self.refused(poses(frames(["0001"])), ours)
        assert error.code == "P403"
        assert "'0001' by stem is 'cam1/0001.jpg' and 'cam2/0001.jpg'" in str(error)

    def test_two_frames_in_one_place(self) -> None:
        ours = poses(frames(["x", "y"], ["0001.jpg", "0002.jpg"]))
        error = self.refused(poses(frames(["p", "q"], ["a/0001.json", "b/0001.json"])), ours)
        assert error.code == "P403"
        assert "'0001' by stem is 'a/0001.json' and 'b/0001.json'" in str(error)

    def test_frames_that_are_nowhere(self) -> None:
        ours = poses(frames(["1", "2", "3", "4"]))
        error = self.refused(poses(frames(["1", "7", "8", "9"])), ours)
        assert error.code == "P402"
        assert "3 of 4 frames with predictions are not in the ground truth (first: 7, 8, 9)" in str(error)
        assert "only 25% of the frames overlap" in str(error)

    def test_an_unknown_way(self) -> None:
        with pytest.raises(UsageError) as caught:
            on_frames_of(poses(self.TRUTH), poses(self.THEIRS), "colour")
        assert caught.value.code == "P176"

    def test_a_named_way_that_does_not_find_all(self) -> None:
        error = self.refused(poses(frames(["img_1", "img_2"])), poses(self.TRUTH), "key")
        assert error.code == "P402"
        assert "by key" in str(error)


def test_joints_that_differ_are_named_on_both_sides() -> None:
    ours, theirs = poses(frames(["1"])), poses(frames(["1"]))
    named = replace(theirs.skeleton, joints=("snout", *theirs.skeleton.joints[1:]))
    with pytest.raises(MismatchError) as caught:
        align(ours, replace(theirs, skeleton=named))
    assert caught.value.code == "P404"
    text = str(caught.value)
    assert "1 of its joints are absent (first: nose)" in text
    assert "1 of the predictions' joints are not in it (first: snout)" in text
    assert "--joints names" in text


def test_place_says_how_many_are_missing() -> None:
    found = place(frames(["1", "5"]), frames(["1", "2"]), np.asarray([0, 1]))
    assert found.way is None
    assert found.missing.tolist() == [1]
    assert found.row.tolist() == [0, -1]


def test_people_keep_their_order_and_columns() -> None:
    theirs = poses(frames(["b", "a"]))
    theirs = replace(theirs, people=theirs.people.with_columns(score=np.asarray([0.25, 0.5])))
    moved, _ = on_frames_of(poses(frames(["a", "b"])), theirs)
    columns: dict[str, Any] = {"frame": [0, 1], "score": [0.5, 0.25]}
    for name, wanted in columns.items():
        assert getattr(moved.people, name).tolist() == wanted


class TestSparseLabels:
    """Predictions of a whole video, of which some frames were labelled; and real mismatches."""

    LABELLED = (
        "labeled-data/walk/img003.png",
        "labeled-data/walk/img010.png",
        "labeled-data/walk/img012.png",
    )

    def truth(self) -> PoseSet:
        return poses(frames(list(self.LABELLED)))

    def video(self, numbers: range) -> PoseSet:
        return poses(frames([str(number) for number in numbers]))

    def test_frames_that_nobody_labelled_are_left_out_and_counted(self) -> None:
        moved, notices = on_frames_of(self.truth(), self.video(range(20)))
        assert moved.people.frame.tolist() == [0, 1, 2]
        assert moved.people.xy[:, 0, 0].tolist() == [4, 11, 13]
        assert [notice.code for notice in notices] == ["N402", "N940"]
        assert notices[1].count == 17
        assert "17 of 20 frames with predictions are not in the ground truth (first: 0, 1, 2, 4, 5)" in (
            notices[1].text
        )

    def test_a_labelled_frame_without_predictions_is_another_split(self) -> None:
        with pytest.raises(MismatchError) as caught:
            on_frames_of(self.truth(), self.video(range(12)))
        assert caught.value.code == "P402"
        assert "10 of 12 frames with predictions" in str(caught.value)
        assert "67% of the 3 labelled frames have predictions (a video needs 90%). Are these" in str(
            caught.value
        )

    def test_a_frame_in_which_nobody_was_found_counts_as_predicted_on(self) -> None:
        video = poses(frames([str(number) for number in range(20)]), [0, 1, 3, 10])  # 12 is listed, empty
        assert on_frames_of(self.truth(), video)[0].people.frame.tolist() == [0, 1]

    @pytest.mark.parametrize(("missed", "scored"), [(1, True), (2, False)])
    def test_a_detector_may_miss_one_frame_of_ten(self, missed: int, scored: bool) -> None:
        truth = poses(frames([f"img_{number}.png" for number in range(0, 30, 3)]))
        video = poses(frames([str(number) for number in range(40) if number >= 3 * missed]))
        if scored:
            assert len(on_frames_of(truth, video)[0]) == 10 - missed
            return
        with pytest.raises(MismatchError) as caught:
            on_frames_of(truth, video)
        assert caught.value.code == "P402"

    def test_two_folds_that_share_most_of_their_frames_are_a_mismatch(self) -> None:
        names = [f"{letter}.jpg" for letter in "abcdefghi"]
        with pytest.raises(MismatchError) as caught:
            on_frames_of(poses(frames(names[1:])), poses(frames(names[:8])))
        assert caught.value.code == "P402"
        assert "(first: a.jpg)" in str(caught.value)

    @pytest.mark.parametrize(("theirs", "ours"), [(0, 1), (1, 0)])
    def test_numbers_from_0_and_from_1_are_a_mismatch(self, theirs: int, ours: int) -> None:
        truth = poses(frames([f"img{number:03d}" for number in range(ours, ours + 20)]))
        with pytest.raises(MismatchError) as caught:
            on_frames_of(truth, self.video(range(theirs, theirs + 20)))
        assert caught.value.code == "P402"
        assert "1 of 20 frames with predictions" in str(caught.value)
        assert f"the predictions count from {theirs}, the ground truth from {ours}" in str(caught.value)

    def test_a_few_frames_at_an_end_are_a_mismatch_where_labelled_ones_lack_predictions(self) -> None:
        truth = poses(frames([f"img{number:03d}" for number in range(10, 30)]))
        with pytest.raises(MismatchError) as caught:
            on_frames_of(truth, self.video(range(9, 29)))
        assert caught.value.code == "P402"
        assert "only 95% of the frames overlap" in str(caught.value)
        moved, notices = on_frames_of(truth, self.video(range(9, 30)))  # every labelled frame is there
        assert len(moved) == 20
        assert "; 1 person there left out, because" in notices[-1].text

    def test_a_few_frames_among_labelled_ones_are_left_out(self) -> None:
        truth = poses(frames([f"img{number:03d}" for number in range(30) if number % 3]))
        moved, notices = on_frames_of(truth, self.video(range(2, 30)))
        assert len(moved) == 19
        assert notices[1].count == 9

    def test_two_ways_that_find_as_many_are_ambiguous(self) -> None:
        truth = poses(frames(["1", "2"], ["img_7.png", "img_8.png"]))
        with pytest.raises(MismatchError) as caught:
            on_frames_of(truth, self.video(range(20)))
        assert caught.value.code == "P403"
        assert "by key, but differently by number" in str(caught.value)
        assert on_frames_of(truth, self.video(range(20)), "number")[0].people.xy[:, 0, 0].tolist() == [8, 9]

    def test_one_name_that_is_nowhere_does_not_hide_the_others(self) -> None:
        truth = poses(frames([f"{letter}.jpg" for letter in "abcd"]))
        with pytest.raises(MismatchError) as caught:
            on_frames_of(truth, poses(frames(["a.png", "b.png", "x.png"])))
        assert "1 of 3 frames with predictions are not in the ground truth (first: x.png)" in str(
            caught.value
        )


class TestNaturalOrder:
    @pytest.mark.parametrize(
        "names",
        [
            ["frame2.jpg", "frame10.jpg"],
            ["a/9/1", "a/10/0"],
            [r"a\9", "a/10"],
            ["9" * 5000, "1" + "0" * 5000],
        ],
    )
    def test_numbers_by_value(self, names: list[str]) -> None:
        names.reverse()
        assert sorted(names, key=natural) == names[::-1]


class TestFolders:
    TRUTH = frames(["1", "2"], ["/data/cam1/0001.jpg", "/data/cam2/0001.jpg"])

    @pytest.mark.parametrize(
        ("paths", "rows"),
        [
            (["cam2/0001.json", "cam1/0001.json"], [1, 0]),
            ([r"cam2\0001.png", r"cam1\0001.png"], [1, 0]),
            (["/mnt/data/cam1/0001", "/mnt/data/cam2/0001"], None),
            (["/x/y/data/cam1/0001", "/x/y/data/cam2/0001"], None),
        ],
    )
    def test_the_end_of_the_path_tells_frames_of_one_name_apart(
        self, paths: list[str], rows: list[int] | None
    ) -> None:
        theirs = frames(["p", "q"], paths)
        found, said = paired(poses(theirs), poses(self.TRUTH))
        assert found == (rows or [0, 1])
        assert said == ["frames were paired by path end, because keys differ"]
