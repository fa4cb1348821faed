"""Change one place after the other and see whether a test fails.

    python -m tests.mutation metrics --sample 150

Results are lines of JSON in a file that is kept between runs: what was tried is not tried again while the
module stays as it is but for its texts; survivors are with `--retry`. Exit status 1: less than 95 % of a
room's mutants, without those that known.tsv calls equivalent, were killed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.mutation.known import known
from tests.mutation.mutants import Mutant, mutants_of, mutated, without_texts
from tests.mutation.rooms import ROOMS, path_of
from tests.mutation.trial import killer_of, reaches_of, warm_up

WANTED = 0.95  # share of mutants that tests must kill
LIMIT = 60  # seconds of a processor that a mutant may take


def main() -> int:
    """Run rooms and print their figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("rooms", nargs="*", help=f"rooms, all by default: {', '.join(ROOMS)}")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants of each room; all by default")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    parser.add_argument("--match", default="", help="only mutants whose name contains this text")
    parser.add_argument("--results", type=Path, default=Path("build/mutation"), help="folder of results")
    parser.add_argument("--retry", action="store_true", help="try survivors again")
    parser.add_argument("--list", action="store_true", help="print the mutants and try none")
    options = parser.parse_args()
    unknown = set(options.rooms) - set(ROOMS)
    if unknown:
        parser.error(f"no such room: {', '.join(sorted(unknown))}")
    if not options.list:
        os.environ.update(OPENBLAS_NUM_THREADS="1", POSEVAL_NUM_THREADS="1", CI="1")
        warm_up()
    return max(_room(room, options) for room in options.rooms or ROOMS)


def _room(room: str, options: argparse.Namespace) -> int:
    """Try the mutants of a room; 1 where too many live."""
    chosen = [mutant for module in ROOMS[room] for mutant in mutants_of(module, path_of(module))]
    keys = {mutant.key for mutant in chosen}
    for name in known():
        if name.split(":")[0] in ROOMS[room] and name not in keys:
            print(f"known.tsv: there is no such mutant any more: {name}")
    if options.sample:
        # By name, so that a change of the code leaves most of the sample as it was.
        kept = set(sorted(keys, key=lambda key: digest(f"{options.seed} {key}"))[: options.sample])
        chosen = [mutant for mutant in chosen if mutant.key in kept]
    chosen = [mutant for mutant in chosen if options.match in mutant.key]
    if options.list:
        print("\n".join(f"{mutant.line}: {mutant.key}" for mutant in chosen))
        return 0
    options.results.mkdir(parents=True, exist_ok=True)
    results = _Results(options.results / f"{room}.jsonl")
    for mutant, killer in _killers(room, chosen, results, options.retry):
        results.add(mutant, killer)
        if not killer and mutant.key not in known():
            print(f"survived, line {mutant.line}: {mutant.key}", flush=True)
    return _report(room, chosen, results)


def _killers(room: str, chosen: list[Mutant], results: _Results, retry: bool) -> Iterator[tuple[Mutant, str]]:
    """Mutants that were not tried, each with the test that kills it."""
    todo: dict[str, list[Mutant]] = {}
    for mutant in chosen:
        if not results.has(mutant, retry):
            todo.setdefault(mutant.module, []).append(mutant)
    rows: dict[tuple[str, ...], list[str]] = {}
    for module in todo:
        rows.setdefault(ROOMS[room][module], []).append(module)
    for tests, modules in rows.items():
        reaches = reaches_of([path_of(module) for module in modules], tests)
        for module, reach in zip(modules, reaches, strict=True):
            for mutant in todo[module]:
                # What no test reaches may run while modules are imported.
                near = reach.tests(mutant.lines) if mutant.lines is not None else []
                near = near or reach.every()
                runs = [part for part in (near[:20], near[20:]) if part]
                tree = mutated(mutant, path_of(module))
                yield mutant, killer_of(module, path_of(module), tree, runs, LIMIT)


def _report(room: str, chosen: list[Mutant], results: _Results) -> int:
    killed = [m for m in chosen if results.killer(m)]
    alive = [m for m in chosen if not results.killer(m)]
    equivalent = [m for m in alive if known().get(m.key, ("", ""))[0] == "equivalent"]
    count = len(chosen) - len(equivalent)
    share = len(killed) / count if count else 1.0
    print(
        f"{room}: {len(chosen)} mutants, {len(killed)} killed, {len(equivalent)} equivalent, "
        f"{len(alive) - len(equivalent)} survived: {share:.1%} of those that differ are killed"
    )
    return int(share < WANTED)


class _Results:
    """What became of mutants, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._killer: dict[tuple[str, str], str] = {}
        self._sources: dict[str, str] = {}
        lines = path.read_text().splitlines() if path.exists() else []
        for line in lines:
            item: dict[str, Any] = json.loads(line)
            self._killer[item["mutant"], item["source"]] = item["killer"]

    def _key(self, mutant: Mutant) -> tuple[str, str]:
        if mutant.module not in self._sources:
            self._sources[mutant.module] = digest(without_texts(path_of(mutant.module).read_text()))
        return mutant.key, self._sources[mutant.module]

    def has(self, mutant: Mutant, retry: bool) -> bool:
        """Whether a mutant need not be tried."""
        killer = self._killer.get(self._key(mutant))
        return killer is not None and (killer != "" or not retry)

    def killer(self, mutant: Mutant) -> str:
        """The test that killed a mutant; "" if none did."""
        return self._killer[self._key(mutant)]

    def add(self, mutant: Mutant, killer: str) -> None:
        """Remember, in the file, too."""
        key, source = self._key(mutant)
        self._killer[key, source] = killer
        with self._path.open("a") as out:
            out.write(json.dumps({"mutant": key, "source": source, "killer": killer}) + "\n")


def digest(text: str) -> str:
    """A short name of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
