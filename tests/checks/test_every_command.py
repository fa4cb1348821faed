"""One question, one place: the same people in any format, and any command, get the same notices."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.errors import PosevalError
from poseval.poses import PoseSet
from poseval.synth import scene_set
from poseval.validation.validate import validate
from tests.datasets.test_same_score import truth_and_predictions

T, P = Role.TRUTH, Role.PREDICTIONS
FORMATS = {"coco": ".json", "yolo": "", "openpose": "", "alphapose": ".json", "native": ".npz"}


def written(poses: PoseSet, truth: PoseSet, name: str, folder: Path, stem: str = "dt") -> Path:
    path = folder / f"{stem}{FORMATS[name]}"
    datasets.get_format(name).write(poses, path, WriteOptions(P, truth=truth))
    return path


def truth_file(truth: PoseSet, folder: Path) -> Path:
    datasets.get_format("coco").write(truth, folder / "gt.json", WriteOptions(T))
    return folder / "gt.json"


def faulty(kind: str) -> tuple[PoseSet, PoseSet]:
    truth, predictions = truth_and_predictions()
    people = predictions.people
    if kind == "gaps":
        return truth, replace(predictions, people=people.take(people.frame >= 4))
    xy = people.xy.copy()
    if kind == "copies":
        xy[1::3] = xy[0::3]
    elif kind == "exchanged":
        xy = truth.people.xy[:, list(truth.skeleton.flip)] + 0.25
    return truth, replace(predictions, people=people.with_columns(xy=xy))


CODES = {"gaps": "N424", "copies": "N419", "exchanged": "N460"}


@pytest.mark.parametrize("kind", sorted(CODES))
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_score_and_validate_hear_the_same_of_every_format(name: str, kind: str, tmp_path: Path) -> None:
    truth, predictions = faulty(kind)
    gt, dt = truth_file(truth, tmp_path), written(predictions, truth, name, tmp_path)
    joints = "names" if name == "openpose" else None
    report = poseval.score(gt, dt, "coco-keypoints", joints=joints)
    found = validate(dt, truth=gt, benchmark="coco-keypoints", joints=joints)
    assert CODES[kind] in {notice.code for notice in report.notices}
    assert CODES[kind] in {notice.code for notice in (*found.health, *found.notices)}


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_sound_files_are_quiet(name: str, tmp_path: Path) -> None:
    truth, predictions = truth_and_predictions()
    gt, dt = truth_file(truth, tmp_path), written(predictions, truth, name, tmp_path)
    joints = "names" if name == "openpose" else None
    report = poseval.score(gt, dt, "coco-keypoints", joints=joints)
    assert not {notice.code for notice in report.notices} & {*CODES.values(), "N420", "N421", "N422", "N426"}


def test_left_and_right_have_one_code_for_single_people_and_crowds(tmp_path: Path) -> None:
    from tests.metrics.single import pair_up

    truth, predictions = faulty("exchanged")
    crowd = poseval.score(truth, replace(predictions, frames=truth.frames), "coco-keypoints")
    rng = np.random.default_rng(0)
    xy = rng.uniform(50, 900, (40, 16, 2))
    flip = list(poseval.get_skeleton("mpii16").flip)
    scene = pair_up(xy, xy[:, flip] + 0.25, head=np.full(40, 60.0))
    single = poseval.score(scene.truth, scene.predictions, "mpii-val")
    for report in (crowd, single):
        assert "N460" in {notice.code for notice in report.notices}


@pytest.mark.parametrize("command", ["compare", "gate", "diagnose"])
def test_commands_that_score_say_what_is_odd(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, predictions = faulty("gaps")
    gt, dt = truth_file(truth, tmp_path), written(predictions, truth, "yolo", tmp_path)
    other = written(truth_and_predictions()[1], truth, "coco", tmp_path, "other")
    asked: dict[str, list[str]] = {
        "compare": [str(dt), str(other)],
        "gate": [str(dt), "--baseline", str(tmp_path / "base.poseval"), "--max-drop", "*=85rel%"],
        "diagnose": [str(dt)],
    }
    common = ["--gt", str(gt), "--benchmark", "coco-keypoints"]
    assert invoke(["score", str(other), *common, "--save", str(tmp_path / "base.poseval"), "-q"]) == 0
    capsys.readouterr()
    assert invoke([command, *asked[command], *common]) == 0
    assert "N424" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["score", "compare", "gate", "diagnose", "validate", "crosscheck"])
def test_every_command_has_every_option_of_a_task(command: str) -> None:
    from importlib import import_module

    from poseval.cli import COMMANDS
    from poseval.cli.options import TASK_OPTIONS

    module, _, name = COMMANDS[command][0].partition(":")
    known = {option for parameter in getattr(import_module(module), name).params for option in parameter.opts}
    wanted: set[str] = set()
    for option in TASK_OPTIONS:

        @option
        def carrier() -> None: ...

        parameters: list[Any] = vars(carrier)["__click_params__"]
        wanted |= {text for parameter in parameters for text in parameter.opts}
    assert wanted >= {"--joints", "--align", "--format-in", "--gt-format", "--sigmas", "--slice", "--limit"}
    assert wanted <= known


def test_a_track_twice_in_a_frame_is_refused_by_both(tmp_path: Path) -> None:
    truth = scene_set(1, 6, 2, "posetrack17slots", video=True)
    datasets.get_format("posetrack18").write(truth, tmp_path / "gt", WriteOptions(T))
    people = truth.people.with_columns(track=np.zeros(len(truth), dtype=np.int64), score=np.ones(len(truth)))
    assert np.bincount(truth.people.frame).max() > 1
    wrong = replace(truth, people=people)
    datasets.get_format("posetrack18").write(wrong, tmp_path / "dt", WriteOptions(P, truth=truth))
    with pytest.raises(PosevalError) as caught:
        poseval.score(tmp_path / "gt", tmp_path / "dt")
    assert caught.value.code == "P405"
    found = validate(tmp_path / "dt", truth=tmp_path / "gt")
    assert [group.code for group in found.groups] == ["P405"]


def test_a_truth_that_cannot_be_scored_is_not_valid(tmp_path: Path) -> None:
    truth, _ = truth_and_predictions()
    gt = truth_file(truth, tmp_path)
    assert validate(gt).ok
    node = json.loads(gt.read_text())
    for row in node["annotations"]:
        del row["area"]
    gt.write_text(json.dumps(node))
    found = validate(gt)
    assert [group.code for group in found.groups] == ["P410"]
    assert validate(gt, metrics=["oks_ap(area=box)"]).ok
