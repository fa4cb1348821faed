"""Packed files of every kind: read within the bounds, or named."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

import poseval
from poseval.cli import invoke
from poseval.errors import FormatError, InputError, LimitError, MissingFeature
from poseval.files.packed import SUFFIXES, plain_name, unpacked
from poseval.limits import Limits
from tests.hostile.made import results, truth

TEXT = json.dumps(list(range(3000))).encode()


def zstd(data: bytes) -> bytes:
    zstandard = pytest.importorskip("zstandard", reason="needs the extra zstd")
    packed: bytes = zstandard.ZstdCompressor().compress(data)
    return packed


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zst": zstd,
}


@pytest.mark.parametrize("kind", PACK)
def test_content_comes_out_whole_of_one_member_or_several(kind: str) -> None:
    pack = PACK[kind]
    assert unpacked(pack(TEXT), "a") == TEXT
    assert unpacked(pack(TEXT[:1000]) + pack(TEXT[1000:]), "a") == TEXT
    assert unpacked(pack(b""), "a") == b""


@pytest.mark.parametrize("kind", PACK)
def test_bombs_are_refused(kind: str) -> None:
    bomb = PACK[kind](b"0" * 50_000_000)
    with pytest.raises(LimitError) as caught:
        unpacked(bomb, "a")
    assert caught.value.code == "P504"
    assert "--limit ratio=" in str(caught.value)
    with pytest.raises(LimitError) as caught:
        unpacked(bomb, "a", Limits(ratio=10**9, file_bytes=3_000_000))
    assert caught.value.code == "P501"
    assert len(unpacked(bomb, "a", Limits(ratio=10**9))) == 50_000_000


@pytest.mark.parametrize("kind", PACK)
def test_damage_is_named(kind: str) -> None:
    packed = PACK[kind](TEXT)
    broken = bytearray(packed)
    broken[len(packed) // 2] ^= 0xFF
    damaged = [packed[:-9], packed[: len(packed) // 2]]
    if kind != "zst":  # zstd writes no checksum unless asked to
        damaged.append(bytes(broken))
    for data in damaged:
        with pytest.raises(FormatError, match="damaged") as caught:
            unpacked(data, "a")
        assert caught.value.code == "P212"
    with pytest.raises(FormatError, match="other data follows it"):
        unpacked(packed + b"more", "a")
    assert unpacked(packed + b"\0" * 20, "a") == TEXT  # padding of tapes and discs


@pytest.mark.parametrize("kind", PACK)
def test_thousands_of_streams_take_no_time_that_grows_with_the_file(kind: str) -> None:
    """Copying the rest of the file for each would be 40 GB."""
    piece = bytes(range(256)) * 2
    packed = PACK[kind](piece)
    count = 20_000_000 // len(packed) // 20
    assert unpacked(packed * count, "a") == piece * count
    with pytest.raises(LimitError) as caught:
        unpacked(packed * 11, "a", Limits(archive_members=10))
    assert caught.value.code == "P503"


@pytest.mark.parametrize("data", [b"BZh is how this text begins", b"PK\x03\x04", b"[]", b"", b"\x1f", b"7z"])
def test_anything_else_stays_as_it_is(data: bytes) -> None:
    assert unpacked(data, "a") == data


def a_tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("preds.json"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z archive"),
        (b"Rar!\x1a\x07\x01\0", "rar archive"),
        (b"\x04\x22\x4d\x18abc", "lz4 file"),
        (b"LZIP\x01", "lzip file"),
        (b"\x1f\x9d\x90", r"file packed by compress \(\.Z\)"),
        (a_tar(), "tar archive"),
        (gzip.compress(a_tar()), "tar archive"),
    ],
    ids=["7z", "rar", "lz4", "lzip", "compress", "tar", "tar.gz"],
)
def test_other_packings_are_named(data: bytes, kind: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=f"is a {kind}") as caught:
        unpacked(data, "a")
    assert caught.value.code == "P225"
    (tmp_path / "gt").write_bytes(data)
    with pytest.raises(InputError, match=f"is a {kind}[\\s\\S]*try: unpack it"):
        poseval.read(tmp_path / "gt")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_input_may_be_packed(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, node in (("gt", truth()), ("dt", results())):
        (tmp_path / f"{name}.json").write_text(json.dumps(node))
        (tmp_path / f"{name}.json{suffix}").write_bytes(PACK[suffix[1:]](json.dumps(node).encode()))
    report = poseval.score(tmp_path / "gt.json", tmp_path / "dt.json")
    packed = poseval.score(tmp_path / f"gt.json{suffix}", tmp_path / f"dt.json{suffix}")
    assert packed.to_text() == report.to_text().replace(".json", f".json{suffix}")
    assert str(packed.signature) == str(report.signature)
    assert invoke(["validate", str(tmp_path / f"gt.json{suffix}")]) == 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_of_packed_files_is_named_as_if_they_were_plain(suffix: str, tmp_path: Path) -> None:
    from poseval.datasets import Role, WriteOptions, get_format
    from tests.datasets.real_libraries import video

    get_format("openpose").write(video(Role.PREDICTIONS), tmp_path / "plain", WriteOptions(Role.PREDICTIONS))
    (tmp_path / "packed").mkdir()
    for path in (tmp_path / "plain").rglob("*.json"):
        name = path.relative_to(tmp_path / "plain").as_posix()
        target = tmp_path / "packed" / (name + suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(PACK[suffix[1:]](path.read_bytes()))
    plain, packed = (poseval.read(tmp_path / name, role="predictions") for name in ("plain", "packed"))
    assert packed.frames.key.tolist() == plain.frames.key.tolist()
    assert packed.people.xy.tobytes() == plain.people.xy.tobytes()


@pytest.mark.parametrize(
    ("name", "plain"),
    [("a.json.gz", "a.json"), ("a.JSON.XZ", "a.JSON"), ("a.zst", "a"), ("a.json", "a.json"), ("gz", "gz")],
)
def test_names_lose_the_ending_of_a_packing(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_zstandard_without_its_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for module in ("zstandard", "compression", "compression.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingFeature, match=r"poseval\[zstd\]") as caught:
        unpacked(b"(\xb5/\xfd\x00", "a")
    assert caught.value.code == "P601"
