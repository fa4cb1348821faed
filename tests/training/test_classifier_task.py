"""Classifiers: folders of classes, parts of pictures, and training to the share right."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from PIL import Image

from poseval.cli import invoke
from poseval.cli.run import config_of
from poseval.errors import FormatError, MismatchError, UsageError
from poseval.models import create_model, load_weights
from poseval.models.inference.top_down import normalised
from poseval.models.networks.ps_vit import SamplingLayer
from poseval.models.registry import card, list_models
from poseval.runners.explain import COLOURS, STRIP
from poseval.runners.frames import read_image
from poseval.skeletons import get_skeleton
from poseval.synth import World, render, scenes, truth_of
from poseval.synth.picture import save_picture
from poseval.training.classifier_task import ClassJudge, ClassPictures, ClassTask, centred, class_job
from poseval.training.jobs import TrainOptions
from poseval.training.loop import train
from poseval.training.recipes import recipe_for
from tests.training.faces import write_faces

pytestmark = pytest.mark.models
ENTRY = replace(card("pplcnet_x0_25"), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), input_size=(8, 16))


SIDE = 96


def write_classes(folder: Path, count: int, seed: int) -> Path:
    """`count` pictures of 96 x 96 each of one face, of one person about the middle, and of nobody."""
    write_faces(folder / "face", count, seed)
    world = World(width=192, height=144, smallest=70, largest=100)
    for name, people in (("body", 1), ("nobody", 0)):
        for scene in scenes(seed, count, people, world=world):
            centre = np.array([96.0, 72.0])
            if people:
                centre = truth_of([scene], get_skeleton("coco17")).people.box[0].reshape(2, 2).mean(axis=0)
            x, y = np.clip(centre - SIDE / 2, 0, [192 - SIDE, 144 - SIDE]).astype(int)
            save_picture(render(scene)[y : y + SIDE, x : x + SIDE], folder / name / scene.path)
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures of each class."""
    return write_classes(tmp_path_factory.mktemp("few"), 2, 1)


def options(folder: Path, out: Path, **changes: Any) -> TrainOptions:
    base = TrainOptions(
        "pplcnet_x0_25",
        folder,
        None,
        out,
        size=(32, 32),
        epochs=2,
        changes={"batch": 3, "rate": 0.01, "warm_up": 1},
        device="cpu",
    )
    return replace(base, **changes)


def test_a_folder_of_classes(few: Path) -> None:
    data = ClassPictures(few, 1 << 20)
    assert data.classes == ("body", "face", "nobody")
    assert data.label.tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(("second", "what"), [("2.png", "2.png"), ("a/2.png", "has only the class")])
def test_pictures_without_two_classes_are_refused(tmp_path: Path, second: str, what: str) -> None:
    for name in ("a/1.png", second):
        save_picture(np.zeros((4, 4, 3), dtype=np.uint8), tmp_path / name)
    with pytest.raises(MismatchError, match=what) as caught:
        ClassPictures(tmp_path, 0)
    assert caught.value.code == "P432"


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        ClassPictures(tmp_path, 0)
    assert caught.value.code == "P263"


def test_the_centre_of_a_picture_is_cut_at_its_own_place() -> None:
    """Brightness that grows with x and y stays where it is: rows and columns are met at cell centres."""
    y, x = np.mgrid[:64, :64].astype(np.uint8)
    picture = 4 * np.stack([x, y, 0 * x], axis=2)
    found = normalised(centred(picture, ENTRY)[None], ENTRY)[0]
    wide, tall = 64 * 7 / 8, 32 * 7 / 8  # the input is twice as wide as high
    columns = 31.5 - wide / 2 + (np.arange(16) + 0.5) * wide / 16
    rows = 31.5 - tall / 2 + (np.arange(8) + 0.5) * tall / 8
    whole = 0.5 / 4 + 1e-4  # pixels that a rounded brightness may be off
    np.testing.assert_allclose(found[0, 0] * 255 / 4, columns, atol=whole)
    np.testing.assert_allclose(found[1, :, 0] * 255 / 4, rows, atol=whole)


