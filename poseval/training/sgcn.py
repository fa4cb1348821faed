"""Training of LightTrack's graph network on pairs of poses, with the published schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from poseval.errors import UsageError
from poseval.models.networks.sgcn import MARGIN, SGCN, Coordinates, contrastive_loss
from poseval.poses import Bools, Ints


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn; rates fall to a tenth at each step."""

    epochs: int = 300
    steps: tuple[int, ...] = (40, 60, 100, 150)
    rate: float = 0.01
    momentum: float = 0.9
    decay: float = 1e-4
    batch: int = 32
    batches: int = 100  # in an epoch
    hard_share: float = 0.5  # of each kind of pair, as far as there are hard ones


def train_sgcn(
    first: Coordinates,
    second: Coordinates,
    same: Bools,
    hard: Bools,
    schedule: Schedule | None = None,
    seed: int = 0,
    progress: Callable[[int, float], None] | None = None,
) -> SGCN:
    """A network that has learnt which poses [P, 15, 2] are one person's.

    Each batch holds as many pairs of one person as of two, and hard ones of each kind by `hard_share`. The
    loss is contrastive, the optimiser Nesterov's. `progress` gets the epoch and its mean loss per pair. The
    same seed gives the same network on one machine.

    Raises:
        UsageError: P166 without pairs of both kinds.
    """
    schedule = schedule or Schedule()
    if not (same.any() and not same.all()):
        raise UsageError(
            "P166",
            where="training pairs",
            what=f"hold {int(same.sum())} pairs of one person and {int((~same).sum())} of different people",
            wanted="pairs of both kinds",
        )
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    model = SGCN().train()
    optimiser = torch.optim.SGD(
        model.parameters(),
        lr=schedule.rate,
        momentum=schedule.momentum,
        weight_decay=schedule.decay,
        nesterov=True,
    )
    fall = torch.optim.lr_scheduler.MultiStepLR(optimiser, list(schedule.steps))
    left, right = _tensor(first), _tensor(second)
    label = torch.from_numpy(same.astype(np.float32))
    for epoch in range(schedule.epochs):
        total = 0.0
        for _ in range(schedule.batches):
            rows = torch.from_numpy(_batch(rng, same, hard, schedule))
            optimiser.zero_grad()
            one, other = model(left[rows], right[rows])
            loss = contrastive_loss(one, other, label[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += float(loss.detach())
        fall.step()
        if progress:
            progress(epoch, total / (schedule.batches * schedule.batch))
    return model.eval()


def _tensor(graphs: Coordinates) -> torch.Tensor:
    """Poses [P, 15, 2] as the network takes them."""
    return torch.from_numpy(graphs.astype(np.float32)).transpose(1, 2)[:, :, None, :, None].contiguous()


def _batch(rng: np.random.Generator, same: Bools, hard: Bools, schedule: Schedule) -> Ints:
    half = schedule.batch // 2
    return np.concatenate([_draw(rng, kind, hard, half, schedule.hard_share) for kind in (same, ~same)])


def _draw(rng: np.random.Generator, kind: Bools, hard: Bools, count: int, share: float) -> Ints:
    difficult, easy = np.flatnonzero(kind & hard), np.flatnonzero(kind & ~hard)
    picked = round(count * share) if len(difficult) and len(easy) else count * bool(len(difficult))
    return np.concatenate(
        [
            rng.choice(difficult, picked) if picked else np.zeros(0, dtype=np.int64),
            rng.choice(easy, count - picked) if picked < count else np.zeros(0, dtype=np.int64),
        ]
    )


def separation(
    model: SGCN, first: Coordinates, second: Coordinates, same: Bools, limit: float = MARGIN
) -> tuple[float, float]:
    """Fractions of pairs of one person within the distance limit, and of pairs of two beyond it."""
    with torch.no_grad():
        near = (model.embed(_tensor(first)) - model.embed(_tensor(second))).norm(dim=1).numpy() <= limit
    return float(near[same].mean()), float((~near[~same]).mean())
