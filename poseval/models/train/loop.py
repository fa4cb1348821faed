"""`train`: one loop for all families."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from poseval import scoring
from poseval.errors import UsageError, ValueRangeError, shown
from poseval.metrics.base import Direction
from poseval.models.answers import WholeImage
from poseval.models.layers import mixed
from poseval.models.recipes import Recipe, recipe_for
from poseval.models.registry import ModelCard, card, create_model
from poseval.models.topdown import TopDown
from poseval.models.train import checkpoint
from poseval.models.train.data import TrainingSet
from poseval.models.train.tasks import Watches, make_task
from poseval.models.weights import load_fitting
from poseval.models.whole_image import whole_image
from poseval.poses import PoseSet
from poseval.runners.frames import Pictures, TruthPictures
from poseval.runners.loading import choose_device
from poseval.runners.predict import predict

Say = Callable[[str], None]
Progress = Callable[[int, int, int, float], None]  # steps done, all steps, samples, seconds


@dataclass(frozen=True)
class TrainOptions:
    """What is trained, on what, and where it goes (`out`, a folder). `changes` are fields of the recipe."""

    model: str
    truth: Path
    images: Path
    out: Path
    val_truth: Path | None = None
    val_images: Path | None = None
    size: tuple[int, int] | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    epochs: int | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    start_from: Path | None = None
    benchmark: str | None = None
    validate_every: int = 1
    seed: int = 0
    device: str = "auto"
    half: bool | None = None
    loaders: int = 2
    cache: int = 512 << 20
    fresh: bool = False


@dataclass(frozen=True)
class TrainResult:
    """One row of numbers an epoch, the name and the best value of the validation number, and the weights."""

    history: tuple[Mapping[str, float], ...]
    number: str | None
    best: float
    weights: Path


def train(
    options: TrainOptions, say: Say = lambda text: None, progress: Progress | None = None
) -> TrainResult:
    """Train a model by its recipe, validating with poseval's own metrics.

    The folder `out` gets `last.pt` (resumes to the bit), `best.pt` (weights of the best validation, or the
    last) and `history.json`. The same command goes on where an interrupted one stopped.

    Raises:
        UsageError: unknown names, no recipe (P159), another training's checkpoint (P134).
        InputError: data that cannot be trained on.
        ValueRangeError: P351 when the loss is no longer finite.
    """
    truth = scoring.read(options.truth, optional=frozenset({"area"}))
    entry = card(options.model).sized(len(truth.skeleton), options.size)
    recipe = recipe_for(entry, truth.skeleton.name)
    recipe = recipe.with_epochs(options.epochs or recipe.epochs).changed(options.changes)
    return _Trainer(options, entry, recipe, truth, say).work(progress)


class _Trainer:
    """The state of one training."""

    def __init__(
        self, options: TrainOptions, entry: ModelCard, recipe: Recipe, truth: PoseSet, say: Say
    ) -> None:
        self.options, self.recipe, self.say = options, recipe, say
        self.device = choose_device(options.device)
        self.half = self.device == "cuda" if options.half is None else options.half
        torch.manual_seed(options.seed)
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        self.model = create_model(options.model, len(truth.skeleton), options.size, **options.config)
        if options.start_from is not None:
            taken, own = load_fitting(self.model, options.start_from)
            say(f"started from {shown(options.start_from.name)}: {taken} of {own} tensors")
        self.model.to(self.device)
        self.task = make_task(entry, truth.skeleton, recipe)
        self.data = TrainingSet(truth, TruthPictures(truth, options.images), options.cache, self.task.whole)
        self.judge = _Judge.of(options, entry)
        self.optimiser = make_optimiser(self.model, recipe)
        self.scaler = torch.amp.GradScaler(self.device, enabled=self.half and self.device == "cuda")
        self.history: list[dict[str, float]] = []
        self.best = math.nan
        self.run = {
            "model": entry.name,
            "config": {**entry.config, **options.config},
            "input_size": entry.input_size,
            "skeleton": truth.skeleton.name,
            "joints": truth.skeleton.joints,
            "recipe": recipe.plain(),
            "seed": options.seed,
            "truth": truth.origin.sha256,
            "half": self.half,
        }
        options.out.mkdir(parents=True, exist_ok=True)

    def work(self, progress: Progress | None) -> TrainResult:
        last, best = self.options.out / "last.pt", self.options.out / "best.pt"
        if last.exists() and not self.options.fresh:
            self._resume(checkpoint.load(last, self.run))
        board = _tensorboard(self.options.out)
        for epoch in range(len(self.history), self.recipe.epochs):
            row = self._epoch(epoch, progress)
            ends = epoch + 1 == self.recipe.epochs
            if self.judge and (ends or (epoch + 1) % self.options.validate_every == 0):
                row |= self.judge.score(self.model, self.device)
                if self.judge.better(row[self.judge.number], self.best):
                    self.best = row[self.judge.number]
                    checkpoint.save(best, self.run, model=self.model.state_dict())
            self.history.append(row)
            self.say("  ".join(f"{key} {value:.4g}" for key, value in row.items()))
            for key, value in row.items() if board else ():
                board.add_scalar(key, value, epoch)
            self._save(last)
        if self.judge is None:
            checkpoint.save(best, self.run, model=self.model.state_dict())
        return TrainResult(tuple(self.history), self.judge.number if self.judge else None, self.best, best)

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
                    wanted="a smaller rate",
                    hint="--set rate=...; the last whole epoch is kept in last.pt",
                )
            total.update(found)
            if progress:
                samples = (step + 1 - epoch * steps) * len(batch["input"])
                progress(step + 1, recipe.epochs * steps, samples, time.perf_counter() - start)
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
            best=self.best,
        )
        (path.parent / "history.json").write_text(json.dumps(self.history, indent=1) + "\n", "utf-8")

    def _resume(self, node: Mapping[str, Any]) -> None:
        self.model.load_state_dict(node["model"])
        self.optimiser.load_state_dict(node["optimiser"])
        self.scaler.load_state_dict(node["scaler"])
        checkpoint.set_generators(node["generators"])
        self.history, self.best = list(node["history"]), float(node["best"])
        self.say(f"going on after epoch {len(self.history)} of {self.recipe.epochs}")


def make_optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser; parameters of a slower prefix form groups of their own."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            factor = next((f for prefix, f in recipe.slower if name.startswith(prefix)), 1.0)
            groups.setdefault(factor, []).append(parameter)
    rates = {factor: recipe.rate * factor for factor in groups}
    parts = [{"params": groups[factor], "lr": rate, "base": rate} for factor, rate in rates.items()]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(parts, momentum=0.9, nesterov=True, weight_decay=recipe.decay)
    if recipe.optimiser == "rmsprop":
        return torch.optim.RMSprop(parts, weight_decay=recipe.decay)
    kind = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
    return kind(parts, weight_decay=recipe.decay)


@dataclass
class _Judge:
    """Validation through poseval's own metrics, on the truth's boxes."""

    card: ModelCard
    truth: PoseSet
    pictures: Pictures
    benchmark: str | None
    number: str = ""
    direction: Direction = Direction.HIGHER

    @staticmethod
    def of(options: TrainOptions, entry: ModelCard) -> _Judge | None:
        if options.val_truth is None:
            return None
        if options.val_images is None:
            raise UsageError("P127", where="--val", what="needs its images", wanted="--val-images DIR")
        truth = scoring.read(options.val_truth, optional=frozenset({"area"}))
        return _Judge(entry, truth, TruthPictures(truth, options.val_images), options.benchmark)

    def better(self, value: float, best: float) -> bool:
        return math.isnan(best) or (value > best if self.direction is Direction.HIGHER else value < best)

    def score(self, model: nn.Module, device: str) -> dict[str, float]:
        """The benchmark's first number by its name."""
        mirror = self.truth.skeleton.flip
        finder: TopDown | WholeImage
        if self.card.crop == "image":
            finder = whole_image(model, self.card, mirror=mirror, device=device)
        else:
            finder = TopDown(model, self.card, mirror=mirror, device=device)
        found = predict(finder, self.truth, self.pictures)
        evaluation = scoring.evaluate(self.truth, found, self.benchmark)
        self.direction = next(iter(evaluation.parts[0].tallies)).better
        self.number, value = next(iter(evaluation.summary().items()))
        return {self.number: value}


def _tensorboard(folder: Path) -> Any:
    """A TensorBoard writer where it is installed, else None."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / "tensorboard"))