def test_parts_of_pictures_stay_inside_and_turn_with_the_mirror() -> None:
    y, x = np.mgrid[:40, :60].astype(np.uint8)
    picture = np.stack([4 * x, y, 0 * x + 255], axis=2)
    recipe = recipe_for(ENTRY, "").changed({"augmentation.mirrored": 1.0})
    widths = []
    for seed in range(40):
        sample = ClassTask(ENTRY, recipe).sample(picture, 2, np.random.default_rng(seed))
        assert sample["label"] == 2
        assert sample["input"][2].min() == pytest.approx(1.0)  # nothing from beside the picture
        steps = np.diff(sample["input"][0, 0]) * 255 / 4
        assert steps.max() < 0  # mirrored
        widths.append(-steps.mean() * 16)
    assert min(widths) < 25 < 40 < max(widths) <= 60.3  # a third of a pixel by rounding


def test_labels_are_smoothed() -> None:
    recipe = recipe_for(ENTRY, "")
    logits, batch = torch.tensor([[10.0, 0.0]]), {"label": torch.tensor([0])}
    smooth, hard = (
        float(ClassTask(ENTRY, recipe.changed({"options.smoothing": value})).loss(logits, batch))
        for value in (0.1, 0.0)
    )
    assert smooth - hard == pytest.approx(0.05 * 10, abs=1e-6)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        ClassTask(ENTRY, recipe_for(ENTRY, "").changed({"options.colour": 1}))
    assert caught.value.code == "P159"


def test_every_classifier_has_its_published_recipe() -> None:
    names = [name for name in list_models() if card(name).kind == "classifier"]
    assert all(recipe_for(card(name), "").task == "classes" for name in names)
    lcnet, tiny, base = (recipe_for(card(name), "") for name in ("lcnet_050", "ps_vit_ti_14", "ps_vit_b_18"))
    assert (lcnet.optimiser, lcnet.rate, lcnet.epochs, lcnet.decay) == ("sgd", 0.8, 360, 3e-5)
    assert (tiny.rate, tiny.decay, base.rate, base.decay) == (1e-3, 0.03, 5e-4, 0.05)


def test_training_counts_what_is_right_and_goes_on(few: Path, tmp_path: Path) -> None:
    result = train(options(few, tmp_path / "out", val_truth=few))
    assert result.number == "top1"
    assert [row["top1"] * 6 for row in result.history] == [
        pytest.approx(round(row["top1"] * 6)) for row in result.history
    ]
    assert result.best == max(row["top1"] for row in result.history)
    said: list[str] = []
    again = train(options(few, tmp_path / "out", val_truth=few), said.append)
    assert said == ["continuing after epoch 2 of 2"]
    assert (again.number, again.best) == ("top1", result.best)


@pytest.mark.parametrize(
    ("name", "config"), [("pplcnet_x0_25", {"activation": "relu"}), ("ps_vit_ti_14", {"grid": 2})]
)
def test_a_trained_classifier_runs_as_it_was_validated(
    few: Path, tmp_path: Path, name: str, config: dict[str, Any]
) -> None:
    """Without any flag: size, options and classes come from the file."""
    held, out = write_classes(tmp_path / "held", 4, 3), tmp_path / "answers.json"
    job = options(few, tmp_path / "out", model=name, val_truth=held, config=config)
    result = train(job)
    run = ["run", name, "--weights", str(result.weights), "--images", str(held), "--out", str(out), "-q"]
    assert invoke(run) == 0
    assert json.loads(out.read_text())["summary"]["top1"] == pytest.approx(result.best, abs=1e-12)


