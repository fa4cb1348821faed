"""Every key that a reader does not know is counted, wherever it stands and whatever the format."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

import poseval
from poseval import datasets
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.errors import InputError
from poseval.poses import PoseSet
from tests.fuzz.seeds import Seed, seeds, small_sets

NEW = "zz_new"


def spoiled(node: Any, path: str = "", seen: set[str] | None = None) -> Iterator[str]:
    """Paths at which objects stand in a JSON value; while one is given, its first object has a new key."""
    seen = set() if seen is None else seen
    if isinstance(node, dict):
        if path not in seen:
            seen.add(path)
            node[NEW] = 7
            yield path
            del node[NEW]
        for key, value in list(node.items()):
            yield from spoiled(value, f"{path}.{key}", seen)
    elif isinstance(node, list):
        for value in node:
            yield from spoiled(value, f"{path}[]", seen)


def put(seed: Seed, folder: Path, changed: dict[str, bytes]) -> Path:
    """The seed's files with some of them changed; the path that is read."""
    for name, content in {**seed.files, **changed}.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder if seed.folder else folder / next(iter(seed.files))


def read(path: Path, role: Role, name: str) -> PoseSet:
    truth = None if role is Role.TRUTH else small_sets()[0]
    return datasets.read(path, ReadOptions(role, truth, optional=frozenset({"area"})), name)


def is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return content.lstrip()[:1] in (b"{", b"[")


@pytest.mark.parametrize("name", datasets.names())
def test_new_keys_of_json_are_counted(name: str, tmp_path: Path) -> None:
    tried = 0
    for at, seed in enumerate(seeds(name, tmp_path)):
        file = next((file for file, content in seed.files.items() if is_json(content)), None)
        if file is None:
            continue
        tree = json.loads(seed.files[file])
        for place in spoiled(tree):
            path = put(seed, tmp_path / f"{at}", {file: json.dumps(tree).encode()})
            tried += 1
            try:
                unread = read(path, seed.role, name).origin.unread
            except InputError:
                continue  # where keys are names of frames, people or joints: what is refused is not lost
            above = [place[1:at] for at, char in enumerate(f"{place}.") if char in ".[" and at > 1]
            whole = [key for key in unread if key in above or place.endswith(key.removeprefix("*"))]
            assert whole or any(key.endswith(NEW) for key in unread), (place, unread)
    if not tried:
        pytest.skip("is no JSON")


def test_new_attributes_and_elements_of_xml_are_counted(tmp_path: Path) -> None:
    (seed,) = seeds("cvat", tmp_path)[:1]
    (file, content), *_ = seed.files.items()
    root = ET.fromstring(content)
    for element in root.iter():
        element.set(NEW, "7")
        path = put(seed, tmp_path / "s", {file: ET.tostring(root)})
        unread = read(path, seed.role, "cvat").origin.unread
        assert any(key.endswith((f"@{NEW}", f".{element.tag}")) for key in unread), element.tag
        del element.attrib[NEW]


def test_what_is_not_read_is_said_instead_of_nothing_dropped(tmp_path: Path) -> None:
    truth, _ = small_sets()
    source = tmp_path / "a.json"
    datasets.get_format("coco").write(truth, source, WriteOptions(Role.TRUTH))
    losses = poseval.write(poseval.read(source), tmp_path / "same.npz", "native")
    assert str(losses).endswith("nothing dropped") or "not read" in str(losses)
    node = json.loads(source.read_text())
    for row in node["annotations"]:
        row["segmentation"] = [[1, 2, 3, 4, 5, 6]]
    node["info"] = {"year": 2026}
    source.write_text(json.dumps(node))
    losses = poseval.write(poseval.read(source), tmp_path / "b.npz", "native")
    assert losses.unread["annotations[].segmentation"] == len(node["annotations"])
    assert losses.unread["info"] == 1
    assert "nothing dropped" not in str(losses)
    assert f"not read: annotations[].segmentation ({len(node['annotations'])})" in str(losses)


def test_variables_that_nobody_asks_for_are_counted(tmp_path: Path) -> None:
    found = {name: np.ones((3, 13)) for name in ("x", "y", "visibility")}
    found |= {
        "bbox": np.tile([1.0, 2, 31, 42], (3, 1)),
        "dimensions": np.array([[270, 480, 3]]),
        NEW: np.ones(2),
    }
    savemat(tmp_path / "0001.mat", {**found, "train": np.array([[-1]]), "nframes": np.array([[3]])})
    unread = poseval.read(tmp_path / "0001.mat", format="penn-action").origin.unread
    assert unread[NEW] == 1
    assert not {"x", "y", "visibility", "bbox", "dimensions"} & set(unread)


def test_data_sets_that_nobody_asks_for_are_counted(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="needs h5py, of the extra `formats`")
    (seed,) = seeds("mpii-h5", tmp_path)
    content = next(iter(seed.files.values()))
    (tmp_path / "a.h5").write_bytes(content)
    with h5py.File(tmp_path / "a.h5", "a") as opened:
        opened[NEW] = [1.0]
    unread = read(tmp_path / "a.h5", seed.role, "mpii-h5").origin.unread
    assert unread[NEW] == 1
    assert "part" not in unread


def test_fields_of_structs_are_counted(tmp_path: Path) -> None:
    (seed, *_) = seeds("mpii-mat", tmp_path)
    path = tmp_path / "a.mat"
    path.write_bytes(next(iter(seed.files.values())))
    assert read(path, seed.role, "mpii-mat").origin.unread == {}
    release = loadmat(path)["RELEASE"]
    fields = {name: release[0, 0][name] for name in release.dtype.names}
    savemat(path, {"RELEASE": {**fields, NEW: "walking"}})
    assert read(path, seed.role, "mpii-mat").origin.unread == {NEW: 1}
