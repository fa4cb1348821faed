"""Sixteen synthetic people on disk."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def sixteen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`truth.json` and `images`: one person of 80 to 140 pixels on each of 16 pictures."""
    torch = pytest.importorskip("torch")
    from poseval.synth import World, scenes
    from poseval.synth.folder import write_world

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("sixteen")
    world = World(width=192, height=144, smallest=80, largest=140, clutter=3, occluders=0.0)
    write_world(folder, list(scenes(5, 16, 1, world=world)))
    return folder
