"""Rows 9 to 12 and 15 of the table of attacks: joints, keys, forms and sizes."""

from __future__ import annotations

import json

import pytest

from poseval.datasets import ReadOptions, Role, read
from poseval.errors import FormatError, PosevalError
from poseval.limits import Limits
from tests.hostile.made import Folder, codes, results, sentence, truth, write

# 9: lengths


def test_09_fourteen_joints_for_seventeen(folder: Folder) -> None:
    dt = results()
    for row in dt:
        row["keypoints"] = row["keypoints"][:42]
    folder.results_refused(
        dt, "P204", r"joints: are 14 in every result, as crowdpose14 has[\s\S]*coco17 \(17 joints\)"
    )


@pytest.mark.parametrize("count", [0, 34, 50, 52, 54])
def test_09_one_list_of_another_length(folder: Folder, count: int) -> None:
    dt = results()
    dt[2]["keypoints"] = [1.0] * count
    folder.results_refused(dt, "P204", rf"\[2\]\.keypoints.*: has {count} numbers")


def test_09_truth_of_another_length(folder: Folder) -> None:
    gt = truth()
    gt["annotations"][4]["keypoints"] = gt["annotations"][4]["keypoints"][:48]
    folder.truth_refused(
        gt, "P204", r"annotations\[4\]\.keypoints: has 48 numbers[\s\S]*51 numbers: 17 joints x 3 \(coco17\)"
    )


def test_09_fourteen_unnamed_joints_on_both_sides_have_no_sigmas(folder: Folder) -> None:
    import poseval

    gt, dt = truth(), results()
    for row in (*gt["annotations"], *dt):
        row["keypoints"] = row["keypoints"][:42]
    for row in gt["annotations"]:
        row["num_keypoints"] = 14
    del gt["categories"][0]["keypoints"]
    with pytest.raises(PosevalError, match="which OKS needs") as caught:
        poseval.score(*folder.both(gt, dt), benchmark="oks")
    assert caught.value.code == "P112"


def test_09_categories_that_name_other_joints(folder: Folder) -> None:
    gt = truth()
    gt["categories"].append({"id": 2, "name": "cat", "keypoints": ["nose", "tail"]})
    assert codes(folder.truth(gt)) == []  # nobody is of that category
    gt["annotations"][0]["category_id"] = 2
    folder.truth_refused(gt, "P406", "categories: have different joints")


def test_09_joint_named_twice(folder: Folder) -> None:
    gt = truth()
    gt["categories"][0]["keypoints"] = ["nose"] * 17
    folder.truth_refused(gt, "P224", "has joints twice: nose")


# 10: keys


@pytest.mark.parametrize("field", ["score", "image_id", "keypoints", "category_id"])
def test_10_known_key_twice(folder: Folder, field: str) -> None:
    text = json.dumps(results())
    one = json.dumps({field: results()[0][field]})[1:-1]
    broken = text[:2] + one + ", " + text[2:]
    error = folder.results_refused(broken, "P205", rf"\[0\]\.{field} .*occurs twice in one object")
    assert error.total == 1


def test_10_top_level_key_twice(folder: Folder) -> None:
    text = json.dumps(truth())
    folder.truth_refused(text[:-1] + ', "annotations": []}', "P205", r"gt\.json: annotations: occurs twice")


def test_10_unknown_keys_are_counted(folder: Folder) -> None:
    dt = results()
    for row in dt:
        row["scroe"] = 1
    assert "scroe (6), did you mean score?" in sentence(folder.results(dt), "N410")


@pytest.mark.parametrize("field", ["image_id", "category_id", "keypoints", "score"])
def test_10_missing_keys_of_results(folder: Folder, field: str) -> None:
    dt = results()
    del dt[1][field]
    folder.results_refused(dt, "P206", rf"\[1\]\.{field}: is missing")


@pytest.mark.parametrize("field", ["id", "image_id", "category_id", "keypoints"])
def test_10_missing_keys_of_truth(folder: Folder, field: str) -> None:
    gt = truth()
    del gt["annotations"][1][field]
    folder.truth_refused(gt, "P206", rf"annotations\[1\]\.{field}: is missing")


def test_10_all_faults_of_a_file_at_once(folder: Folder) -> None:
    dt = results()
    dt[0]["score"] = "high"
    del dt[1]["score"]
    dt[2]["keypoints"] = dt[2]["keypoints"][:48]
    dt[3]["image_id"] = 99
    error = folder.results_refused(dt, "P203", r"\[0\]\.score")
    assert [fault.code for fault in error.faults] == ["P203", "P206", "P204", "P402"]


def test_10_missing_iscrowd_and_num_keypoints_are_derived(folder: Folder) -> None:
    gt = truth()
    for row in gt["annotations"]:
        del row["iscrowd"], row["num_keypoints"]
    gt["annotations"][0]["keypoints"][2] = 0
    found = folder.truth(gt)
    assert codes(found) == ["N414", "N413"]
    assert found.people.extra["num_keypoints"].tolist() == [16, 17, 17, 17, 17, 17]
    assert not found.people.crowd.any()


def test_10_num_keypoints_that_contradicts_the_flags(folder: Folder) -> None:
    gt = truth()
    gt["annotations"][2]["num_keypoints"] = 0
    told = sentence(folder.truth(gt), "N415")
    assert "annotations[2]" in told
    assert "1 of them is 0" in told
    gt["annotations"][2]["num_keypoints"] = -3
    folder.truth_refused(gt, "P306", r"annotations\[2\]\.num_keypoints: is -3")


