"""A binary network's packed file gives the predictions of the weights it was packed from."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from poseval.cli import invoke
from poseval.models import create_model
from poseval.models.networks.binary_layers import save_packed
from tests.runners.conftest import Bench

pytestmark = pytest.mark.models


def test_packed_weights_run_to_the_same_bytes(made: Bench, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = create_model("hpm_1_binary", 17, (64, 64), width=64)
    torch.save(model.state_dict(), tmp_path / "whole.pth")
    save_packed(model, tmp_path / "packed.pth")
    assert (tmp_path / "packed.pth").stat().st_size < (tmp_path / "whole.pth").stat().st_size / 5
    words = ["--gt", str(made.truth), "--images", str(made.images), "--device", "cpu", "-q"]
    words += ["--input-size", "64x64", "--skeleton", "coco17", "--option", "width=64"]
    for name, more in (("whole", []), ("packed", ["--option", "packed=true"])):
        files = ["--weights", str(tmp_path / f"{name}.pth"), "--out", str(tmp_path / f"{name}.json")]
        assert invoke(["run", "hpm_1_binary", *files, *words, *more]) == 0
    assert (tmp_path / "packed.json").read_bytes() == (tmp_path / "whole.json").read_bytes()
    assert invoke(["run", "hpm_1_binary", *files, *words, "--force"]) == 3  # packed, but not told so
