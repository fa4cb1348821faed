"""`poseval convert --worst`: the frames in which predictions fail, for labelling again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.diagnosis.worst import worst_frames
from poseval.errors import UsageError
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import get_skeleton, skeleton_from_names

T, P = Role.TRUTH, Role.PREDICTIONS
FAULTS = {1: 3, 4: 9, 5: 1}  # frame -> joints that are far off
MISSED = 2  # the frame whose person is not predicted


def scene(role: Role, joints: int = 17) -> PoseSet:
    """A person in each of seven frames; predictions fail in four of them."""
    rng = np.random.default_rng(1)
    xy = rng.uniform(200, 400, (7, joints, 2))
    frame = np.arange(7)
    if role is P:
        for at, count in FAULTS.items():
            xy[at, : min(count, joints)] += 5000
        keep = frame != MISSED
        xy, frame = xy[keep], frame[keep]
    names = np.asarray([f"mouse/img{n}.png" for n in range(7)])
    frames = Frames(names, size=np.full((7, 2), (6000.0, 6000.0)), path=names, sequences=("mouse",))
    scores = {"score": np.full(len(frame), 0.5), "joint_score": np.full((len(frame), joints), 0.5)}
    skeleton = (
        get_skeleton("coco17") if joints == 17 else skeleton_from_names([f"j{n}" for n in range(joints)])
    )
    return PoseSet(skeleton, frames, People(xy, frame, **(scores if role is P else {})))


def files(folder: Path, joints: int = 17, form: str = "native") -> tuple[Path, Path]:
    """Predictions and truth as files."""
    out = []
    for role in (P, T):
        path = folder / f"{role.value}{datasets.get_row(form).suffix}"
        datasets.get_format(form).write(scene(role, joints), path, WriteOptions(role))
        out.append(path)
    return out[0], out[1]


def test_unlabelled_frames_are_not_chosen() -> None:
    truth, predictions = scene(T), scene(P)
    labelled = np.arange(7) != 4
    people = truth.people.take(truth.people.frame != 4)
    truth = replace(truth, frames=replace(truth.frames, labelled=labelled), people=people)
    predictions = replace(predictions, frames=truth.frames)
    rows, text = worst_frames(Aligned(truth, predictions), 50)
    assert rows.tolist() == [1, 2, 5]
    assert text.startswith("chose 3 of 6 frames")


def call(*words: object) -> int:
    return invoke(["convert", *map(str, words)])


@pytest.mark.parametrize(("count", "frames"), [(1, [2]), (2, [2, 4]), (3, [1, 2, 4]), (50, [1, 2, 4, 5])])
def test_the_frames_with_the_most_faults(
    count: int, frames: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dt, gt = files(tmp_path)
    target = tmp_path / "again.json"
    assert call(dt, target, "--gt", gt, "--worst", count, "--to", "label-studio") == 0
    tasks = json.loads(target.read_bytes())
    assert [task["data"]["image"][-8:] for task in tasks] == [f"img{n}.png" for n in frames]
    assert [len(task["predictions"][0]["result"]) for task in tasks] == [0 if n == 2 else 18 for n in frames]
    err = capsys.readouterr().err
    assert f"chose {len(frames)} of 7 frames with the most errors, by areas of boxes" in err
    assert "the worst frame is mouse/img2.png with 0 wrong joints, 1 miss" in err
    assert "[N950]" in err


@pytest.mark.parametrize("form", ["deeplabcut", "native"])
def test_own_joints_without_areas_and_sigmas(form: str, tmp_path: Path) -> None:
    dt, gt = files(tmp_path, 4, form)
    done = poseval.convert(dt, tmp_path / "a.xml", "cvat", truth=gt, worst=2, role="predictions")
    assert "a sigma of 0.1 for every joint" in "\n".join(done.lines())
    assert (tmp_path / "a.xml").read_text().count("<image ") == 2


def test_perfect_predictions_have_nothing_to_send_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, gt = files(tmp_path)
    perfect = scene(T)
    people = perfect.people.with_columns(score=np.ones(7), joint_score=np.ones((7, 17)))
    datasets.get_format("native").write(replace(perfect, people=people), tmp_path / "p.npz", WriteOptions(P))
    words = (tmp_path / "p.npz", tmp_path / "a.json", "--gt", gt, "--worst", 5, "--to", "coco")
    assert call(*words) == 2
    assert "P106" in capsys.readouterr().err
    assert not (tmp_path / "a.json").exists()
    assert call(*words[:4], "--to", "coco") == 0  # as the hint says


def test_predictions_need_their_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dt, gt = files(tmp_path)
    assert call(dt, tmp_path / "a.json", "--worst", 5, "--to", "coco") == 2
    assert "expected: predictions and --gt FILE" in capsys.readouterr().err
    assert call(gt, tmp_path / "a.json", "--worst", 5, "--to", "coco", "--role", "truth", "--gt", gt) == 2
    assert "P127" in capsys.readouterr().err


@pytest.mark.parametrize("worst", [0, -1, 1.5, "3"])
def test_a_number_that_cannot_be(worst: object, tmp_path: Path) -> None:
    dt, gt = files(tmp_path)
    with pytest.raises(UsageError) as caught:
        poseval.convert(dt, tmp_path / "a.json", "coco", truth=gt, worst=worst)  # type: ignore[arg-type]
    assert caught.value.code == "P103"
