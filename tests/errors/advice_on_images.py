"""Cases of advice about folders of images and the explorer."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.errors.advice import Argv, Case, changed, pair
from tests.hostile.made import truth


def other_folder(folder: Path) -> Argv:
    """Images of another data set beside the right ones."""
    for name, root in (("unknown.jpg", "other"), (truth()["images"][0]["file_name"], "val")):
        path = folder / root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48)).save(path)
    page = str(folder / "page.html")
    return [*pair(folder), "--report", page, "--images", str(folder / "other")]


def no_page(folder: Path) -> Argv:
    return [*pair(folder), "--images", str(folder)]


def three_systems(folder: Path) -> Argv:
    _, found, *given = pair(folder)
    return ["explore", found, found, found, *given, "--out", str(folder / "site")]


def two_of_them(folder: Path, argv: Argv) -> Argv:
    return [argv[0], *argv[2:]]


ON_IMAGES = [
    Case("P840", "pass the folder of this ground truth's images", other_folder,
         lambda f, a: changed(a, str(f / "other"), str(f / "val"))),
    Case("P840", "leave --images out", other_folder, lambda f, a: a[:-2]),
    Case("P841", "add --report report.html", no_page,
         lambda f, a: [*other_folder(f)[:-1], str(f / "val")]),
    Case("P841", "leave --images out", no_page, lambda f, a: a[:-2]),
    Case("P842", "name two of them", three_systems, two_of_them),
]  # fmt: skip
