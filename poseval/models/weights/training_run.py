"""The settings of a training, as a checkpoint of `poseval train` holds them."""

from __future__ import annotations

from typing import Any

from poseval.errors import FormatError, shown
from poseval.files.reading import parse_json

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
