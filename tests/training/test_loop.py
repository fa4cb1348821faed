"""Training: resumes to the bit, keeps the best, refuses what is not its own."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import FormatError, MismatchError, UsageError, ValueRangeError
from poseval.models import create_model, load_weights
from poseval.models.registry import card
from poseval.runners.frames import TruthPictures
from poseval.scoring.score import read
from poseval.training.data import TrainingSet
from poseval.training.jobs import PoseJudge, TrainOptions
from poseval.training.loop import make_optimiser, train
from poseval.training.recipes import Recipe, recipe_for

pytestmark = pytest.mark.models
TINY = {"widths": [4, 4, 4, 4]}


def options(sixteen: Path, out: Path, **changes: Any) -> TrainOptions:
    base = TrainOptions(
        "synth_small",
        sixteen / "truth.json",
        sixteen / "images",
        out,
        size=(64, 48),
        config=TINY,
        epochs=3,
        changes={"batch": 5, "warm_up": 2},
        device="cpu",
    )
    return replace(base, **changes)


def weights(folder: Path, name: str = "last.pt") -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / name, weights_only=True)["model"]
    return found


class Stop(Exception):
    pass


@pytest.mark.parametrize("optimiser", ["adamw", "sgd", "rmsprop", "adam"])
def test_an_interrupted_training_ends_with_the_same_bits(
    sixteen: Path, tmp_path: Path, optimiser: str
) -> None:
    changes = {"batch": 5, "warm_up": 2, "optimiser": optimiser, "rate": 1e-3, "clip": 1.0}
    train(options(sixteen, tmp_path / "whole", changes=changes))

    def interrupt(done: int, *rest: Any) -> None:
        if done == 5:  # in the middle of the second epoch
            raise Stop

    with pytest.raises(Stop):
        train(options(sixteen, tmp_path / "cut", changes=changes), progress=interrupt)
    said: list[str] = []
    train(options(sixteen, tmp_path / "cut", changes=changes, loaders=1), said.append)
    assert said[0] == "continuing after epoch 1 of 3"
    whole, cut = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(whole[key], cut[key]) for key in whole)
    rows = [json.loads((tmp_path / name / "history.json").read_text()) for name in ("whole", "cut")]
    assert [row["loss"] for row in rows[0]] == [row["loss"] for row in rows[1]]


def test_validation_is_the_harness_and_the_best_weights_are_kept(
    sixteen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter([0.2, 0.5, 0.3])
    real = PoseJudge.score

    def score(self: Any, model: Any, device: str) -> dict[str, float]:
        value = real(self, model, device)
        assert list(value) == ["AP"]
        assert 0 <= value["AP"] <= 1
        return {"AP": next(numbers)}

    monkeypatch.setattr(PoseJudge, "score", score)
    after: list[dict[str, Any]] = []
    job = options(sixteen, tmp_path / "out", val_truth=sixteen / "truth.json", val_images=sixteen / "images")
    result = train(
        job, lambda text: after.append(weights(tmp_path / "out")) if len(after) else after.append({})
    )
    assert (result.number, result.best) == ("AP", 0.5)
    best = weights(tmp_path / "out", "best.pt")
    assert all(torch.equal(best[key], after[2][key]) for key in best)
    load_weights(create_model("synth_small", input_size=(64, 48), **TINY), result.weights)


def test_tensorboard_gets_each_epoch_where_it_is_installed(
    sixteen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    class SummaryWriter:
        def __init__(self, folder: str) -> None:
            calls.append(Path(folder).relative_to(tmp_path).as_posix())

        def add_scalar(self, tag: str, value: float, step: int) -> None:
            assert np.isfinite(value)
            calls.append((step, tag))

        def flush(self) -> None:
            calls.append("flush")

    fake = ModuleType("torch.utils.tensorboard")
    fake.SummaryWriter = SummaryWriter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    train(options(sixteen, tmp_path / "out", epochs=2))
    assert calls[0] == "out/tensorboard"
    assert set(calls[1:3]) == {(1, "loss"), (1, "seconds")}
    assert calls[3] == "flush"
    assert set(calls[4:6]) == {(2, "loss"), (2, "seconds")}
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)  # as where it is not installed
    train(options(sixteen, tmp_path / "without", epochs=1))
    assert not (tmp_path / "without/tensorboard").exists()


def test_a_checkpoint_of_another_training_is_refused(sixteen: Path, tmp_path: Path) -> None:
    train(options(sixteen, tmp_path))
    with pytest.raises(UsageError, match="another seed") as caught:
        train(options(sixteen, tmp_path, seed=1))
    assert caught.value.code == "P134"
    train(options(sixteen, tmp_path, seed=1, fresh=True, epochs=1))
    (tmp_path / "last.pt").write_bytes((tmp_path / "best.pt").read_bytes())
    with pytest.raises(FormatError) as foreign:
        train(options(sixteen, tmp_path))
    assert foreign.value.code == "P264"


def test_loss_that_explodes_is_named(sixteen: Path, tmp_path: Path) -> None:
    net = create_model("synth_small", 17, (64, 48), **TINY)
    torch.save({key: value * 3e38 for key, value in net.state_dict().items()}, tmp_path / "large.pt")
    with pytest.raises(ValueRangeError, match="epoch 1, step") as caught:
        train(options(sixteen, tmp_path / "out", start_from=tmp_path / "large.pt"))
    assert caught.value.code == "P351"


def test_start_from_a_related_network(sixteen: Path, tmp_path: Path) -> None:
    torch.manual_seed(9)
    other = create_model("synth_small", 14, (64, 48), **TINY)
    torch.save(other.state_dict(), tmp_path / "other.pt")
    said: list[str] = []
    job = options(sixteen, tmp_path / "out", start_from=tmp_path / "other.pt", epochs=1)
    train(replace(job, changes={"rate": 1e-30, "batch": 5, "decay": 0.0}), said.append)
    assert said[0].startswith("started from other.pt: ")
    trained = weights(tmp_path / "out")
    assert torch.equal(trained["stem.0.weight"], other.state_dict()["stem.0.weight"])
    torch.save({"a": torch.zeros(2)}, tmp_path / "foreign.pt")
    with pytest.raises(MismatchError) as caught:
        train(replace(job, start_from=tmp_path / "foreign.pt", fresh=True))
    assert caught.value.code == "P450"


def test_validation_needs_its_images(sixteen: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        train(options(sixteen, tmp_path, val_truth=sixteen / "truth.json"))
    assert caught.value.code == "P127"


def test_order_and_variation_depend_on_seed_and_epoch_alone(sixteen: Path) -> None:
    truth = read(sixteen / "truth.json")
    data = TrainingSet(truth, TruthPictures(truth, sixteen / "images"), cache=0)
    assert len(data) == 16
    assert data.steps(5) == 3
    assert data.steps(100) == 1

    class Numbered:
        def sample(self, picture: Any, person: Any, rng: np.random.Generator) -> dict[str, Any]:
            return {"input": np.array([person.box[0], rng.random()])}

        def loss(self, outputs: Any, batch: Any) -> Any:
            raise NotImplementedError

    def epoch(seed: int, number: int, loaders: int) -> np.ndarray:
        return torch.cat(
            [batch["input"] for batch in data.batches(Numbered(), 5, seed, number, loaders)]
        ).numpy()

    first = epoch(0, 0, 1)
    assert first.shape == (15, 2)
    np.testing.assert_array_equal(first, epoch(0, 0, 3))
    assert not np.array_equal(first[:, 0], epoch(0, 1, 1)[:, 0])
    assert not np.array_equal(first[:, 1], epoch(1, 0, 1)[:, 1])


def test_nobody_to_train_on(sixteen: Path) -> None:
    truth = read(sixteen / "truth.json")
    hidden = truth.people.with_columns(
        seen=np.zeros_like(truth.people.seen), box=np.full_like(truth.people.box, 5)
    )
    with pytest.raises(MismatchError) as caught:
        TrainingSet(replace(truth, people=hidden), TruthPictures(truth, sixteen / "images"))
    assert caught.value.code in ("P431", "P432")


def test_slower_parameters_have_their_own_rate() -> None:
    model = create_model("synth_small", input_size=(64, 48), **TINY)
    recipe = replace(recipe_for(card("synth_small"), "coco17"), slower=(("stem", 0.1),), rate=1.0)
    groups = make_optimiser(model, recipe).param_groups
    assert {group["base"]: len(group["params"]) for group in groups} == {
        0.1: 3,
        1.0: len(list(model.parameters())) - 3,
    }
    assert isinstance(recipe, Recipe)


@pytest.mark.parametrize("slower", [(("stem", 0.1), ("stem.0", 0.5)), (("stem.0", 0.5), ("stem", 0.1))])
def test_of_several_slower_prefixes_the_longest_counts(slower: Any) -> None:
    model = create_model("synth_small", input_size=(64, 48), **TINY)
    recipe = replace(recipe_for(card("synth_small"), "coco17"), slower=slower, rate=1.0)
    groups = make_optimiser(model, recipe).param_groups
    assert {group["base"]: len(group["params"]) for group in groups if group["base"] < 1} == {0.1: 2, 0.5: 1}


@pytest.mark.parametrize(
    "prefixes",
    [("xyz",), ("stem", "stem.0", "stem.1")],  # the last two cover all of the first
    ids=str,
)
def test_a_slower_prefix_of_no_parameter_is_refused(
    sixteen: Path, tmp_path: Path, prefixes: tuple[str, ...]
) -> None:
    changes = {f"slower.{prefix}": 0.1 for prefix in prefixes}
    with pytest.raises(UsageError, match=rf"slower\.{prefixes[0]}: has no effect") as caught:
        train(options(sixteen, tmp_path / "out", changes=changes))
    assert caught.value.code == "P159"
    assert "stem" in str(caught.value.fault.wanted)
    assert not (tmp_path / "out").exists()


def test_packed_weights_are_not_trained(sixteen: Path, tmp_path: Path) -> None:
    job = options(sixteen, tmp_path / "out", model="hpm_1_binary", config={"packed": True})
    with pytest.raises(UsageError, match="option packed=true") as caught:
        train(job)
    assert caught.value.code == "P152"
    assert "leave packed out" in str(caught.value.fault.hint)


def test_a_longer_prefix_stays_beside_a_shorter_one() -> None:
    recipe = recipe_for(card("prtr_r50"), "coco17")
    for changes in (
        {"slower.backbone": 1, "slower.backbone.0": 0},
        {"slower.backbone.0": 0, "slower.backbone": 1},
    ):
        assert dict(recipe.changed(changes).slower) == {"backbone": 1.0, "backbone.0": 0.0}


def test_pictures_with_several_people_are_one_sample_of_a_whole_picture_task(tmp_path: Path) -> None:
    from poseval.poses import IgnoreRegions
    from poseval.synth import World, scenes
    from poseval.synth.folder import write_world

    truth, _, _ = write_world(tmp_path, list(scenes(5, 4, 3, world=World(width=96, height=96))))
    count = np.bincount(truth.people.frame, minlength=4)
    crowd = np.zeros(len(truth.people.frame), dtype=bool)
    crowd[0] = True
    polygon = IgnoreRegions(np.array([[0.0, 0], [9, 0], [0, 9]]), np.array([0, 3]), np.array([1]))
    truth = replace(truth, people=truth.people.with_columns(crowd=crowd), ignore=polygon)
    pictures = TruthPictures(truth, tmp_path / "images")
    assert count.max() > 1
    assert len(TrainingSet(truth, pictures)) == count.sum() - 1
    data = TrainingSet(truth, pictures, whole=True)
    seen: list[tuple[int, int]] = []

    class Counting:
        def sample(self, picture: Any, person: Any, rng: np.random.Generator) -> dict[str, Any]:
            seen.append((1 + len(person.others), len(person.ignored)))
            return {"input": np.zeros(1)}

        def loss(self, outputs: Any, batch: Any) -> Any:
            raise NotImplementedError

    shown = [frame for frame in range(4) if count[frame] > (frame == 0)]
    list(data.batches(Counting(), 1, 0, 0, 1))
    assert sorted(seen) == sorted((int(count[f] - (f == 0)), int(f in (0, 1))) for f in shown)
    np.testing.assert_array_equal(data.regions[1][0], polygon.vertices)
    left, top, right, bottom = truth.people.box[0]
    assert data.regions[0][0].tolist() == [[left, top], [right, top], [right, bottom], [left, bottom]]


def test_what_a_task_watches_is_shown_and_kept(sixteen: Path, tmp_path: Path) -> None:
    small = {"depth": 18, "width": 4, "queries": 17, "layers": 1, "hidden": 8, "frozen": False}
    job = options(sixteen, tmp_path, model="prtr_r50", config=small, epochs=2, changes={"batch": 8})
    job = replace(job, size=(64, 32))
    said: list[str] = []
    result = train(job, said.append)
    assert all("class_error" in line and "cardinality_error" in line for line in said)
    for row in result.history:
        assert 0 <= row["class_error"] <= 100
        assert 0 <= row["cardinality_error"] <= 17
