"""Files of weights: a wrong one is refused, in bounded memory, whatever its kind."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import FormatError
from poseval.models import create_model, load_weights
from poseval.models.weights.load import read_checkpoint
from poseval.models.weights.trained import Trained, trained
from tests.hostile.limited import run_limited, see_refused

PROGRAM = """
import sys
from poseval.errors import PosevalError
from poseval.models import create_model, load_weights
try:
    load_weights(create_model("pplcnet_x0_25"), sys.argv[1])
except PosevalError as error:
    sys.stderr.write(str(error))
    sys.exit(error.exit_code)
"""
# The dtype is of objects with its flags cleared: NumPy's own builder takes the 8 bytes for an address.
OBJECTS = (
    b"\x80\x02}X\x01\x00\x00\x00wcnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85c_codecs\n"
    b"encode\nX\x01\x00\x00\x00bX\x06\x00\x00\x00latin1\x86R\x87R(K\x01K\x01\x85cnumpy\ndtype\nX\x02\x00\x00"
    b"\x00O8\x89\x88\x87R(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89c_codecs\n"
    b"encode\nX\x08\x00\x00\x00AAAAAAAAX\x06\x00\x00\x00latin1\x86Rtbs."
)


def paddle_objects(path: Path) -> Path:
    path.with_suffix(".pdparams").write_bytes(OBJECTS)
    return path.with_suffix(".pdparams")


def paddle_claim(path: Path) -> Path:
    """A bytes object of 2^40 bytes in a file of some."""
    path.with_suffix(".pdparams").write_bytes(b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"abc.")
    return path.with_suffix(".pdparams")


def rewritten(path: Path, change: Callable[[str, bytes], bytes], kind: int = zipfile.ZIP_STORED) -> Path:
    torch.save({"w": torch.zeros(5)}, path)
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", kind) as new:
        for name, data in members.items():
            new.writestr(name, change(name, data))
    return path


def zip_claim(path: Path) -> Path:
    """A storage of 2^31 items in a record of five, and a tensor over all of them."""
    return rewritten(path, lambda name, data: data.replace(b"K\x05", b"J\xff\xff\xff\x7f"))


def zip_packed(path: Path) -> Path:
    """Packed records: 400 MB of zeros in 400 kB."""
    zeros = bytes(400 << 20)
    return rewritten(path, lambda name, data: zeros if name.endswith("/0") else data, zipfile.ZIP_DEFLATED)


def legacy_claim(path: Path) -> Path:
    torch.save({"w": torch.zeros(5)}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes().replace(b"K\x05", b"J\xff\xff\xff\x7f"))
    return path


class _Bytes:
    def __reduce__(self) -> Any:
        return bytearray, (1 << 33,)


def legacy_bytearray(path: Path) -> Path:
    """`bytearray(2^33)`, which PyTorch's own reader calls."""
    torch.save({"w": torch.zeros(5), "x": _Bytes()}, path, _use_new_zipfile_serialization=False)
    return path


def header(entry: dict[str, Any], data: bytes, length: int | None = None) -> Callable[[Path], Path]:
    def made(path: Path) -> Path:
        text = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **entry}}).encode()
        size = len(text) if length is None else length
        path = path.with_suffix(".safetensors")
        path.write_bytes(size.to_bytes(8, "little") + text + data)
        return path

    return made


def deep_header(path: Path) -> Path:
    path = path.with_suffix(".safetensors")
    path.write_bytes((400_000).to_bytes(8, "little") + b"[" * 200_000 + b"]" * 200_000)
    return path


def paddle_key(path: Path) -> Path:
    """A key of 2^40 tuples in 200 bytes."""
    path = path.with_suffix(".pdparams")
    path.write_bytes(b"\x80\x02}X\x01\0\0\0x\x85" + b"q\x00h\x00\x86" * 40 + b"K\x01s.")
    return path


def zip_key(path: Path) -> Path:
    tuples = b"\x80\x02}X\x01\0\0\0x\x85" + b"q\x00h\x00\x86" * 40 + b"K\x01s."
    return rewritten(path, lambda name, data: tuples if name.endswith("data.pkl") else data)


