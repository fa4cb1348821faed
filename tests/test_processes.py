"""Work that copies of a process share: the same results, whatever becomes of a copy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import processes
from poseval.processes import can_copy, each_apart, own_process
from poseval.threads import each
from tests.shared import ROOT

KILL, TERMINATE = 9, 15  # signals; Windows has no name for the first
needs_copies = pytest.mark.skipif(
    not hasattr(os, "memfd_create"), reason="processes are copied on Linux alone; elsewhere threads work"
)


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is that of a command, on a machine with three processors."""
    monkeypatch.setattr(processes, "_is_ours", True)
    monkeypatch.setenv("POSEVAL_NUM_THREADS", "3")


def who(item: int) -> tuple[int, int]:
    time.sleep(0.002)
    return item, os.getpid()


@needs_copies
@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize(("most", "count"), [(1, 1), (2, 2), (5, 5), (None, 3)])
def test_as_many_processes_as_asked_for_do_each_item_once(
    most: int | None, count: int, tmp_path: Path
) -> None:
    until = time.monotonic() + 60

    def work(item: int) -> tuple[int, int]:
        (tmp_path / str(os.getpid())).touch()
        while len(list(tmp_path.iterdir())) < count and time.monotonic() < until:
            time.sleep(0.005)  # until all have begun
        return item, os.getpid()

    found = each_apart(work, range(100), most)
    assert [item for item, _ in found] == list(range(100))
    assert os.getpid() in {process for _, process in found}
    assert len({process for _, process in found}) == count


@needs_copies
@pytest.mark.usefixtures("ours")
def test_arrays_come_back_as_they_were_and_can_be_written_to() -> None:
    def made(item: int) -> dict[str, Any]:
        rng = np.random.default_rng(item)
        return {
            "long": rng.normal(size=(item * 100, 3)),
            "flags": rng.random(item) < 0.5,
            "text": np.array(["a", "bc" * item]),
            "turned": np.arange(6 * item).reshape(2, -1).T,
            "name": str(item),
        }

    wanted = [made(item) for item in range(40)]
    found = each_apart(made, range(40))
    for one, other in zip(found, wanted, strict=True):
        assert one.keys() == other.keys()
        for key, value in other.items():
            np.testing.assert_array_equal(one[key], value)
            assert getattr(one[key], "dtype", None) == getattr(value, "dtype", None)
        one["long"][:] = 7.0
    assert all((one["long"] == 7.0).all() for one in found)


@needs_copies
@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize("number", [KILL, TERMINATE])
def test_what_a_killed_copy_left_is_done_here(number: int) -> None:
    parent, before = os.getpid(), children()

    def work(item: int) -> int:
        time.sleep(0.002)
        if os.getpid() != parent and item % 7 == 0:
            os.kill(os.getpid(), number)
        return item * item

    assert each_apart(work, range(60)) == [item * item for item in range(60)]
    assert children() <= before


@needs_copies
@pytest.mark.usefixtures("ours")
def test_a_copy_that_dies_while_it_writes_loses_that_result_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    parent, written = os.getpid(), processes._written

    def half(place: int, result: object) -> Iterator[Any]:
        for part in written(place, result):
            if place >= 20 and os.getpid() != parent and len(part) > 1000:
                yield part[:50_000]  # more than a buffer of the file holds
                break
            yield part
        else:
            return
        yield from ()
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(processes, "_written", half)

    def work(item: int) -> Any:
        time.sleep(0.002)
        return np.full(100_000, item)

    found = each_apart(work, range(60))
    assert [int(one.sum()) for one in found] == [100_000 * item for item in range(60)]


@needs_copies
@pytest.mark.usefixtures("ours")
def test_an_error_is_that_of_the_work_and_ends_the_copies() -> None:
    before = children()

    def work(item: int) -> int:
        time.sleep(0.002)
        if item == 30:
            raise ValueError("thirty")
        return item

    with pytest.raises(ValueError, match="thirty"):
        each_apart(work, range(60))
    assert children() <= before


@needs_copies
@pytest.mark.usefixtures("ours")
def test_what_cannot_be_pickled_is_done_here() -> None:
    found = each_apart(lambda item: (time.sleep(0.002), threading.Lock(), item)[1:], range(30))
    assert [item for _, item in found] == list(range(30))


@needs_copies
@pytest.mark.usefixtures("ours")
def test_ctrl_c_ends_the_copies() -> None:
    parent, before = os.getpid(), children()

    def work(item: int) -> int:
        if os.getpid() == parent and item > 2:
            raise KeyboardInterrupt
        time.sleep(0.02)
        return item

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        each_apart(work, range(1000))
    assert time.monotonic() - began < 5
    assert children() <= before


@needs_copies
@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize("call", ["fork", "memfd_create"])
def test_without_another_process_threads_work(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, call, refused)
    threads = each_apart(lambda item: (time.sleep(0.002), threading.get_ident())[1], range(30))
    assert len(set(threads)) == 3


@needs_copies
@pytest.mark.usefixtures("ours")
def test_nothing_stays_open() -> None:
    before = set(os.listdir("/proc/self/fd"))
    each_apart(who, range(20))
    assert set(os.listdir("/proc/self/fd")) == before


@needs_copies
@pytest.mark.usefixtures("ours")
def test_one_of_several_threads_copies_nothing() -> None:
    assert can_copy()
    assert each(lambda _: can_copy(), range(4)) == [False] * 4


def test_a_process_of_others_is_never_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_is_ours", False)
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("copied"), raising=False)
    monkeypatch.setenv("POSEVAL_NUM_THREADS", "3")
    assert each_apart(who, range(9), 4) == [(item, os.getpid()) for item in range(9)]
    own_process()
    assert processes._is_ours


PARENT = """
import os, signal, sys, time
from poseval.processes import each_apart, own_process
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started this in the background
def work(item):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(0.2)
own_process()
each_apart(work, range(1000), 3)
"""


@needs_copies
@pytest.mark.parametrize("number", [KILL, signal.SIGINT])
def test_copies_end_with_their_parent_and_leave_ctrl_c_to_it(number: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as parent:
        assert parent.stdout is not None
        workers: set[int] = set()
        while len(workers) < 3:
            workers.add(int(parent.stdout.readline()))
        copies = workers - {parent.pid}
        for copy in copies:
            os.kill(copy, signal.SIGINT)
        time.sleep(0.3)
        assert all(map(lives, copies))
        parent.send_signal(number)
        until = time.monotonic() + 20
        while any(map(lives, copies)):
            assert time.monotonic() < until
            time.sleep(0.05)


def lives(process: int) -> bool:
    """Whether a process works; one that has ended and whose parent has not asked does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def children() -> set[str]:
    """The children of this process, those that have ended and were not waited for, too."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text("utf-8").split())


@needs_copies
def test_copies_leave_open_files_to_the_work() -> None:
    # Each copy holds one; with all of them taken, neither data nor a module of Python could be read.
    code = """
import numpy, os, resource, time
from poseval.processes import each_apart, own_process
resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
own_process()
def work(item):
    time.sleep(0.002)
    for file in [os.open(os.devnull, os.O_RDONLY) for _ in range(6)]:
        os.close(file)
    return item, os.getpid(), numpy.zeros(9)
found = each_apart(work, range(200), 30)
assert [item for item, *_ in found] == list(range(200))
print(len({process for _, process, _ in found}))
"""
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert 2 <= int(done.stdout) < 20
