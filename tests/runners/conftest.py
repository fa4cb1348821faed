"""A synthetic world on disk and a small network with seeded weights."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from poseval.poses import PoseSet

SIZE = (64, 48)
CONFIG = {"widths": [8, 8, 8, 8]}


class Bench(NamedTuple):
    """Pictures, their truth and weights of `synth_small`."""

    folder: Path
    images: Path
    truth: Path
    poses: PoseSet
    weights: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Made once; tests that change files copy it."""
    torch = pytest.importorskip("torch")
    from poseval.models import create_model
    from poseval.synth import World, scenes
    from poseval.synth.folder import write_world
    from poseval.training import checkpoint

    folder = tmp_path_factory.mktemp("world")
    world = World(width=192, height=144, smallest=60, largest=140)
    poses, truth, _ = write_world(folder, list(scenes(5, 9, 3, world=world)))
    torch.set_num_threads(1)  # threads of several test processes only wait for each other
    torch.manual_seed(1)
    model = create_model("synth_small", input_size=SIZE, **CONFIG)
    with torch.no_grad():
        model.final.weight.mul_(100)  # scores that differ from person to person
        model.final.bias.add_(0.5)
    weights = folder / "weights.pt"
    checkpoint.save(
        weights, {"skeleton": "coco17", "joints": list(poses.skeleton.joints)}, model=model.state_dict()
    )
    return Bench(folder, folder / "images", truth, poses, weights)
