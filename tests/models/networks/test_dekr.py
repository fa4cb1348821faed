"""DEKR against the official implementation: network, decoding, targets and losses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import UsageError
from poseval.models import create_model
from poseval.models.cost import measure
from poseval.models.inference.bottom_up import (
    FLIP_SHIFT,
    RESCORING,
    BottomUp,
    candidates,
    centres,
    image_crop,
    joined,
    load_rescoring,
    pose_map,
    rescored,
    suppressed,
    upsampled,
)
from poseval.models.networks.dekr import RescoreNet
from poseval.models.registry import card
from poseval.skeletons import get_skeleton
from poseval.training.dekr_losses import (
    BACKGROUND,
    dekr_loss,
    heatmap_loss,
    heatmap_targets,
    offset_loss,
    offset_targets,
    with_centres,
)
from tests.models.fixture import check
from tests.shared import shared_path

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    with np.load(shared_path("golden/models/pipeline/dekr_decode_targets.npz")) as file:
        return dict(file)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "joints"), [("dekr_w32_coco_256", 17), ("dekr_w32_crowdpose_256x192", 14)]
)
def test_equals_the_official_network(variant: str, joints: int) -> None:
    check(create_model("dekr_w32", joints), variant)


def test_rescoring_net_equals_the_official_one() -> None:
    check(RescoreNet(74), "dekr_rescore_coco")


@pytest.mark.parametrize(("name", "side", "millions", "gigas"), [("dekr_w32", 256, 29.561, 45.405 / 4)])
def test_cost(name: str, side: int, millions: float, gigas: float) -> None:
    cost = measure(create_model(name), torch.zeros(1, 3, side, side))
    assert (cost.parameters / 1e6, cost.macs / 1e9) == pytest.approx((millions, gigas), rel=0.005)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "side", "millions", "gigas"),
    [("dekr_w32", 512, 29.561, 45.405), ("dekr_w48", 640, 65.685, 141.558)],
)
def test_cost_at_the_published_inputs(name: str, side: int, millions: float, gigas: float) -> None:
    model = create_model(name)
    cost = measure(model, torch.zeros(1, 3, side, side))
    assert (cost.parameters / 1e6, cost.macs / 1e9) == pytest.approx((millions, gigas), rel=0.005)
    assert len(model.state_dict()) == 2264


def test_taps_start_where_a_plain_convolution_has_them() -> None:
    block = create_model("dekr_w32").offset_feature_layers[0][0]
    torch.nn.init.zeros_(block.transform_matrix_conv.bias)
    torch.nn.init.zeros_(block.translation_conv.bias)
    offset = block.offset(torch.rand(1, 15, 4, 4))
    # A = 0 at the start: every tap falls on the centre, as published.
    assert torch.allclose(offset + block.regular_matrix.T.reshape(1, 9, 2, 1, 1), torch.zeros(()), atol=1e-6)


def test_pose_is_pixel_minus_offset(golden: dict[str, Any]) -> None:
    offsets = torch.from_numpy(golden["offset"])[0]
    poses = pose_map(offsets)
    assert np.array_equal(poses.flatten(0, 1)[:4].numpy(), golden["posemap_first4"][0])
    mirrored = pose_map(offsets, golden["flip_coco"].tolist())
    assert np.array_equal(mirrored.flatten(0, 1)[:4].numpy(), golden["posemap_flip_first4"][0])
    assert golden["flip_coco"].tolist() == list(get_skeleton("coco17").flip)
    assert golden["flip_crowd"].tolist() == list(get_skeleton("crowdpose14").flip)


def test_decoding_gives_the_official_people(golden: dict[str, Any]) -> None:
    heatmaps = torch.from_numpy(golden["heatmap"])[0]
    found = candidates(heatmaps, pose_map(torch.from_numpy(golden["offset"])[0]), 4.0)
    assert np.array_equal(found, golden["candidates"])
    grown = upsampled(heatmaps, (192, 256))
    assert np.array_equal(grown.flatten()[::97].numpy(), golden["heatmap_sum_sample"])
    people, score = suppressed(joined({1.0: found}), grown)
    assert np.allclose(people, golden["final_poses"], atol=1e-6, rtol=0)
    assert np.allclose(score, golden["final_scores"], atol=1e-6, rtol=0)


def test_targets_are_the_official_ones(golden: dict[str, Any]) -> None:
    maps, weight = heatmap_targets(golden["tg_joints"], (36, 36))
    assert np.array_equal(maps, golden["tg_heatmap"])
    assert np.array_equal(weight, golden["tg_mask"])
    offsets, weight = offset_targets(golden["tg_joints"], golden["tg_area"], (36, 36))
    assert np.array_equal(offsets, golden["tg_offset"])
    assert np.array_equal(weight, golden["tg_weight"])


def test_losses_are_the_official_ones(golden: dict[str, Any]) -> None:
    heat = [torch.from_numpy(golden[key]) for key in ("hl_pred", "hl_gt", "hl_mask")]
    off = [torch.from_numpy(golden[key]) for key in ("ol_pred", "ol_gt", "ol_weight")]
    assert float(heatmap_loss(*heat)) == pytest.approx(float(golden["heatmap_loss"]), rel=1e-5)
    assert float(offset_loss(*off)) == pytest.approx(float(golden["offset_loss"]), rel=1e-5)
    whole = dekr_loss((heat[0], off[0]), (heat[1], heat[2]), (off[1], off[2]))
    assert float(whole) == pytest.approx(golden["heatmap_loss"] + 0.03 * golden["offset_loss"], rel=1e-5)
    assert float(offset_loss(off[0], off[1], torch.zeros_like(off[2]))) == 0.0


def test_sigma_of_the_centre_depends_on_the_channel() -> None:
    person = np.zeros((1, 15, 3))
    person[0, -1] = (20, 20, 1)
    maps, _ = heatmap_targets(person, (40, 40))
    assert maps[-1, 20, 24] == pytest.approx(np.exp(-(4**2) / (2 * 2**2)))
    person = np.zeros((1, 18, 3))
    person[0, -1] = (20, 20, 1)
    maps, _ = heatmap_targets(person, (40, 40))
    assert maps[-1, 20, 24] == pytest.approx(np.exp(-(4**2) / (2 * 4**2)))


def test_points_at_the_border_and_outside() -> None:
    people = np.zeros((1, 18, 3))
    people[0, 0], people[0, 1], people[0, 2] = (0, 0, 2), (35.9, 35.9, 1), (36, 3, 2)
    maps, weight = heatmap_targets(people, (36, 36))
    assert maps[0, 0, 0] == 1
    assert maps[1, 35, 35] == pytest.approx(np.exp(-2 * 0.9**2 / 8))
    assert not maps[2:].any()
    assert (weight[2:] == np.float32(BACKGROUND)).all()


def test_centres_are_means_of_labelled_joints() -> None:
    xy = np.array([[[10.0, 20.0], [30.0, 60.0], [99.0, 99.0]], [[1.0, 1.0], [3.0, 3.0], [5.0, 5.0]]])
    people, size = with_centres(xy, [[2, 1, 0], [2, 2, 2]], [2000.0, 900.0])
    assert people[0, -1].tolist() == [20, 40, 1]
    assert people[1, -1].tolist() == [0, 0, 0]  # under 32 x 32 pixels
    assert size.tolist() == [30**2 + 60**2, 5**2 + 5**2]
    assert people[0, 2].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("side", "window"), [(100, 3), (240, 5), (320, 7)])
def test_window_of_the_maximum_grows_with_the_map(side: int, window: int) -> None:
    heat = torch.zeros(side, side)
    reach = window // 2
    heat[20, 20], heat[20, 20 + reach], heat[20, 21 + reach + reach] = 0.9, 0.8, 0.7
    place, score = centres(heat)
    assert place.tolist() == [20 * side + 20, 20 * side + 21 + 2 * reach]
    assert score.tolist() == pytest.approx([0.9, 0.7])


def test_weak_centres_are_nobody() -> None:
    heat = torch.zeros(20, 20)
    heat[5, 5] = 0.01
    assert not len(centres(heat)[0])
    people, score = suppressed(np.zeros((0, 17, 3)), torch.zeros(18, 20, 20))
    assert people.shape == (0, 17, 3)
    assert score.shape == (0,)


def test_other_scales_are_brought_to_the_scale_of_one() -> None:
    one, two = np.ones((1, 17, 3)), np.ones((2, 17, 3))
    one[..., 2], two[0, :, 2], two[1, :, 2] = 0.8, 0.5, 0.25
    both = joined({2.0: two, 1.0: one})
    assert both[:, 0, 2] == pytest.approx([0.8 * 0.9, 0.4 * 0.9, 0.8])
    assert joined({2.0: two, 1.0: one[:0]})[:, 0, 2] == pytest.approx([0.9, 0.45])


@pytest.mark.parametrize(
    ("image", "scale", "wanted"),
    [
        ((480, 640), 1.0, (512, 704)),
        ((640, 480), 1.0, (704, 512)),
        ((480, 640), 2.0, (1024, 1408)),
        ((480, 640), 0.5, (256, 352)),
        ((333, 333), 1.0, (512, 512)),
    ],
)
def test_sizes_of_inputs(image: tuple[int, int], scale: float, wanted: tuple[int, int]) -> None:
    crop = image_crop(image, 512, scale)
    assert crop.input_size == wanted
    middle = crop.to_image([[[wanted[1] / 2, wanted[0] / 2]]])[0, 0]
    assert middle.tolist() == pytest.approx([image[1] // 2 + image[1] % 2, image[0] // 2 + image[0] % 2])
    short = crop.to_image([[[0, 0], [wanted[1], wanted[0]]]])[0]
    assert np.ptp(short, axis=0).min() == pytest.approx(min(image))


def test_features_of_the_rescoring_net() -> None:
    random = np.random.default_rng(0)
    pose = np.concatenate((100 * random.random((1, 17, 2)), random.random((1, 17, 1))), axis=2)
    features = RESCORING[17].features(pose)[0]
    assert features.shape == (74,)
    torso = (np.hypot(*(pose[0, 5] - pose[0, 11])[:2]) + np.hypot(*(pose[0, 6] - pose[0, 12])[:2])) / 2
    assert features[:2] == pytest.approx((pose[0, 0, :2] - pose[0, 1, :2]) / torso)
    assert features[38] == pytest.approx(np.hypot(*(pose[0, 0] - pose[0, 1])[:2]) / torso)
    assert np.array_equal(features[57:], pose[0, :, 2])
    tiny = RESCORING[17].features(pose * [0.001, 0.001, 1])[0]
    assert abs(tiny[:57]).max() < 0.2  # the unit of length is one pixel at least
    assert RESCORING[14].features(np.zeros((2, 14, 3))).shape == (2, 59)


def test_rescoring_multiplies_and_nan_counts_as_nothing(tmp_path: Path) -> None:
    net = RescoreNet(74)
    torch.save(net.state_dict(), tmp_path / "final_rescore_coco_kpt.pth")
    net = load_rescoring(tmp_path / "final_rescore_coco_kpt.pth", 17)
    with torch.no_grad():
        net.l3.weight.zero_()
        net.l3.bias.fill_(0.5)
    poses = np.ones((2, 17, 3))
    assert rescored(net, poses, np.array([0.8, 0.2])).tolist() == pytest.approx([0.4, 0.1])
    poses[1, 0, 0] = np.nan
    assert rescored(net, poses, np.array([0.8, 0.2]))[1] == 0
    with pytest.raises(UsageError) as caught:
        load_rescoring(tmp_path / "final_rescore_coco_kpt.pth", 16)
    assert caught.value.code == "P156"


class Painted(torch.nn.Module):
    """Finds one bright dot of the input; joints lie around it in a shape that grows with the map."""

    def __init__(self) -> None:
        super().__init__()
        self.shape = 6.0 * torch.randn(17, 2, generator=torch.Generator().manual_seed(0))
        mirror = list(get_skeleton("coco17").flip)
        self.shape = (self.shape + self.shape[mirror] * torch.tensor([-1.0, 1.0])) / 2  # looks at the camera
        self.seen: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.seen.append(images)
        bright = torch.nn.functional.avg_pool2d(images.mean(1, keepdim=True), 4)
        low, high = bright.amin(), bright.amax()
        heat = ((bright - low) / (high - low)).pow(4)
        grown = self.shape * heat.shape[2] / 32
        offsets = -grown.reshape(1, 34, 1, 1).expand(-1, -1, *heat.shape[2:])
        joints = torch.full((1, 17, *heat.shape[2:]), 0.5)
        return torch.cat((joints, heat), dim=1), offsets


def _dot(size: tuple[int, int], x: int, y: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    rows, columns = np.mgrid[: size[0], : size[1]]
    spot = 255 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * 8**2))
    return np.repeat(spot[..., None], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize("scales", [(1.0,), (0.5, 1.0, 2.0)])
@pytest.mark.parametrize("flip", [False, True])
def test_a_person_is_found_where_it_is(scales: tuple[float, ...], flip: bool) -> None:
    model = Painted()
    runner = BottomUp(model, card("dekr_w32").sized(input_size=(128, 128)), flip_test=flip, scales=scales)
    poses = runner.poses(_dot((240, 320), 200, 90))
    assert len(poses.score) == 1
    unit = 4 * 240 / 128  # pixels of the image in a cell at scale 1
    middle = poses.xy[0].mean(axis=0) - unit * model.shape.numpy().mean(axis=0)
    assert middle == pytest.approx([200, 90], abs=1.5 * unit)
    assert 0.3 < poses.score[0] <= 0.5  # the centre's score times the joints' heat
    assert len(model.seen) == len(scales) * (2 if flip else 1)


def test_the_mirrored_image_moves_three_pixels_left() -> None:
    model = Painted()
    BottomUp(model, card("dekr_w32").sized(input_size=(128, 128))).poses(_dot((240, 320), 200, 90))
    plain, turned = model.seen
    assert torch.equal(turned[..., :-FLIP_SHIFT], plain.flip(3)[..., FLIP_SHIFT:])
    assert torch.equal(turned[..., -FLIP_SHIFT:], plain.flip(3)[..., -FLIP_SHIFT:])


@pytest.mark.parametrize("scales", [(0.5, 2.0), (1.0, 0.75), (1.0, -1.0), (1.0, 9.0)])
def test_scales_that_do_not_fit_are_refused(scales: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="scales") as caught:
        BottomUp(Painted(), card("dekr_w32"), scales=scales)
    assert caught.value.code == "P156"


def test_a_flip_test_needs_mirror_joints() -> None:
    with pytest.raises(UsageError, match="mirror") as caught:
        BottomUp(Painted(), card("dekr_w32").sized(joints=16))
    assert caught.value.code == "P156"
