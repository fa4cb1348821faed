"""Runs that cannot be right are refused before anything is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from poseval.errors import InputError, MismatchError, MissingFeature, UsageError
from poseval.models import create_model
from poseval.runners.own_settings import ModelOptions
from poseval.runners.run import run
from tests.runners.conftest import CONFIG, SIZE, Bench
from tests.runners.run_options import network, options

pytestmark = pytest.mark.models


def test_wrong_checkpoints_are_refused(made: Bench, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    other = tmp_path / "other.pt"
    torch.save(create_model("synth_small", 14, SIZE, **CONFIG).state_dict(), other)
    model = network(other)
    with pytest.raises(MismatchError, match="14 joints or classes, and the model 17") as caught:
        run(replace(options(made, tmp_path), model=model))
    assert caught.value.code == "P450"
    with pytest.raises(UsageError, match="has no weights") as absent:
        run(replace(options(made, tmp_path), model=network(None)))
    assert absent.value.code == "P154"
    with pytest.raises(UsageError, match="gives 11 joints, and skeleton coco17 has 17") as unknown:
        run(options(made, tmp_path, model={"joints": 11}))
    assert unknown.value.code == "P157"
    with pytest.raises(UsageError, match="does not give poses") as useless:
        run(replace(options(made, tmp_path), model=ModelOptions("pplcnet_x0_25", other)))
    assert useless.value.code == "P158"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"truth": None, "images": None}, "P127"),
        ({"video": Path("clip.mp4")}, "P127"),
        ({"boxes": "truth", "truth": None}, "P127"),
        ({"nms": "hard"}, "P102"),
        ({"loaders": 0}, "P103"),
        ({"boxes": "nowhere.json"}, "P114"),
        ({"form": "morse"}, "P132"),
        ({"images": Path("nowhere")}, "P114"),
    ],
)
def test_contradictory_options(made: Bench, tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(options(made, tmp_path, **changes))
    assert caught.value.code == code


def test_output_is_not_overwritten_and_its_folder_must_exist(made: Bench, tmp_path: Path) -> None:
    (tmp_path / "preds.json").write_text("mine")
    with pytest.raises(UsageError) as caught:
        run(options(made, tmp_path))
    assert caught.value.code == "P131"
    assert (tmp_path / "preds.json").read_text() == "mine"
    with pytest.raises(UsageError) as nowhere:
        run(options(made, tmp_path / "nowhere"))
    assert nowhere.value.code == "P114"


def test_empty_folder(made: Bench, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no image") as caught:
        run(replace(options(made, tmp_path), truth=None, images=tmp_path / "empty"))
    assert caught.value.code == "P263"


def test_device_that_is_not_there(made: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    model = replace(network(made.weights), device="cuda")
    with pytest.raises(MissingFeature) as caught:
        run(replace(options(made, tmp_path), model=model))
    assert caught.value.code == "P603"
    with pytest.raises(UsageError) as unknown:
        run(replace(options(made, tmp_path), model=replace(model, device="abacus")))
    assert unknown.value.code == "P102"
