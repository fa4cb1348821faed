"""pandas reads our tables of DeepLabCut as DeepLabCut itself does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import Role, WriteOptions
from poseval.poses import PoseSet
from tests.datasets.real_libraries import NAMES, video

pandas = pytest.importorskip("pandas", reason="reads the tables")


def single(role: Role) -> PoseSet:
    """One animal a frame, without tracks."""
    poses = video(role)
    return replace(poses, people=poses.people.take(np.array([0, 2, 3])).with_columns(track=None))


def table(path: Path, form: str, levels: int) -> Any:
    """The table, read with the arguments of `deeplabcut/utils/conversioncode.py`."""
    if form == "deeplabcut-h5":
        pytest.importorskip("tables", reason="pandas reads HDF5 with it")
        return pandas.read_hdf(path)
    return pandas.read_csv(path, index_col=0, header=list(range(levels)))


@pytest.mark.parametrize("form", ["deeplabcut", "deeplabcut-h5"])
@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
@pytest.mark.parametrize("several", [False, True], ids=["single", "multi"])
def test_every_joint_is_under_its_name(form: str, role: Role, several: bool, tmp_path: Path) -> None:
    if form == "deeplabcut-h5":
        pytest.importorskip("h5py", reason="it is written with it")
    poses = video(role) if several else single(role)
    path = tmp_path / f"a{datasets.get_row(form).suffix}"
    datasets.get_format(form).write(poses, path, WriteOptions(role))
    found = table(path, form, 4 if several else 3)
    assert list(found.index) == list(NAMES)
    assert list(found.columns.names) == ["scorer", *["individuals"] * several, "bodyparts", "coords"]
    parts = list(dict.fromkeys(found.columns.get_level_values("bodyparts")))
    assert parts == list(poses.skeleton.joints)
    (scorer,) = set(found.columns.get_level_values("scorer"))
    for row in range(len(poses)):
        image = NAMES[int(poses.people.frame[row])]
        own = found.loc[image][scorer]
        if several:
            own = own[f"track{poses.people.track[row]}"]
        for joint, name in enumerate(parts):
            place = [own[name]["x"], own[name]["y"]]
            if not poses.people.seen[row, joint]:
                assert np.isnan(place).all()
                continue
            # pandas rounds the last bit of a text unless asked not to
            np.testing.assert_allclose(place, poses.people.xy[row, joint], rtol=1e-14)
            if role is Role.PREDICTIONS:
                score = poses.people.joint_score[row, joint]
                assert own[name]["likelihood"] == pytest.approx(score, rel=1e-14)
    assert found.dtypes.unique().tolist() == [np.dtype("float64")]
