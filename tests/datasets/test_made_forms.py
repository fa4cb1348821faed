"""Forms that poseval only reads: made from a known pose set, they give its values and its score back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.datasets import Role, WriteOptions
from poseval.errors import FormatError, InputError, MismatchError
from poseval.poses import Frames, PoseSet
from poseval.poses.frame_names import named
from tests.datasets.annotation_forms import labelme, supervisely, via_csv
from tests.datasets.form_files import put
from tests.datasets.made_forms import (
    PREDICTED,
    TRUTHS,
    Maker,
    eks,
    huggingface,
    mediapipe_named,
    sleap_io_deeplabcut,
)
from tests.datasets.reading import codes, predictions, recognised, truth
from tests.datasets.test_same_score import truth_and_predictions

T, P = Role.TRUTH, Role.PREDICTIONS


READ_AS_PREDICTIONS = [(name, maker) for name, makers in PREDICTED.items() for maker in makers]


READ_AS_TRUTH = [(name, maker) for name, makers in TRUTHS.items() for maker in makers]


WITHOUT_BOXES = ("via", "supervisely", "sleap-csv", "deeplabcut")


WITHOUT_HIDDEN = ("via", "sleap-csv", "deeplabcut")


WITHOUT_SIZES = ("via", "sleap-csv", "deeplabcut")


BY_NUMBER = ("openpifpaf_lines", "easy_vitpose", "superanimal", "sleap_csv")  # frames of a video


WITHOUT_SCORES = ("huggingface", "easy-vitpose", "mediapipe", "deeplabcut")


def truth_of_all_kinds() -> PoseSet:
    """A truth with hidden and absent joints, and people in an image who are not in the order of the file."""
    made, _ = truth_and_predictions()
    rng = np.random.default_rng(8)
    seen = rng.integers(0, 3, made.people.seen.shape)
    seen[:, 4] = 2
    seen[0] = 2  # every joint occurs
    xy = np.where((seen > 0)[:, :, None], made.people.xy, 0.0)
    return replace(made, people=made.people.with_columns(seen=seen.astype(np.int8), xy=xy))


def in_order(poses: PoseSet) -> tuple[list[str], list[int]]:
    """Names of the frames, and the people frame by frame in the order of those names."""
    names = [Path(name).name for name in named(poses.frames)]
    order = np.argsort(names, kind="stable").tolist()
    return [names[at] for at in order], [
        r for at in order for r in np.flatnonzero(poses.people.frame == at).tolist()
    ]


def ids(value: Any) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(("name", "maker"), READ_AS_TRUTH, ids=ids)
def test_truth_has_its_values(name: str, maker: Maker, tmp_path: Path) -> None:
    made = truth_of_all_kinds()
    path = put(maker(made), tmp_path / "set")
    assert recognised(path) == name
    found = truth(path)
    assert found.origin.format == name
    if maker.__name__ in BY_NUMBER:
        assert found.frames.key.tolist() == [str(at) for at in range(len(made.frames))]
        found = replace(found, frames=made.frames)
    names, rows = in_order(found)
    wanted_names, wanted = in_order(made)
    assert names == wanted_names
    assert found.skeleton.joints == made.skeleton.joints
    there = made.people.seen[wanted] > 0
    np.testing.assert_array_equal(found.people.seen[rows] > 0, there)
    np.testing.assert_array_equal(found.people.xy[rows][there], made.people.xy[wanted][there])
    if name not in WITHOUT_HIDDEN:
        np.testing.assert_array_equal(found.people.seen[rows], made.people.seen[wanted])
    if name not in WITHOUT_BOXES:
        np.testing.assert_allclose(found.people.box[rows], made.people.box[wanted])
    if name not in WITHOUT_SIZES:
        assert sorted(found.frames.size.tolist()) == sorted(made.frames.size.tolist())


@pytest.mark.parametrize(("name", "maker"), READ_AS_PREDICTIONS, ids=ids)
def test_predictions_have_the_score_of_coco_results(name: str, maker: Maker, tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    coco = datasets.get_format("coco")
    coco.write(gt, tmp_path / "gt.json", WriteOptions(T))
    wanted = dt
    if name in WITHOUT_SCORES:
        means = np.where(dt.people.seen > 0, dt.people.joint_score, np.nan)
        wanted = replace(dt, people=dt.people.with_columns(score=np.nanmean(means, axis=1)))
    coco.write(wanted, tmp_path / "dt.json", WriteOptions(P, truth=gt))
    ap = poseval.score(tmp_path / "gt.json", tmp_path / "dt.json", "coco-keypoints").summary["AP"]
    path = put(maker(dt), tmp_path / "set")
    assert recognised(path, P) == name
    if maker.__name__ in BY_NUMBER:
        numbers = [str(at) for at in range(len(gt.frames))]
        gt = replace(gt, frames=Frames(numbers, size=gt.frames.size))
    report = poseval.score(
        gt if maker.__name__ in BY_NUMBER else tmp_path / "gt.json",
        path,
        "coco-keypoints",
        joints="names" if name == "mediapipe" else None,
    )
    assert 0.1 < ap < 0.9
    assert report.summary["AP"] == pytest.approx(ap, abs=1e-12)


def test_images_without_names_need_a_truth_of_as_many(tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    path = put(huggingface(dt), tmp_path / "set")
    assert "N449" in codes(predictions(path, gt))
    few = Frames(gt.frames.key[:2], size=gt.frames.size[:2])
    short = replace(gt, frames=few, people=gt.people.take(np.flatnonzero(gt.people.frame < 2)))
    for truth_of in (None, short):
        with pytest.raises(MismatchError) as caught:
            predictions(path, truth_of)
        assert caught.value.code == "P412"


def test_points_of_two_people_in_one_group_are_refused(tmp_path: Path) -> None:
    made, _ = truth_and_predictions()
    name, content = next(iter(labelme(made).items()))
    node = json.loads(content)
    for shape in node["shapes"]:
        shape.pop("group_id", None)
    with pytest.raises(FormatError, match="group id of their own") as caught:
        truth(put({name: json.dumps(node).encode()}, tmp_path / "one"))
    assert caught.value.code == "P205"


def test_names_in_no_order_are_said(tmp_path: Path) -> None:
    made, _ = truth_and_predictions()
    text = labelme(made)[next(iter(labelme(made)))].decode()
    found = truth(
        put(
            {"a.json": text.replace('"nose"', '"p10"').replace('"left_eye"', '"p9"').encode()}, tmp_path / "a"
        )
    )
    assert "N545" in codes(found)
    assert list(found.skeleton.joints).index("p9") + 1 == list(found.skeleton.joints).index("p10")


def test_a_region_attribute_that_names_no_joint(tmp_path: Path) -> None:
    made, _ = truth_and_predictions()
    text = (
        via_csv(made)["via.csv"].replace(b'""joint""', b'""colour""').replace(b'""person""', b'""weather""')
    )
    with pytest.raises(FormatError, match="rename the region attribute") as caught:
        truth(put({"via.csv": text}, tmp_path / "a"))
    assert caught.value.code == "P206"


def test_a_project_without_its_declarations(tmp_path: Path) -> None:
    made, _ = truth_and_predictions()
    files = supervisely(made)
    files["meta.json"] = b'{"classes": [{"title": "box", "shape": "rectangle"}]}'
    with pytest.raises(FormatError, match="declares no graph") as caught:
        truth(put(files, tmp_path / "a"))
    assert caught.value.code == "P270"
    one = put({"a.json": files[list(files)[1]]}, tmp_path / "b")
    with pytest.raises(InputError):
        truth(one)


def test_columns_of_other_things_are_counted(tmp_path: Path) -> None:
    _, dt = truth_and_predictions()
    found = predictions(put(eks(dt), tmp_path / "set"))
    notice = next(one for one in found.origin.notices if one.code == "N547")
    assert notice.count == 3 * 3 * 17  # individuals, coordinates and joints
    assert "x_ens_var" in notice.text


def test_a_column_of_words_is_counted(tmp_path: Path) -> None:
    """Lightning Pose's predictions of labelled images, with `df["set"] = ...` as pandas writes it."""
    _, dt = truth_and_predictions()
    datasets.get_format("deeplabcut").write(dt, tmp_path / "dt.csv", WriteOptions(P))
    lines = (tmp_path / "dt.csv").read_text().splitlines()
    head = sum(line.startswith(("scorer", "individuals", "bodyparts", "coords")) for line in lines)
    words = ["set", *[""] * (head - 1), *["train", "validation", "test"] * len(lines)]
    text = "".join(f"{line},{word}\n" for line, word in zip(lines, words, strict=False))
    (tmp_path / "dt_set.csv").write_text(text)
    found, plain = predictions(tmp_path / "dt_set.csv"), predictions(tmp_path / "dt.csv")
    assert found.people.xy.tolist() == plain.people.xy.tolist()
    notice = next(one for one in found.origin.notices if one.code == "N547")
    assert "1 column was not read: set" in notice.text


