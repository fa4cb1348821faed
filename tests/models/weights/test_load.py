"""Checkpoints as people publish them, and as they should not be."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from poseval.errors import FormatError, MismatchError, UsageError, ValueRangeError
from poseval.models import create_model, load_weights

pytestmark = pytest.mark.models


class Small(nn.Module):
    """Two layers are enough to be wrong in every way."""

    def __init__(self, joints: int = 3) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(2)
        self.final_layer = nn.Conv2d(2, joints, 1)


@pytest.fixture
def filled() -> dict[str, torch.Tensor]:
    state = Small().state_dict()
    for index, value in enumerate(state.values()):
        value.fill_(index + 1)
    return state


def saved(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


def test_a_bare_state_dictionary_is_loaded(filled: dict[str, torch.Tensor], tmp_path: Path) -> None:
    model = Small()
    record = load_weights(model, saved(filled, tmp_path / "w.pth"))
    assert all(torch.equal(value, filled[key]) for key, value in model.state_dict().items())
    assert (record.name, record.tensors) == ("w.pth", len(filled))
    assert record.sha256 == hashlib.sha256((tmp_path / "w.pth").read_bytes()).hexdigest()


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "best_state_dict", "net"])
@pytest.mark.parametrize("prefix", ["", "module.", "model.module.", "_orig_mod."])
def test_wrappers_and_prefixes_are_taken_off(
    filled: dict[str, torch.Tensor], tmp_path: Path, wrapper: str, prefix: str
) -> None:
    inner = {prefix + key: value for key, value in filled.items()}
    content = {"epoch": 210, "optimizer": {"state": {}}, "perf": np.float64(0.744), wrapper: inner}
    model = Small()
    load_weights(model, saved(content, tmp_path / "checkpoint.pth.tar"))
    assert torch.equal(model.final_layer.bias.detach(), filled["final_layer.bias"])


def test_counters_that_old_files_lack_are_not_missed(filled: dict[str, torch.Tensor], tmp_path: Path) -> None:
    del filled["bn1.num_batches_tracked"]
    load_weights(Small(), saved(filled, tmp_path / "old.pth"))


def test_all_that_differs_is_named_at_once(filled: dict[str, torch.Tensor], tmp_path: Path) -> None:
    del filled["bn1.weight"]
    filled["layer9.weight"] = torch.zeros(1)
    filled["final_layer.weight"] = torch.zeros(5, 2, 1, 1)
    filled["final_layer.bias"] = torch.zeros(5)
    with pytest.raises(MismatchError) as caught:
        load_weights(Small(), saved(filled, tmp_path / "w.pth"))
    error = caught.value
    assert error.counts == {"P450": 3}
    for part in ("lacks 1", "bn1.weight", "layer9.weight", "5x2x1x1", "3x2x1x1", "gives 5 joints or classes"):
        assert part in str(error)


def test_a_failed_load_leaves_the_model_alone(filled: dict[str, torch.Tensor], tmp_path: Path) -> None:
    model = Small()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    del filled["bn1.weight"]
    with pytest.raises(MismatchError):
        load_weights(model, saved(filled, tmp_path / "w.pth"))
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = saved(create_model("simplebaseline_r18").state_dict(), tmp_path / "r18.pth")
    with pytest.raises(MismatchError) as caught:
        load_weights(create_model("simplebaseline_r50"), path)
    assert caught.value.code == "P450"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(
    filled: dict[str, torch.Tensor], tmp_path: Path, value: float
) -> None:
    filled["bn1.bias"][0] = value
    with pytest.raises(ValueRangeError, match=r"bn1\.bias") as caught:
        load_weights(Small(), saved(filled, tmp_path / "w.pth"))
    assert caught.value.code == "P350"


@pytest.mark.parametrize("share", [0.3, 0.9, 0.99])
def test_a_file_cut_short_says_so(filled: dict[str, torch.Tensor], tmp_path: Path, share: float) -> None:
    path = saved(filled, tmp_path / "w.pth")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FormatError, match="may be truncated") as caught:
        load_weights(Small(), path)
    assert caught.value.code == "P250"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html><title>Google Drive - virus scan", "web page"),
        (b"hello, I am no checkpoint", "not a PyTorch checkpoint"),
        (bytes(range(160, 224)), "PyTorch checkpoint"),
    ],
    ids=["empty", "web page", "text", "bytes"],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=words) as caught:
        load_weights(Small(), path)
    assert caught.value.code == "P250"


class Evil:
    """Its pickle runs a command when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch ran",)


def test_pickled_code_is_refused_and_not_run(
    filled: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = saved({"state_dict": filled, "extra": Evil()}, tmp_path / "w.pth")
    with pytest.raises(FormatError, match=r"system.*could run code") as caught:
        load_weights(Small(), path)
    assert caught.value.code == "P251"
    assert not (tmp_path / "ran").exists()


def test_a_zip_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(FormatError) as caught:
        load_weights(Small(), path)
    assert caught.value.code == "P250"


@pytest.mark.parametrize("header", ["[]", "3", '{"w": []}'])
def test_a_safetensors_header_of_another_form_is_refused(tmp_path: Path, header: str) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode())
    with pytest.raises(FormatError, match="its header does not hold an object for each tensor") as caught:
        load_weights(Small(), path)
    assert caught.value.code == "P250"


@pytest.mark.parametrize("content", [{"epoch": 3}, [1, 2], {"state_dict": {"epoch": 3}}, {}])
def test_a_checkpoint_without_weights_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(FormatError, match="no dictionary of weights") as caught:
        load_weights(Small(), saved(content, tmp_path / "w.pth"))
    assert caught.value.code == "P252"


def test_no_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.pth", tmp_path):
        with pytest.raises(UsageError) as caught:
            load_weights(Small(), path)
        assert caught.value.code == "P154"
