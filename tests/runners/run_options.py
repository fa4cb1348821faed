"""Options of a run of the small network on the made world."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from poseval.runners.own_settings import ModelOptions
from poseval.runners.run import RunOptions
from tests.runners.conftest import CONFIG, SIZE, Bench


def network(weights: Path | None) -> ModelOptions:
    return ModelOptions("synth_small", weights, device="cpu", size=SIZE, config=CONFIG, decode="quarter")


def options(made: Bench, out: Path, **changes: Any) -> RunOptions:
    model = replace(network(made.weights), **changes.pop("model", {}))
    base = RunOptions(model, out / "preds.json", truth=made.truth, images=made.images)
    return replace(base, **changes)
