"""`models check` on every step from map to input, crop and decoding: networks whose answers are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from poseval.models.inference.crops import cut
from poseval.models.registry import build_model, card
from poseval.runners.card_check import check_card
from poseval.runners.card_readings import readings
from poseval.runners.card_views import Reading, Sample, View
from poseval.runners.findings import CardCheck
from tests.runners.spots import pictures, spots_card

pytestmark = pytest.mark.models
BOX = np.array([0.0, 0.0, 89.0, 119.0])
CARDS = [("affine", False), ("affine", True), ("udp", False), ("integer", False)]  # crop, half_pixel


def checked(path: Path, known: bool) -> CardCheck:
    entry = card(str(path))
    samples = [
        Sample(picture, BOX, places if known else np.full((3, 2), np.nan))
        for picture, places in zip(*pictures(), strict=True)
    ]
    return check_card(build_model(entry), entry, samples)


def is_right(step: str, crop: str, half: bool) -> bool:
    return half if step == "half pixel" else not half and (crop == "udp") == (step == "udp")


@pytest.mark.parametrize("known", [True, False], ids=["truth", "views"])
@pytest.mark.parametrize(("crop", "half"), CARDS)
@pytest.mark.parametrize("step", ["affine", "udp", "half pixel"])
def test_a_wrong_step_is_found_and_its_advice_works(
    tmp_path: Path, step: str, crop: str, half: bool, known: bool
) -> None:
    for decode, flip in (("dark", "maps"), ("argmax", "none")):
        own = {"input": {"crop": crop}, "output": {"half_pixel": half, "decode": decode, "flip": flip}}
        top = {"flip_pairs": [[1, 2]] if flip == "maps" else []}
        path = spots_card(tmp_path, step, top=top, **own)
        found = checked(path, known)
        steps = [each for each in found.findings if each.part == "half pixel"]
        assert len(steps) == (not is_right(step, crop, half))
        assert ("decode" in {each.part for each in found.findings}) == (decode == "argmax")
        if steps:
            path.write_text(followed(path.read_text(), steps[0].advice))
            again = [each.part for each in checked(path, known).findings]
            assert "half pixel" not in again


def followed(text: str, advice: str) -> str:
    """A card with the lines of the advice instead of its own."""
    lines = text.splitlines()
    for line in advice.split(", "):
        key = line.split(" = ")[0]
        table = "[input]" if key == "crop" else "[output]"
        lines = [old for old in lines if not old.startswith(f"{key} =")]
        lines.insert(lines.index(table) + 1, line)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("step", "shift"), [("affine", 1), ("udp", 0), ("half pixel", 0)])
def test_the_shift_of_a_flip_test_is_found(tmp_path: Path, step: str, shift: int) -> None:
    crop = {"crop": "udp" if step == "udp" else "affine"}
    right = {"half_pixel": step == "half pixel", "flip": "maps", "flip_shift": shift}
    pairs = {"flip_pairs": [[1, 2]]}
    path = spots_card(tmp_path, step, one_hand=True, top=pairs, input=crop, output=right)
    assert checked(path, known=False).findings == ()
    if step != "udp":  # there a card cannot say otherwise
        path = spots_card(
            tmp_path, step, one_hand=True, top=pairs, input=crop, output={**right, "flip_shift": 1 - shift}
        )
        found = checked(path, known=False).findings
        assert [(each.part, each.advice) for each in found] == [("flip shift", f"flip_shift = {shift}")]


@pytest.mark.parametrize(("noise", "told"), [(0.5, True), (4.0, False)])
def test_joints_that_are_far_off_do_not_tell_the_step(noise: float, told: bool) -> None:
    # They lean to the step of half a pixel, as joints may that a network finds badly for another reason.
    chance, people, joints = np.random.default_rng(2), 200, 6
    at = chance.uniform(8, 24, (people, joints, 2))
    y, x = np.mgrid[:32, :32]
    apart = (x - at[..., 0, None, None]) ** 2 + (y - at[..., 1, None, None]) ** 2
    entry = replace(card("synth_small"), crop="affine", decode="dark", input_size=(128, 128))
    crops = cut(np.tile([0.0, 0.0, 102.4, 102.4], (people, 1)), (128, 128))
    plain = View(crops, np.exp(-apart / 8), np.full(people, np.nan), np.ones(people))
    truth = plain.places(Reading("dark", "affine"))[0] + 1.2 + chance.normal(0, noise, at.shape)
    found = readings(entry, {"plain": plain}, truth, None)[1]
    assert [each.part for each in found] == (["half pixel"] if told else [])
