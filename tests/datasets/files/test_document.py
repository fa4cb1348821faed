"""Bounded reading and whole writing, against the ways in which files and archives go wrong."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import stat
import struct
import threading
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest

from poseval.datasets.containers.unread import Known
from poseval.datasets.files.archive import Archive
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import FormatError, LimitError, PosevalError, UsageError
from poseval.files.packed import gunzip
from poseval.files.writing import write_atomically
from poseval.limits import Limits

PACKED = gzip.compress(b"[1, 2, 3]", mtime=0)
KNOWN = Known("[]")
TIGHT = Limits(file_bytes=2 << 20, ratio=50, archive_members=10)


def test_plain_file(tmp_path: Path) -> None:
    data = b'{"a": [1, 2],\n "b": {}}' + b" " * (2 << 20)
    path = tmp_path / "a.json"
    path.write_bytes(data)
    document = Document.open(path)
    assert document.data == data
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.head == data[:4096]
    assert document.line(15) == 2
    assert document.is_json
    entry = document.outline.by_key()["a"]
    assert document.tree(entry.start, entry.end, KNOWN) == [1, 2]


def test_small_file_has_the_same_kind_of_digest(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    assert Document.open(tmp_path / "a").sha256 == hashlib.sha256(b"x").hexdigest()


def test_gzip_is_told_by_content_and_digested_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(gzip.compress(b"[1]") + gzip.compress(b" \n") + b"\0" * 7)
    document = Document.open(path)
    assert document.data == b"[1] \n"
    assert document.sha256 == hashlib.sha256(b"[1] \n").hexdigest()


@pytest.mark.parametrize(
    "data",
    [PACKED[:-9], PACKED[:5], PACKED + b"junk", PACKED[:-8] + b"\0" * 8, b"\x1f\x8bnot gzip at all"],
    ids=["no end", "no header", "junk behind", "wrong sum", "two bytes"],
)
def test_damaged_gzip(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        gunzip(data, "a.gz")
    assert caught.value.code == "P212"


def test_gzip_bomb_stops_at_the_ratio() -> None:
    bomb = gzip.compress(b"0" * (100 << 20))
    assert len(bomb) < 110_000
    with pytest.raises(LimitError, match=r"a\.gz: unpacks to more than 200 times its size") as caught:
        gunzip(bomb, "a.gz")
    assert caught.value.code == "P504"


def test_gzip_bomb_of_many_members_stops_at_the_ratio() -> None:
    bomb = gzip.compress(b"0" * (4 << 20)) * 20
    with pytest.raises(LimitError) as caught:
        gunzip(bomb, "a.gz")
    assert caught.value.code == "P504"


def test_gzip_stops_at_the_size() -> None:
    data = gzip.compress(os.urandom(64) * 50_000)
    with pytest.raises(LimitError) as caught:
        gunzip(data, "a.gz", Limits(file_bytes=3_000_000, ratio=10_000))
    assert caught.value.code == "P501"


def test_short_files_may_pack_well() -> None:
    assert len(gunzip(gzip.compress(b"0" * 900_000), "a.gz")) == 900_000


def test_too_large_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b" " * 1001)
    with pytest.raises(LimitError) as caught:
        Document.open(path, Limits(file_bytes=1000))
    assert caught.value.code == "P501"
    assert Document.open(path, Limits(file_bytes=1001)).data == b" " * 1001


def test_file_of_unknown_size_is_read_to_its_end() -> None:
    path = Path("/proc/self/status")
    if not path.exists():
        pytest.skip("no /proc here")
    assert path.stat().st_size == 0
    assert b"Name:" in Document.open(path).data


def refused(path: str | Path, code: str, text: str) -> None:
    with pytest.raises(UsageError, match=text) as caught:
        Document.open(path)
    assert caught.value.code == code


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    refused(tmp_path, "P135", "a folder")
    refused(tmp_path / "none.json", "P114", "does not exist")
    refused("a\0b", "P136", "cannot be read")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refused(tmp_path / "loop", "P136", "form a loop")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        refused(tmp_path / "pipe", "P135", "a pipe")
    if Path("/dev/zero").exists():
        refused("/dev/zero", "P135", "a device")


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    path = tmp_path / "a.json"
    path.write_bytes(b"[]")
    monkeypatch.setattr(os, "open", denied)
    refused(path, "P136", "Permission denied")


def test_name_that_is_not_utf8_is_shown_escaped(tmp_path: Path) -> None:
    refused(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\x1b[31m"), "P114", r"caf\\udce9\\x1b\[31m")


def test_tree_of_a_large_part_is_refused() -> None:
    document = Document(b"[" + b" " * (17 << 20) + b"]")
    with pytest.raises(LimitError) as caught:
        document.tree(0, len(document.data), KNOWN)
    assert caught.value.code == "P501"


def test_tree_of_a_number_of_thousands_of_digits_is_refused() -> None:
    document = Document(b"1" * 5000)
    with pytest.raises(FormatError) as caught:
        document.tree(0, 5000, KNOWN)
    assert caught.value.code == "P210"


# --- zip ---


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
        Archive(data, "p.zip", TIGHT)
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


# --- writing ---


def test_write_and_overwrite(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_atomically(path, b"one")
    with pytest.raises(UsageError, match="--force") as caught:
        write_atomically(path, b"two")
    assert caught.value.code == "P131"
    assert path.read_bytes() == b"one"
    path.chmod(0o640)
    write_atomically(path, lambda file: file.write(b"three") and None, force=True)
    assert path.read_bytes() == b"three"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_new_file_follows_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), "P506"),
        (OSError(13, "Permission denied"), "P137"),
        (KeyboardInterrupt(), ""),
        (RuntimeError(), ""),
    ],
    ids=["full", "denied", "ctrl-c", "fault"],
)
def test_failure_leaves_nothing_behind(tmp_path: Path, error: BaseException, code: str, force: bool) -> None:
    path = tmp_path / "out.json"
    if force:
        path.write_bytes(b"old")

    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise error

    with pytest.raises(PosevalError if code else type(error)) as caught:
        write_atomically(path, fail, force=force)
    assert getattr(caught.value, "code", "") == code
    assert [item.name for item in tmp_path.iterdir()] == (["out.json"] if force else [])
    assert not force or path.read_bytes() == b"old"


def test_target_that_comes_into_being_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "out.json"

    def slow(file: BinaryIO) -> None:
        path.write_bytes(b"theirs")
        file.write(b"ours")

    with pytest.raises(UsageError) as caught:
        write_atomically(path, slow)
    assert caught.value.code == "P131"
    assert path.read_bytes() == b"theirs"


def test_link_is_written_through_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomically(tmp_path / "link", b"new", force=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_folder_and_missing_parent_cannot_be_written(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "a"):
        with pytest.raises(UsageError) as caught:
            write_atomically(path, b"", force=True)
        assert caught.value.code == "P137"


def test_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no FIFO on this system")
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    write_atomically(path, b"through", force=True)
    reader.join(10)
    assert got == [b"through"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_source_fetched_ahead_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}'))
    source = Source(path)
    source.fetch()
    assert source.document.data == b'{"a": 1}'
    assert source.document is source.document
    folder = Source(tmp_path)
    folder.fetch()
    assert [document.name for document in folder.documents()] == ["a.json.gz"]


def test_what_is_wrong_with_a_source_fetched_ahead_is_told_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}')[:-4])
    source = Source(path)
    source.fetch()
    with pytest.raises(FormatError) as caught:
        _ = source.document
    assert caught.value.code == "P212"


def test_files_of_a_folder_are_in_natural_order(tmp_path: Path) -> None:
    for name in ("f10.txt", "f9.txt", "f1.txt", "b/2.txt", "b/10.txt", "f09.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    found = [path.as_posix() for path in Source(tmp_path).files]
    assert found == ["b/2.txt", "b/10.txt", "f1.txt", "f09.txt", "f9.txt", "f10.txt"]
