"""A world on disk: pictures and a truth that reads back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from poseval.datasets import Role, WriteOptions, get_format
from poseval.errors import UsageError
from poseval.scoring import score as scoring
from poseval.synth import World, scenes
from poseval.synth.folder import write_world


def test_written_world_reads_back(tmp_path: Path) -> None:
    drawn = list(scenes(2, 3, 3))
    truth, path, losses = write_world(tmp_path, drawn)
    assert losses.kept_people == len(truth)
    back = scoring.read(path)
    np.testing.assert_array_equal(
        back.people.xy[back.people.seen > 0], truth.people.xy[truth.people.seen > 0]
    )
    np.testing.assert_array_equal(back.people.seen, truth.people.seen)
    np.testing.assert_allclose(back.people.area, truth.people.area)
    np.testing.assert_allclose(back.people.box, truth.people.box)
    for row, name in enumerate(back.frames.path):
        with Image.open(tmp_path / "images" / name) as picture:
            assert picture.size == tuple(back.frames.size[row].astype(int))


def test_a_world_is_not_overwritten(tmp_path: Path) -> None:
    drawn = list(scenes(2, 1, 1))
    write_world(tmp_path, drawn)
    with pytest.raises(UsageError) as caught:
        write_world(tmp_path, drawn)
    assert caught.value.code == "P131"


@pytest.mark.parametrize(
    ("form", "skeleton", "video"),
    [("coco", "coco17", False), ("mpii-json", "mpii16", False), ("posetrack18", "posetrack17slots", True)],
)
def test_the_truth_scores_full_marks_against_itself_in_each_form(
    tmp_path: Path, form: str, skeleton: str, video: bool
) -> None:
    drawn = list(scenes(4, 6, 3, video=video, world=World(sequence_length=3)))
    truth, path, _ = write_world(tmp_path / "w", drawn, skeleton=skeleton, form=form)
    score = np.ones(len(truth))
    found = replace(
        truth, people=truth.people.with_columns(score=score, joint_score=np.ones(truth.people.seen.shape))
    )
    written = {"coco": "coco", "mpii-json": "pose-array", "posetrack18": "posetrack18"}[form]
    of = scoring.read(path)
    if form == "mpii-json":  # one frame a person
        found = replace(
            of, people=of.people.with_columns(score=score, joint_score=np.ones(of.people.seen.shape))
        )
    target = tmp_path / ("found" if form == "posetrack18" else "found.json")
    options = WriteOptions(role=Role.PREDICTIONS, truth=of)
    get_format(written).write(found, target, options)
    summary = scoring.score(path, target).summary
    perfect = {"coco": ["AP"], "mpii-json": ["PCKh@0.5"], "posetrack18": ["AP", "MOTA", "HOTA"]}[form]
    assert [summary[name] for name in perfect] == [pytest.approx(1.0)] * len(perfect)
