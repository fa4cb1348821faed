"""Training: resumes to the bit, keeps the best, refuses what is not its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval import scoring
from poseval.errors import FormatError, MismatchError, UsageError, ValueRangeError
from poseval.models import create_model, load_weights
from poseval.models.recipes import Recipe, recipe_for
from poseval.models.registry import card
from poseval.models.train import loop
from poseval.models.train.data import TrainingSet
from poseval.models.train.loop import TrainOptions, make_optimiser, train
from poseval.runners.frames import TruthPictures

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
    assert said[0] == "going on after epoch 1 of 3"
    whole, cut = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(whole[key], cut[key]) for key in whole)
    rows = [json.loads((tmp_path / name / "history.json").read_text()) for name in ("whole", "cut")]
    assert [row["loss"] for row in rows[0]] == [row["loss"] for row in rows[1]]


def test_validation_is_the_harness_and_the_best_weights_are_kept(
    sixteen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter([0.2, 0.5, 0.3])
    real = loop._Judge.score

    def score(self: Any, model: Any, device: str) -> dict[str, float]:
        value = real(self, model, device)
        assert list(value) == ["AP"]
        assert 0 <= value["AP"] <= 1
        return {"AP": next(numbers)}

    monkeypatch.setattr(loop._Judge, "score", score)
    after: list[dict[str, Any]] = []
    job = options(sixteen, tmp_path / "out", val_truth=sixteen / "truth.json", val_images=sixteen / "images")
    result = train(
        job, lambda text: after.append(weights(tmp_path / "out")) if len(after) else after.append({})
    )
    assert (result.number, result.best) == ("AP", 0.5)
    best = weights(tmp_path / "out", "best.pt")
    assert all(torch.equal(best[key], after[2][key]) for key in best)
    load_weights(create_model("synth_small", input_size=(64, 48), **TINY), result.weights)


def test_a_checkpoint_of_another_training_is_refused(sixteen: Path, tmp_path: Path) -> None:
    train(options(sixteen, tmp_path))
    with pytest.raises(UsageError, match="another seed") as caught:
        train(options(sixteen, tmp_path, seed=1))
    assert caught.value.code == "P134"
    train(options(sixteen, tmp_path, seed=1, fresh=True, epochs=1))
    (tmp_path / "last.pt").write_bytes((tmp_path / "best.pt").read_bytes())
    with pytest.raises(FormatError) as stranger:
        train(options(sixteen, tmp_path))
    assert stranger.value.code == "P264"


def test_loss_that_explodes_is_named(sixteen: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueRangeError, match="epoch 1, step") as caught:
        train(options(sixteen, tmp_path, changes={"batch": 4, "optimiser": "sgd", "rate": 1e30}))
    assert caught.value.code == "P351"


def test_start_from_a_related_network(sixteen: Path, tmp_path: Path) -> None:
    torch.manual_seed(9)
    other = create_model("synth_small", 14, (64, 48), **TINY)
    torch.save(other.state_dict(), tmp_path / "other.pt")
    said: list[str] = []
    job = options(sixteen, tmp_path / "out", start_from=tmp_path / "other.pt", epochs=1)
    train(replace(job, changes={"rate": 0.0, "batch": 5, "decay": 0.0}), said.append)
    assert said[0].startswith("started from other.pt: ")
    trained = weights(tmp_path / "out")
    assert torch.equal(trained["stem.0.weight"], other.state_dict()["stem.0.weight"])
    torch.save({"a": torch.zeros(2)}, tmp_path / "stranger.pt")
    with pytest.raises(MismatchError) as caught:
        train(replace(job, start_from=tmp_path / "stranger.pt", fresh=True))
    assert caught.value.code == "P450"


def test_validation_needs_its_images(sixteen: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        train(options(sixteen, tmp_path, val_truth=sixteen / "truth.json"))
    assert caught.value.code == "P127"


def test_order_and_variation_depend_on_seed_and_epoch_alone(sixteen: Path) -> None:
    truth = scoring.read(sixteen / "truth.json")
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
    truth = scoring.read(sixteen / "truth.json")
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
