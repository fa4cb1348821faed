"""Names, cards and the making of models, also where PyTorch is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from poseval.errors import UsageError
from poseval.models import ModelCard, card, create_model, list_models
from poseval.skeletons import get_skeleton

PROMISED = [
    *[f"simplebaseline_r{depth}" for depth in (18, 34, 50, 101, 152)],
    *[f"simplebaseline_r{depth}_caffe" for depth in (50, 101, 152)],
    "hrnet_w32",
    "hrnet_w48",
    "hourglass_2",
    "hourglass_8",
    "movenet_lightning",
    "movenet_thunder",
    "mediapipe_pose",
    "onnx_heatmap",
    "onnx_simcc",
    "keypoint_rcnn",
]
ALL = [card(name) for name in list_models()]


def test_every_promised_model_is_listed() -> None:
    assert set(PROMISED) <= set(list_models())


def test_a_pattern_selects() -> None:
    assert list_models("hrnet*") == ["hrnet_w32", "hrnet_w48"]
    assert list_models("nothing*") == []


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.name)
def test_every_card_is_whole(entry: ModelCard) -> None:
    assert entry.licence
    assert entry.source
    assert entry.weights
    if entry.skeleton is not None:
        assert len(get_skeleton(entry.skeleton)) == entry.joints
    assert all(side >= 1 for side in entry.input_size)


def test_an_unknown_name_proposes_near_ones() -> None:
    with pytest.raises(UsageError, match="hrnet_w32") as caught:
        card("hrnet_w23")
    assert caught.value.code == "P150"


def test_another_number_of_joints_forgets_the_skeleton() -> None:
    assert card("hrnet_w32").sized(16).skeleton is None
    assert card("hrnet_w32").sized(17).skeleton == "coco17"
    assert card("hrnet_w32").sized(input_size=(384, 288)).output_size == (96, 72)


def test_listing_needs_no_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from poseval.models import card, create_model, list_models\n"
        "from poseval.errors import MissingFeature\n"
        "assert card(list_models('hrnet*')[0]).licence == 'MIT'\n"
        "try: create_model('hrnet_w32')\n"
        "except MissingFeature as error: sys.exit(error.code != 'P601' or 'models' not in str(error))\n"
        "sys.exit(4)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.models
@pytest.mark.parametrize("joints", [0, -3, 1.5, True, "17"])
def test_an_impossible_number_of_joints_is_refused(joints: object) -> None:
    pytest.importorskip("torch")
    with pytest.raises(UsageError, match="joints") as caught:
        create_model("hrnet_w32", joints=joints)  # type: ignore[arg-type]
    assert caught.value.code == "P151"


@pytest.mark.models
def test_joints_that_the_model_cannot_give_are_refused() -> None:
    pytest.importorskip("torch")
    with pytest.raises(UsageError, match="always has 17 joints") as caught:
        create_model("movenet_thunder", joints=16)
    assert caught.value.code == "P151"


@pytest.mark.models
@pytest.mark.parametrize("size", [(256,), (256, 0), (256, 192.0), (1 << 20, 192), (256, 192, 3)])
def test_an_impossible_input_size_is_refused(size: tuple[int, int]) -> None:
    pytest.importorskip("torch")
    with pytest.raises(UsageError, match="input_size") as caught:
        create_model("hrnet_w32", input_size=size)
    assert caught.value.code == "P151"


@pytest.mark.models
def test_a_misspelt_option_is_refused() -> None:
    pytest.importorskip("torch")
    with pytest.raises(UsageError, match="did you mean width") as caught:
        create_model("hrnet_w32", widht=32)
    assert caught.value.code == "P152"


@pytest.mark.models
def test_models_are_made_in_evaluation_mode_with_the_cards_sizes() -> None:
    torch = pytest.importorskip("torch")
    model = create_model("simplebaseline_r18")
    assert not model.training
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 256, 192)).shape == (1, 17, 64, 48)
