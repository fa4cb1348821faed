from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.errors import FormatError, LimitError, MissingFeature
from poseval.limits import Limits
from tests.datasets.reading import codes, recognised, truth

h5py = pytest.importorskip("h5py")


def write(path: Path, **changes: Any) -> Path:
    content = {
        "part": np.full((2, 16, 2), 5.0),
        "visible": np.ones((2, 16)),
        "normalize": np.array([30.0, 40.0]),
        "imgname": np.array([b"a.jpg", b"a.jpg"]),
        "center": np.zeros((2, 2)),
        "scale": np.ones(2),
    }
    with h5py.File(path, "w") as file:
        for name, value in {**content, **changes}.items():
            file[name] = value
    return path


def test_joints_count_where_both_coordinates_exceed_one(tmp_path: Path) -> None:
    part = np.full((2, 16, 2), 5.0)
    part[0, 0], part[0, 1], part[0, 2] = [1, 5], [5, 1], [2, 2]
    visible = np.ones((2, 16))
    visible[0, 2] = 0
    found = truth(write(tmp_path / "valid.h5", part=part, visible=visible))
    assert recognised(tmp_path / "valid.h5") == "mpii-h5"
    assert found.people.seen[0, :4].tolist() == [0, 0, 1, 2]
    assert found.people.xy[0, 3].tolist() == [4, 4]
    assert found.people.head.tolist() == [30.0, 40.0]
    assert found.frames.key.tolist() == ["a.jpg#0", "a.jpg#1"]
    assert codes(found) == ["N440", "N441"]


def test_names_as_rows_of_character_codes(tmp_path: Path) -> None:
    names = np.zeros((2, 8))
    names[:, :5] = [ord(char) for char in "b.jpg"]
    assert truth(write(tmp_path / "v.h5", imgname=names)).frames.path.tolist() == ["b.jpg", "b.jpg"]


def test_shapes_limits_and_damage(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        truth(write(tmp_path / "a.h5", normalize=np.ones(3)))
    assert caught.value.code == "P204"
    path = write(tmp_path / "b.h5")
    with pytest.raises(LimitError) as limited:
        truth(path, limits=Limits(numbers=20))
    assert limited.value.code == "P502"
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(FormatError):
        truth(path)


def test_without_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from poseval.datasets.containers import hdf5
    from poseval.datasets.files.document import Document

    path = write(tmp_path / "valid.h5")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingFeature, match=r"pip install 'poseval\[formats\]'") as caught:
        hdf5.load(Document.open(path))
    assert caught.value.code == "P601"
