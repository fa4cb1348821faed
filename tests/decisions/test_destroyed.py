"""Destroyed models through the command line: beside good ones, by numbers of the found alone, and under every
option that the gate has."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from poseval.cli import invoke
from poseval.cli.gate import gate as gate_command
from poseval.synth import perturb, scene_set
from poseval.synth.demo_files import write_pair


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ground truth, good predictions with their saved runs, and destroyed ones."""
    monkeypatch.chdir(tmp_path)
    truth = scene_set(2, 60, 3)
    write_pair(tmp_path, truth, perturb(truth, 1, jitter=0.2), force=True)
    good = json.loads(Path("predictions.json").read_text("utf-8"))
    Path("empty.json").write_text("[]", "utf-8")
    Path("one.json").write_text(json.dumps(good[:1]), "utf-8")
    for name, metric in (("ap", "oks_ap"), ("epe", "epe(people=matched)"), ("calibration", "calibration")):
        words = ["score", "predictions.json", "--gt", "truth.json", "-q", "--metric", metric]
        assert invoke([*words, "--save", f"{name}.poseval"]) == 0
    return tmp_path


def gate(*words: str) -> int:
    return invoke(["gate", *words, "--gt", "truth.json", "-q"])


@pytest.mark.parametrize("more", [["--significant"], ["--max-drop", "AP=60"]])
@pytest.mark.parametrize(
    "files", [["predictions.json", "empty.json"], ["empty.json", *["predictions.json"] * 3]]
)
def test_a_destroyed_training_is_not_hidden_by_good_ones(
    place: Path, files: list[str], more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    status = gate(*files, "--baseline", "ap.poseval", "--metric", "oks_ap", *more)
    assert status == 1
    at = files.index("empty.json") + 1
    assert f"disappeared in run {at} of {len(files)}" in capsys.readouterr().out


@pytest.mark.parametrize("more", [["--significant"], ["--max-drop", "*=5"]])
@pytest.mark.parametrize(("name", "metric"), [("epe", "epe(people=matched)"), ("calibration", "calibration")])
def test_a_number_of_the_found_alone_needs_somebody_found(
    place: Path, name: str, metric: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate("one.json", "--baseline", f"{name}.poseval", "--metric", metric, *more) == 1
    assert "almost nothing is left" in capsys.readouterr().out
    assert gate("predictions.json", "--baseline", f"{name}.poseval", "--metric", metric, *more) == 0


# Options of the gate -> what they may be given; those of scoring are given to the baseline, too.
DECIDING: dict[str, list[list[str]]] = {
    "--max-drop": [["AP=0.5"], ["AP=55"], ["AP=100"], ["AP=95rel%"], ["*=88rel%"], ["*=5"], ["AP=1e6"]],
    "--guard": [["AR"], ["*"], ["AP,AR"], ["AP_L"]],
    "--significant": [[]],
    "--require": [["keep-up"]],
    "--level": [["50"], ["95%"], ["0.9999"], ["1"], ["inf"]],
    "--resamples": [["2"], ["18"], ["100000"]],
    "--seed": [["7"], ["-1"]],
    "--seed-sd": [["0.3"], ["AP=5"], ["*=40"], ["1e6"]],
    "--ledger": [["ledger.json"]],
    "--update-baseline": [[]],
    "--unit": [["fraction"]],
    "--json": [["out.json"]],
    "--junit": [["out.xml"]],
    "--github": [[]],
    "--quiet": [[]],
    "--force": [[]],
}
SCORING: dict[str, list[list[str]]] = {
    "--benchmark": [["coco-keypoints"], ["custom"]],
    "--metric": [["oks_ap"], ["epe(people=matched)"], ["epe(people=all)"], ["calibration"], ["oks_lrp"]],
    "--rules": [["corrected"]],
    "--skeleton": [["coco17"]],
    "--sigmas": [["0.1"]],
    "--joints": [["names"]],
    "--near": [[]],
    "--derive": [[]],
    "--align": [["key"]],
    "--transform": [["scale=1"]],
    "--gt-format": [["coco"]],
    "--format-in": [["coco"]],
    "--category": [["person"]],
    "--per-joint": [[]],
    "--slice": [["size"]],
    "--limit": [["people=100000"]],
    "--cluster": [["groups.csv"]],
}
# What is gated, and a person's word that any run is to be taken.
OTHERS = {"--ties", "predictions", "--gt", "--run", "--baseline", "--accept"}
Words = list[str]


def test_the_options_below_are_all_that_the_gate_has() -> None:
    known = {max(option.opts, key=len) for option in gate_command.params}
    assert known == {*DECIDING, *SCORING, *OTHERS}


def choices(pool: dict[str, list[list[str]]]) -> list[Words]:
    return [[option, *words] for option, values in pool.items() for words in values]


def asked(rng: random.Random) -> list[tuple[Words, Words]]:
    """Each choice alone, in an exact and in a significant gate; then many together."""
    alone = [([], words) for words in choices(DECIDING)] + [(words, []) for words in choices(SCORING)]
    out = [(scoring, [*more, *words]) for scoring, words in alone for more in ([], ["--significant"])]
    for _ in range(20):
        scoring = [word for words in rng.sample(choices(SCORING), rng.choice([0, 0, 1, 2])) for word in words]
        out.append((scoring, [word for words in rng.sample(choices(DECIDING), 4) for word in words]))
    return out


@pytest.mark.parametrize("kind", ["empty", "elsewhere", "swapped"])
def test_no_accepted_combination_of_options_lets_it_pass(place: Path, kind: str) -> None:
    good = json.loads(Path("predictions.json").read_text("utf-8"))
    images = sorted({record["image_id"] for record in good})
    broken = {
        "empty": [],
        "elsewhere": [record | {"keypoints": [5.0, 5.0, 1.0] * 17} for record in good],
        "swapped": [record | {"image_id": images[images.index(record["image_id"]) - 1]} for record in good],
    }
    Path("broken.json").write_text(json.dumps(broken[kind]), "utf-8")
    keys = [image["id"] for image in json.loads(Path("truth.json").read_text("utf-8"))["images"]]
    Path("groups.csv").write_text("frame,group\n" + "".join(f"{key},{key % 20}\n" for key in keys), "utf-8")
    accepted: set[str] = set()
    saved: dict[str, Path] = {}
    for scoring, deciding in asked(random.Random(kind)):
        kept = [word for word in scoring if word not in ("--cluster", "groups.csv")]
        base = saved.get(" ".join(kept))
        if base is None:
            base = saved[" ".join(kept)] = Path(f"base{len(saved)}.poseval")
            words = ["score", "predictions.json", "--gt", "truth.json", "-q", *kept, "--save", str(base)]
            if invoke(words) != 0:
                base.write_bytes(b"")
        if not base.stat().st_size:
            continue  # such a score is refused
        before = base.read_bytes()
        status = gate("broken.json", "--baseline", str(base), *scoring, *deciding)
        assert status != 0, (scoring, deciding)
        assert base.read_bytes() == before
        if status == 1:
            accepted |= {word for word in (*scoring, *deciding) if word.startswith("--")}
    assert accepted >= {*DECIDING, *SCORING}
