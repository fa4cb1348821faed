"""The page about the format names every code that its reader can give."""

from __future__ import annotations

import re
from pathlib import Path

from tests.shared import ROOT

SOURCES = [
    "datasets/coco/*.py",
    "checks/predictions.py",
    "datasets/containers/json_records.py",
    "datasets/files/document.py",
    "kernels/json.py",
    "kernels/json_outline.py",
]
PAGE = ROOT / "docs" / "formats" / "coco.md"
FOREIGN = ("detectron2.py",)  # another format of the same shape


def sources() -> list[Path]:
    found = [
        path for pattern in SOURCES for path in (ROOT / "poseval").glob(pattern) if path.name not in FOREIGN
    ]
    assert len(found) > 10
    return found


def test_page_names_every_code() -> None:
    used = {code for path in sources() for code in re.findall(r'"([PN][2-5]\d\d)"', path.read_text("utf-8"))}
    text = PAGE.read_text("utf-8")
    told = set(re.findall(r"\b[PN]\d{3}\b", text)) | {"P502", "P503"}  # `P501 to P504`
    assert used - told == set()
