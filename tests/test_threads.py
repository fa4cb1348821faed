"""How many threads there are, where that is asked, and what happens where the system gives none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from poseval import threads
from poseval.errors import UsageError
from poseval.kernels import _kernels
from poseval.threads import MOST, each, started, thread_limit
from tests.hostile.made import results, truth
from tests.shared import ROOT, threads_of

GIB = 1 << 30
NONE, TWO = 1 << 48, GIB  # bytes of a thread's stack: none of the first fits, two of the second do


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("1", 1), ("3", 3), ("007", 7), ("256", 256), ("257", MOST), ("1000000000", MOST), ("9" * 6000, MOST)],
)
def test_the_number_is_read_and_capped(monkeypatch: pytest.MonkeyPatch, given: str, wanted: int) -> None:
    monkeypatch.setenv("POSEVAL_NUM_THREADS", given)
    assert thread_limit() == wanted


@pytest.mark.parametrize("given", [None, ""])
def test_without_a_number_there_is_one_thread_per_processor(
    monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    if given is None:
        monkeypatch.delenv("POSEVAL_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("POSEVAL_NUM_THREADS", given)
    assert thread_limit() == min(len(os.sched_getaffinity(0)), MOST)


@pytest.mark.parametrize("given", ["0", "000", "-1", "abc", "1e9", "2.0", " 2", "+2", "٣", "1_000"])
def test_anything_else_is_told_with_where_what_and_wanted(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("POSEVAL_NUM_THREADS", given)
    with pytest.raises(UsageError) as caught:
        thread_limit()
    assert caught.value.code == "P196"
    assert "POSEVAL_NUM_THREADS" in caught.value.fault.where
    assert given in caught.value.fault.what
    assert caught.value.fault.wanted == "a whole number above 0, such as 4"


def test_both_languages_have_one_bound() -> None:
    assert threads.MOST == _kernels.MOST_THREADS


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What a compiled module is told, in a process with four threads."""
    monkeypatch.setenv("POSEVAL_NUM_THREADS", "4")
    monkeypatch.setattr(threads, "_limits", [])
    told: list[int] = []
    threads.tell_limit(told.append)
    return told


def test_many_items_are_worked_on_by_threads_that_start_no_others(limits: list[int]) -> None:
    before, during = sys.getswitchinterval(), set()

    def work(item: int) -> int:
        during.add((sys.getswitchinterval() < before, limits[-1], tuple(each(str, range(8)))))
        return -item

    assert each(work, range(16)) == [-item for item in range(16)]
    assert during == {(True, 1, tuple(map(str, range(8))))}
    assert limits == [4, 1, 4]
    assert sys.getswitchinterval() == before


def test_few_items_leave_the_compiled_module_its_threads(limits: list[int]) -> None:
    assert each(lambda item: item, range(15)) == list(range(15))
    assert limits == [4]


def test_limits_are_as_before_where_an_item_fails(limits: list[int]) -> None:
    before = sys.getswitchinterval()

    def work(item: int) -> int:
        if item == 5:
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="5"):
        each(work, range(40))
    assert limits == [4, 1, 4]
    assert sys.getswitchinterval() == before
    assert each(threading.get_ident, []) == []  # type: ignore[arg-type]
    assert len(set(each(lambda _: time.sleep(0.02) or threading.get_ident(), range(4)))) > 1


def test_work_inside_of_shared_work_stays_in_its_thread(limits: list[int]) -> None:
    def work(_: int) -> bool:
        own = threading.get_ident()
        return each(lambda _: time.sleep(0.001) or threading.get_ident(), range(4)) == [own] * 4

    assert all(each(work, range(4)))


def run(*arguments: str, number: str = "4", stack: int | None = None) -> subprocess.CompletedProcess[str]:
    resource = pytest.importorskip("resource", reason="limits of processes are POSIX's")

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if stack is not None:
            hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
            if hard != resource.RLIM_INFINITY:
                os._exit(77)
            resource.setrlimit(resource.RLIMIT_STACK, (stack, hard))

    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OPENBLAS_NUM_THREADS": "1",
            "POSEVAL_NUM_THREADS": number,
        },
        preexec_fn=bounded,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip("the size of stacks is bounded here")
    return done


@pytest.mark.parametrize("command", [["score", "a", "b"], ["list", "limits"], ["validate", "a"]])
@pytest.mark.parametrize("number", ["0", "abc"])
def test_every_command_refuses_a_wrong_number_before_anything_else(command: list[str], number: str) -> None:
    done = run("-m", "poseval", *command, number=number)
    assert done.returncode == 2
    assert "P196" in done.stderr
    assert "POSEVAL_NUM_THREADS" in done.stderr


def test_the_library_refuses_it_too() -> None:
    done = run("-c", "import poseval; poseval.score('a', 'b')", number="-1")
    assert "UsageError" in done.stderr
    assert "P196" in done.stderr


FIRST_TOGETHER = """
import sys
import poseval
from poseval.synth import perturb, scene_set

sys.setswitchinterval(1e-5)
truth = scene_set(seed=1, images=20, people=2)
runs = {f"run {seed}": perturb(truth, seed) for seed in range(8)}
print(len(poseval.leaderboard(runs, truth, "coco-keypoints").rows))
"""


