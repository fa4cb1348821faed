"""One mutant against the tests of its module, in a process of its own that begins with most imports done."""

from __future__ import annotations

import ast
import gc
import importlib
import importlib.machinery
import inspect
import json
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

MEMORY = 6 << 30  # bytes of address space
NOTHING_RAN = 5  # pytest's exit status
SLOWEST = 4.0  # seconds of processors that a test may take: mutants should die of quick ones
# A process that works for less than this of so many seconds of the clock is stuck: it sleeps, or waits.
WORK, IDLE = 1.0, 120.0
NO_SIMULATIONS = "not false_alarms and not coverage"  # they take minutes
NO_BROWSER = "not slow and not browser"  # a browser does not start under a limit of address space
# What the tests import and no mutant is in; done once.
WARM = (
    "numpy",
    "pandas",
    "scipy.optimize",
    "scipy.stats",
    "scipy.ndimage",
    "pycocotools.cocoeval",
    "motmetrics",
)
WARM_OPTIONAL = ("hypothesis", "trackeval", "torch")


@dataclass
class Reach:
    """Which lines of a module each test runs, and how many seconds of processors it takes."""

    lines: dict[str, list[int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def tests(self, lines: range) -> list[str]:
        """Tests that run one of the lines, the fastest first."""
        return self._quick(test for test, ran in self.lines.items() if any(line in lines for line in ran))

    def every(self) -> list[str]:
        """All tests, the fastest first."""
        return self._quick(self.lines)

    def _quick(self, tests: Iterable[str]) -> list[str]:
        found = [test for test in tests if self.seconds[test] <= SLOWEST]
        return sorted(found, key=lambda test: self.seconds[test])


def warm_up() -> None:
    """Import what every trial needs."""
    for name in WARM:
        importlib.import_module(name)
    for name in WARM_OPTIONAL:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    gc.freeze()


def reaches_of(paths: Sequence[Path], tests: Sequence[str]) -> list[Reach]:
    """Run the tests of unchanged files, and see what they reach of each.

    Raises:
        RuntimeError: a test fails, or none runs.
    """
    watcher = Watcher(paths)
    status, answer = _in_child(lambda: (_pytest(tests, watcher), watcher.found()))
    if status != 0 or answer is None:
        names = ", ".join(path.name for path in paths)
        raise RuntimeError(f"the tests of {names} must pass before it is mutated (status {status})")
    return [Reach(lines, answer["seconds"]) for lines in answer["lines"]]


def killer_of(module: str, path: Path, tree: ast.Module, runs: Sequence[Sequence[str]], seconds: int) -> str:
    """The first test that fails under a mutated tree: "" none, "timeout" where they take too long.

    `seconds` are of processors, so that other work on the machine kills no mutant.
    """

    def trial() -> tuple[int, Any]:
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        sys.meta_path.insert(0, Changed(module, path, tree))
        first = FirstFailure()
        status = 0
        for tests in runs:
            status = status or _pytest(tests, first)
        return status, first.name

    status, name = _in_child(trial)
    if status is None:
        return "timeout"
    if status == NOTHING_RAN:
        raise RuntimeError(f"no test of {module} ran")
    return str(name or f"status {status}") if status else ""


class Changed(importlib.machinery.SourceFileLoader):
    """Finds and loads one module from a changed tree."""

    def __init__(self, module: str, path: Path, tree: ast.Module) -> None:
        super().__init__(module, str(path))
        self._tree = tree

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of the changed module; None of any other."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(
            name, self.path, loader=self, submodule_search_locations=self._folder()
        )

    def _folder(self) -> list[str] | None:
        return [str(Path(self.path).parent)] if self.path.endswith("__init__.py") else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed tree."""
        exec(compile(self._tree, self.path, "exec"), module.__dict__)


class Watcher:
    """A pytest plugin that notes which lines of some files each test runs."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._now: dict[str, set[int]] = {str(path): set() for path in paths}
        self._lines: dict[str, dict[str, set[int]]] = {str(path): {} for path in paths}
        self._imported: dict[str, dict[str, set[int]]] = {str(path): {} for path in paths}
        self._seconds: dict[str, float] = {}

    def found(self) -> dict[str, Any]:
        """Lines of each test, of each file; and seconds of each test.

        What a file of tests calls while it is imported counts for all of its tests.
        """
        lines = [
            {
                test: sorted(ran | self._imported[path].get(test.split("::")[0], set()))
                for test, ran in each.items()
            }
            for path, each in self._lines.items()
        ]
        return {"lines": lines, "seconds": self._seconds}

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        called = code.co_flags & inspect.CO_OPTIMIZED  # a function, not a module that is imported
        return self._line if called and code.co_filename in self._now else None

    def _line(self, frame: FrameType, event: str, arg: Any) -> Any:
        self._now[frame.f_code.co_filename].add(frame.f_lineno)
        return self._line

    @contextmanager
    def _traced(self, into: dict[str, dict[str, set[int]]], name: str) -> Iterator[None]:
        for path in self._now:
            self._now[path] = into[path][name] = set()
        sys.settrace(self._trace)
        threading.settrace(self._trace)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        """Trace the import of a file of tests."""
        with self._traced(self._imported, collector.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        """Trace a test with its fixtures."""
        begin = sum(os.times()[:4])
        with self._traced(self._lines, item.nodeid):
            outcome = yield
        self._seconds[item.nodeid] = sum(os.times()[:4]) - begin
        return outcome


class FirstFailure:
    """A pytest plugin that remembers what failed first."""

    name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the name of a failed test."""
        if report.failed and not self.name:
            self.name = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take the name of a file that cannot be imported."""
        if report.failed and not self.name:
            self.name = report.nodeid


def _pytest(tests: Sequence[str], plugin: object) -> int:
    """Exit status of pytest in this process."""
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutation",
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutation")
    # `plain`: pytest would load poseval itself where it rewrites assertions, as the package holds a plugin.
    options = ["-x", "-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist"]
    options += ["-k", NO_SIMULATIONS, "-m", NO_BROWSER]
    return int(pytest.main([*options, *tests], plugins=[plugin]))


def _in_child(work: Callable[[], tuple[int, Any]]) -> tuple[int | None, Any]:
    """Status and answer of work in a forked process; no status where it ran too long or crashed."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        import resource

        os.close(read)
        os.setpgid(0, 0)
        status, answer = 1, None
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            silent = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(silent, stream)
            status, answer = work()
        finally:
            text = json.dumps([status, answer]).encode()
            with os.fdopen(write, "wb") as out:
                out.write(text)
            os._exit(0)
    os.close(write)
    text = _read(read, pid)
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    os.waitpid(pid, 0)
    if not text:
        return None, None
    status, answer = json.loads(text)
    return status, answer


def _read(source: int, pid: int) -> bytes | None:
    """What a process writes until it ends; None when it is stuck."""
    parts: list[bytes] = []
    with os.fdopen(source, "rb", buffering=0) as stream:
        ran = _processor_time(pid)
        while True:
            ready, _, _ = select.select([stream], [], [], IDLE)
            if ready:
                part = stream.read(1 << 16)
                if not part:
                    return b"".join(parts)
                parts.append(part)
            before, ran = ran, _processor_time(pid)
            if not ready and ran - before < WORK:
                return None


def _processor_time(pid: int) -> float:
    """Seconds of processors that a process and its children took, as Linux counts them."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
