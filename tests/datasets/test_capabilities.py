"""What formats say that they hold is all that reading them gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from poseval import datasets, skeletons
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.datasets.capabilities import FACTS
from poseval.poses import Frames, People, PoseSet
from tests.datasets.sample_list import SAMPLES, Sample
from tests.datasets.test_bad_input import EXTRAS, put, with_truth
from tests.datasets.test_samples import read as read_sample
from tests.fuzz.seeds import seeds

# A format that is only read in a role; one that is written is compared in test_round_trips.py.
READ_ONLY = [
    (name, role)
    for name in datasets.names()
    for role in Role
    if role in datasets.get_format(name).reads - datasets.get_format(name).writes
]


def check(poses: PoseSet, name: str, role: Role, of_truth: frozenset[str] = frozenset()) -> None:
    """No fact of the set is missing from the format's, but for those that a ground truth gives."""
    found = {fact for fact, count in FACTS.items() if count(poses)} - of_truth
    always = {"joint names", "frame names"}  # every set has them; the truth's, where a format has none
    assert found <= datasets.get_format(name).holds_as(role) | always


@pytest.mark.parametrize(("name", "role"), READ_ONLY, ids=lambda value: getattr(value, "value", value))
def test_reading_gives_no_more_than_a_format_holds(name: str, role: Role, tmp_path: Path) -> None:
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    for number, seed in enumerate(seeds(name, tmp_path)):
        if seed.role is role:
            truth = with_truth(name, seed)
            options = ReadOptions(role, truth, optional=frozenset({"area"}))
            path = put(seed, tmp_path / f"seed{number}", bytes)
            sizes = frozenset() if truth is None else frozenset({"frame sizes"})
            check(datasets.read(path, options, name), name, role, sizes)


@pytest.mark.parametrize(
    "sample",
    [one for one in SAMPLES if (one.format, one.role) in READ_ONLY],
    ids=lambda sample: sample.file,
)
def test_samples_give_no_more_than_their_format_holds(sample: Sample) -> None:
    check(read_sample(sample), sample.format, sample.role)


@pytest.mark.parametrize("name", ["yolo", "native", "coco", "posetrack18", "label-studio", "cvat"])
def test_sigmas_of_ones_own_are_kept_or_counted(name: str, tmp_path: Path) -> None:
    skeleton = skeletons.skeleton_from_names(["nose", "head_top", "tail"]).with_sigmas([0.02, 0.05, 0.06])
    xy = np.asarray([[[10.0, 20.0], [14.0, 28.0], [30.0, 40.0]]])
    frames = Frames(["a.jpg"], size=np.full((1, 2), 100.0), path=["a.jpg"])
    people = People(xy, np.zeros(1, dtype=np.int64), seen=np.full((1, 3), 2, dtype=np.int8))
    poses = PoseSet(skeleton, frames, people)
    losses = datasets.get_format(name).write(poses, tmp_path / "out", WriteOptions(Role.TRUTH))
    if name not in ("yolo", "native"):
        assert losses.dropped["sigmas"] == 3
        return
    assert "sigmas" not in losses.dropped
    back = datasets.read(tmp_path / "out", ReadOptions(Role.TRUTH), name)
    assert back.skeleton.sigmas == (0.02, 0.05, 0.06)


@pytest.mark.parametrize("name", skeletons.names())
def test_published_sigmas_are_not_counted(name: str) -> None:
    skeleton = skeletons.get_skeleton(name)
    people = People(np.zeros((0, len(skeleton), 2)), np.zeros(0, dtype=np.int64))
    assert FACTS["sigmas"](PoseSet(skeleton, Frames(["a"]), people)) == 0
