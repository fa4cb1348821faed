"""Datumaro, which comes from CVAT's authors, reads the XML that we write for CVAT."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import Role, WriteOptions
from tests.datasets.real_libraries import NAMES, video


def written(role: Role, path: Path) -> Path:
    """The video as CVAT's XML."""
    datasets.get_format("cvat").write(video(role), path, WriteOptions(role))
    return path


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_datumaro_finds_every_joint_under_its_label(role: Role, tmp_path: Path) -> None:
    datumaro = pytest.importorskip("datumaro", reason="needs datumaro")
    from datumaro.components.annotation import AnnotationType
    from PIL import Image

    poses = video(role)
    for name in NAMES:  # it opens every picture
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (640, 480)).save(tmp_path / "images" / name)
    read = datumaro.Dataset.import_from(str(written(role, tmp_path / "annotations.xml")), "cvat")
    labels = [label.name for label in read.categories()[AnnotationType.label]]
    assert labels == ["person", *poses.skeleton.joints]
    items = list(read)
    assert [item.id + ".jpg" for item in items] == list(NAMES)
    start = poses.frame_start()
    for at, item in enumerate(items):
        rows = range(int(start[at]), int(start[at + 1]))
        assert len(item.annotations) == 17 * len(rows)
        for number, point in enumerate(item.annotations):
            row, joint = rows[number // 17], number % 17
            assert labels[point.label] == poses.skeleton.joints[joint]
            if poses.people.seen[row, joint]:
                np.testing.assert_allclose(point.points, poses.people.xy[row, joint], atol=0.01)


def test_predictions_say_where_they_come_from(tmp_path: Path) -> None:
    for role, source in ((Role.TRUTH, "manual"), (Role.PREDICTIONS, "auto")):
        root = ET.parse(written(role, tmp_path / f"{source}.xml")).getroot()
        shapes = [*root.iter("skeleton"), *root.iter("points")]
        assert len(shapes) == 4 + 4 * 17
        assert {shape.get("source") for shape in shapes} == {source}


def test_a_joint_that_was_not_found_is_outside(tmp_path: Path) -> None:
    root = ET.parse(written(Role.PREDICTIONS, tmp_path / "a.xml")).getroot()
    outside = [point.get("label") for point in root.iter("points") if point.get("outside") == "1"]
    assert outside == ["left_ear"]


def test_scores_are_said_to_be_lost(tmp_path: Path) -> None:
    losses = datasets.get_format("cvat").write(
        video(Role.PREDICTIONS), tmp_path / "a.xml", WriteOptions(Role.PREDICTIONS)
    )
    assert losses.dropped["joint scores"] == 68
    assert losses.dropped["scores"] == 4


def test_names_of_labels_are_escaped(tmp_path: Path) -> None:
    poses = replace(video(Role.TRUTH), categories={1: 'mouse & "cat" <1>'})
    datasets.get_format("cvat").write(poses, tmp_path / "a.xml", WriteOptions())
    root = ET.parse(tmp_path / "a.xml").getroot()
    assert root.findtext("meta/task/labels/label/name") == 'mouse & "cat" <1>'
    assert {shape.get("label") for shape in root.iter("skeleton")} == {'mouse & "cat" <1>'}
