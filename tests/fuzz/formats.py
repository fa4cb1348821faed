"""Mutated files against every reader: nothing but a PosevalError may come out, nothing may hang or swell.

    python -m tests.fuzz.formats --count 100000            every reader, that many each
    python -m tests.fuzz.formats --count 1000 --only yolo  one of them
    python -m tests.fuzz.formats --seconds 60              as many as fit into a minute each

A line per reader says how many mutations were read, how many of them were still sound, how long the longest
took and by how much memory grew. Each reader runs in a process of its own, so that a crash of a library below
Python is told like any other failure. What failed is kept, with the answer, in the folder that is named.
"""

from __future__ import annotations

import argparse
import mmap
import multiprocessing
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import numpy as np

from poseval import datasets
from poseval.datasets import ReadOptions, Role, Source
from poseval.errors import PosevalError
from poseval.limits import MIB, Limits
from poseval.poses import PoseSet
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import Seed, seeds, small_sets

LIMITS = Limits(file_bytes=4 * MIB, numbers=200_000, people=20_000, frames=5_000)
SECONDS = 20  # for one read; real ones of these sizes take milliseconds
SWELL = 512 * MIB  # by which a process may grow over all its reads: 100 times the largest file allowed
TRUTH = small_sets()[0]
OTHERS = ("pose-array", "pose-mat", "mpii-gt", "face-csv", "face-pts", "mpii-submission")
STUCK = 3 * SECONDS  # without a new read; no signal of Python's ends a loop in a library below it
BEAT = mmap.mmap(-1, 8)  # when the last read began, on a monotonic clock; shared with the process that reads
SHOWN = 5  # failures of a reader that are kept before it is given up


Attack = Callable[[str, int, int, Path, float], "Outcome"]


class HangError(BaseException):
    """A read took longer than `SECONDS`; no reader may swallow it."""


@dataclass
class Outcome:
    """What so many mutations of one reader's files led to."""

    done: int = 0
    sound: int = 0
    slowest: float = 0.0
    grown: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


class Bench:
    """A folder in which one file of a seed after another is spoiled, read, and put back."""

    def __init__(self, seed: Seed, folder: Path) -> None:
        self.seed, self.folder = seed, folder
        self.spoilt: str | None = None
        for name, data in seed.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)

    def spoil(self, rng: random.Random) -> Path:
        """Put a mutation, or now and then nothing, in the place of one file; what is to be read."""
        if self.spoilt is not None and len(self.seed.files) > 1:
            (self.folder / self.spoilt).write_bytes(self.seed.files[self.spoilt])
        name = rng.choice(list(self.seed.files))
        self.spoilt = name
        if self.seed.folder and rng.random() < 0.02:
            (self.folder / name).unlink(missing_ok=True)
        else:
            (self.folder / name).write_bytes(mutated(self.seed.files[name], rng))
        return self.folder if self.seed.folder else self.folder / name


def attack(name: str, count: int, seed: int, folder: Path, seconds: float = float("inf")) -> Outcome:
    """Read up to `count` mutations of a format's files, in at most about `seconds`."""
    (folder / "made").mkdir(exist_ok=True)
    found = seeds(name, folder / "made")
    out = Outcome()
    benches = [Bench(one, folder / f"{name}-{at}") for at, one in enumerate(found)]
    before = peak()
    end = time.monotonic() + seconds
    while benches and out.done < count and time.monotonic() < end and len(out.failures) < SHOWN:
        rng = random.Random(f"{name}/{seed}/{out.done}")
        bench = benches[out.done % len(benches)]
        path = bench.spoil(rng)
        started = time.monotonic()
        try:
            if out.done % 5 == 0:
                recognise_one(path)
            out.codes[read_one(name, path, bench.seed, truth_for(name, bench.seed, rng))] += 1
        except (Exception, HangError):
            kept = folder / f"failed-{name}-{out.done}"
            (shutil.copytree if path.is_dir() else shutil.copyfile)(path, kept)
            out.failures.append(f"{kept}\n{traceback.format_exc()}")
        out.slowest = max(out.slowest, time.monotonic() - started)
        out.done += 1
    return summed(out, before)


def summed(out: Outcome, before: int) -> Outcome:
    """The outcome at its end, with the memory that was held `before`."""
    out.grown = peak() - before
    out.sound = out.codes.pop("sound", 0)
    if out.grown > SWELL:
        out.failures.append(f"memory grew by {out.grown / MIB:.0f} MiB")
    return out


