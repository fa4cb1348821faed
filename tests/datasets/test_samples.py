"""Every small real file: recognised by content, read, one person checked by hand; to COCO and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from poseval import datasets
from poseval.api.convert import convert
from poseval.datasets import ReadOptions, Role, Source, WriteOptions
from poseval.datasets.assembly import by_image
from poseval.errors import FormatError, PosevalError, UsageError
from poseval.poses import PoseSet
from poseval.poses.frame_names import named, stem
from tests.datasets.pose_sets import assert_same
from tests.datasets.sample_list import REFUSED, SAMPLES, Refused, Sample
from tests.shared import only_with, shared_path

T, P = Role.TRUTH, Role.PREDICTIONS
HDF5 = (".h5", ".h5.gz", ".slp", ".nwb.gz")
OPTIONAL = frozenset({"area"})
SCORELESS = {"mediapipe", "pose-array", "pose-mat", "sleap-analysis"}  # samples with people without a score
UNTRUE = {"motchallenge"}  # boxes without joints, whose joints are none of COCO's business


def each(samples: Sequence[Sample | Refused]) -> pytest.MarkDecorator:
    """Parametrise over samples, one skipped test where they are absent."""
    return pytest.mark.parametrize(
        "sample", only_with("samples/formats", samples), ids=lambda sample: sample.file
    )


def place(file: str) -> Path:
    """A shared file; skips where it cannot be read here."""
    if file.endswith(HDF5):
        pytest.importorskip("h5py", reason="needs h5py, of the extra `formats`")
    return shared_path(f"samples/formats/{file}")


def read(sample: Sample) -> PoseSet:
    """A sample, with its truth where it has one."""
    path = place(sample.file)
    truth = None
    if sample.truth:
        truth = datasets.read(place(sample.truth), ReadOptions(T, optional=OPTIONAL))
    return datasets.read(path, ReadOptions(sample.role, truth, optional=OPTIONAL))


def test_no_sample_is_left_out() -> None:
    listed = json.loads(shared_path("samples/formats/index.json").read_text())["files"]
    known = {sample.file for sample in SAMPLES} | {refused.file for refused in REFUSED}
    assert {entry["file"] for entry in listed} == known


@each(SAMPLES)
def test_sample_is_recognised_and_read(sample: Sample) -> None:
    assert datasets.recognise(Source(place(sample.file)), sample.role) == sample.format
    poses = read(sample)
    assert poses.origin.format == sample.format
    assert (len(poses), len(poses.frames), len(poses.skeleton)) == sample.counts
    found = poses.people.xy[sample.row, sample.joint]
    np.testing.assert_allclose(found, sample.place, rtol=1e-12, atol=1e-12)
    assert poses.people.seen[sample.row, sample.joint] == sample.seen


@each(REFUSED)
def test_what_is_not_read_is_refused_for_a_reason(sample: Refused) -> None:
    path = place(sample.file)
    truth = None
    if sample.truth:
        truth = datasets.read(place(sample.truth), ReadOptions(T, optional=OPTIONAL))
    with pytest.raises(PosevalError) as caught:
        datasets.read(path, ReadOptions(P, truth))
    assert caught.value.code == sample.code
    assert sample.reason in str(caught.value)
    with pytest.raises(FormatError):
        datasets.read(path, ReadOptions(T))


def reachable(sample: Sample, folder: Path) -> tuple[PoseSet, Path | None]:
    """The sample, and for predictions a COCO truth with its frames, made of it where it has none."""
    poses = read(sample)
    if sample.role is T:
        return poses, None
    truth = folder / "gt.json"
    people = poses.people.with_columns(score=None, joint_score=None, source_id=None)
    datasets.get_format("coco").write(replace(poses, people=people), truth, WriteOptions(T))
    return poses, truth


def ordered_as(poses: PoseSet, other: PoseSet) -> PoseSet:
    """The set with its frames in the order of another's, where both have the same ones."""
    place = {stem(name): at for at, name in enumerate(named(other.frames))}
    own = [stem(name) for name in named(poses.frames)]
    if len(place) != len(own) or set(own) != place.keys():
        return poses
    target = np.asarray([place[name] for name in own], dtype=np.int64)
    frame = target[poses.people.frame]
    order = np.argsort(frame, kind="stable")
    people = poses.people.with_columns(frame=np.zeros(len(poses), dtype=np.int64)).take(order)
    frames = replace(poses.frames.take(np.argsort(target)), number=np.arange(len(own)))
    return replace(poses, frames=frames, people=people.with_columns(frame=frame[order]))


