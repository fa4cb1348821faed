"""What a checkpoint of `poseval train` says of itself."""

from __future__ import annotations

import json
from pathlib import Path

from poseval.errors import InputError
from poseval.models.weights.load import read_checkpoint

SCHEMA = "poseval.checkpoint/1"


def trained_joints(path: Path) -> tuple[str, list[str]] | None:
    """(name, joints) of the skeleton that a checkpoint of `poseval train` was trained on; None for others."""
    try:
        node = read_checkpoint(path)
    except InputError:
        return None  # not a PyTorch file: whether that is wrong, the model that loads it knows
    run = json.loads(node["run"]) if isinstance(node, dict) and node.get("schema") == SCHEMA else {}
    return (run["skeleton"], run["joints"]) if {"skeleton", "joints"} <= run.keys() else None
