"""Images of frames: by path, by name with another extension, in sub-folders, by number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.poses import Frames
from poseval.poses.images import images_of


def frames(*paths: str, keys: tuple[str, ...] = ()) -> Frames:
    names = keys or tuple(f"key{at}" for at in range(len(paths)))
    return Frames(np.array(names), path=np.array(paths))


def found(root: Path, names: Frames) -> list[str | None]:
    files = images_of(names, root).files
    return [None if file is None else file.relative_to(root).as_posix() for file in files]


def folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


@pytest.mark.parametrize(
    ("held", "name"),
    [
        ("a/7.jpg", "a/7.jpg"),
        ("7.jpg", "images/val/a/7.jpg"),  # the folder that is given is deeper than that of the names
        ("val/a/7.jpg", "a/7.jpg"),  # or higher
        ("other/7.jpg", "a/7.jpg"),
        ("a/7.png", "a/7.jpg"),
        ("a/7.JPEG", "a/7"),
        ("a/7.jpg", "a\\7.jpg"),
        ("000007.jpg", "7"),
        ("7.jpg", "000007.jpg"),
    ],
)
def test_an_image_is_found(tmp_path: Path, held: str, name: str) -> None:
    assert found(folder(tmp_path, held), frames(name)) == [held]


def test_a_frame_without_a_path_is_found_by_its_key(tmp_path: Path) -> None:
    assert found(folder(tmp_path, "000042.jpg"), frames("", keys=("42",))) == ["000042.jpg"]


def test_the_path_that_ends_most_alike_is_taken(tmp_path: Path) -> None:
    folder(tmp_path, "train/a/1.jpg", "val/a/1.jpg", "val/b/1.jpg", "val/b/1.png")
    names = frames("val/a/1.jpg", "b/1.png", "b/1.jpg", "a/1.jpg", "1.jpg")
    assert found(tmp_path, names) == ["val/a/1.jpg", "val/b/1.png", "val/b/1.jpg", None, None]


def test_the_count_is_said(tmp_path: Path) -> None:
    folder(tmp_path, "1.jpg", "2.jpg", "3.jpg", ".hidden.jpg", "notes.txt")
    said = str(images_of(frames("1.jpg", "2.jpg", "9.jpg", "8.jpg"), tmp_path))
    assert said == f"images: 2 of 4 frames have one of the 3 in {tmp_path}"


def test_linked_folders_are_searched(tmp_path: Path) -> None:
    folder(tmp_path / "elsewhere", "a/1.jpg")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert found(tmp_path / "here", frames("1.jpg")) == ["link/a/1.jpg"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    folder(tmp_path, "a/1.jpg")
    (tmp_path / "a" / "b").symlink_to(tmp_path, target_is_directory=True)
    assert found(tmp_path, frames("1.jpg")) == ["a/1.jpg"]


def test_no_image_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no image") as caught:
        images_of(frames("1.jpg"), tmp_path)
    assert caught.value.fault.code == "P840"
    folder(tmp_path, "10.jpg", "2.jpg")
    with pytest.raises(UsageError, match=r"2 images \(first: 2\.jpg\), but none") as caught:
        images_of(frames("1.jpg"), tmp_path)
    assert "first: 1.jpg" in str(caught.value)
    with pytest.raises(UsageError) as caught:
        images_of(frames("1.jpg"), tmp_path / "none")
    assert caught.value.fault.code == "P114"
