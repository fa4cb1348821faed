"""PRTR against the official implementation: networks, matching and losses; and the sequential network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.errors import UsageError
from poseval.models import create_model
from poseval.models.cost import measure
from poseval.models.inference.top_down import TopDown
from poseval.models.inference.whole_image import whole_image
from poseval.models.networks.detr import Transformer, shrunk, sine_positions
from poseval.models.networks.prtr import FrozenNorm, read_joints
from poseval.models.networks.prtr_sequential import KeypointTransformer, PRTRSequential, Sequential
from poseval.models.registry import card
from poseval.skeletons import get_skeleton
from poseval.training.prtr_losses import (
    cardinality_error,
    class_error,
    corners,
    generalised_iou,
    joint_errors,
    joint_losses,
    match_joints,
    match_people,
    people_errors,
    prtr_loss,
    sequential_loss,
)
from tests.models.fixture import check
from tests.shared import shared_path

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    with np.load(shared_path("golden/models/pipeline/prtr_matching.npz")) as file:
        return {key: file[key] for key in file.files}


def _tensors(golden: dict[str, Any], *names: str) -> list[Tensor]:
    return [torch.from_numpy(golden[name]) for name in names]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "variant", "joints", "size"),
    [
        ("prtr_r50", "prtr_r50_coco_384x288", 17, (384, 288)),
        ("prtr_w32", "prtr_w32_mpii_256x256", 16, (256, 256)),
    ],
)
def test_equals_the_official_network(name: str, variant: str, joints: int, size: tuple[int, int]) -> None:
    check(create_model(name, joints, size), variant)


@pytest.mark.parametrize(
    ("name", "millions", "gigas", "keys"),
    [
        ("prtr_r50", 41.505, 11.046, 458),
        pytest.param("prtr_r101", 60.445, 33.472, 713, marks=pytest.mark.slow),
        pytest.param("prtr_w32", 57.234, 21.696, 2147, marks=pytest.mark.slow),
    ],
)
def test_cost(name: str, millions: float, gigas: float, keys: int) -> None:
    model = create_model(name)
    cost = measure(model, torch.zeros(1, 3, *card(name).input_size))
    assert (cost.parameters / 1e6, cost.macs / 1e9) == pytest.approx((millions, gigas), rel=0.005)
    assert len(model.state_dict()) == keys


def test_frozen_norms_have_no_counter_and_learn_nothing() -> None:
    model = create_model("prtr_r50", input_size=(64, 64))
    norms = {name for name, part in model.named_modules() if isinstance(part, FrozenNorm)}
    assert norms
    assert not any(
        key.startswith("backbone") and key.endswith("num_batches_tracked") for key in model.state_dict()
    )
    learning = {name for name, part in model.named_parameters() if part.requires_grad}
    assert not any(name.rpartition(".")[0] in norms for name in learning)
    assert not any(name.startswith(("backbone.0.body.conv1", "backbone.0.body.layer1")) for name in learning)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()(torch.rand(2, 3, 64, 64))
    after = model.state_dict()
    assert all(torch.equal(after[f"{name}.running_mean"], before[f"{name}.running_mean"]) for name in norms)


@pytest.mark.parametrize("name", ["prtr_r50", "prtr_sequential"])
def test_a_backbone_without_published_weights_learns_whole(name: str) -> None:
    small = {"depth": 18, "width": 16, "queries": 17, "layers": 1, "hidden": 32, "frozen": False}
    model = create_model(name, input_size=(64, 64), **small)
    assert not any(isinstance(part, FrozenNorm) for part in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert sum(p.numel() for key, p in model.named_parameters() if key.startswith("backbone")) < 1e6
    answer = model(torch.rand(1, 3, 64, 64))
    assert answer["pred_logits"].shape[:2] == (1, 17)


def test_class_and_cardinality_errors_by_hand(golden: dict[str, Any]) -> None:
    logits = torch.tensor([[[9.0, 0, 0], [0, 0, 9.0], [9.0, 0, 0]], [[0, 9.0, 0], [0, 9.0, 0], [0, 9.0, 0]]])
    query, classes = torch.tensor([[0, 1], [2, 0]]), torch.tensor([[0, 1], [0, 1]])
    assert float(class_error(logits, query, classes)) == 50.0  # right, background, wrong, right
    assert float(cardinality_error(logits, torch.tensor([2, 1]))) == 1.0  # |2 - 2| and |3 - 1|
    scores, coordinates, targets = _tensors(golden, "logits", "coords", "targets")
    outputs = {"pred_logits": scores, "pred_coords": coordinates}
    shown = joint_errors(outputs, targets)
    chosen = golden["match_query"]
    said = np.stack([each[rows].argmax(-1) for each, rows in zip(golden["logits"], chosen, strict=True)])
    assert shown["class_error"] == pytest.approx(100 * (said != np.arange(said.shape[1])).mean())
    told = (golden["logits"].argmax(-1) < golden["logits"].shape[-1] - 1).sum(1)
    assert shown["cardinality_error"] == pytest.approx(np.abs(told - said.shape[1]).mean())


def test_errors_of_people_and_of_their_joints() -> None:
    joints = torch.arange(34.0).reshape(1, 17, 2) / 34
    right = 9 * torch.eye(17, 18)
    outputs = {
        "pred_logits": torch.tensor([[[9.0, -9.0], [9.0, -9.0]], [[-9.0, 9.0], [-9.0, 9.0]]]),
        "pred_boxes": torch.tensor([[0.5, 0.5, 0.4, 0.4], [0.1, 0.1, 0.1, 0.1]]).repeat(2, 1, 1),
        "pred_kpt_coord": joints.repeat(2, 2, 1, 1),
        "pred_kpt_logits": torch.stack((right, right.roll(1, -1))).repeat(2, 1, 1, 1),
    }
    people = [torch.tensor([[0.5, 0.5, 0.4, 0.4]]), torch.zeros(0, 4)]
    found = people_errors(outputs, people, [joints, torch.zeros(0, 17, 2)])
    assert found == {"class_error": 0.0, "cardinality_error": 0.5, "joint_class_error": 0.0}
    two = [torch.tensor([[0.5, 0.5, 0.4, 0.4], [0.1, 0.1, 0.1, 0.1]]), people[0]]
    found = people_errors(outputs, two, [joints.repeat(2, 1, 1), joints])
    assert found["class_error"] == pytest.approx(100 / 3)
    assert found["cardinality_error"] == 0.5
    assert found["joint_class_error"] == pytest.approx(100 / 3)
    nobody = people_errors(outputs, [people[1], people[1]], [joints[:0], joints[:0]])
    assert nobody == {"class_error": 0.0, "cardinality_error": 1.0, "joint_class_error": 0.0}


@pytest.mark.parametrize(("background", "case"), [(True, "bg1"), (False, "bg0")])
def test_joints_are_read_like_the_official_program_reads_them(
    golden: dict[str, Any], background: bool, case: str
) -> None:
    xy, score = read_joints(*_tensors(golden, "logits", "coords"), background)
    assert np.allclose(xy * [288, 384], golden[f"{case}/crop_coords"], atol=2e-5, rtol=0)
    assert np.allclose(score, golden[f"{case}/scores"][..., 0], atol=1e-7, rtol=0)


def test_joints_of_the_mirrored_input(golden: dict[str, Any]) -> None:
    from poseval.models.inference.crops import crops_of
    from poseval.models.inference.decoding import flip_points

    decoded = read_joints(*_tensors(golden, "logits", "coords"))
    xy, score = flip_points(*decoded, get_skeleton("coco17").flip)
    crop = crops_of(golden["center"], 200 * golden["scale"], (384, 288))
    assert np.allclose(crop.to_image(xy * [288, 384]), golden["flip/coords"], atol=1e-3, rtol=0)
    assert np.allclose(score, golden["flip/scores"][..., 0], atol=1e-7, rtol=0)


def test_the_background_is_the_last_class() -> None:
    logits = torch.full((1, 3, 3), -5.0)
    logits[0, 0, 1] = logits[0, 1, 2] = logits[0, 2, 0] = 5.0
    xy, score = read_joints(logits, torch.tensor([[[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]]]))
    assert xy[0, :, 0] == pytest.approx([0.3, 0.1])  # the query that says background is nobody's
    assert (score > 0.99).all()


def test_matching_and_losses_are_the_official_ones(golden: dict[str, Any]) -> None:
    logits, coordinates, targets, weight = _tensors(golden, "logits", "coords", "targets", "target_weights")
    assert np.array_equal(match_joints(logits, coordinates, targets).numpy(), golden["match_query"])
    entropy, apart = joint_losses(logits, coordinates, targets, weight)
    assert float(entropy) == pytest.approx(float(golden["loss/loss_ce"]), rel=1e-6)
    assert float(apart) == pytest.approx(float(golden["loss/loss_kpts"]), rel=1e-6)
    earlier = joint_losses(logits * 0.5, 1 - coordinates, targets, weight)
    assert float(earlier[0]) == pytest.approx(float(golden["loss/loss_ce_0"]), rel=1e-6)
    assert float(earlier[1]) == pytest.approx(float(golden["loss/loss_kpts_0"]), rel=1e-6)
    outputs = {
        "pred_logits": logits,
        "pred_coords": coordinates,
        "aux_outputs": [{"pred_logits": logits * 0.5, "pred_coords": 1 - coordinates}],
    }
    wanted = sum(golden[f"loss/loss_ce{part}"] + 5 * golden[f"loss/loss_kpts{part}"] for part in ("", "_0"))
    assert float(prtr_loss(outputs, targets, weight)) == pytest.approx(float(wanted), rel=1e-6)


def test_a_crop_runs_end_to_end_with_the_flip_test() -> None:
    torch.manual_seed(0)
    entry = card("prtr_r50").sized(input_size=(64, 64))
    runner = TopDown(create_model("prtr_r50", input_size=(64, 64), queries=20, layers=1), entry)
    image = np.random.default_rng(0).integers(0, 255, (80, 90, 3)).astype(np.uint8)
    poses = runner.poses(image, [[10.0, 10.0, 60.0, 70.0], [0.0, 0.0, 20.0, 20.0]])
    assert poses.xy.shape == (2, 17, 2)
    assert ((poses.joint_score > 0) & (poses.joint_score < 1)).all()


@pytest.mark.parametrize("options", [{"queries": 16}, {"body": "vgg"}, {"depth": 19}, {"layers": 0}])
def test_options_that_do_not_fit_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        create_model("prtr_r50", **options)
    assert caught.value.code == "P152"


class Stub(nn.Module):
    """The recorded case's backbone: three strided convolutions."""

    widths = (16, 32, 64)

    def __init__(self) -> None:
        super().__init__()
        for index, pair in enumerate(((3, 16), (16, 32), (32, 64))):
            self.add_module(f"c{index + 1}", nn.Conv2d(*pair, 3, 2, 1))

    def forward(self, images: Tensor, padding: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        maps = []
        for layer in self.children():
            images = functional.relu(layer(images))
            maps.append(images)
        return maps, [sine_positions(shrunk(padding, x.shape[2:]), 32).to(x.dtype) for x in maps]


def small_sequential() -> PRTRSequential:
    """The recorded case's network."""
    torch.manual_seed(0)
    keypoints = KeypointTransformer(Transformer(512, 8, 64, 1, 1), 17, 20, 96)
    return PRTRSequential(Stub(), Stub.widths, Transformer(32, 4, 64, 1, 1), keypoints, (1, 2), 5).eval()


def test_sequential_equals_the_mended_notebook() -> None:
    check(small_sequential(), "prtr_sequential_small")


def test_sequential_gives_each_image_of_a_batch_its_own_answer() -> None:
    model = small_sequential().double()
    images = torch.rand(3, 3, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        together = model(images)
        for row in range(3):
            alone = model(images[row : row + 1])
            for key, value in alone.items():
                assert torch.allclose(together[key][row : row + 1], value, atol=1e-10), key


def test_padding_is_true_where_no_image_is() -> None:
    # The same image, alone and with a margin: attention must not look into the margin, and boxes count in
    # shares of the image, not of the padded input.
    model = small_sequential().double()
    image = torch.rand(1, 3, 64, 32, dtype=torch.float64)
    padded = torch.zeros(1, 3, 64, 64, dtype=torch.float64)
    padded[..., :32] = image
    padding = torch.zeros(1, 64, 64, dtype=torch.bool)
    padding[..., 32:] = True
    noisy = padded.clone()
    noisy[..., 48:] = 9.0  # far enough inside the margin that no convolution carries it over
    with torch.no_grad():
        alone, filled = model(image)["pred_boxes"], model(padded, padding)["pred_boxes"]
        noise = model(noisy, padding)["pred_boxes"]
        blind = model(padded)["pred_boxes"]
    assert torch.allclose(filled, noise, atol=1e-12)
    assert float((alone - filled).abs().max()) < float((alone - blind).abs().max())


def test_sine_positions_count_rows_and_columns_of_the_image_alone() -> None:
    padding = torch.zeros(1, 6, 8, dtype=torch.bool)
    padding[:, 4:] = True
    padding[:, :, 5:] = True
    inside = sine_positions(padding, 16)[:, :, :4, :5]
    assert torch.allclose(inside, sine_positions(torch.zeros(1, 4, 5, dtype=torch.bool), 16), atol=1e-6)


def test_crops_reach_a_quarter_beyond_the_box() -> None:
    model = small_sequential()
    x = torch.linspace(0, 1, 65)[:-1] + 1 / 128
    ramp = x.expand(1, 1, 64, -1)
    maps = [torch.zeros(1, 16, 64, 64), ramp.expand(-1, 32, -1, -1), ramp.expand(-1, 64, -1, -1)]
    boxes = torch.tensor([[[0.5, 0.5, 0.4, 0.2], [0.1, 0.5, 0.4, 0.2]]])
    sampled = model._sampled(maps, boxes, torch.ones(1, 2))
    assert sampled.shape == (2, 96, 10, 10)
    assert sampled[0, 0, 0].tolist() == pytest.approx(np.linspace(0.25, 0.75, 10).tolist(), abs=1e-3)
    assert float(sampled[1, 0, 0, 0]) == pytest.approx(float(ramp[0, 0, 0, 0]))  # outside: the border's value


@pytest.mark.slow
def test_sequential_runs_end_to_end_on_images_of_several_sizes() -> None:
    torch.manual_seed(0)
    entry = card("prtr_sequential").sized(input_size=(128, 160))
    model = create_model("prtr_sequential", input_size=(128, 160), queries=12, keypoint_queries=24, layers=1)
    runner = Sequential(model, entry)
    random = np.random.default_rng(0)
    images = [random.integers(0, 255, (*size, 3)).astype(np.uint8) for size in ((90, 120), (200, 60))]
    answers = runner.batch(images)
    for image, poses in zip(images, answers, strict=True):
        assert len(poses)
        assert (np.diff(poses.score) <= 0).all() or len(poses) == 1
        assert (poses.xy >= -1).all()
        assert (poses.xy <= [image.shape[1] + 1, image.shape[0] + 1]).all()
        again = runner.poses(image)
        assert np.allclose(again.xy, poses.xy, atol=0.05)


def test_only_the_surest_people_are_worked_out() -> None:
    model = small_sequential().double()
    images = torch.rand(2, 3, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        everybody, two = model(images), model(images, most=2)
    sure = everybody["pred_logits"].softmax(-1)[..., 0].topk(2, dim=1).indices
    for key, value in two.items():
        for row in range(2):
            assert torch.allclose(value[row], everybody[key][row, sure[row]], atol=1e-12), key


def test_keypoints_of_all_people_are_classified() -> None:
    with torch.no_grad():
        outputs = small_sequential()(torch.rand(2, 3, 64, 64))
    assert outputs["pred_kpt_logits"].shape == (2, 5, 20, 18)
    assert outputs["pred_kpt_coord"].shape == (2, 5, 20, 2)
    assert float(outputs["pred_kpt_logits"][0, 0].sub(outputs["pred_kpt_logits"][0, 1]).abs().max()) > 0


def test_generalised_iou_by_hand() -> None:
    one = corners(torch.tensor([[1.0, 1.0, 2.0, 2.0]]))
    others = corners(torch.tensor([[1.0, 1.0, 2.0, 2.0], [2.0, 1.0, 2.0, 2.0], [5.0, 1.0, 2.0, 2.0]]))
    assert generalised_iou(one, others).tolist() == pytest.approx([1.0, 2 / 6, -4 / 12])


def test_people_are_matched_one_to_one() -> None:
    boxes = torch.tensor([[0.1, 0.1, 0.1, 0.1], [0.52, 0.5, 0.2, 0.2], [0.5, 0.5, 0.2, 0.2]])
    people = torch.tensor([[0.5, 0.5, 0.2, 0.2], [0.51, 0.5, 0.2, 0.2]])
    assert match_people(torch.zeros(3, 2), boxes, people).tolist() == [2, 1]


def test_sequential_loss_falls_when_answers_are_right() -> None:
    generator = torch.Generator().manual_seed(0)
    people = [torch.tensor([[0.5, 0.5, 0.4, 0.4]]), torch.zeros(0, 4)]
    joints = [torch.rand(1, 17, 2, generator=generator), torch.zeros(0, 17, 2)]
    weight = [torch.ones(1, 17, 2), torch.zeros(0, 17, 2)]
    right = {
        "pred_logits": torch.tensor([[[9.0, -9.0], [-9.0, 9.0]], [[-9.0, 9.0], [-9.0, 9.0]]]),
        "pred_boxes": torch.tensor([[[0.5, 0.5, 0.4, 0.4], [0.1, 0.1, 0.1, 0.1]]]).repeat(2, 1, 1),
        "pred_kpt_coord": joints[0][:, None].repeat(2, 2, 1, 1),
        "pred_kpt_logits": (18 * torch.eye(17, 18)).repeat(2, 2, 1, 1),
    }
    best = float(sequential_loss(right, people, joints, weight))
    assert best < 1e-2
    for key, value in right.items():
        worse = {**right, key: value.flip(-1) if "logits" in key else 1 - value}
        assert float(sequential_loss(worse, people, joints, weight)) > best + 0.1, key


def test_whole_image_procedures() -> None:
    entry = card("prtr_sequential")
    assert isinstance(whole_image(small_sequential(), entry), Sequential)
    with pytest.raises(UsageError, match="no flip test"):
        whole_image(small_sequential(), entry, flip_test=True)
    with pytest.raises(UsageError, match="boxes"):
        whole_image(create_model("prtr_r50", input_size=(64, 64)), card("prtr_r50"))
