"""Advice on gates and leaderboards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from poseval.cli import invoke
from tests.errors.advice import Argv, Case, changed, pair


def gate_with(*options: str, metric: str = "") -> Callable[[Path], Argv]:
    """`gate` of predictions against a baseline of themselves, with these options."""

    def make(folder: Path) -> Argv:
        argv = [*pair(folder), *(["--metric", metric] if metric else [])]
        base = str(folder / "base.poseval")
        assert invoke([*argv, "--save", base]) == 0
        return ["gate", *argv[1:], "--baseline", base, *options]

    return make


PIXELS = "epe(people=matched)"

ON_GATES = [
    Case("P820", r"AP=1pt \(points\)", gate_with("--max-drop", "AP=1%"),
         lambda f, a: changed(a, "AP=1%", "AP=1pt")),
    Case("P820", "or AP=1rel%", gate_with("--max-drop", "AP=1%"),
         lambda f, a: changed(a, "AP=1%", "AP=1rel%")),
    Case("P821", "EPE=1 or EPE=1rel%", gate_with("--max-drop", "EPE=1pt", metric=PIXELS),
         lambda f, a: changed(a, "EPE=1pt", "EPE=1")),
    Case("P821", "EPE=1 or EPE=1rel%", gate_with("--max-drop", "EPE=1pt", metric=PIXELS),
         lambda f, a: changed(a, "EPE=1pt", "EPE=1rel%")),
]  # fmt: skip
