"""`train`: one loop for all families."""

from __future__ import annotations

import json
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from poseval.errors import UsageError, ValueRangeError, did_you_mean, shown
from poseval.files.writing import make_folder, write_atomically
from poseval.models.networks.layers import mixed
from poseval.models.registry import card, create_model
from poseval.models.weights.load import load_fitting
from poseval.results.values import Direction
from poseval.runners.loading import choose_device
from poseval.training import checkpoint
from poseval.training.classifier_task import class_job
from poseval.training.jobs import Job, TrainOptions, pose_job
from poseval.training.recipes import Recipe
from poseval.training.task import Watches

Say = Callable[[str], None]
Progress = Callable[[int, int], None]  # called with steps done and all steps


@dataclass(frozen=True)
class TrainResult:
    """A row of numbers per epoch, the name and best value of the validation number, and the weights."""

    history: tuple[Mapping[str, float], ...]
    number: str | None
    best: float
    weights: Path


def train(
    options: TrainOptions, say: Say = lambda text: None, progress: Progress | None = None
) -> TrainResult:
    """Train a model by its recipe. It is validated with poseval's own metrics, a classifier by its accuracy.

    The folder `out` gets `last.pt` (resumes to the bit), `best.pt` (weights of the best validation, or the
    last) and `history.json`. The same command goes on where an interrupted one stopped.

    Raises:
        UsageError: unknown names, no recipe or a change of it without effect (P159), another training's
            checkpoint (P134).
        InputError: data that cannot be trained on.
        ValueRangeError: P351 when the loss is no longer finite.
    """
    makes = class_job if card(options.model).kind == "classifier" else pose_job
    return _Trainer(options, makes(options), say).work(progress)


class _Trainer:
    """The state of one training."""

    def __init__(self, options: TrainOptions, job: Job, say: Say) -> None:
        self.options, self.recipe, self.say = options, job.recipe, say
        self.task, self.data, self.judge = job.task, job.data, job.judge
        self.device = choose_device(options.device)
        self.half = self.device == "cuda" if options.half is None else options.half
        torch.manual_seed(options.seed)
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        self.model = create_model(options.model, job.card.joints, options.size, **options.config)
        if options.start_from is not None:
            taken, own = load_fitting(self.model, options.start_from)
            say(f"started from {shown(options.start_from.name)}: {taken} of {own} tensors")
        self.model.to(self.device)
        if options.channels_last:
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        check_slower(self.model, job.recipe, options.changes)
        self.optimiser = make_optimiser(self.model, job.recipe)
        self.scaler = torch.amp.GradScaler(self.device, enabled=self.half and self.device == "cuda")
        self.history: list[dict[str, float]] = []
        self.number: str | None = None
        self.best = math.nan
        self.run = {
            "model": job.card.name,
            "config": job.card.config,
            "input_size": job.card.input_size,
            "recipe": job.recipe.plain(),
            "seed": options.seed,
            "half": self.half,
            **job.learnt,
        }
        make_folder(options.out)

    def work(self, progress: Progress | None) -> TrainResult:
        last, best = self.options.out / "last.pt", self.options.out / "best.pt"
        if os.path.exists(last) and not self.options.fresh:
            self._resume(checkpoint.load(last, self.run))
        board = _tensorboard(self.options.out)
        for epoch in range(len(self.history), self.recipe.epochs):
            row = self._epoch(epoch, progress)
            ends = epoch + 1 == self.recipe.epochs
            if self.judge and (ends or (epoch + 1) % self.options.validate_every == 0):
                found = self.judge.score(self.model, self.device)
                row |= found
                ((self.number, value),) = found.items()
                if better(value, self.best, self.judge.direction):
                    self.best = value
                    checkpoint.save(best, self.run, model=self.model.state_dict())
            self.history.append(row)
            self.say("  ".join(f"{key} {value:.4g}" for key, value in row.items()))
            if board:
                for key in row.keys() - {"epoch"}:
                    board.add_scalar(key, row[key], epoch + 1)
                board.flush()  # seen while training goes on, and kept when it is stopped
            self._save(last)
        if self.judge is None:
            checkpoint.save(best, self.run, model=self.model.state_dict())
        return TrainResult(tuple(self.history), self.number, self.best, best)

    def _epoch(self, epoch: int, progress: Progress | None) -> dict[str, float]:
        recipe, steps = self.recipe, self.data.steps(self.recipe.batch)
        total, start = Counter[str](), time.perf_counter()
        self.model.train()
        batches = self.data.batches(self.task, recipe.batch, self.options.seed, epoch, self.options.loaders)
        for step, batch in enumerate(batches, start=epoch * steps):
            factor = recipe.rate_at(step, steps)
            for group in self.optimiser.param_groups:
                group["lr"] = group["base"] * factor
            found = self._step({name: tensor.to(self.device) for name, tensor in batch.items()})
            if not math.isfinite(found["loss"]):
                raise ValueRangeError(
                    "P351",
                    where=f"epoch {epoch + 1}, step {step - epoch * steps + 1}",
                    what="the loss is not finite",
                    wanted="a smaller learning rate",
                    hint="add --set rate=...; the last complete epoch is kept in last.pt",
                )
            total.update(found)
            if progress:
                progress(step + 1, recipe.epochs * steps)
        seconds = round(time.perf_counter() - start, 1)
        means = {name: value / steps for name, value in total.items()}
        return {"epoch": epoch + 1, **means, "seconds": seconds}

    def _step(self, batch: Mapping[str, torch.Tensor]) -> dict[str, float]:
        self.optimiser.zero_grad(set_to_none=True)
        with mixed(self.device, self.half):
            outputs = self.model(*(batch[name] for name in self.task.inputs))
        loss = self.task.loss(outputs, batch)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self.recipe.clip:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        watched = self.task.watch(outputs, batch) if isinstance(self.task, Watches) else {}
        return {"loss": float(loss.detach()), **watched}

    def _save(self, path: Path) -> None:
        checkpoint.save(
            path,
            self.run,
            model=self.model.state_dict(),
            optimiser=self.optimiser.state_dict(),
            scaler=self.scaler.state_dict(),
            generators=checkpoint.generators(),
            history=self.history,
            number=self.number,
            best=self.best,
        )
        history = json.dumps(self.history, indent=1) + "\n"
        write_atomically(path.parent / "history.json", history.encode(), force=True)

    def _resume(self, node: Mapping[str, Any]) -> None:
        self.model.load_state_dict(node["model"])
        self.optimiser.load_state_dict(node["optimiser"])
        self.scaler.load_state_dict(node["scaler"])
        checkpoint.set_generators(node["generators"])
        self.history, self.best = list(node["history"]), float(node["best"])
        self.number = node["number"]
        self.say(f"continuing after epoch {len(self.history)} of {self.recipe.epochs}")


