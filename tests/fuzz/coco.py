"""Mutates COCO files and reads them: whatever the bytes are, the answer is a pose set or a `PosevalError`.

    python -m tests.fuzz.coco --rounds 20000 --seed 7

What is accepted must be JSON to Python's own reader, and must score without a warning from NumPy.
`tests/sanitise.sh` runs it against a module built with sanitizers, which see faults below Python.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import re
import sys
import tempfile
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import poseval
from poseval.datasets import ReadOptions, Role, read
from poseval.errors import PosevalError
from poseval.limits import Limits
from tests.hostile.made import results, truth
from tests.shared import shared_root

LIMITS = Limits(file_bytes=4 << 20, people=20_000, keys=2_000)
TOKENS = [
    *(b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e-400", b"null", b"true", b'"12.5"', b"[]", b"{}"),
    *(b"0", b"-0", b"00", b"1.", b".5", b"9223372036854775808", b"-9223372036854775809", b"1e308", b"5e-324"),
    *(b"9007199254740993", b"123456789012345678901234567890", b"0.1234567890123456789", b"1E+2", b"1.5"),
    *(b",", b"]", b"}", b"[", b"{", b'"', b":", b"\\", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
    *(
        b"\\ud800",
        b"\\u0000",
        b"//",
        b"/*",
        b"[" * 40,
        b'{"a":' * 40,
        b" " * 9,
        b"\n",
        b'"x": 1,',
        b"[1,2,3]",
    ),
    *(
        b'"keypoints"',
        b'"score": 1,',
        b'"bbox": [],',
        b'"image_id": "10",',
        b'"id": 1,',
        b'"annotations": [],',
    ),
]


def bases() -> list[tuple[bytes, bytes]]:
    """Sound pairs of truth and results: small made ones, and real ones where the samples are at hand."""
    pairs = [(json.dumps(truth()).encode(), json.dumps(results()).encode())]
    pairs.append((json.dumps(truth(), indent=1).encode(), json.dumps(results(), indent=1).encode()))
    samples = shared_root() / "samples" / "formats"
    for folder, gt, dt in (
        ("coco_results_xtcoco", "example_crowdpose_val.json", "example_crowdpose_preds.json"),
        ("coco_wholebody", "example_wholebody_val.json.gz", "example_wholebody_preds.json.gz"),
    ):
        if (samples / folder / gt).is_file():
            pairs.append((_content(samples / folder / gt), _content(samples / folder / dt)))
    return pairs


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.randrange(256)


def _drop(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.choice([1, 1, 2, 8, 100])]


def _insert(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(TOKENS)


VALUE = re.compile(rb'-?\d[\d.eE+-]*|"[^"\\\\]*"|null|true|false')
VALUES = [token for token in TOKENS if VALUE.fullmatch(token) or token in (b"NaN", b"Infinity", b"[]", b"{}")]


def _replace(data: bytearray, rng: random.Random) -> None:
    """Put another value, or a key, where a value or a key stands: most such files are still JSON."""
    found = VALUE.search(data, rng.randrange(len(data)))
    if found:
        known = [b'"area"', b'"score"', b'"id"', b'"iscrowd"', b'"bbox"', b'"foot_kpts"', b'"category_id"']
        data[found.start() : found.end()] = rng.choice([*VALUES, *known, b"0", b"1", b"-7.25", b"[1, 2, 3]"])


def _copy(data: bytearray, rng: random.Random) -> None:
    at, to = rng.randrange(len(data)), rng.randrange(len(data))
    part = data[at : at + rng.choice([3, 20, 200, 2000])]
    data[to:to] = part


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


CHANGES: list[Callable[[bytearray, random.Random], None]] = [
    *([_replace] * 12),
    *([_flip, _insert] * 2),
    _drop,
    _copy,
    _cut,
]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one to a few changes, sometimes packed, sometimes damaged once more when packed."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        if out:
            rng.choice(CHANGES)(out, rng)
    if rng.random() < 0.05:
        packed = bytearray(rng.choice([gzip.compress, _zip])(bytes(out)))
        if rng.random() < 0.5:
            _flip(packed, rng)
        return bytes(packed)
    return bytes(out)


def _zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", data)
    return out.getvalue()


def attempt(folder: Path, gt: bytes, dt: bytes, gt_changed: bool) -> str:
    """Read and score one pair; the code of the error, or `ok`."""
    (folder / "gt.json").write_bytes(gt)
    (folder / "dt.json").write_bytes(dt)
    try:
        options = ReadOptions(optional=frozenset({"area"}), limits=LIMITS)
        found = read(folder / "gt.json", options)
        if gt_changed:
            must_be_json(gt)
        options = ReadOptions(Role.PREDICTIONS, truth=found, limits=LIMITS, rules="corrected")
        people = read(folder / "dt.json", options)
        if not gt_changed:
            must_be_json(dt)
        poseval.score(found, people, benchmark="oks")
    except PosevalError as error:
        if not str(error).isprintable() and "\n" not in str(error):
            raise AssertionError(f"message with raw characters: {str(error)!r}") from error
        return error.code
    return "ok"


def must_be_json(data: bytes) -> None:
    """Raise when what was accepted is not JSON to Python's reader."""
    if data.startswith((b"PK", b"\x1f\x8b")):
        return
    json.loads(data.decode("utf-8-sig"))


def run(rounds: int, seed: int) -> Counter[str]:
    """So many mutations; how often each answer was given.

    Raises:
        AssertionError: an answer that is neither a pose set nor a `PosevalError`, with the seed to repeat it.
    """
    pairs = bases()
    answers: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        folder = Path(name)
        for number in range(rounds):
            rng = random.Random(f"{seed}/{number}")
            gt, dt = rng.choice(pairs)
            gt_changed = rng.random() < 0.5
            gt, dt = (mutated(gt, rng), dt) if gt_changed else (gt, mutated(dt, rng))
            try:
                answers[attempt(folder, gt, dt, gt_changed)] += 1
            except Exception as error:
                raise AssertionError(f"seed {seed}, round {number}: {traceback.format_exc()}") from error
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    for code, count in run(chosen.rounds, chosen.seed).most_common():
        sys.stdout.write(f"{count:7d}  {code}\n")


if __name__ == "__main__":
    main()