def beat() -> None:
    """Note that a read begins now."""
    struct.pack_into("d", BEAT, 0, time.monotonic())


@contextmanager
def within_seconds() -> Iterator[None]:
    """Raise `HangError` where the block takes longer than `SECONDS`; a warning is an error, too."""
    beat()
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy's about numbers that were not checked, and any other
            yield
    finally:
        signal.alarm(0)


def printable_code(error: PosevalError) -> str:
    """The error's code; its text must hold no raw characters."""
    if not str(error).replace("\n", "").isprintable():
        raise AssertionError(f"message with raw characters: {str(error)!r}") from error
    return error.code


def peak() -> int:
    """The most memory that this process has held so far, in bytes."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # kibibytes everywhere else


def truth_for(name: str, seed: Seed, rng: random.Random) -> PoseSet | None:
    """The truth that predictions are read with, mostly; the arrays of some programs have none of ours."""
    if seed.role is Role.TRUTH or name in OTHERS:
        return None
    return TRUTH if rng.random() < 0.8 else None


def read_one(name: str, path: Path, seed: Seed, truth: PoseSet | None) -> str:
    """`sound`, or the code of the error; any error but ours goes on to the caller."""
    options = ReadOptions(seed.role, truth, limits=LIMITS, optional=frozenset({"area"}))
    try:
        with within_seconds():
            check_sound(datasets.read(path, options, name))
        return "sound"
    except PosevalError as error:
        return printable_code(error)


def recognise_one(path: Path) -> None:
    """Ask every format whether it knows the file; none may raise anything but our errors."""
    with within_seconds(), suppress(PosevalError):
        for role in Role:
            datasets.fits(Source(path, LIMITS), role)


def check_sound(poses: PoseSet) -> None:
    """Raise when what was read holds numbers that no score could be right with."""
    people = poses.people
    for column in ("score", "joint_score", "box", "head"):
        if np.isinf(getattr(people, column)).any():
            raise AssertionError(f"{column} holds an infinity")
    if not np.isfinite(people.xy[people.seen > 0]).all():
        raise AssertionError("a joint that counts is not finite")


def on_alarm(number: int, frame: FrameType | None) -> None:
    """What the alarm's signal does."""
    raise HangError(f"longer than {SECONDS} seconds")


def _child(name: str, attack: Attack, given: argparse.Namespace, folder: Path, pipe: object) -> None:
    signal.signal(signal.SIGALRM, on_alarm)
    pipe.send(attack(name, given.count, given.seed, folder, given.seconds))  # type: ignore[attr-defined]


def attack_apart(name: str, attack: Attack, given: argparse.Namespace, folder: Path) -> Outcome:
    """An attack in a process of its own; one that dies is a failure, and its last file stays."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(False)
    process = context.Process(target=_child, args=(name, attack, given, folder, theirs))
    process.start()
    theirs.close()
    outcome = Outcome()
    beat()
    try:
        while not ours.poll(1):
            if time.monotonic() - struct.unpack_from("d", BEAT)[0] > STUCK:
                process.kill()
                break
        else:
            outcome = ours.recv()
    except EOFError:
        pass
    process.join()
    if process.exitcode:
        outcome.failures.append(f"the process died with {process.exitcode}; see {folder}/{name}-*")
    return outcome


def main(names: Sequence[str], attack: Attack, description: str | None) -> int:
    """Run from the command line; 1 when anything failed."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="for each reader")
    parser.add_argument("--only", default="", help="names of readers, with commas")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="poseval-fuzz-"))
    failed = False
    for name in given.only.split(",") if given.only else names:
        started = time.monotonic()
        found = attack_apart(name, attack, given, folder)
        told = ", ".join(f"{count} {code}" for code, count in found.codes.most_common(6))
        sys.stdout.write(
            f"{name}: {found.done} mutations in {time.monotonic() - started:.0f} s, {found.sound} still "
            f"sound, slowest {found.slowest * 1000:.0f} ms, grown {found.grown / MIB:.0f} MiB; {told}\n"
        )
        for failure in found.failures:
            sys.stdout.write(f"FAILED {name}: {failure}\n")
        sys.stdout.flush()
        failed = failed or bool(found.failures)
    if not failed:
        shutil.rmtree(folder)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(datasets.names(), attack, __doc__))