def check_slower(model: nn.Module, recipe: Recipe, changes: Iterable[str]) -> None:
    """Refuse changes of the recipe, by name, that are a prefix of no parameter that learns.

    Raises:
        UsageError: P159.
    """
    learnt = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    used = {_slower(name, recipe)[0] for name in learnt}
    for key in changes:
        head, _, prefix = key.partition(".")
        if head == "slower" and prefix not in used:
            firsts = list(dict.fromkeys(name.partition(".")[0] for name in learnt))
            raise UsageError(
                "P159",
                where=f"recipe: {shown(key)}",
                what="has no effect, because it is the longest prefix of no parameter that learns",
                wanted=f"the beginning of a parameter's name: {shown(', '.join(firsts))}",
                hint=did_you_mean(prefix, firsts, 1) or f"leave {shown(key)} out",
            )


def _slower(name: str, recipe: Recipe) -> tuple[str, float]:
    """The longest prefix of a parameter's name with its factor on the rate."""
    fitting = (part for part in recipe.slower if name.startswith(part[0]))
    return max(fitting, key=lambda part: len(part[0]), default=("", 1.0))


def make_optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser; parameters of a slower prefix form groups of their own."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(_slower(name, recipe)[1], []).append(parameter)
    rates = {factor: recipe.rate * factor for factor in groups}
    parts = [{"params": groups[factor], "lr": rate, "base": rate} for factor, rate in rates.items()]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(parts, momentum=0.9, nesterov=True, weight_decay=recipe.decay)
    if recipe.optimiser == "rmsprop":
        return torch.optim.RMSprop(parts, weight_decay=recipe.decay)
    kind = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
    return kind(parts, weight_decay=recipe.decay)


def better(value: float, best: float, direction: Direction) -> bool:
    """Whether a validation number beats the best so far, NaN before the first."""
    return math.isnan(best) or (value > best if direction is Direction.HIGHER else value < best)


def _tensorboard(folder: Path) -> Any:
    """A TensorBoard writer where it is installed, else None."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / "tensorboard"))
