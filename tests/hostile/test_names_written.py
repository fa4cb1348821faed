"""Names from a file in every writer: refused, or in a file that is read again, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role, Source, WriteOptions
from poseval.errors import LimitError, MismatchError, MissingFeature, PosevalError
from poseval.poses import PoseSet
from tests.fuzz.seeds import small_sets

TEXTS = {
    "control": "\x1b[2J\n::error::x",
    "half": "caf\udce9",
    "NUL": "a\0b",
    "carriage return": "a\rb",
    "climbs": "../../../../pwned",
    "markup": '"><b>&amp;]]>',
    "yaml": "a: [1, 2]\n- !!python/object/apply:os.system ['id']",
    "formula": '=HYPERLINK("x","y")',
}
BESIDE = {"label-studio": ".config.xml"}  # what is written beside a file, by its ending
Change = Callable[[PoseSet, str], PoseSet]


def joint(poses: PoseSet, text: str) -> PoseSet:
    skeleton = poses.skeleton
    return replace(poses, skeleton=replace(skeleton, name="mine", joints=(text, *skeleton.joints[1:])))


def path(poses: PoseSet, text: str) -> PoseSet:
    paths = [text, *poses.frames.path.tolist()[1:]]
    return replace(poses, frames=replace(poses.frames, path=np.asarray(paths)))


def category(poses: PoseSet, text: str) -> PoseSet:
    return replace(poses, categories={1: text})


def sequence(poses: PoseSet, text: str) -> PoseSet:
    return replace(poses, frames=replace(poses.frames, sequences=(text,)))


WRITERS = [
    (name, role) for name in datasets.names() for role in Role if role in datasets.get_format(name).writes
]


@pytest.mark.parametrize("change", [joint, path, category, sequence])
@pytest.mark.parametrize(("name", "role"), WRITERS, ids=lambda part: getattr(part, "value", part))
def test_35_names_in_every_writer(name: str, role: Role, change: Change, tmp_path: Path) -> None:
    dataset, row = datasets.get_format(name), datasets.get_row(name)
    truth, predictions = small_sets()
    source, gt = (truth, None) if role is Role.TRUTH else (predictions, truth)
    for label, text in TEXTS.items():
        inner = tmp_path / label / "a/b/c/d/e"
        inner.mkdir(parents=True)
        target: Path | None = inner / f"out{'' if row.is_folder else row.suffix}"
        assert target is not None
        try:
            dataset.write(change(source, text), target, WriteOptions(role, truth=gt))
        except MissingFeature:
            pytest.skip("needs an extra")
        except PosevalError:
            target = None
        files = [file for file in tmp_path.joinpath(label).rglob("*") if file.is_file()]
        if target is None:
            assert not files
            continue
        outside = [file for file in files if not file.is_relative_to(target)]
        assert [file.name for file in outside] in ([], [f"out{BESIDE.get(name, '?')}"])
        if role in dataset.reads:
            try:
                dataset.read(Source(target), ReadOptions(role, gt, optional=frozenset({"area"})))
            except (MismatchError, LimitError):  # results that name an image of no truth
                assert change is path
