"""Bounded reading and whole writing, against the ways in which files go wrong."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import stat
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import FormatError, LimitError, PosevalError, UsageError
from poseval.files.packed import gunzip
from poseval.files.writing import write_atomically
from poseval.limits import Limits

PACKED = gzip.compress(b"[1, 2, 3]", mtime=0)


KNOWN = Known("[]")


def test_plain_file(tmp_path: Path) -> None:
    data = b'{"a": [1, 2],\n "b": {}}' + b" " * (2 << 20)
    path = tmp_path / "a.json"
    path.write_bytes(data)
    document = Document.open(path)
    assert document.data == data
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.head == data[:4096]
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
