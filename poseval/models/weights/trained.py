"""What a checkpoint of `poseval train` says about its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from poseval.errors import FormatError, InputError, shown
from poseval.files.reading import parse_json
from poseval.models.weights.load import read_checkpoint

SCHEMA = "poseval.checkpoint/1"


def training_run(node: Any, name: str) -> dict[str, Any]:
    """The settings of the training that a checkpoint's content tells; empty for other checkpoints.

    Raises:
        FormatError: P264 settings that cannot be read.
    """
    if not isinstance(node, dict) or node.get("schema") != SCHEMA:
        return {}
    try:
        run = parse_json(node["run"], shown(name))
        if isinstance(run, dict):
            return run
        raise TypeError("no object")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(
            "P264", where=shown(name), what=f"has no settings of a training ({shown(error, 80)})"
        ) from error


def trained_joints(path: Path) -> tuple[str, list[str]] | None:
    """(name, joints) of the skeleton that a checkpoint of `poseval train` was trained on; None for others."""
    try:
        run = training_run(read_checkpoint(path), path.name)
    except InputError:
        return None  # not a PyTorch file: whether that is wrong, the model that loads it knows
    name, joints = run.get("skeleton"), run.get("joints")
    if not isinstance(name, str) or not isinstance(joints, list):
        return None
    return (name, joints) if all(isinstance(joint, str) for joint in joints) else None