@each([one for one in SAMPLES if one.format not in SCORELESS | UNTRUE])  # of these see the tests below
def test_to_coco_and_back(sample: Sample, tmp_path: Path) -> None:
    poses, truth = reachable(sample, tmp_path)
    known = None if truth is None else datasets.read(truth, ReadOptions(T, optional=OPTIONAL))
    coco = tmp_path / "coco.json"
    datasets.get_format("coco").write(poses, coco, WriteOptions(sample.role, truth=known))
    options = ReadOptions(sample.role, known, optional=OPTIONAL)
    there = datasets.read(coco, options)
    poses = ordered_as(by_image(poses), there)  # COCO lists an image once, whoever is in it, by its number
    assert_same(poses, there, datasets.get_format("coco").holds_as(sample.role))
    own = datasets.get_format(sample.format)
    if sample.role not in own.writes or sample.format == "coco":
        return
    own.write(there, tmp_path / "back", WriteOptions(sample.role, truth=known))
    back = datasets.read(
        tmp_path / "back", ReadOptions(sample.role, known or there, optional=OPTIONAL), sample.format
    )
    facts = own.holds_as(sample.role) & datasets.get_format("coco").holds_as(sample.role)
    assert_same(poses, back, (facts | {"joints"}) - {"categories"})


@each([one for one in SAMPLES if one.format in SCORELESS])
def test_without_scores_there_are_no_coco_results(sample: Sample, tmp_path: Path) -> None:
    poses, truth = reachable(sample, tmp_path)
    assert truth is not None
    known = datasets.read(truth, ReadOptions(T, optional=OPTIONAL))
    with pytest.raises(UsageError) as caught:
        datasets.get_format("coco").write(poses, tmp_path / "dt.json", WriteOptions(P, truth=known))
    assert caught.value.code == "P138"


def test_boxes_without_joints_keep_their_boxes_in_coco(tmp_path: Path) -> None:
    done = convert(place("motchallenge/gt.txt"), tmp_path / "coco.json", "coco", role=T)
    assert done.losses.kept_people == 1
    back = datasets.read(tmp_path / "coco.json", ReadOptions(T, optional=OPTIONAL))
    assert back.people.box.tolist() == [[-1.0, 3.0, 3.0, 11.0]]


def test_openpose_confidences_and_joints_not_found() -> None:
    path = place("openpose_json/000000000000_keypoints.json")
    people = datasets.read(path, ReadOptions(P)).people
    assert people.joint_score[0, 0] == 0.8377877473831177
    assert np.flatnonzero(people.seen[0] == 0).tolist() == [9, 10, 12, 13]
    # The mean of the fourteen confidences in the file.
    assert people.score[0] == pytest.approx(0.71459501, abs=5e-8)


def test_alphapose_scores_exceed_one_and_boxes_become_corners() -> None:
    path = place("alphapose_json/alphapose-results.json")
    people = datasets.read(path, ReadOptions(P)).people
    assert people.score[0] == pytest.approx(3.0371522)
    assert (people.box[:, 2:] > people.box[:, :2]).all()


def test_motchallenge_sample_holds_a_box_and_no_joints() -> None:
    poses = datasets.read(place("motchallenge/gt.txt"), ReadOptions(T))
    # 1,-1,0,4,4,8,1,3,1.0: corner (0, 4) counted from 1, four wide, eight high.
    assert poses.people.box.tolist() == [[-1.0, 3.0, 3.0, 11.0]]
    assert not poses.people.seen.any()


def test_cvat_project_names_an_image_of_two_subsets_by_its_subset() -> None:
    poses = datasets.read(place("cvat_xml/export_project_annotations.xml"), ReadOptions(T))
    assert len(set(poses.frames.key.tolist())) == len(poses.frames)


@pytest.mark.parametrize("name", ["yolo", "deeplabcut", "cvat", "openpose", "mmpose", "mediapipe"])
def test_a_named_format_that_does_not_fit_is_told_what_it_looks_like(name: str) -> None:
    role = T if T in datasets.get_format(name).reads else P
    with pytest.raises(FormatError, match="looks like coco ground truth"):
        datasets.read(place("coco_keypoints/test_coco.json"), ReadOptions(role), name)
