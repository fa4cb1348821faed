"""Rerun's own reader finds every person of our recordings, at their frame."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.errors import MissingFeature, PosevalError, UsageError
from tests.datasets.real_libraries import video


def recorded(role: Role, folder: Path, **options: Any) -> Path:
    """The video as a recording."""
    pytest.importorskip("rerun", reason="needs rerun-sdk")
    path = folder / "a.rrd"
    losses = datasets.get_format("rerun").write(video(role), path, WriteOptions(role, **options))
    assert losses.dropped == {"frame sizes": 4}
    return path


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of each entity, in their order; values are lists."""
    chunk = pytest.importorskip("rerun.chunk", reason="needs a rerun-sdk that reads its files")
    found: dict[str, list[dict[str, Any]]] = {}
    for one in chunk.RrdReader(str(path)).stream():
        batch = one.to_record_batch()
        for at in range(batch.num_rows):
            row = {name: batch.column(name)[at].as_py() for name in batch.schema.names}
            found.setdefault(str(one.entity_path), []).append(row)
    return found


def value(row: dict[str, Any], ending: str) -> Any:
    return next((cell for name, cell in row.items() if name.endswith(ending) and cell is not None), None)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_every_person_is_at_its_frame(role: Role, tmp_path: Path) -> None:
    poses = video(role)
    found = rows(recorded(role, tmp_path))
    for row in range(len(poses)):
        entity = f"/{role.value}/walk/track\\ {poses.people.track[row]}"
        at = int(poses.frames.number[poses.people.frame[row]])
        there = [one for one in found[entity] if one["frame"] == at]
        (own,) = [one for one in there if value(one, "Points2D:positions") is not None]
        seen = poses.people.seen[row] > 0
        np.testing.assert_allclose(value(own, "Points2D:positions"), poses.people.xy[row][seen], rtol=1e-6)
        assert value(own, "Points2D:keypoint_ids") == np.flatnonzero(seen).tolist()
    names = [value(one, "TextDocument:text") for one in found[f"/{role.value}/walk/image"]]
    assert [name[0] for name in names] == poses.frames.key.tolist()


def test_predictions_stand_beside_their_truth(tmp_path: Path) -> None:
    found = rows(recorded(Role.PREDICTIONS, tmp_path, truth=video(Role.TRUTH)))
    assert {entity.split("/")[1] for entity in found} >= {"truth", "predictions"}


def test_rerun_verifies_the_file(tmp_path: Path) -> None:
    path = recorded(Role.PREDICTIONS, tmp_path)
    program = Path(sys.executable).with_name("rerun")
    if not program.is_file():
        pytest.skip("the program `rerun` is not beside this Python")
    done = subprocess.run([program, "rrd", "verify", path], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    path.write_bytes(path.read_bytes()[:-2000])
    broken = subprocess.run([program, "rrd", "verify", path], capture_output=True, timeout=120, check=False)
    assert broken.returncode != 0


def test_recordings_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.rrd").write_bytes(b"RRF2 and more")
    for format in (None, "rerun"):
        with pytest.raises(PosevalError) as caught:
            datasets.read(tmp_path / "a.rrd", ReadOptions(Role.TRUTH), format)
        assert caught.value.code in ("P133", "P201")


def test_without_the_library_its_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(MissingFeature, match=r"poseval\[rerun\]") as caught:
        datasets.get_format("rerun").write(video(Role.TRUTH), tmp_path / "a.rrd", WriteOptions())
    assert caught.value.code == "P601"
    assert not (tmp_path / "a.rrd").exists()


def test_an_old_recording_stays_unless_forced(tmp_path: Path) -> None:
    path = recorded(Role.TRUTH, tmp_path)
    with pytest.raises(UsageError) as caught:
        recorded(Role.TRUTH, tmp_path)
    assert caught.value.code == "P131"
    datasets.get_format("native").write(video(Role.TRUTH), tmp_path / "a.npz", WriteOptions())
    words = ["convert", tmp_path / "a.npz", path, "--to", "rerun", "--role", "truth", "--force"]
    assert invoke([str(word) for word in words]) == 0
