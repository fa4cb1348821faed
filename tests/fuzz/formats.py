"""Mutated samples against every reader: nothing but a PosevalError may come out, and nothing may hang.

    python -m tests.fuzz.formats --count 100000            every reader, that many each
    python -m tests.fuzz.formats --count 1000 --only yolo  one of them

Seeds are files that the writers make, and the shared samples of formats that are only read. A mutation flips
bytes, cuts, repeats or exchanges pieces, or puts in words that break parsers. Every reader reads every
mutation of its own seeds, and some of others'.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from poseval import datasets
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.errors import PosevalError
from poseval.limits import MIB, Limits
from poseval.poses import PoseSet
from tests.datasets.test_same_score import truth_and_predictions
from tests.shared import shared_root

LIMITS = Limits(file_bytes=4 * MIB, numbers=200_000, people=20_000, frames=5_000)
SECONDS = 20  # for one read; real ones of these sizes take milliseconds
WORDS = (
    b"NaN",
    b"Infinity",
    b"1e999",
    b"-1",
    b"null",
    b"true",
    b"[[[[",
    b"{}",
    b"\x00",
    b"\xff\xfe",
    b'"',
    b",",
    b"99999999999999999999",
    b"<!DOCTYPE a>",
    b"&a;",
    b"\n",
    b"../../x",
    b"1.5",
    b"0 0 0",
)
READ_ONLY = {
    "sleap": "sleap_slp/minimal_instance.slp",
    "sleap-analysis": "sleap_analysis_h5/small_robot.000_small_robot_3_frame.analysis.h5",
    "nwb": "nwb_ndx_pose/0.3.0_poseestimation_two_cameras.nwb.gz",
}
SUFFIX = {"cvat": ".xml", "native": ".npz", "motchallenge": ".txt", "yolo": ".txt", "deeplabcut": ".csv"}


class HangError(Exception):
    """A read took longer than `SECONDS`."""


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The data with one to four changes."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out) + 1)
        end = min(at + rng.randint(1, 64), len(out))
        kind = rng.randrange(6)
        if kind == 0 and out:
            out[min(at, len(out) - 1)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del out[at:end]
        elif kind == 2:
            out[at:at] = out[at:end] * rng.randint(1, 8)
        elif kind == 3:
            out[at:end] = rng.choice(WORDS)
        elif kind == 4:
            del out[at:]
        else:
            out[at:end] = rng.randbytes(end - at)
    return bytes(out)


def seeds(name: str, folder: Path) -> list[tuple[Role, bytes]]:
    """Files of a format, with the role that they are of."""
    dataset = datasets.get_format(name)
    truth, predictions = truth_and_predictions()
    small = {Role.TRUTH: truth, Role.PREDICTIONS: predictions}
    out = []
    for role in sorted(dataset.writes, key=lambda item: item.value):
        poses = small[role]
        target = folder / f"{name}-{role.value}"
        dataset.write(poses, target, WriteOptions(role, truth=truth))
        files = [target] if target.is_file() else sorted(p for p in target.rglob("*") if p.is_file())
        files = [path for path in files if path.suffix in ("", ".json", ".txt")]
        out += [(role, path.read_bytes()) for path in files[:2]]
    if not out and name in READ_ONLY:
        from poseval.datasets.document import Document

        path = shared_root() / "samples/formats" / READ_ONLY[name]
        if path.exists():
            out = [(role, Document.open(path).data) for role in dataset.reads]
    return out


def attack(name: str, count: int, rng: random.Random, folder: Path) -> int:
    """Read `count` mutations; how many of them were read without an error."""
    found = seeds(name, folder)
    if not found:
        return 0
    truth, _ = truth_and_predictions()
    target = folder / f"{name}-mutation{SUFFIX.get(name, '.json')}"
    sound = 0
    for number in range(count):
        role, data = found[number % len(found)]
        made = mutated(data, rng)
        target.write_bytes(made)
        sound += read_one(name, target, role, truth)
    return sound


def read_one(name: str, path: Path, role: Role, truth: PoseSet) -> bool:
    """Whether the file could be read; any error but ours goes on to the caller."""
    signal.alarm(SECONDS)
    try:
        options = ReadOptions(role, truth, limits=LIMITS, optional=frozenset({"area"}))
        datasets.read(path, options, name)
        return True
    except PosevalError:
        return False
    finally:
        signal.alarm(0)


def _hang(number: int, frame: FrameType | None) -> None:
    raise HangError(f"longer than {SECONDS} seconds")


def main() -> int:
    """Run from the command line; the last mutation stays where a failure can be looked at."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    signal.signal(signal.SIGALRM, _hang)
    folder = Path(tempfile.mkdtemp(prefix="poseval-fuzz-"))
    for name in datasets.names():
        if given.only and name != given.only:
            continue
        sound = attack(name, given.count, random.Random(given.seed), folder)
        print(f"{name}: {given.count} mutations, {sound} still readable", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
