"""Standard input, pipes and addresses: read once, bounded, and told apart from files."""

from __future__ import annotations

import gzip
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import poseval
from poseval.cli import invoke
from poseval.errors import LimitError, MissingFeature, UsageError
from poseval.files import streams
from poseval.files.streams import is_address, is_stream, public_name, read_input
from poseval.limits import Limits
from poseval.scoring.saved_runs import save
from tests.hostile.made import results, truth
from tests.shared import ROOT

GT, DT = json.dumps(truth()), json.dumps(results())


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with `gt.json` and `dt.json`."""
    (tmp_path / "gt.json").write_text(GT)
    (tmp_path / "dt.json").write_text(DT)
    return tmp_path


def run(words: str, folder: Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """The command line in a process of its own, in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "poseval", *words.split()],
        cwd=folder,
        input=stdin,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=120,
        check=False,
    )


def table(done: subprocess.CompletedProcess[bytes]) -> bytes:
    """The numbers, without the notices that name files."""
    assert done.returncode == 0, done.stderr
    return done.stdout.split(b"\n\n")[1]


# --- standard input ---


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_either_side_of_a_score_may_be_piped_in(pack: type[bytes], files: Path) -> None:
    wanted = table(run("score dt.json --gt gt.json", files))
    assert table(run("score - --gt gt.json", files, pack(DT.encode()))) == wanted
    assert table(run("score dt.json --gt -", files, pack(GT.encode()))) == wanted


@pytest.mark.parametrize(
    "words",
    [
        "validate - --gt gt.json",
        "diagnose - --gt gt.json",
        "convert - out.npz --to native --gt gt.json",
        "convert - out.json --to label-studio --gt gt.json --worst 1",
        "score - --gt gt.json --save run.npz",
        "gate - --gt gt.json --baseline base.npz",
        "track - --gt gt.json --out tracked.npz --to native",
    ],
)
def test_commands_read_predictions_from_standard_input(words: str, files: Path) -> None:
    rows = results()
    rows[0]["keypoints"][:3] = [0.0, 0.0, 0.5]  # a joint that is off
    text = json.dumps(rows)
    (files / "rows.json").write_text(text)
    save(poseval.evaluate(files / "gt.json", files / "rows.json"), files / "base.npz")
    plain = run(words.replace(" - ", " rows.json "), files)
    for made in ("out.npz", "out.json", "out.config.xml", "run.npz", "tracked.npz"):
        (files / made).unlink(missing_ok=True)
    piped = run(words, files, text.encode())
    assert piped.returncode == plain.returncode == 0, piped.stderr
    assert piped.stdout == plain.stdout.replace(b"rows.json", b"<stdin>")


def test_a_truth_from_standard_input(files: Path) -> None:
    assert run("validate -", files, GT.encode()).returncode == 0
    assert run("convert - out.xml --to cvat", files, GT.encode()).returncode == 0
    assert (files / "out.xml").is_file()


@pytest.mark.parametrize("words", ["score - --gt -", "convert - out.npz --to native --gt -"])
def test_not_both_sides(words: str, files: Path) -> None:
    done = run(words, files, DT.encode())
    assert done.returncode == 2
    assert b"standard input: would have to be read twice [P128]" in done.stderr


def test_a_cross_check_needs_files(files: Path) -> None:
    done = run("crosscheck - --gt gt.json", files, DT.encode())
    assert done.returncode == 2
    assert b"<stdin>: can be read once, and a cross-check reads its files twice [P128]" in done.stderr


def test_several_predictions_are_files(files: Path) -> None:
    done = run("score dt.json - --gt gt.json", files, DT.encode())
    assert done.returncode == 2
    assert b"<stdin>: can only be read as the only input [P128]" in done.stderr


def test_messages_call_it_stdin(files: Path) -> None:
    done = run("score - --gt gt.json", files, b"[1,")
    assert done.returncode == 3
    assert done.stderr.startswith(b"poseval: <stdin>: ")


def test_too_much_is_refused_as_soon_as_it_is_too_much(files: Path) -> None:
    done = run("score - --gt gt.json --limit bytes=1KiB", files, DT.encode())
    assert done.returncode == 3
    assert b"[P501]" in done.stderr
    assert b"--limit bytes=" in done.stderr


def test_a_terminal_is_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        buffer = None

        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    terminal.buffer = terminal  # type: ignore[assignment]
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(streams, "_used", [])
    with pytest.raises(UsageError, match="is a terminal") as caught:
        read_input("-", 10)
    assert caught.value.code == "P109"
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="is closed"):
        read_input("-", 10)


# --- pipes ---


def fed(path: Path, data: bytes) -> threading.Thread:
    """A named pipe, and a thread that writes to it."""
    os.mkfifo(path)

    def write() -> None:
        try:
            path.open("wb").write(data)
        except BrokenPipeError:
            pass  # the reader had enough

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def test_both_sides_may_be_pipes(files: Path) -> None:
    fed(files / "a", GT.encode())
    fed(files / "b", gzip.compress(DT.encode()))
    assert table(run("score b --gt a", files)) == table(run("score dt.json --gt gt.json", files))


def test_process_substitution(files: Path) -> None:
    command = f'"{sys.executable}" -m poseval score <(cat dt.json) --gt <(gzip -c gt.json)'
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=files,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert table(done) == table(run("score dt.json --gt gt.json", files))


