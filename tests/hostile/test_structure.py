"""Rows 9 to 20 of the table of attacks: structure."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

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


def test_15_keys_that_collide_cost_nothing_more(folder: Folder) -> None:
    """Keys are compared with 256 names at the most, whatever they hash to; the rest is only counted."""
    dt = results()
    for n in range(20_000):
        dt[0][f"Aa{n:x}".replace("0", "BB")] = n
    told = sentence(folder.results(dt), "N410")
    assert "and many more" in told


# 13: encodings and characters


def test_13_byte_order_mark_is_accepted(folder: Folder) -> None:
    assert codes(folder.truth(b"\xef\xbb\xbf" + json.dumps(truth()).encode())) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_13_other_encodings(folder: Folder, encoding: str) -> None:
    folder.truth_refused(json.dumps(truth()).encode(encoding), "P211", "is not UTF-8")


def test_13_latin_1(folder: Folder) -> None:
    gt = json.dumps(truth()).replace("000010.jpg", "caf\xe9.jpg")
    folder.truth_refused(gt.encode("latin-1"), "P211", r"line 1, byte \d+: is not UTF-8")


def test_13_lone_surrogates_and_odd_characters_in_names(folder: Folder) -> None:
    gt = truth()
    gt["images"][0]["file_name"] = "caf\udce9\u202e\u200b.jpg"
    gt["categories"][0]["name"] = "\x1b[31mred\x00"
    found = folder.truth(gt)
    assert found.frames.path[0] == "caf\udce9\u202e\u200b.jpg"


def test_13_raw_nul_and_control_characters(folder: Folder) -> None:
    folder.truth_refused(
        json.dumps(truth()).replace("000010.jpg", "a\x00b"), "P210", "unescaped control character"
    )


def test_13_and_36_names_are_shown_escaped(folder: Folder) -> None:
    dt = results()
    dt[0]["\x1b[2J\u202eevil"] = 1
    dt[1]["image_id"] = "\x1b]0;owned\x07"
    error = folder.results_refused(dt, "P402", "image_id")
    assert "\\x1b]0;owned\\x07" in str(error)
    assert "\x1b" not in str(error)
    del dt[1]
    assert "\\x1b[2J\\u202eevil" in sentence(folder.results(dt), "N410")


# 14: broken text


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: text[: len(text) // 2], "truncated"),
        (lambda text: text[:-1], "truncated"),
        (lambda text: text + " {}", "more text after the end"),
        (lambda text: text[:-1] + ",]", "comma before a closing bracket"),
        (lambda text: text.replace("[{", "[ // people\n{", 1), "a comment"),
        (lambda text: text.replace("[{", "[ /* */ {", 1), "a comment"),
        (lambda text: text.replace('"', "'"), "character that JSON does not allow"),
        (lambda text: text.replace("0.9", ".9", 1), "character that JSON does not allow"),
        (lambda text: text.replace("0.9", "00.9", 1), "malformed number"),
    ],
)
def test_14_broken_results(folder: Folder, change: Any, what: str) -> None:
    folder.results_refused(change(json.dumps(results())), "P210", rf"dt\.json: line \d+, byte \d+: .*{what}")


def test_14_broken_truth_with_its_line(folder: Folder) -> None:
    text = json.dumps(truth(), indent=1)
    line = text[: text.index('"annotations"')].count("\n") + 1
    folder.truth_refused(text.replace('"annotations"', '"annotations",'), "P210", rf"line {line}, byte")


# 16 and 17: archives


def zipped(members: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def test_16_gzip_bomb(folder: Folder) -> None:
    folder.truth_refused(gzip.compress(b"0" * (100 << 20)), "P504", "200 times its size")


def test_16_zip_bomb(folder: Folder) -> None:
    bomb = zipped([("a.json", b"0" * (100 << 20))])
    assert len(bomb) < 110_000
    folder.truth_refused(bomb, "P504", "200 times its size")


def test_16_nested_archives_are_not_opened(folder: Folder) -> None:
    inner = zipped([("a.json", json.dumps(results()).encode())])
    folder.results_refused(zipped([("inner.zip", inner)]), "P201", "is not predictions")


def test_16_packed_files_read_like_plain_ones(folder: Folder) -> None:
    plain = folder.results(results())
    text = json.dumps(results()).encode()
    for packed in (gzip.compress(text), zipped([("person_keypoints_results.json", text), ("README", b"x")])):
        found = folder.results(packed)
        assert found.people.xy.tobytes() == plain.people.xy.tobytes()
        assert found.origin.sha256 == plain.origin.sha256


def test_17_names_of_members_are_labels_only(folder: Folder) -> None:
    text = json.dumps(results()).encode()
    before = set(Path(folder.path).rglob("*"))
    packed = zipped([("ok.json", text), ("../../up.json", b"[]"), ("/abs.json", b"[]")])
    assert "2 other members of the archive" in sentence(folder.results(packed), "N430")
    assert {path.name for path in set(Path(folder.path).rglob("*")) - before} == {"gt.json", "dt.json"}


def test_17_two_members_of_one_name(folder: Folder) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped([("a.json", b"[]"), ("a.json", b"[]")])
    folder.results_refused(data, "P213", "two members called 'a.json'")


# 18 to 20: formats that score never opens


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("the pickle was loaded",))


@pytest.mark.parametrize("name", ["x.pkl", "x.pt", "x.mat", "x.yaml", "x.json"])
def test_19_pickles_are_not_read(folder: Folder, name: str) -> None:
    path = write(folder.path / name, pickle.dumps(Bomb()))
    with pytest.raises(PosevalError) as caught:
        read(path, ReadOptions(Role.PREDICTIONS, truth=folder.truth()))
    assert caught.value.code == "P201"


@pytest.mark.parametrize(
    "head", [b"\x93NUMPY\x01\x00v\x00{'descr': '|O'", b"PAR1\x15\x04", b"MATLAB 5.0 MAT-file"]
)
def test_18_and_20_arrays_and_tables_are_no_coco(folder: Folder, head: bytes) -> None:
    folder.truth_refused(head + b"\0" * 500, "P201", "is not ground truth")
