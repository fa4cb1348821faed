"""Mutants of the matching kernels, a hand-written table: `python -m tests.mutation.kernels`.

`kernels.tsv` names a file, a text that stands once in it, and the text that replaces it. The sources are
copied to a folder of their own and compiled there without optimisation, each mutant's translation units anew.
Results are kept as those of the Python mutants are. Needs a C++20 compiler and pybind11.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.known import known
from tests.mutation.rooms import ROOT

KERNELS = Path("poseval/kernels")
COPIED = ("poseval", "tests", "pyproject.toml", "docs")
COCO = ("tests/kernels/test_coco.py",)
HOTA = (
    "tests/kernels/test_tracking.py",
    "tests/metrics/test_hota.py",
    "tests/differential/test_trackeval.py",
)
TESTS = {
    "oks.hpp": COCO,
    "coco.cpp": COCO,
    "assignment.hpp": ("tests/kernels/test_assignment.py", "tests/kernels/test_tracking.py"),
    "tracking_clear.cpp": ("tests/differential/test_motmetrics.py", "tests/metrics/test_tracks_by_hand.py"),
    "tracking_clear_trackeval.cpp": (
        "tests/differential/test_trackeval.py",
        "tests/metrics/test_tracks_by_hand.py",
    ),
    "tracking_hota.cpp": HOTA,
    "tracking_hota.hpp": HOTA,
    "tracking_identity.cpp": ("tests/kernels/test_tracking.py",),
}
WANTED = 0.95  # share of mutants that tests must kill
SECONDS = 300  # that a mutant's tests may take


@dataclass(frozen=True)
class CppMutant:
    """One text of a file for another."""

    file: str
    before: str
    after: str

    @property
    def key(self) -> str:
        """Its name in results and in known.tsv."""
        return f"{self.file}: {self.before} -> {self.after}"


class Build:
    """The compiled module in a copy of the sources."""

    def __init__(self, folder: Path) -> None:
        import pybind11

        self._folder = folder / "copy"
        self._objects = folder / "objects"  # kept: a unit is compiled again when it or a header changes
        includes = [pybind11.get_include(), sysconfig.get_path("include")]
        flags = ["-std=c++20", "-O0", "-fPIC", "-ffp-contract=off", "-pthread", "-fvisibility=hidden"]
        self._compile = ["g++", *flags, *(f"-I{path}" for path in includes), "-c"]
        shutil.rmtree(self._folder, ignore_errors=True)
        for name in COPIED:
            source, place = ROOT / name, self._folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, place, ignore=shutil.ignore_patterns("_kernels*.so", "__pycache__"))
            else:
                shutil.copy(source, place)
        self._objects.mkdir(exist_ok=True)
        self._units = [path.name for path in sorted((self._folder / KERNELS).glob("*.cpp"))]
        headers = b"".join(path.read_bytes() for path in sorted((self._folder / KERNELS).glob("*.hpp")))
        self._sound = {unit: self._objects / self._object(unit, headers) for unit in self._units}
        for unit, target in self._sound.items():
            if not target.exists() and not self._compiled(unit, target):
                raise RuntimeError(f"{unit} does not compile")

    def source(self, file: str) -> Path:
        """A file of the copy."""
        return self._folder / KERNELS / file

    def units(self, file: str) -> list[str]:
        """Translation units that read a file."""
        if file.endswith(".cpp"):
            return [file]
        found = set[str]()
        for path in (self._folder / KERNELS).iterdir():
            if path.suffix in (".cpp", ".hpp") and f'#include "{file}"' in path.read_text():
                found.update(self.units(path.name))
        return sorted(found)

    def make(self, units: list[str]) -> bool:
        """Compile these anew and link them with the others as they were; whether that worked."""
        changed = self._folder / "changed"
        shutil.rmtree(changed, ignore_errors=True)
        changed.mkdir()
        anew = {unit: changed / f"{unit}.o" for unit in units}
        if not all(self._compiled(unit, target) for unit, target in anew.items()):
            return False
        objects = list({**self._sound, **anew}.values())
        out = self.source(f"_kernels{sysconfig.get_config_var('EXT_SUFFIX')}")
        out.unlink(missing_ok=True)
        subprocess.run(["g++", "-shared", "-pthread", *objects, "-o", out], check=True)
        return True

    def _compiled(self, unit: str, target: Path) -> bool:
        part = target.with_suffix(".part")
        done = subprocess.run([*self._compile, self.source(unit), "-o", part], capture_output=True)
        if done.returncode == 0:
            part.replace(target)
        return done.returncode == 0

    def _object(self, unit: str, headers: bytes) -> str:
        return f"{unit}-{hashlib.sha256(self.source(unit).read_bytes() + headers).hexdigest()[:16]}.o"

    def failed(self, tests: tuple[str, ...]) -> str:
        """The first test that fails, "" if none does."""
        shared = os.environ.get("POSEVAL_SHARED", "absent")
        environment = {**os.environ, "PYTHONPATH": str(self._folder), "POSEVAL_SHARED": shared, "CI": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *tests]
        try:
            done = subprocess.run(
                command, cwd=self._folder, env=environment, capture_output=True, text=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return "timeout"
        if not done.returncode:
            return ""
        failed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAILED")]
        return failed[0] if failed else f"status {done.returncode}"


def table() -> list[CppMutant]:
    """The mutants of kernels.tsv.

    Raises:
        ValueError: a text does not stand once in its file.
    """
    out = []
    for line in Path(__file__).with_name("kernels.tsv").read_text().splitlines():
        mutant = CppMutant(*line.split("\t"))
        if (ROOT / KERNELS / mutant.file).read_text().count(mutant.before) != 1:
            raise ValueError(f"kernels.tsv: not once in its file: {mutant.key}")
        out.append(mutant)
    return out


def main() -> int:
    """Try the mutants of the table that were not tried, and print the figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.kernels", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("build/mutation"), help="folder of results")
    parser.add_argument("--match", default="", help="only mutants whose name contains this text")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants; all by default")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    path = options.results / "kernels.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    killers: dict[str, str] = {item["mutant"]: item["killer"] for item in lines}
    chosen = [mutant for mutant in table() if options.match in mutant.key]
    if options.sample and options.sample < len(chosen):
        chosen = random.Random(options.seed).sample(chosen, options.sample)
    todo = [mutant for mutant in chosen if mutant.key not in killers]
    if todo:
        build = Build((options.results / "kernels").resolve())
        build.make([])
        for tests in sorted(set(TESTS.values())):
            if failed := build.failed(tests):
                raise RuntimeError(f"{failed} must pass before kernels are mutated")
        for mutant in todo:
            killers[mutant.key] = _killer(build, mutant)
            with path.open("a") as out:
                out.write(json.dumps({"mutant": mutant.key, "killer": killers[mutant.key]}) + "\n")
            if not killers[mutant.key]:
                print(f"survived: {mutant.key}", flush=True)
    alive = [mutant.key for mutant in chosen if not killers[mutant.key]]
    same = [key for key in alive if known().get(key, ("", ""))[0] == "equivalent"]
    share = 1 - (len(alive) - len(same)) / max(1, len(chosen) - len(same))
    lived = len(alive) - len(same)
    print(f"kernels: {len(chosen)} mutants, {len(same)} equivalent, {lived} survived: {share:.1%} killed")
    return int(share < WANTED)


def _killer(build: Build, mutant: CppMutant) -> str:
    source = build.source(mutant.file)
    text, units = source.read_text(), build.units(mutant.file)
    source.write_text(text.replace(mutant.before, mutant.after))
    try:
        made = build.make(units)
        return build.failed(TESTS[mutant.file]) if made else "does not compile"
    finally:
        source.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
