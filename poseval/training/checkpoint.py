"""Checkpoints that resume bit for bit, and that hold the settings of their training."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from poseval.errors import FormatError, UsageError, shown
from poseval.files.writing import write_atomically
from poseval.models.weights.load import read_checkpoint
from poseval.models.weights.training_run import SCHEMA, training_run


def save(path: Path, run: Mapping[str, Any], **node: Any) -> None:
    """Write a temporary file and rename it, so that a crash leaves the old checkpoint intact.

    Raises:
        UsageError: P137 it cannot be written. LimitError: P506 the disk is full.
    """
    out = io.BytesIO()
    torch.save({"schema": SCHEMA, "run": json.dumps(run), **node}, out)
    write_atomically(path, out.getvalue(), force=True)


def load(path: Path, run: Mapping[str, Any]) -> dict[str, Any]:
    """Load a checkpoint of the same training.

    Raises:
        FormatError: P250, P251 unreadable, P264 not a checkpoint of a training.
        UsageError: P134 of a training with other data or another recipe.
    """
    node = read_checkpoint(path)
    if not isinstance(node, dict) or node.get("schema") != SCHEMA or "optimiser" not in node:
        what, wanted = "is not a checkpoint from which training can continue", "last.pt of `poseval train`"
        raise FormatError("P264", where=shown(path.name), what=what, wanted=wanted)
    stored, current = training_run(node, path.name), json.loads(json.dumps(run))
    differing = sorted(key for key in stored.keys() | current.keys() if stored.get(key) != current.get(key))
    if differing:
        raise UsageError(
            "P134",
            where=shown(path),
            what=f"belongs to a training with another {', '.join(map(shown, differing))}",
            wanted="the same command, to continue it",
            hint="or pass --fresh to start over",
        )
    return node


def generators() -> dict[str, Any]:
    """States of PyTorch's random generators."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def set_generators(states: Mapping[str, Any]) -> None:
    """Restore the states of the generators."""
    torch.set_rng_state(states["cpu"])
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])