@pytest.mark.parametrize(
    "words", ["gate a --gt gt.json --baseline base.npz", "compare a base.npz --gt gt.json"]
)
def test_a_pipe_is_not_opened_to_look_what_it_is(words: str, files: Path) -> None:
    save(poseval.evaluate(files / "gt.json", files / "dt.json"), files / "base.npz")
    fed(files / "a", DT.encode())
    assert run(words, files).returncode == 0


def test_a_pipe_is_bounded(files: Path) -> None:
    fed(files / "a", GT.encode() * 3000)
    with pytest.raises(LimitError) as caught:
        poseval.score(files / "gt.json", files / "a", limits=["bytes=100KiB"])
    assert caught.value.code == "P501"


def test_a_pipe_without_a_writer_is_not_waited_for_forever(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poseval.files.reading.PIPE_SECONDS", 0.05)
    os.mkfifo(files / "a")
    with pytest.raises(UsageError, match=r"to which nobody wrote for 0\.05 s") as caught:
        poseval.score(files / "gt.json", files / "a")
    assert caught.value.code == "P135"


def test_pipes_in_a_folder_are_never_opened(files: Path) -> None:
    (files / "folder").mkdir()
    os.mkfifo(files / "folder" / "frame_0_keypoints.json")
    with pytest.raises(UsageError, match="is a pipe") as caught:
        poseval.read(files / "folder", role="predictions", format="openpose")
    assert caught.value.code == "P135"


def test_side_files_are_no_pipes(files: Path) -> None:
    os.mkfifo(files / "sigmas")
    with pytest.raises(UsageError, match=r"is a pipe|no file"):
        poseval.score(files / "gt.json", files / "dt.json", sigmas=files / "sigmas")


# --- addresses ---


@pytest.fixture
def server(files: Path) -> Iterator[str]:
    """Address of a server on this machine that gives the folder's files."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, directory=str(files), **kwargs)  # type: ignore[arg-type]

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_address[1]}"
        made.shutdown()


def test_files_of_a_server(server: str, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fsspec", reason="needs the extra remote")
    pytest.importorskip("aiohttp", reason="needs the extra remote")
    report = poseval.score(f"{server}/gt.json", f"{server}/dt.json")
    assert str(report.signature) == str(poseval.score(files / "gt.json", files / "dt.json").signature)
    assert invoke(["score", f"{server}/dt.json", "--gt", f"{server}/gt.json"]) == 0
    assert invoke(["validate", f"{server}/gt.json"]) == 0
    assert invoke(["score", f"{server}/none.json", "--gt", f"{server}/gt.json"]) == 2
    assert "none.json: does not exist [P114]" in capsys.readouterr().err
    assert invoke(["score", f"{server}/dt.json", "--gt", f"{server}/gt.json", "--limit", "bytes=1KiB"]) == 3
    assert "[P501]" in capsys.readouterr().err


def test_files_of_any_file_system(files: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs the extra remote")
    memory = fsspec.filesystem("memory")
    memory.pipe("/set/gt.json.gz", gzip.compress(GT.encode()))
    memory.pipe("/set/dt.json", DT.encode())
    report = poseval.score("memory://set/gt.json.gz", "memory://set/dt.json")
    assert str(report.signature) == str(poseval.score(files / "gt.json", files / "dt.json").signature)
    done = poseval.convert("memory://set/dt.json", files / "out", "openpose", truth="memory://set/gt.json.gz")
    assert len(list((files / "out").iterdir())) == 4
    assert "coco predictions" in str(done.lines()[0])
    with pytest.raises(UsageError) as caught:
        poseval.read("memory://set/none.json")
    assert caught.value.code == "P114"
    with pytest.raises(LimitError):
        poseval.read("memory://set/gt.json.gz", limits=Limits(file_bytes=100))


@pytest.mark.parametrize(
    "address", ["zip://a.json::memory://b.zip", "nosuchthing://a/b.json", "http://127.0.0.1:9/gt.json"]
)
def test_what_cannot_be_opened_is_said(address: str) -> None:
    pytest.importorskip("fsspec", reason="needs the extra remote")
    pytest.importorskip("aiohttp", reason="needs the extra remote")
    with pytest.raises(UsageError, match=re.escape(address)) as caught:
        poseval.read(address)
    assert caught.value.code in ("P114", "P136")


def test_addresses_without_their_extra_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingFeature, match=r"poseval\[remote\]") as caught:
        poseval.read("https://example.org/gt.json")
    assert caught.value.code == "P601"


def test_an_address_without_the_package_of_its_kind_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(*_: object) -> None:
        raise ImportError("HTTPFileSystem needs requests and aiohttp")

    monkeypatch.setitem(sys.modules, "fsspec", SimpleNamespace(open=without))
    with pytest.raises(MissingFeature, match=r"needs requests and aiohttp(.|\n)*poseval\[remote\]") as caught:
        poseval.read("https://example.org/gt.json")
    assert caught.value.code == "P601"
    with pytest.raises(MissingFeature) as caught:
        poseval.read("s3://bucket/gt.json")
    assert "poseval[remote]" not in str(caught.value)


def test_passwords_and_keys_stand_in_no_message() -> None:
    address = "https://me:secret@example.org/a/gt.json?X-Signature=secret#secret"
    assert public_name(address) == "https://example.org/a/gt.json"
    assert public_name("-") == "<stdin>"
    assert public_name("a/b.json") == "a/b.json"


@pytest.mark.parametrize("path", ["C:/a.json", "a.json", "", "x::y", "://a", "a//b"])
def test_paths_are_no_addresses(path: str) -> None:
    assert not is_address(path)
    assert not is_stream(path)
