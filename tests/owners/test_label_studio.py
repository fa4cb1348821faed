"""Label Studio's own library takes our tasks under the configuration that we write beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.errors import UsageError
from poseval.poses import PoseSet
from tests.datasets.real_libraries import video

KEYS = {Role.TRUTH: "annotations", Role.PREDICTIONS: "predictions"}


def written(poses: PoseSet, role: Role, folder: Path) -> tuple[list[dict[str, Any]], str]:
    """The tasks, and the configuration beside them."""
    target = folder / "out.json"
    losses = datasets.get_format("label-studio").write(poses, target, WriteOptions(role))
    assert losses.made["labelling configuration next to it (.config.xml)"] == 1
    return json.loads(target.read_bytes()), (folder / "out.config.xml").read_text("utf-8")


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_every_result_belongs_to_a_tag_of_the_configuration(role: Role, tmp_path: Path) -> None:
    tasks, configuration = written(video(role), role, tmp_path)
    root = ET.fromstring(configuration)
    tags = {(tag.get("name"), tag.get("toName"), tag.tag.lower()) for tag in root if tag.get("toName")}
    results = [
        result
        for task in tasks
        for result in task[f"{'annotations' if role is Role.TRUTH else 'predictions'}"][0]["result"]
    ]
    assert len(results) == 4 + 4 * 17 - 1
    assert {(one["from_name"], one["to_name"], one["type"]) for one in results} == tags
    labels = {tag.get("name"): [label.get("value") for label in tag] for tag in root if len(tag)}
    assert labels["keypoints"] == list(video(role).skeleton.joints)
    assert labels["boxes"] == ["person"]
    for one in results:
        assert set(one["value"][one["type"]]) <= set(labels[one["from_name"]])


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_label_studio_accepts_the_tasks(role: Role, tmp_path: Path) -> None:
    interface = pytest.importorskip("label_studio_sdk.label_interface", reason="needs label-studio-sdk")
    tasks, configuration = written(video(role), role, tmp_path)
    known = interface.LabelInterface(configuration)
    known.validate()
    for task in tasks:
        assert known.validate_task({"data": task["data"]})
        (made,) = task[KEYS[role]]
        if role is Role.TRUTH:
            assert known.validate_annotation(made)
        else:
            assert known.validate_prediction(made, return_errors=True) == []
    first = tasks[0][KEYS[role]][0]
    broken = {**first, "result": [{**first["result"][0], "from_name": "kp"}]}
    validate = known.validate_prediction if role is Role.PREDICTIONS else known.validate_annotation
    assert not validate(broken)  # the validation can fail


def test_its_converter_finds_every_joint(tmp_path: Path) -> None:
    converter = pytest.importorskip("label_studio_sdk.converter", reason="needs label-studio-sdk")
    poses = video(Role.TRUTH).take_frames(
        __import__("numpy").asarray([1, 2, 3])
    )  # it knows one person an image
    _, configuration = written(poses, Role.TRUTH, tmp_path)
    out = tmp_path / "coco"
    made = converter.Converter(configuration, str(tmp_path), download_resources=False)
    made.convert_to_coco(str(tmp_path / "out.json"), str(out), is_dir=False)
    node = json.loads((out / "result.json").read_bytes())
    found = [row["keypoints"] for row in node["annotations"] if "keypoints" in row]
    assert node["categories"][-1]["keypoints"] == list(poses.skeleton.joints)
    assert len(found) == 2
    for row, points in enumerate(found):
        wanted = [[round(x), round(y), 2] for x, y in poses.people.xy[row].tolist()]
        assert points == [number for point in wanted for number in point]


def test_predictions_name_their_model_and_how_sure_it_was(tmp_path: Path) -> None:
    poses = video(Role.PREDICTIONS)
    tasks, _ = written(poses, Role.PREDICTIONS, tmp_path)
    made = [task["predictions"][0] for task in tasks]
    assert all(one["model_version"].startswith("poseval ") for one in made)
    assert made[0]["score"] == pytest.approx(poses.people.score[:2].mean())
    assert "score" not in made[2]  # nobody was predicted there
    assert tasks[0]["data"]["image"] == "/data/local-files/?d=walk/000003.jpg"


def test_an_old_configuration_is_not_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "out.config.xml").write_text("mine")
    with pytest.raises(UsageError, match="exists") as caught:
        written(video(Role.TRUTH), Role.TRUTH, tmp_path)
    assert caught.value.code == "P131"
    assert not (tmp_path / "out.json").exists()
    assert (tmp_path / "out.config.xml").read_text() == "mine"


def test_a_folder_of_sets_has_a_configuration_for_each(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    for name in "ab":
        datasets.get_format("native").write(
            video(Role.TRUTH), tmp_path / "sets" / f"{name}.npz", WriteOptions()
        )
    words = ["convert", tmp_path / "sets", tmp_path / "out", "--to", "label-studio", "--role", "truth"]
    assert invoke([str(word) for word in words]) == 0
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["a.config.xml", "a.json", "b.config.xml", "b.json"]


def test_scores_beyond_one_are_none_of_an_image(tmp_path: Path) -> None:
    poses = video(Role.PREDICTIONS)
    sums = replace(poses, people=poses.people.with_columns(score=poses.people.score * 17))
    tasks, configuration = written(sums, Role.PREDICTIONS, tmp_path)
    assert "score" not in tasks[0]["predictions"][0]
    interface = pytest.importorskip("label_studio_sdk.label_interface", reason="needs label-studio-sdk")
    known = interface.LabelInterface(configuration)
    assert all(known.validate_prediction(task["predictions"][0]) for task in tasks)


def test_a_pipe_has_no_neighbour(tmp_path: Path) -> None:
    datasets.get_format("native").write(video(Role.TRUTH), tmp_path / "a.npz", WriteOptions())
    words = ["convert", "a.npz", "/dev/stdout", "--to", "label-studio", "--role", "truth", "--force"]
    done = subprocess.run(
        [sys.executable, "-m", "poseval", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=True,
    )
    assert len(json.loads(done.stdout)) == 4
    assert b"missing labelling configuration" in done.stderr