def test_10_annotation_id_twice(folder: Folder) -> None:
    gt = truth()
    gt["annotations"][4]["id"] = 2
    folder.truth_refused(
        gt, "P305", r"annotations\[4\]\.id: 2 is the id of 2 annotations \(first: annotations\[1\]\)"
    )


def test_10_category_id_twice(folder: Folder) -> None:
    gt = truth()
    gt["categories"].append({"id": 1, "name": "other"})
    folder.truth_refused(gt, "P305", r"categories\[1\]\.id")


# 11: other things


@pytest.mark.parametrize(
    "text", ["{}", "[[1, 2], [3]]", '{"images": [], "annotations": {}}', '{"annotations": []}']
)
def test_11_what_is_no_truth(folder: Folder, text: str) -> None:
    folder.truth_refused(text, "P201", "gt.json")


@pytest.mark.parametrize("text", ["{}", "[1, 2]", '["a"]'])
def test_11_what_is_no_list_of_results(folder: Folder, text: str) -> None:
    folder.results_refused(text, "P201", "dt.json")


def test_11_list_in_a_list(folder: Folder) -> None:
    """Another format may claim it, and then refuse it; as COCO it is none."""
    path = write(folder.path / "dt.json", "[[1, 2], [3]]")
    with pytest.raises(PosevalError, match="first item is an array, not an object") as caught:
        read(path, ReadOptions(Role.PREDICTIONS, truth=folder.truth()), format="coco")
    assert caught.value.code == "P201"
    with pytest.raises(FormatError):
        read(path, ReadOptions(Role.PREDICTIONS, truth=folder.truth()))


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_11_empty_file(folder: Folder, text: str) -> None:
    folder.truth_refused(text, "P200", "is empty")
    folder.results_refused(text, "P200", "is empty")


def test_11_truth_and_results_exchanged(folder: Folder) -> None:
    folder.truth_refused(results(), "P201", "this looks like coco predictions. Are the two files exchanged")
    folder.results_refused(truth(), "P201", r"looks like coco ground truth, and so does gt\.json")


def test_11_exchanged_with_the_format_named(folder: Folder) -> None:
    for role, content, hint in (
        (Role.TRUTH, results(), "looks like predictions"),
        (Role.PREDICTIONS, truth(), "looks like ground truth"),
        (Role.TRUTH, {"images": [], "annotations": results()}, "looks like predictions"),
    ):
        path = write(folder.path / "x.json", content)
        with pytest.raises(PosevalError, match=hint) as caught:
            read(path, ReadOptions(role, truth=folder.truth()), format="coco")
        assert caught.value.code == "P201"


def test_11_boxes_without_keypoints(folder: Folder) -> None:
    dt = [{"image_id": 10, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}]
    folder.results_refused(dt, "P201", "person detections, which are the input of top-down networks")


def test_11_list_of_other_things_among_results(folder: Folder) -> None:
    folder.results_refused(
        [*results(), 7], "P203", r"\[6\] \(byte \d+\): is a number[\s\S]*expected: an object"
    )


# 12: size and depth


def test_12_one_long_string(folder: Folder) -> None:
    folder.truth_refused('"' + "x" * 5000, "P201", "is not ground truth")
    path = write(folder.path / "gt.json", '{"images": "' + "x" * 5000 + '"}')
    with pytest.raises(PosevalError) as caught:
        read(path, ReadOptions(limits=Limits(file_bytes=1000)))
    assert caught.value.code == "P501"


def test_12_a_million_keys_in_one_object(folder: Folder) -> None:
    keys = ",".join(f'"{n}":0' for n in range(1_000_000))
    folder.truth_refused('{"a": {' + keys + "}}", "P502", "more keys than allowed")
    folder.results_refused("[{" + keys + "}]", "P502", "more keys than allowed")


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_12_deep_nesting(folder: Folder, bracket: str) -> None:
    folder.truth_refused('{"x": ' + bracket * 200_000, "P502", "is nested deeper")
    text = json.dumps(results())
    folder.results_refused(text[:-2] + ', "x": ' + bracket * 200_000, "P502", "is nested deeper")
    folder.results_refused(bracket * 200_000, "P502", "is nested deeper")


def test_12_and_15_counts_are_limited(folder: Folder) -> None:
    path = write(folder.path / "gt.json", truth())
    for limits in (Limits(people=5), Limits(frames=3), Limits(numbers=200), Limits(people_per_frame=1)):
        with pytest.raises(PosevalError) as caught:
            read(path, ReadOptions(limits=limits))
        assert caught.value.code == "P502"
    gt = folder.truth()
    path = write(folder.path / "dt.json", results())
    for limits in (Limits(people=5), Limits(numbers=200), Limits(detections_per_frame=1)):
        with pytest.raises(PosevalError) as caught:
            read(path, ReadOptions(Role.PREDICTIONS, truth=gt, limits=limits))
        assert caught.value.code == "P502"


def test_10_unknown_keys_cost_nothing_more(folder: Folder) -> None:
    """Keys are compared with 256 names at the most, whatever they are; the rest is only counted."""
    dt = results()
    for n in range(20_000):
        dt[0][f"Aa{n:x}"] = n
    told = sentence(folder.results(dt), "N410")
    assert "and many more" in told
