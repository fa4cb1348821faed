"""`poseval run --skeleton` beside a checkpoint that names its own joints."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval.errors import MismatchError
from poseval.skeletons import get_skeleton

pytest.importorskip("torch")

from poseval.models.weights.trained import Trained
from poseval.runners import loading

COCO = get_skeleton("coco17")


def options(name: str) -> loading.ModelOptions:
    return loading.ModelOptions("synth_small", Path("weights.pt"), skeleton=name)


def test_the_checkpoint_and_the_flag_are_compared() -> None:
    told = Trained(skeleton="coco17", joints=COCO.joints)
    assert loading._given(options("coco17"), told) is COCO
    with pytest.raises(MismatchError) as caught:
        loading._given(options("ap10k17"), told)
    assert caught.value.code == "P407"
    assert loading._given(options("ap10k17"), Trained()).name == "ap10k17"  # type: ignore[union-attr]