def test_sampling_points_of_a_classifier_are_drawn(few: Path, tmp_path: Path) -> None:
    model = create_model("ps_vit_ti_14", 3, (64, 64), grid=4)
    for part in model.modules():
        if isinstance(part, SamplingLayer) and part.offset_layer is not None:
            part.offset_layer.bias.data = torch.tensor([0.0, -0.5])  # half a cell to the left
    torch.save({"state_dict": model.state_dict()}, tmp_path / "weights.pt")
    run = ["run", "ps_vit_ti_14", "--weights", str(tmp_path / "weights.pt"), "--images", str(few)]
    run += ["--input-size", "64x64", "--option", "grid=4", "--batch", "4", "-q"]
    assert invoke([*run, "--out", str(tmp_path / "a.json"), "--explain", str(tmp_path / "seen")]) == 0
    drawn = sorted((tmp_path / "seen").glob("*.png"))
    assert [path.name for path in drawn] == [f"{number:04d}.png" for number in range(6)]
    with Image.open(drawn[5]) as picture:  # of the second batch
        tiles = np.asarray(picture)[STRIP:-STRIP].reshape(192, 5, 192, 3).swapaxes(0, 1)[:, ::3, ::3]
    read = read_image(few / ClassPictures(few, 0).pictures.frames.path[5], upright=True)
    assert np.array_equal(tiles[0], centred(read, card("ps_vit_ti_14").sized(3, (64, 64))))
    pairs = zip(tiles[1:], COLOURS[:4], strict=True)
    moved = [np.argwhere((tile == np.array(colour)).all(axis=2)) for tile, colour in pairs]
    for earlier, later in itertools.pairwise(moved):
        assert later.mean(axis=0) - earlier.mean(axis=0) == pytest.approx([0, -2], abs=0.6)


def test_a_classifier_without_points_is_refused(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(create_model("pplcnet_x0_25", 3, (64, 64)).state_dict(), tmp_path / "weights.pt")
    run = ["run", "pplcnet_x0_25", "--weights", str(tmp_path / "weights.pt"), "--images", str(few)]
    run += ["--input-size", "64x64", "--out", str(tmp_path / "a.json"), "--explain", str(tmp_path / "seen")]
    assert invoke([*run, "-q"]) == 2
    assert "cannot draw what this network looks at" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "a.json").exists()


def test_validation_pictures_of_other_classes(few: Path, tmp_path: Path) -> None:
    other = write_classes(tmp_path / "other", 1, 2)
    (other / "face").rename(other / "mask")
    with pytest.raises(MismatchError, match="mask") as caught:
        class_job(options(few, tmp_path, val_truth=other))
    assert caught.value.code == "P432"


@pytest.mark.parametrize("name", ["images", "val_images", "benchmark"])
def test_what_only_poses_have_is_refused(few: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="--" + name.replace("_", "-")) as caught:
        class_job(options(few, tmp_path, **{name: few}))
    assert caught.value.code == "P127"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "config", "epochs", "changes"),
    [
        ("pplcnet_x0_25", (), "60", ("optimiser=adamw", "rate=6e-3", "warm_up=20")),
        ("ps_vit_ti_14", ("grid=4",), "15", ("rate=5e-4", "warm_up=10")),
    ],
)
def test_classes_are_learnt(
    tmp_path: Path,
    name: str,
    config: tuple[str, ...],
    epochs: str,
    changes: tuple[str, ...],
    record_property: Callable[[str, object], None],
) -> None:
    """Faces, bodies and neither: 48 pictures of each to learn from, 16 of each held out."""
    torch.set_num_threads(1)
    shown, held = write_classes(tmp_path / "shown", 48, 1), write_classes(tmp_path / "held", 16, 2)
    size, out = (64, 64), tmp_path / "out"
    words = ["--input-size", "64x64", "--device", "cpu", "--validate-every", epochs, "-q"]
    words += ["--set", "batch=8", "--set", "options.smallest=0.7"]
    words += [word for pair in config for word in ("--option", pair)]
    words += [word for pair in changes for word in ("--set", pair)]
    job = ["train", name, "--data", str(shown), "--val", str(shown), "--out", str(out)]
    assert invoke([*job, "--epochs", epochs, *words]) == 0
    history = json.loads((out / "history.json").read_text())
    model = create_model(name, 3, size, **config_of(config))
    load_weights(model, out / "best.pt")
    held_out = ClassJudge(card(name).sized(3, size), ClassPictures(held, 0)).score(model, "cpu")
    right = f"top1 {history[-1]['top1']:.3f}, held out {held_out['top1']:.3f}"
    record_property(f"learnt:{name}", f"{right} (3 synthetic classes, {epochs} epochs, 64x64)")
    assert history[-1]["top1"] > 0.95
    assert held_out["top1"] > 0.8
