"""ZIP archives: their members are documents, and what is wrong with an archive is refused."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from poseval.datasets.files.archive import Archive
from poseval.datasets.files.source import Source
from poseval.errors import FormatError, LimitError
from poseval.limits import Limits


def packed(members: list[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def test_zip_members_are_documents() -> None:
    data = packed([("b.json", b"[2]"), ("dir/a.json", b"[1]"), ("read.me", b"hello"), ("x/y/z.json", b"[]")])
    archive = Archive(data, "p.zip")
    assert archive.names == ("b.json", "dir/a.json")
    assert archive.others == 2
    assert [document.data for document in archive.documents()] == [b"[2]", b"[1]"]
    assert archive.read("b.json").name == "p.zip: b.json"


@pytest.mark.parametrize(
    "name",
    [
        "../../x.json",
        "/etc/x.json",
        "C:\\x.json",
        "C:x.json",
        "..\\x.json",
        "a\nb.json",
        "a/../x.json",
        "./x.json",
    ],
)
def test_names_that_climb_are_only_counted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    archive = Archive(packed([(name, b"[9]"), ("ok.json", b"[1]")]), "p.zip")
    assert (archive.names, archive.others) == (("ok.json",), 1)
    assert [document.data for document in archive.documents()] == [b"[1]"]
    assert list(tmp_path.iterdir()) == []


def test_links_and_nested_archives_are_only_counted() -> None:
    inner = packed([("a.json", b"[1]")])
    archive = Archive(
        packed([(link("l.json"), b"/etc/passwd"), ("in.zip", inner), ("ok.json", b"[]")]), "p.zip"
    )
    assert (archive.names, archive.others) == (("ok.json",), 2)


def test_two_members_of_one_name() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = packed([("a.json", b"[1]"), ("a.json", b"[2]")])
    with pytest.raises(FormatError, match=r"two members called 'a\.json'") as caught:
        Archive(data, "p.zip")
    assert caught.value.code == "P213"


def test_zip_bomb() -> None:
    bomb = packed([("a.json", b"0" * (100 << 20))])
    assert len(bomb) < 110_000
    with pytest.raises(LimitError) as caught:
        Archive(bomb, "p.zip")
    assert caught.value.code == "P504"


def test_zip_bomb_that_lies_about_its_size() -> None:
    honest = packed([("a.json", b"0" * (8 << 20))])
    size = struct.pack("<I", 8 << 20)
    assert honest.count(size) == 2
    archive = Archive(honest.replace(size, struct.pack("<I", 100)), "p.zip")
    with pytest.raises(FormatError) as caught:
        archive.read("a.json")
    assert caught.value.code == "P212"


def test_zip_with_too_many_members() -> None:
    data = packed([(f"{i}.json", b"[]") for i in range(11)], zipfile.ZIP_STORED)
    with pytest.raises(LimitError) as caught:
        Archive(data, "p.zip", Limits(archive_members=10))
    assert caught.value.code == "P503"


def test_members_that_overlap() -> None:
    data = bytearray(packed([("a.json", b"[" + b"1," * 50 + b"1]"), ("b.json", b"[2]")], zipfile.ZIP_STORED))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 1)
    with pytest.raises(FormatError, match="members that overlap"):
        Archive(bytes(data), "p.zip")


def test_encrypted_member_is_refused() -> None:
    data = bytearray(packed([("a.json", b"[1]")]))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(FormatError) as caught:
        Archive(bytes(data), "p.zip")
    assert caught.value.code == "P213"


def test_rare_compression_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        Archive(packed([("a.json", b"[1]")], zipfile.ZIP_LZMA), "p.zip")
    assert caught.value.code == "P213"


@pytest.mark.parametrize("keep", [4, 30, 60, -1])
def test_damaged_zip(keep: int) -> None:
    with pytest.raises(FormatError) as caught:
        Archive(packed([("a.json", b"[1]")])[:keep], "p.zip")
    assert caught.value.code == "P212"


def test_source_of_a_zip_with_one_document_is_that_document(tmp_path: Path) -> None:
    (tmp_path / "one.zip").write_bytes(packed([("a.json", b"[1]"), ("notes.txt", b"")]))
    source = Source(tmp_path / "one.zip")
    assert source.document.data == b"[1]"
    assert source.archive is not None
    assert source.archive.others == 1


def test_source_of_a_zip_with_many_documents_is_like_a_folder(tmp_path: Path) -> None:
    members = [("a.json", b"[1]"), ("b.json", b"[2]")]
    (tmp_path / "many.zip").write_bytes(packed([*members]))
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in members:
        (folder / name).write_bytes(data)
    (folder / "c.json.gz").write_bytes(gzip.compress(b"[3]"))
    (folder / "d.txt").write_bytes(b"")
    assert [document.data for document in Source(tmp_path / "many.zip").documents()] == [b"[1]", b"[2]"]
    assert [document.data for document in Source(folder).documents()] == [b"[1]", b"[2]", b"[3]"]
    assert [document.data for document in Source(folder / "a.json").documents()] == [b"[1]"]