def test_threads_that_score_first_together_wait_for_modules_to_be_whole() -> None:
    done = run("-c", FIRST_TOGETHER)
    assert done.stdout.strip() == "8", done.stderr


def files(folder: Path, copies: int) -> list[str]:
    """Truth and results that are long enough for threads of every kind."""
    tree, rows = truth(), results()
    tree["images"] = [{**tree["images"][0], "id": n, "file_name": f"{n}.jpg"} for n in range(copies)]
    person, row = tree["annotations"][0], rows[0]
    tree["annotations"] = [{**person, "id": n + 1, "image_id": n} for n in range(copies)]
    (folder / "gt.json").write_text(json.dumps(tree))
    (folder / "dt.json").write_text(json.dumps([{**row, "image_id": n} for n in range(copies)]))
    return [str(folder / "dt.json"), "--gt", str(folder / "gt.json")]


NO_THREAD = (
    "import threading\n"
    "try:\n    threading.Thread(target=int).start()\n"
    "except RuntimeError:\n    pass\n"
    "else:\n    raise SystemExit('a thread was started after all')\n"
)


def test_scores_are_the_same_where_no_thread_can_be_started(tmp_path: Path) -> None:
    program = NO_THREAD + "import sys\nfrom poseval.cli import invoke\nsys.exit(invoke(sys.argv[1:]))"
    paths = files(tmp_path, 12_000)
    options = ["--ci", "90", "--resamples", "120", "--format", "json"]
    alone = run("-c", program, "score", *paths, *options, stack=NONE)
    assert alone.returncode == 0, alone.stderr
    shared = run("-m", "poseval", "score", *paths, *options)
    assert shared.returncode == 0, shared.stderr
    first, second = json.loads(alone.stdout), json.loads(shared.stdout)
    del first["timings"], second["timings"]
    assert first == second


@pytest.mark.parametrize("stack", [NONE, TWO])
def test_kernels_give_the_same_where_few_threads_can_be_started(tmp_path: Path, stack: int) -> None:
    """Each use of threads below Python: pieces of rows, stretches of text, parts of a file."""
    program = (
        "import hashlib, os, resource, sys\n"
        "import numpy as np\n"
        "from poseval.kernels import json as kj, poses\n"
        "from poseval.kernels.files import file_start\n"
        "rng = np.random.default_rng(3)\n"
        "xy = rng.normal(size=(300_000, 3, 2))\n"
        "text = b'[' + b','.join(b'{\"v\": [%d, 2]}' % n for n in range(100_000)) + b']'\n"
        "open(sys.argv[1], 'wb').write(text * 8)\n"
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "room = pages * resource.getpagesize() + int(sys.argv[2])\n"
        "resource.setrlimit(resource.RLIMIT_AS, (room, room))\n"
        "table = kj.columns(text, [kj.ragged('v')], stretch=1000)\n"
        "data = file_start(os.open(sys.argv[1], os.O_RDONLY), 8 * len(text))\n"
        "back = np.arange(300_000)[::-1].copy()\n"
        "found = [poses.extent(xy), poses.take_rows(xy, back), table['v'].values]\n"
        "print(*[hashlib.sha256(part.tobytes()).hexdigest() for part in found])\n"
        "print(hashlib.sha256(data).hexdigest(), table.count)\n"
    )
    arguments = ["-c", program, str(tmp_path / "a")]
    few = run(*arguments, str(5 * GIB // 2), number="16", stack=stack)
    assert few.returncode == 0, few.stderr
    assert few.stdout == run(*arguments, str(100 * GIB)).stdout


def test_no_thread_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with threads_of("4"):
        assert started(int) is None
        assert each(lambda item: item * item, range(5)) == [0, 1, 4, 9, 16]


def test_items_are_shared_and_come_back_in_order() -> None:
    met = set()
    both = threading.Barrier(2, timeout=30)

    def work(item: int) -> int:
        if item < 2:
            both.wait()  # two threads are at work at once
        met.add(threading.get_ident())
        return -item

    with threads_of("4"):
        found = each(work, range(40))
    assert found == [-item for item in range(40)]
    assert 2 <= len(met) <= 4
    assert each(work, []) == []


def test_the_first_failure_is_raised_and_stops_the_rest() -> None:
    done = []

    def work(item: int) -> int:
        if item == 3:
            time.sleep(0.05)  # a later one fails before
        if item >= 3:
            raise ValueError(str(item))
        done.append(item)
        return item

    with threads_of("3"), pytest.raises(ValueError, match=r"^3$"):
        each(work, range(1000))
    assert sorted(done) == [0, 1, 2]


def test_an_interrupt_leaves_no_thread_at_work() -> None:
    main, done = threading.get_ident(), []

    def work(item: int) -> None:
        if threading.get_ident() == main:
            raise KeyboardInterrupt
        time.sleep(0.01)
        done.append(item)

    with threads_of("2"), pytest.raises(KeyboardInterrupt):
        each(work, range(1000))
    seen = len(done)
    time.sleep(0.05)
    assert len(done) == seen < 1000
