"""Mutated files against what reads everything but data sets: runs, reports, stores, side files and weights.

    python -m tests.fuzz.second_ring --count 100000             every reader, that many each
    python -m tests.fuzz.second_ring --only report --seconds 60 one of them, for a minute

Nothing but a PosevalError may come out, nothing may hang or swell; `tests.fuzz.formats` says what is
printed.
"""

from __future__ import annotations

import io
import json
import pickle
import random
import struct
import sys
import tarfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from poseval.challenge.description import Description, read_description
from poseval.challenge.judge import Verdict
from poseval.challenge.records import Record, write_record
from poseval.challenge.site import site_of
from poseval.cli.settings import settings
from poseval.decisions import baselines
from poseval.decisions.entries import Entry, entry_of
from poseval.decisions.facts import read_facts
from poseval.decisions.store import Store
from poseval.errors import PosevalError
from poseval.models.card_file import read_card
from poseval.models.weights.paddle import read_paddle
from poseval.models.weights.safetensors import read_safetensors
from poseval.models.weights.tfjs import read_graph
from poseval.results.report import Report
from poseval.runners.boxes import file_boxes
from poseval.runners.journal import Found, Journal
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.groups import read_groups
from poseval.scoring.saved_runs import load, packed
from poseval.scoring.score import evaluate
from poseval.skeletons import get_skeleton, load_skeleton
from poseval.skeletons.joint_map import load_joint_map
from poseval.skeletons.sigmas import read_sigmas
from poseval.synth import perturb, scene_set
from poseval.tracking.flo_files import read_flo
from tests.fuzz import formats
from tests.fuzz.mutations import mutated

COCO = get_skeleton("coco17")


@dataclass(frozen=True)
class Target:
    """A reader: the file's name, a sound file's bytes, and what reads a path."""

    file: str
    sound: Callable[[], bytes]
    read: Callable[[Path], object]


@cache
def run() -> Evaluation:
    """A small run."""
    truth = scene_set(seed=1, images=6, people=2)
    return evaluate(truth, perturb(truth, seed=2), "coco-keypoints")


def sliced_run() -> Evaluation:
    """A run with groups of people, and numbers of each joint."""
    truth = scene_set(seed=1, images=6, people=2)
    return evaluate(truth, perturb(truth, seed=2), "coco-keypoints", slices=["size"], per_joint=True)


def report() -> bytes:
    return run().report().to_json().encode()


def as_json(node: object) -> Callable[[], bytes]:
    return lambda: json.dumps(node).encode()


def made_by(write: Callable[[Path], object], name: str) -> Callable[[], bytes]:
    """The bytes that a writer puts into a file."""

    def made() -> bytes:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            write(path)
            return path.read_bytes()

    return made