FILES = {
    "paddle: a key of tuples": (paddle_key, "P250"),
    "zip: a key of tuples": (zip_key, "P250"),
    "safetensors: sides beyond measure": (
        header({"shape": [0, 1 << 62, 1 << 62], "data_offsets": [0, 0]}, b""),
        "P250",
    ),
    "paddle: objects": (paddle_objects, "P250 P251"),
    "paddle: 2^40 bytes claimed": (paddle_claim, "P250"),
    "zip: storage without its bytes": (zip_claim, "P501"),
    "zip: packed": (zip_packed, "P504"),
    "legacy: storage without its bytes": (legacy_claim, "P501"),
    "legacy: bytearray(2^33)": (legacy_bytearray, "P251"),
    "safetensors: offsets beyond": (header({"shape": [1 << 40], "data_offsets": [0, 1 << 42]}, b"8"), "P250"),
    "safetensors: cut short": (header({}, bytes(5)), "P250"),
    "safetensors: shape of other size": (header({"shape": [3]}, bytes(8)), "P250"),
    "safetensors: negative side": (header({"shape": [-2, -1]}, bytes(8)), "P250"),
    "safetensors: unknown type": (header({"dtype": "O"}, bytes(8)), "P250"),
    "safetensors: bytes left over": (header({}, bytes(9)), "P250"),
    "safetensors: header of 2^60": (header({}, bytes(8), 1 << 60), "P250"),
    "safetensors: deep header": (deep_header, "P502"),
}


@pytest.mark.models
@pytest.mark.parametrize(("make", "codes"), FILES.values(), ids=FILES)
def test_wrong_weights_are_refused_under_limits(
    make: Callable[[Path], Path], codes: str, tmp_path: Path
) -> None:
    path = make(tmp_path / "evil.pth")
    ended = run_limited(["-c", PROGRAM, path], folder=tmp_path, seconds=30, space=6 << 30)
    see_refused(ended, codes) if "[P" in ended.err else pytest.fail(f"{ended.status}: {ended.err[-2000:]}")


@pytest.mark.models
def test_sound_safetensors_are_weights(tmp_path: Path) -> None:
    model = create_model("pplcnet_x0_25", joints=3)
    state = {key: value.contiguous() for key, value in model.state_dict().items() if value.ndim}
    at, entries, parts = 0, {}, []
    for key, value in state.items():
        data = value.numpy().tobytes()
        shape = list(value.shape)
        entries[key] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
        parts.append(data)
    text = json.dumps({"__metadata__": {"format": "pt"}, **entries}).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))
    other = create_model("pplcnet_x0_25", joints=3)
    load_weights(other, path)
    assert torch.equal(other.fc.weight, model.fc.weight)


@pytest.mark.parametrize("new", [True, False])
def test_sound_checkpoints_of_either_form_are_read(new: bool, tmp_path: Path) -> None:
    shared = torch.arange(6.0)
    content = {
        "a": shared[2:],
        "b": shared.reshape(2, 3).t(),
        "half": torch.ones(3, dtype=torch.bfloat16),
        "flags": torch.tensor([True, False]),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "perf": np.float64(0.744),
        "kind": torch.float32,
        "size": torch.Size([1, 2]),
    }
    path = tmp_path / "w.pt"
    torch.save(content, path, _use_new_zipfile_serialization=new)
    found = read_checkpoint(path)
    assert all(torch.equal(found[key], content[key]) for key in ("a", "b", "half", "flags", "parameter"))
    assert found["kind"] is torch.float32


@pytest.mark.parametrize("run", [7, "[1", '{"skeleton": 3}', "[]", "[" * 5000, None])
def test_settings_of_a_training_that_are_none(run: object, tmp_path: Path) -> None:
    torch.save({"schema": "poseval.checkpoint/1", "run": run}, tmp_path / "w.pt")
    assert trained(tmp_path / "w.pt") == Trained()


def test_numpy_is_never_asked_to_build(tmp_path: Path) -> None:
    """A dtype's state from a file reaches no dtype of NumPy's."""
    torch.save({"kind": np.dtype("f8"), "w": torch.ones(1)}, tmp_path / "w.pt")
    assert not isinstance(read_checkpoint(tmp_path / "w.pt")["kind"], np.dtype)


def test_files_of_paddle_are_refused_by_their_name(tmp_path: Path) -> None:
    """Where no model reads them; what an unpickler of PyTorch says of its inside is not for users."""
    for path in (paddle_objects(tmp_path / "evil.pth"), tmp_path / "renamed.pth"):
        path.write_bytes(OBJECTS)
        with pytest.raises(FormatError, match=r"\[P25[01]\]") as caught:
            read_checkpoint(path)
        assert "_Array" not in str(caught.value)
        assert "iterable" not in str(caught.value)
        assert ("PaddlePaddle" in caught.value.fault.what) == (path.suffix == ".pdparams")
        assert path.suffix != ".pdparams" or "pplcnet" in str(caught.value.fault.wanted)
