"""Files of no format of poses are called what they are, with a way out."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from pathlib import Path

import pytest

from poseval.cli import invoke


def a_zip(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "1,2")
    return out.getvalue()


KINDS: dict[str, tuple[bytes, str]] = {
    "a web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "download the file itself"),
    "a pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "git lfs pull"),
    "a PDF": (b"%PDF-1.7 ...", "give the file"),
    "a video": (b"\0\0\0\x18ftypmp42", "give the file"),
    "an image": (b"\x89PNG\r\n\x1a\n0000", "give the file"),
    "a zip archive without JSON files in it": (a_zip("a.csv", "b.csv"), "unpack it"),
    "binary data of an unknown kind": (bytes(range(256)) * 9, "the right file"),
}


@pytest.mark.parametrize("name", ["file", "file.json", "file.csv"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_is_named_with_a_way_out(
    kind: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, advice = KINDS[kind]
    (tmp_path / name).write_bytes(data)
    assert invoke(["validate", str(tmp_path / name), "--role", "truth"]) == 3
    out = capsys.readouterr().out
    assert f"this looks like {kind}" in out
    assert advice in out


def test_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connection = sqlite3.connect(tmp_path / "gt")
    connection.execute("create table a(b)")
    connection.commit()
    connection.close()
    assert invoke(["validate", str(tmp_path / "gt"), "--role", "truth"]) == 3
    assert "this looks like a SQLite file" in capsys.readouterr().out


def test_text_in_another_encoding_is_not_binary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("hello there", encoding="utf-16")
    assert invoke(["validate", str(tmp_path / "a.txt"), "--role", "truth"]) == 3
    assert "binary" not in capsys.readouterr().out