def safetensors() -> bytes:
    header = {"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + np.arange(6, dtype="<f4").tobytes()


def torch_file(path: Path) -> None:
    import torch

    torch.save({"state_dict": {"w": torch.arange(6.0).reshape(2, 3)}, "epoch": 3}, path)


def read_torch(path: Path) -> object:
    from poseval.models.weights.load import read_checkpoint

    return read_checkpoint(path)


def read_classes(path: Path) -> object:
    from poseval.runners.class_answers import from_list

    return from_list(path, 10)


def pickled() -> bytes:
    return pickle.dumps({"w": np.arange(6.0), "b": np.ones((2, 3), "f4")}, protocol=2)


def graph() -> bytes:
    topology = {
        "format": "graph-model",
        "modelTopology": {"node": [{"name": "input", "op": "Placeholder", "attr": {}}]},
        "weightsManifest": [
            {"paths": ["net.bin"], "weights": [{"name": "w", "shape": [2], "dtype": "float32"}]}
        ],
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in (("net.json", json.dumps(topology).encode()), ("net.bin", bytes(8))):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def flow() -> bytes:
    return struct.pack("<fii", 202021.25, 3, 2) + np.zeros((2, 3, 2), "<f4").tobytes()


def journal(path: Path) -> None:
    """A run with a finished group of two people."""
    made = Journal(path, {"model": "m"}, 3, {0: (0, 1), 1: (2,)})
    numbers = np.arange(6.0)
    people = Found(
        np.array([0, 1]), np.ones((2, 3, 2)), numbers.reshape(2, 3), numbers[:2], np.ones((2, 4)), numbers[:2]
    )
    made.add(0, people, {0: (64, 48)}, 1.0)
    made.close()


def read_journal(path: Path) -> None:
    Journal(path, {"model": "m"}, 3, {0: (0, 1), 1: (2,)}).close()


def read_settings(path: Path) -> object:
    settings.cache_clear()
    found = settings(path.parent)
    assert found is None or found.path == path, "a file of defaults of another folder"
    return found


@cache
def challenge() -> Description:
    """A small challenge, whose files need not be there."""
    import tempfile

    from tests.challenge import made

    with tempfile.TemporaryDirectory() as folder:
        return made.make(Path(folder))


def verdict(path: Path) -> None:
    found = run().report()
    scored = Verdict("scored", challenge().split().name, "0" * 64, {"AP": 50.0}, report=found.to_dict())
    write_record(Record(scored, "one", "team", {"date": "today"}, "2026-01-01T00:00:00+00:00"), path)


SETTINGS = b'gt = "gt.json"\nmetric = ["oks_ap(max_dets=20)"]\nseed = 3\n[score]\nper-joint = true\nci = 95\n'
SKELETON_TOML = (
    b'joints = ["nose", "left_ear", "right_ear"]\nflip_pairs = [[1, 2]]\nsigmas = [0.1, 0.1, 0.1]\n'
)
SKELETON = {
    "name": "mine",
    "joints": ["nose", "left_ear", "right_ear"],
    "flip_pairs": [[1, 2]],
    "sigmas": [0.1, 0.1, 0.1],
}
FACTS = b'[one]\nteam = "us"\nyear = 2024\nwhen = 2024-05-06\n[two]\npaper = "x"\n'
CARD = (
    b'name = "mine"\nlicence = "MIT"\nskeleton = "coco17"\n[network]\nfile = "a.toml"\nformat = "onnx"\n'
    b'[input]\nsize = [64, 48]\ncolour = "rgb"\nmean = [0.5, 0.4, 0.4]\ndeviation = [0.2, 0.2, 0.2]\n'
    b'crop = "affine"\n[output]\ndecode = "quarter"\n'
)
JOINTS = b'[joints]\nnose = "nose"\nleft_eye = ["left_eye", "nose"]\n'
BOXES = [{"image_id": n, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.5} for n in range(100, 103)]
TARGETS: dict[str, Target] = {
    "report": Target("a.json", report, lambda path: Report.from_json(path.read_bytes())),
    "saved-run": Target("a.poseval", lambda: packed(run()), load),
    "sliced-run": Target("a.poseval", lambda: packed(sliced_run()), load),
    "baseline": Target(
        "a.poseval",
        made_by(lambda path: baselines.save_baseline(baselines.Baseline.of(run()), path), "a.poseval"),
        baselines.load_baseline,
    ),
    "ledger": Target(
        "a.json",
        made_by(lambda path: baselines.save_ledger(baselines.Ledger("x", {"y": 1}), path), "a.json"),
        lambda path: baselines.load_ledger(path, "x"),
    ),
    "store": Target(
        "a.db",
        made_by(lambda path: Store(path).add(Entry("one", run().report())), "a.db"),
        lambda path: Store(path).entries(),
    ),
    "entry": Target("a.json", report, entry_of),
    "facts": Target("a.toml", lambda: FACTS, read_facts),
    "challenge": Target(
        "challenge.toml",
        lambda: challenge().to_toml().encode(),
        lambda path: read_description(path, whole=False),
    ),
    "verdict": Target(
        "a.json", made_by(verdict, "a.json"), lambda path: site_of(challenge(), [path, path]).page()
    ),
    "card": Target("a.toml", lambda: CARD, read_card),
    "classes": Target("a.txt", lambda: b"a.jpg 3\nb/c.png 0\nd.jpg 9\n", read_classes),
    "sigmas": Target("a.json", as_json([0.1] * 17), lambda path: read_sigmas(str(path))),
    "skeleton": Target("a.json", as_json(SKELETON), load_skeleton),
    "joint-map": Target("a.toml", lambda: JOINTS, lambda path: load_joint_map(path, COCO, COCO)),
    "skeleton-toml": Target("a.toml", lambda: SKELETON_TOML, load_skeleton),
    "settings": Target("poseval.toml", lambda: SETTINGS, read_settings),
    "groups": Target(
        "a.csv", lambda: b"frame,group\na,1\nb,2\n", lambda path: read_groups(path, formats.LIMITS)
    ),
    "journal": Target("a.part", made_by(journal, "a.part"), read_journal),
    "boxes": Target("a.json", as_json(BOXES), lambda path: file_boxes(path, formats.TRUTH.frames)),
    "paddle": Target("a.pdparams", pickled, read_paddle),
    "torch": Target("a.pt", made_by(torch_file, "a.pt"), read_torch),
    "safetensors": Target("a.safetensors", safetensors, read_safetensors),
    "tfjs": Target("a.tgz", graph, lambda path: read_graph(path, "net")),
    "flo": Target("a.flo", flow, read_flo),
}


def attack(name: str, count: int, seed: int, folder: Path, seconds: float = float("inf")) -> formats.Outcome:
    """Read up to `count` mutations of a target's file, in at most about `seconds`."""
    target = TARGETS[name]
    sound = target.sound()
    path = folder / target.file
    out = formats.Outcome()
    target.read(put(path, sound))  # what is imported and built once is no swelling
    before, end = formats.peak(), time.monotonic() + seconds
    while out.done < count and time.monotonic() < end and len(out.failures) < formats.SHOWN:
        rng = random.Random(f"{name}/{seed}/{out.done}")
        put(path, mutated(sound, rng))
        started = time.monotonic()
        try:
            with formats.within_seconds():
                out.codes[outcome_of(target, path)] += 1
        except (Exception, formats.HangError):
            kept = folder / f"failed-{name}-{out.done}"
            kept.write_bytes(path.read_bytes())
            out.failures.append(f"{kept}\n{traceback.format_exc()}")
        out.slowest = max(out.slowest, time.monotonic() - started)
        out.done += 1
    return formats.summed(out, before)


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def outcome_of(target: Target, path: Path) -> str:
    """`sound`, or the code of the error; any error but ours goes on to the caller."""
    try:
        target.read(path)
        return "sound"
    except PosevalError as error:
        return formats.printable_code(error)


if __name__ == "__main__":
    sys.exit(formats.main(list(TARGETS), attack, __doc__))
