"""Every top-down family learns sixteen synthetic people or faces by heart: `train`, then `run`, then `score`.

Configurations are small and nothing is varied, so that a training takes seconds; targets, losses, crops and
decoding are the family's own. `docs/models.md` records what these commands gave.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("torch")

import torch

from poseval.cli import invoke
from poseval.models.registry import card, list_models
from tests.training.faces import write_faces

pytestmark = [pytest.mark.models, pytest.mark.slow]
PEOPLE = 16
Record = Callable[[str, object], None]
STILL = ("scale", "rotation", "rotated", "mirrored", "halved")
ELSEWHERE = {"dekr", "prtr"}  # they answer with sets, and are trained in test_overfit_sets.py
FOREIGN = {"adapters", "movenet", "detr"}  # networks of others, which poseval runs and does not train
BOXES = {"synth_detector"}  # no joints: tests/training/test_box_task.py
ONE_STEP = {"vitpose"}  # large from its smallest size on: tests/models/test_schema.py trains one step


class Case(NamedTuple):
    """One training: the network, what it learns, and for how long."""

    name: str
    truth: str = "mpii"
    size: str = "64x64"
    config: tuple[str, ...] = ()
    epochs: int = 100
    changes: tuple[str, ...] = ()


ADAM = "optimiser=adam"  # the recipe's RMSprop needs more steps than a test has
WIDE = "options.sigma=2"  # the card's 1 is meant for maps four times as large
TOKENS = ("patch=[2,2]", "depths=[2]")
CASES = (
    Case("synth_small", changes=("warm_up=10",)),
    Case("simplebaseline_r18", config=("widths=[64,64,64]",), epochs=120, changes=("rate=1e-3", "batch=4")),
    # 16 wide, because the last layer makes 16 maps of that many channels: fewer cannot tell all joints apart.
    Case("hrnet_w32", config=("width=16",), epochs=150, changes=("rate=1e-3", "batch=4")),
    Case(
        "hourglass_2", "mpii wide", config=("stacks=1", "width=64"), epochs=320, changes=("rate=4e-3", WIDE)
    ),
    Case("tokenpose_t", size="64x48", config=TOKENS, epochs=140, changes=("batch=4", "warm_up=30")),
    Case(
        "tokenpose_s_sparse",
        config=(*TOKENS, "tokens=image", "graph_layers=2"),
        epochs=130,
        changes=("batch=4", "warm_up=30"),
    ),
    Case(
        "ditehrnet_18",
        config=("modules=[1,1,1]", "fixed=true"),
        epochs=150,
        changes=("rate=6e-3", "warm_up=20"),
    ),
    Case("pplcnet_x1_0_pose", config=("scale=0.5", "head_width=64"), epochs=200, changes=("rate=5e-3",)),
    Case(
        "ps_vit_ti_14_pose",
        config=("head_width=128",),
        epochs=110,
        changes=("rate=7e-4", "batch=4", "warm_up=20"),
    ),
    Case("fan_1", "faces", config=("width=64",), changes=("rate=3e-3", "batch=4", ADAM, WIDE)),
    Case("fan_1_binary", "faces", config=("width=64",), epochs=120, changes=("rate=1e-2", ADAM, WIDE)),
    Case("hpm_1", "mpii wide", config=("width=64",), epochs=320, changes=("rate=4e-3", ADAM, WIDE)),
    Case("hpm_1_binary", "mpii wide", config=("width=64",), epochs=300, changes=("rate=1e-2", ADAM, WIDE)),
)


@pytest.fixture(scope="session")
def truths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Truth files of the same sixteen people, and of sixteen faces."""
    from poseval.synth import World, scenes
    from poseval.synth.folder import write_world

    folder = tmp_path_factory.mktemp("truths")
    world = World(width=192, height=144, smallest=80, largest=140, clutter=3, occluders=0.0)
    drawn = list(scenes(5, PEOPLE, 1, world=world))
    made = {"faces": write_faces(folder / "faces", PEOPLE)}
    for name, room in (("mpii", 1.0), ("mpii wide", 1.25)):
        made[name] = write_world(folder / name, drawn, skeleton="mpii16", form="mpii-json")[1]
        _annotate_as_mpii(made[name], room)
    return made


def _annotate_as_mpii(truth: Path, room: float) -> None:
    """Centres as high as MPII's, whose programs look 15 times the scale lower, and `room` around people.

    Hourglass programs cut 200 times the scale without a margin.
    """
    people = json.loads(truth.read_text())
    for person in people:
        person["scale"] *= room
        person["center"][1] -= 15 * person["scale"]
    truth.write_text(json.dumps(people))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.truth}".replace(" ", "-"))
def test_sixteen_are_learnt_by_heart(
    truths: dict[str, Path], tmp_path: Path, case: Case, record_property: Record
) -> None:
    torch.set_num_threads(1)
    truth = truths[case.truth]
    shared = ["--images", str(truth.parent / "images"), "--input-size", case.size, "--device", "cpu", "-q"]
    shared += [word for pair in case.config for word in ("--option", pair)]
    recipe = [f"augmentation.{name}=0" for name in STILL]
    recipe += ["batch=8", "schedule=cosine", "decay=0", "options.target=unbiased", *case.changes]
    changes = [word for pair in recipe for word in ("--set", pair)]
    net, results, report = tmp_path / "net", str(tmp_path / "found.json"), tmp_path / "report.json"
    job = ["train", case.name, "--data", str(truth), "--out", str(net), "--epochs", str(case.epochs)]
    assert invoke([*job, *shared, *changes]) == 0
    found = ["run", case.name, "--weights", str(net / "best.pt"), "--gt", str(truth), "--out", results]
    assert invoke([*found, *shared, "--no-flip", "--decode", "dark"]) == 0
    assert invoke(["score", results, "--gt", str(truth), "--json", str(report), "-q"]) == 0
    node = json.loads(report.read_text())
    number = "NME" if case.truth == "faces" else "PCKh@0.5"
    value = node["summary"][number]
    points = "68 face points" if case.truth == "faces" else "mpii joints"
    record_property(
        f"learnt:{case.name}",
        f"{number} {value:.3f} (synthetic, {points}, {case.epochs} epochs, {case.size})",
    )
    if number == "NME":
        assert value < 0.06
        assert node["summary"]["FR@0.1"] == 0
    else:
        assert value > 0.95


def test_no_family_is_forgotten() -> None:
    families = {card(name).family for name in list_models()}
    assert families == {card(case.name).family for case in CASES} | ELSEWHERE | FOREIGN | BOXES | ONE_STEP
