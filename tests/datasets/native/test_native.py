"""poseval's own columns: everything comes back, and nothing else goes in."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.datasets.native.columns import columns_of, description_of, poses_of
from poseval.errors import InputError
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import get_skeleton
from tests.datasets.posetrack_sets import random_set
from tests.golden.committed import ROOT

T, P = Role.TRUTH, Role.PREDICTIONS


def equal(first: PoseSet, second: PoseSet) -> None:
    """Every column, every extra, every region."""
    assert first.skeleton == second.skeleton
    assert dict(first.categories) == dict(second.categories)
    for name in ("frames", "people", "ignore"):
        one, two = getattr(first, name), getattr(second, name)
        for field in fields(one):
            a, b = getattr(one, field.name), getattr(two, field.name)
            if field.name == "extra":
                assert a.keys() == b.keys()
                for key in a:
                    np.testing.assert_array_equal(a[key], b[key])
            else:
                np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["native", "parquet"])
@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
@pytest.mark.parametrize("seed", range(4))
def test_everything_comes_back(name: str, role: Role, seed: int, tmp_path: Path) -> None:
    if name == "parquet":
        pytest.importorskip("pyarrow", reason="needs pyarrow")
    poses = random_set(seed, predictions=role is P, reid=True)
    path = tmp_path / ("a.npz" if name == "native" else "a.parquet")
    losses = datasets.get_format(name).write(poses, path, WriteOptions(role))
    assert not losses.dropped
    equal(poses, datasets.read(path, ReadOptions(role)))


def changed(path: Path, **columns: bytes | None) -> Path:
    """A sound file with members exchanged, or left out."""
    datasets.get_format("native").write(random_set(1, predictions=False), path, WriteOptions(T))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, data in columns.items():
        members.pop(f"{name.replace('__', '.')}.npy")
        if data is not None:
            members[f"{name.replace('__', '.')}.npy"] = data
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def array(value: object, pickled: bool = False) -> bytes:
    """A member's bytes."""
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(value), allow_pickle=pickled)
    return out.getvalue()


TEXT = np.frombuffer(json.dumps({"role": "truth"}).encode(), dtype=np.uint8)


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"description": None}, "P270"),
        ({"description": array(TEXT)}, "P270"),
        ({"description": array(np.frombuffer(b"{", dtype=np.uint8))}, "P270"),
        ({"people__xy": None}, "P270"),
        ({"people__xy": array(np.zeros((1, 2, 2)))}, "P270"),
        ({"people__xy": array(np.asarray([{}], dtype=object), True)}, "P216"),
        ({"people__frame": array(np.full(3, 10**9))}, "P270"),
        ({"people__xy": b"\x93NUMPY"}, "P216"),
    ],
)
def test_files_that_contradict_themselves_are_refused(
    columns: dict[str, bytes | None], code: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        datasets.read(changed(tmp_path / "a.npz", **columns), ReadOptions(T), "native")
    assert caught.value.code == code, caught.value


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_a_converted_truth_is_scored_as_the_file_it_was_made_from(suffix: str, tmp_path: Path) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="needs pyarrow")
    case = ROOT / "posetrack/ordinary_18"
    out = tmp_path / f"gt{suffix}"
    name = "native" if suffix == ".npz" else "parquet"
    datasets.get_format(name).write(datasets.read(case / "gt", ReadOptions(T)), out, WriteOptions(T))
    first = poseval.score(case / "gt", case / "pred")
    again = poseval.score(out, case / "pred")
    assert again.signature == first.signature
    assert again.values == first.values


def test_the_first_pixel_of_a_converted_truth_stays_where_it_was(tmp_path: Path) -> None:
    poses = random_set(1, predictions=False)
    from_one = replace(poses, origin=replace(poses.origin, base=1, format="mpii-json"))
    datasets.get_format("native").write(from_one, tmp_path / "a.npz", WriteOptions(T))
    back = datasets.read(tmp_path / "a.npz", ReadOptions(T)).origin
    assert (back.base, back.format, back.converted_from) == (1, "native", "mpii-json")


@pytest.mark.parametrize(
    "origin", [1, {}, {"format": "coco", "sha256": "x", "base": 0}, {"format": "", "sha256": "", "base": 7}]
)
def test_an_origin_of_another_form_is_refused(origin: object, tmp_path: Path) -> None:
    node = json.loads(description_of(random_set(1, predictions=False), T))
    path = changed(
        tmp_path / "a.npz",
        description=array(np.frombuffer(json.dumps({**node, "origin": origin}).encode(), dtype=np.uint8)),
    )
    with pytest.raises(InputError, match="P270"):
        datasets.read(path, ReadOptions(T))


def test_arrays_that_are_not_ours_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    datasets.get_format("native").write(random_set(1, predictions=False), path, WriteOptions(T))
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("people.mood", "notes"):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.zeros(2), allow_pickle=False)
            archive.writestr(f"{name}.npy", buffer.getvalue())
    assert datasets.read(path, ReadOptions(T)).origin.unread == {"people.mood": 1, "notes": 1}


def test_the_scales_of_faces_come_back(tmp_path: Path) -> None:
    for joints in ("ibug68", "wflw98"):
        known = get_skeleton(joints)
        xy = np.random.default_rng(0).uniform(0, 99, (2, len(known), 2))
        truth = PoseSet(known, Frames(np.array(["a", "b"])), People(xy, np.arange(2)))
        own = replace(known, name="own", normalisers={"brow": (0, 1)})
        for made in (truth, replace(truth, skeleton=own)):
            place = tmp_path / f"{made.skeleton.name}-{joints}.npz"
            datasets.get_format("native").write(made, place, WriteOptions())
            again = datasets.read(place, ReadOptions())
            assert again.skeleton.normalisers.keys() == made.skeleton.normalisers.keys()
    text = description_of(truth, Role.TRUTH)
    old = json.loads(text)
    del old["skeleton"]["normalisers"]
    again = poses_of(columns_of(truth), json.dumps(old), ReadOptions(), truth.origin)
    assert again.skeleton.normalisers == known.normalisers
