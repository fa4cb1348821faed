"""One test per quirk of coco-analyze; docs/quirks.md has the paragraphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from poseval.diagnosis import error_types as taxonomy
from poseval.diagnosis.error_types import AREA_RANGES, Fault, Scale, label, match_scene, scene_of
from poseval.diagnosis.gains import fixed
from tests.diagnosis.test_error_types import COCO, NOSE, poses, scene

QUIRKS = (Path(__file__).resolve().parents[2] / "docs" / "quirks.md").read_text("utf-8")


@pytest.mark.parametrize("quirk", ["C21", "C22", "C23", "C27"])
def test_every_quirk_has_its_paragraph(quirk: str) -> None:
    assert f"### {quirk}" in QUIRKS


def test_c21_a_similarity_on_the_limit_is_in_no_class_under_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    xy = poses(np.zeros(2))
    xy[0, NOSE, 0] += 3.0
    made = scene_of(scene(xy), Scale.AREA)
    found = match_scene(made, np.array([0.1]), AREA_RANGES[:1])
    row = int(np.flatnonzero(label(made, found, 0).person == 0)[0])
    monkeypatch.setattr(taxonomy, "GOOD", float(label(made, found, 0).best[row, NOSE]))
    assert label(made, found, 0).fault[row, NOSE] == Fault.NONE
    assert label(made, found, 0, corrected=True).fault[row, NOSE] == Fault.GOOD


@pytest.mark.parametrize(("corrected", "similarity"), [(False, 0.5**0.25), (True, 0.5)])
def test_c22_a_places_miss_lands_nearer_than_its_class_says(corrected: bool, similarity: float) -> None:
    xy = poses(np.zeros(2))
    xy[0, NOSE] = 5000
    made = scene_of(scene(xy), Scale.AREA)
    labels = label(made, match_scene(made, np.array([0.1]), AREA_RANGES[:1]), 0)
    off = fixed(made, labels, (Fault.MISS,), corrected)[0, NOSE] - made.targets.xy[0, NOSE]
    landed = np.exp(-(off**2).sum() / (2 * COCO.sigma_array[NOSE]) ** 2 / 2e4 / 2)
    assert landed == pytest.approx(similarity)
