"""`poseval run --skeleton` beside a checkpoint that names its own joints."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval.errors import MismatchError
from poseval.skeletons import get_skeleton

pytest.importorskip("torch")

from poseval.runners import loading

COCO = get_skeleton("coco17")


def options(name: str) -> loading.ModelOptions:
    return loading.ModelOptions("synth_small", Path("weights.pt"), skeleton=name)


def test_the_checkpoint_and_the_flag_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_trained_on", lambda weights: COCO)
    assert loading._given(options("coco17")) is COCO
    with pytest.raises(MismatchError) as caught:
        loading._given(options("ap10k17"))
    assert caught.value.code == "P407"
    monkeypatch.setattr(loading, "_trained_on", lambda weights: None)
    assert loading._given(options("ap10k17")).name == "ap10k17"  # type: ignore[union-attr]
