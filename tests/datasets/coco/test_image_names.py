"""Results whose image ids are names of files, as people spell them; and what pairs with nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hostile.made import Folder, codes, results, sentence, truth

PLACES = [0, 0, 1, 1, 2, 2]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Where the files of a test lie."""
    return Folder(tmp_path)


def named(form: str) -> dict[str, Any]:
    """The truth with its files named by a form."""
    gt = truth()
    for image in gt["images"]:
        image["file_name"] = form.format(image["id"])
    return gt


def asked(form: str) -> list[dict[str, Any]]:
    """The results with image ids of a form."""
    return [{**row, "image_id": form.format(row["image_id"])} for row in results()]


@pytest.mark.parametrize(
    ("theirs", "ours", "way"),
    [
        ("{:012d}.jpg", "/media/disk/val/{:012d}.jpg", "stem"),
        ("val/{:012d}.jpg", "/media/disk/val/{:012d}.jpg", "stem"),
        ("{:012d}", r"val\images\{:012d}.jpg", "stem"),
        ("val/images/{:012d}.jpg", r"val\images\{:012d}.jpg", "file name"),
        ("{:012d}.png", "{:012d}.jpg", "stem"),
    ],
)
def test_folders_and_backslashes(folder: Folder, theirs: str, ours: str, way: str) -> None:
    found = folder.results(asked(theirs), named(ours))
    assert found.people.frame.tolist() == PLACES
    assert sentence(found, "N402").endswith(f"image ids are texts there; images were paired by {way}")


def test_folders_tell_equal_names_apart(folder: Folder) -> None:
    gt = named("/data/cam{}/1.jpg")
    found = folder.results(asked("cam{}/1"), gt)
    assert found.people.frame.tolist() == PLACES
    assert sentence(found, "N402").endswith("by path end")


def test_the_extension_tells_equal_stems_apart(folder: Folder) -> None:
    gt = truth()
    for image, name in zip(gt["images"], ("x/a.jpg", "x/a.png", "x/b.jpg", "x/c.jpg"), strict=True):
        image["file_name"] = name
    names = {10: "a.jpg", 11: "a.png", 12: "b.jpg"}
    rows = [{**row, "image_id": names[row["image_id"]]} for row in results()]
    found = folder.results(rows, gt)
    assert found.people.frame.tolist() == PLACES
    assert sentence(found, "N402").endswith("by base name")


def test_one_unknown_name_does_not_hide_the_others(folder: Folder) -> None:
    rows = asked("{:06d}.jpg")
    rows[5]["image_id"] = "nowhere.jpg"
    folder.results_refused(rows, "P402", r"\[5\]\.image_id: 1 of 6 records .*\(first: 'nowhere\.jpg'\)")


def test_numbers_that_are_those_of_the_files(folder: Folder) -> None:
    gt = truth()
    for at, image in enumerate(gt["images"]):
        image["id"] = at + 1
        image["file_name"] = f"val/{90 + 10 * at:012d}.jpg"
    for row in gt["annotations"]:
        row["image_id"] -= 9
    rows = [{**row, "image_id": 90 + 10 * (row["image_id"] - 10)} for row in results()]
    found = folder.results(rows, gt)
    assert found.people.frame.tolist() == PLACES
    assert sentence(found, "N402").endswith("paired by the number in their file's name")


def test_ids_go_before_the_numbers_of_files(folder: Folder) -> None:
    gt = named("{}.jpg")
    for image, other in zip(gt["images"], (13, 12, 11, 10), strict=True):
        image["file_name"] = f"{other}.jpg"
    assert codes(folder.results(results(), gt)) == []


def test_a_whole_video_is_scored_on_its_labelled_frames(folder: Folder) -> None:
    rows = [*results(), *({**results()[0], "image_id": 100 + n} for n in range(37))]
    found = folder.results(rows)
    assert found.people.frame.tolist() == PLACES
    assert sentence(found, "N940") == (
        "dt.json: 37 of 43 records are for images that are not in the ground truth (first: 100, 101, 102 and "
        "34 more) and were left out: its labelled images all have predictions, or nearly"
    )


def test_one_image_too_many_is_a_mistake(folder: Folder) -> None:
    folder.results_refused(
        [*results(), {**results()[0], "image_id": 100}], "P402", r"\[6\]\.image_id: 1 of 7"
    )


def test_an_unknown_id_does_not_turn_to_the_names_of_files(folder: Folder) -> None:
    gt = truth()
    for at, image in enumerate(gt["images"]):
        image["file_name"] = f"{77 + at}.jpg"
    rows = results()
    rows[5]["image_id"] = 77
    folder.results_refused(rows, "P402", r"\[5\]\.image_id: 1 of 6 records .*\(first: 77\)", gt)
