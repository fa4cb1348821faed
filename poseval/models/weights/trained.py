"""What a checkpoint of `poseval train` says about its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poseval.errors import InputError
from poseval.models.weights.load import read_checkpoint
from poseval.models.weights.training_run import training_run


@dataclass(frozen=True)
class Trained:
    """The settings that a network was trained with; None or empty for those that a checkpoint does not tell.

    `size` is (height, width), `skeleton` a name and `joints` the names of its joints.
    """

    model: str | None = None
    config: Mapping[str, Any] | None = None
    size: tuple[int, int] | None = None
    skeleton: str = ""
    joints: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()  # of a classifier, in their order

    @property
    def outputs(self) -> int | None:
        """Number of joints or classes; None where the checkpoint does not tell it."""
        return len(self.joints) or len(self.classes) or None


def trained(path: Path) -> Trained:
    """The settings of a checkpoint of `poseval train`; those of any other file are not known."""
    try:
        run = training_run(read_checkpoint(path), path.name)
    except InputError:
        return Trained()  # not a PyTorch file: whether that is wrong, the model that loads it knows
    model, config, size = run.get("model"), run.get("config"), run.get("input_size")
    skeleton, joints, classes = run.get("skeleton"), run.get("joints"), run.get("classes")
    named = isinstance(skeleton, str) and isinstance(joints, list) and all(isinstance(j, str) for j in joints)
    sized = isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)
    return Trained(
        model if isinstance(model, str) else None,
        {key: _plain(value) for key, value in config.items()} if isinstance(config, dict) else None,
        (size[0], size[1]) if sized and isinstance(size, list) else None,
        skeleton if named and isinstance(skeleton, str) else "",
        tuple(joints) if named and isinstance(joints, list) else (),
        tuple(classes) if isinstance(classes, list) and all(isinstance(c, str) for c in classes) else (),
    )


def _plain(value: Any) -> Any:
    """A value of JSON as options of models have it: tuples instead of lists."""
    return tuple(map(_plain, value)) if isinstance(value, list) else value