def test_labels_as_predictions_have_no_scores(tmp_path: Path) -> None:
    made, _ = truth_and_predictions()
    found = predictions(put(sleap_io_deeplabcut(made), tmp_path / "set"))
    assert np.isnan(found.people.score).all()
    assert "N549" in codes(found)


def test_some_likelihoods_alone_are_refused(tmp_path: Path) -> None:
    _, dt = truth_and_predictions()
    datasets.get_format("deeplabcut").write(dt, tmp_path / "a.csv", WriteOptions(P))
    lines = (tmp_path / "a.csv").read_text().splitlines()
    cells = lines[5].split(",")
    cells[3] = ""
    lines[5] = ",".join(cells)
    (tmp_path / "a.csv").write_text("\n".join([*lines, ""]))
    with pytest.raises(MismatchError, match="1 of 612 joints without a likelihood") as caught:
        predictions(tmp_path / "a.csv")
    assert caught.value.code == "P410"
    cells[1] = cells[2] = ""  # what the message advises
    lines[5] = ",".join(cells)
    (tmp_path / "a.csv").write_text("\n".join([*lines, ""]))
    assert int((predictions(tmp_path / "a.csv").people.seen > 0).sum()) == 611


def test_landmarks_of_the_legacy_solution(tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    datasets.get_format("mediapipe").write(dt, tmp_path / "a.json", WriteOptions(P))
    frames = json.loads((tmp_path / "a.json").read_text())
    legacy = [{"landmark": frame["pose_landmarks"][0]} for frame in frames]
    path = put({"legacy.json": json.dumps(legacy).encode()}, tmp_path / "set")
    numbers = replace(gt, frames=Frames([str(at) for at in range(len(gt.frames))], size=gt.frames.size))
    found = predictions(path, numbers)
    first = np.searchsorted(dt.people.frame, np.arange(len(gt.frames)))
    place = [found.skeleton.joints.index(name) for name in dt.skeleton.joints]
    np.testing.assert_allclose(found.people.xy[:, place], dt.people.xy[first])


def test_landmarks_in_pixels_stay(tmp_path: Path) -> None:
    _, dt = truth_and_predictions()
    head, *rows = mediapipe_named(dt)["named.csv"].decode().splitlines()
    scaled = []
    for row in rows:
        *numbers, name = row.split(",")
        values = [float(cell) * (1 if at % 3 == 0 else 640) for at, cell in enumerate(numbers)]
        scaled.append(",".join([*map(repr, values), name]))
    found = predictions(put({"pixels.csv": "\n".join([head, *scaled]).encode()}, tmp_path / "set"))
    assert "N548" not in codes(found)
    place = [found.skeleton.joints.index(name) for name in dt.skeleton.joints]
    np.testing.assert_allclose(found.people.xy[:, place], dt.people.xy)


def test_people_above_a_threshold_alone_are_placed_by_their_labels(tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    node = json.loads(huggingface(dt)["results.json"])
    for person in (person for image in node for person in image):
        for key in ("keypoints", "scores", "labels"):
            del person[key][3]
            del person[key][0]
    found = predictions(put({"a.json": json.dumps(node).encode()}, tmp_path / "set"), gt)
    assert found.people.seen[:, [0, 3]].tolist() == [[0, 0]] * len(dt)
    np.testing.assert_array_equal(np.delete(found.people.xy, [0, 3], 1), np.delete(dt.people.xy, [0, 3], 1))
    node[0][0]["labels"][0] = 17
    with pytest.raises(InputError) as caught:
        predictions(put({"b.json": json.dumps(node).encode()}, tmp_path / "set"), gt)
    assert caught.value.code == "P311"


def with_an_empty_image(poses: PoseSet) -> PoseSet:
    """The set without the people of its first image."""
    return replace(poses, people=poses.people.take(np.flatnonzero(poses.people.frame > 0)))


@pytest.mark.parametrize(("name", "maker"), READ_AS_TRUTH)
def test_images_that_nobody_may_have_looked_at(name: str, maker: Maker, tmp_path: Path) -> None:
    if name in ("deeplabcut", "sleap-csv"):
        pytest.skip("lists labelled frames")
    made, _ = truth_and_predictions()
    path = put(maker(with_an_empty_image(made)), tmp_path / "set")
    told = [n for n in poseval.read(path, format=name).origin.notices if n.code == "N942"]
    assert len(told) == (name != "labelme"), told
    if told:
        assert "images have no people and are read as images without people" in told[0].text
