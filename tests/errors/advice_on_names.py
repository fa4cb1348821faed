"""Mistyped names: what is proposed is put in the place of what was typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from poseval.cli import invoke
from tests.errors.advice import Argv, Case, pair

Made = Callable[[Path], Argv]


def scored(*more: str) -> Made:
    return lambda folder: [*pair(folder), *more]


def gated(*more: str) -> Made:
    def make(folder: Path) -> Argv:
        argv = pair(folder)
        base = str(folder / "base.npz")
        assert invoke([*argv, "--save", base, "-q"]) == 0
        return ["gate", *argv[1:], "--baseline", base, *more]

    return make


def compared(*more: str) -> Made:
    def make(folder: Path) -> Argv:
        argv = pair(folder)
        (folder / "other.json").write_bytes((folder / "dt.json").read_bytes())
        return ["compare", argv[1], str(folder / "other.json"), *argv[2:], *more]

    return make


def ranked(*more: str) -> Made:
    def make(folder: Path) -> Argv:
        report = str(folder / "report.json")
        assert invoke([*pair(folder), "--json", report, "-q"]) == 0
        return ["leaderboard", report, *more]

    return make


def stored(*more: str) -> Made:
    def make(folder: Path) -> Argv:
        argv = ranked()(folder)
        return ["leaderboard", *more, argv[1], "--db", str(folder / "runs.sqlite")]

    return make


def with_facts(folder: Path) -> Argv:
    (folder / "facts.toml").write_text('[reprot]\nteam = "we"\n', "utf-8")
    return [*ranked()(folder), "--facts", str(folder / "facts.toml")]


def renamed(folder: Path, argv: Argv) -> Argv:
    (folder / "facts.toml").write_text('[report]\nteam = "we"\n', "utf-8")
    return argv


def mistyped(code: str, make: Made, typed: str, meant: str) -> Case:
    """A case whose advice is followed by writing what is meant where it was mistyped."""
    near = meant.rstrip("=")
    return Case(
        code, f"did you mean {near}\\b", make, lambda _, argv: [one.replace(typed, meant) for one in argv]
    )


ON_NAMES = [
    mistyped(
        "P111", scored("--metric", "pck(norm=left_hip/rigth_hip,people=matched)"), "rigth_hip", "right_hip"
    ),
    mistyped("P115", scored("--sigmas", "lft_wrist=0.05,wrist=0.06"), "lft_wrist", "left_wrist"),
    mistyped("P115", scored("--sigmas", "writs=0.06"), "writs", "wrist"),
    mistyped("P119", scored("--metric", "pck(norm=torsoo,people=matched)"), "torsoo", "torso"),
    mistyped("P123", scored("--metric", "oks_ap(max_det=10)"), "max_det=", "max_dets="),
    mistyped("P144", compared("--key", "AP_LL"), "AP_LL", "AP_L"),
    mistyped("P146", gated("--guard", "ARR"), "ARR", "AR"),
    mistyped("P146", gated("--max-drop", "APP=1"), "APP", "AP"),
    mistyped("P148", ranked("--sort", "APP"), "APP", "AP"),
    mistyped("P102", stored("lst"), "lst", "list"),
    mistyped("P149", scored("--slice", "crowdng"), "crowdng", "crowding"),
    mistyped("P168", scored("--ci", "95", "--cluster", "frmae"), "frmae", "frame"),
    mistyped("P193", scored("--limit", "poeple=9"), "poeple", "people"),
    mistyped("P194", lambda _: ["explain", "P40"], "P40", "P401"),
    Case("P825", "did you mean report", with_facts, renamed),
    Case(
        "P114",
        "or names, which maps by equal names",
        scored("--joints", "left_writs"),
        lambda _, argv: [*argv[:-1], "names"],
    ),
]
