"""The process that reads and scores a submission: what it may take, and what is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from poseval.challenge.apart import Allowance, run_apart
from poseval.challenge.judge import open_judge
from poseval.challenge.scratch import scratch_folder, size_of
from tests.challenge.made import make
from tests.shared import ROOT, SANITISED

MIB = 1 << 20
ALLOWED = Allowance(seconds=30, memory=256 * MIB, file_bytes=4 * MIB, disk=8 * MIB)


def many_files(folder: Path) -> None:
    for at in range(9):
        (folder / str(at)).write_bytes(b"x" * MIB)
    time.sleep(100)


def many_folders(folder: Path) -> None:
    for at in range(300):  # of 4 kB, and the child ends before anybody looks
        (folder / f"{at}").mkdir()


def one_large_file(folder: Path) -> None:
    (folder / "x").write_bytes(b"x" * 5 * MIB)


def much_memory(folder: Path) -> None:
    bytearray(512 * MIB)


def no_end(folder: Path) -> None:
    while True:
        pass


ENDS: list[tuple[str, Callable[[Path], None]]] = [
    ("disk", many_files),
    ("disk", many_folders),
    ("died", one_large_file),
    ("memory", much_memory),
    ("time", no_end),
    ("died", lambda folder: os._exit(7)),
    ("memory", lambda folder: os.kill(os.getpid(), signal.SIGKILL)),  # as the system does when there is none
    ("answer", lambda folder: "x" * 2 * MIB),  # type: ignore[return-value]
]


@pytest.mark.parametrize(
    ("reason", "work"), ENDS, ids=[f"{reason}{at}" for at, (reason, _) in enumerate(ENDS)]
)
def test_what_takes_too_much_is_ended(
    reason: str, work: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if SANITISED and work is much_memory:
        pytest.skip("no address space can be limited")
    monkeypatch.setattr("poseval.challenge.apart.ANSWER_BYTES", MIB)
    seconds = 1 if reason == "time" else 30
    disk = MIB if work is many_folders else ALLOWED.disk
    allowed = Allowance(seconds, ALLOWED.memory, ALLOWED.file_bytes, disk)
    ended = run_apart(work, allowed, tmp_path)
    assert (ended.answer, ended.reason) == (None, reason)
    assert not list(tmp_path.iterdir())


def test_an_answer_and_an_empty_folder(tmp_path: Path) -> None:
    ended = run_apart(lambda folder: [os.listdir(folder), os.getcwd() == str(folder)], ALLOWED, tmp_path)
    assert (ended.answer, ended.reason) == ([[], True], "")
    assert not list(tmp_path.iterdir())


def test_less_than_the_limits_is_allowed(tmp_path: Path) -> None:
    def take(folder: Path) -> int:
        (folder / "x").write_bytes(b"x" * 3 * MIB)
        return len(bytearray(128 * MIB))

    assert run_apart(take, ALLOWED, tmp_path).answer == 128 * MIB


def test_the_environment_is_not_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_TOKEN", "secret")
    assert "AUTH_TOKEN" not in run_apart(lambda folder: list(os.environ), ALLOWED, tmp_path).answer


def test_a_folder_takes_room_for_what_is_empty_in_it(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").touch()
    assert size_of(tmp_path) >= 3 * 512
    assert size_of(tmp_path / "absent") == 0


HOLDS = """
import sys, time
from pathlib import Path
from poseval.challenge.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "left").write_text("x")
    print(folder, flush=True)
    time.sleep(100)
"""


def test_folders_of_killed_processes_are_removed_and_no_others(tmp_path: Path) -> None:
    """By the next process that makes one; those of processes at work and other files stay."""
    (tmp_path / "mine").write_text("x")
    children, folders = [], []
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, "-c", HOLDS, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert child.stdout is not None
        folders.append(Path(child.stdout.readline().strip()))
        children.append(child)
    try:
        assert all((folder / "left").exists() for folder in folders)
        children[0].kill()
        children[0].wait()
        assert folders[0].exists()
        with scratch_folder(tmp_path) as folder:
            assert list(folder.iterdir()) == []
            assert not folders[0].exists()
            assert folders[1].exists()
        assert {path.name.removesuffix(".lock") for path in tmp_path.iterdir()} == {"mine", folders[1].name}
    finally:
        for child in children:
            child.kill()
            child.wait()
            assert child.stdout is not None
            child.stdout.close()


def test_a_lock_that_leads_elsewhere_removes_nothing(tmp_path: Path) -> None:
    """Whoever may write there could name a link as a folder that was left."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    place = tmp_path / "place"
    place.mkdir()
    (place / "poseval-scratch-1.lock").symlink_to(kept / "file")
    (place / "poseval-scratch-2.lock").touch()
    (place / "poseval-scratch-2").symlink_to(kept)
    with scratch_folder(place):
        assert (kept / "file").exists()


def test_a_submission_of_very_many_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes a block, which the size of the archive does not say."""
    judge = open_judge(make(tmp_path))
    monkeypatch.setattr("poseval.challenge.judge.MORE_DISK", MIB - 2 * judge.description.reading.file_bytes)
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for at in range(75):
            archive.writestr(f"{at}/a/b/c.json", "[]")
    verdict = judge.judge(path)
    assert verdict.status == "failed"
    assert "[P229]" in verdict.message
    assert "more disk than allowed (1 MiB)" in verdict.message
