"""Training LightTrack's graph network from any tracked ground truth; it needs no images."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch

from poseval.errors import UsageError, did_you_mean, shown
from poseval.files.writing import make_folder, write_atomically
from poseval.scoring.score import read
from poseval.tracking.pose_graphs import pose_pairs
from poseval.training.sgcn import Schedule, separation, train_sgcn

WEIGHTS = "sgcn.pt"


def schedule_of(epochs: int | None, changes: Mapping[str, Any]) -> Schedule:
    """The published schedule with other values; its steps are stretched to the epochs.

    Raises:
        UsageError: P152 for a value that is not in the schedule, or is not a positive number.
    """
    known = {f.name: f.type for f in fields(Schedule) if f.name not in ("epochs", "steps")}
    for key, value in changes.items():
        if key not in known or isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise UsageError(
                "P152",
                where=f"--set {shown(key)}={shown(value)}",
                what="is not a value of the graph network's schedule",
                wanted=f"a number for one of {', '.join(known)}",
                hint=None if key in known else did_you_mean(key, known),
            )
    whole: dict[str, Any] = {k: int(v) if known[k] == "int" else float(v) for k, v in changes.items()}
    published = Schedule()
    count = epochs or published.epochs
    steps = tuple(max(1, round(step * count / published.epochs)) for step in published.steps)
    return replace(published, epochs=count, steps=steps, **whole)


def train_graph_network(
    data: Path,
    out: Path,
    *,
    val: Path | None = None,
    epochs: int | None = None,
    changes: Mapping[str, Any] | None = None,
    seed: int = 0,
    fresh: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Path:
    """Train on the tracks of ground truth, and return the file of weights that was written.

    Args:
        data: ground truth with tracks and PoseTrack's 15 joints.
        out: folder for the weights.
        val: another ground truth, whose pairs tell how well the network separates people.
        epochs: other than the published 300.
        changes: other values of `Schedule`.
        seed: of the network and the pairs drawn.
        fresh: overwrite weights that lie in the folder.
        say: called with the number of pairs, each epoch's loss, and the separation.

    Raises:
        UsageError: P131 weights lie there, P152 unknown value, P165 joints lacking, P166 no tracks or pairs.
    """
    path = out / WEIGHTS
    if os.path.exists(path) and not fresh:
        raise UsageError("P131", where=shown(path), what="exists", wanted="another folder", hint="or --fresh")
    schedule = schedule_of(epochs, changes or {})
    pairs = pose_pairs(read(data, optional=frozenset({"area"})))
    say(f"{int(pairs.same.sum())} pairs of the same person, {int((~pairs.same).sum())} of different people")
    model = train_sgcn(
        pairs.first,
        pairs.second,
        pairs.same,
        pairs.hard,
        schedule,
        seed,
        lambda epoch, loss: say(f"epoch {epoch + 1} loss {loss:.4f}"),
    )
    for name, source in (("trained", data), ("validated", val)):
        if source is not None:
            judged = pairs if source == data else pose_pairs(read(source, optional=frozenset({"area"})))
            kept, parted = separation(model, judged.first, judged.second, judged.same)
            say(
                f"{name}: {kept:.1%} of pairs of the same person within distance 1, "
                f"{parted:.1%} of pairs of different people beyond"
            )
    make_folder(out)
    content = io.BytesIO()
    torch.save({"model": model.state_dict()}, content)
    write_atomically(path, content.getvalue(), force=True)
    return path
