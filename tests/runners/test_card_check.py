"""`models check`: a network of painted spots, whose card is wrong in one way at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from PIL import Image

from poseval.cli import invoke
from poseval.runners.findings import CardCheck
from tests.models.card_text import card_file
from tests.runners.spots import COLOURS, image_folder, pictures, spots_card

pytestmark = pytest.mark.models


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return image_folder(tmp_path / "people")


@pytest.fixture
def truth(tmp_path: Path, people: Path) -> Path:
    """The middles of the spots as a ground truth of COCO."""
    persons = []
    for index, places in enumerate(pictures()[1]):
        keypoints = [number for x, y in places.tolist() for number in (x, y, 2)]
        person = {"id": index + 1, "image_id": index, "category_id": 1, "bbox": [0, 0, 89, 119]}
        persons.append({**person, "area": 9e3, "iscrowd": 0, "keypoints": keypoints, "num_keypoints": 3})
    images = [{"id": at, "file_name": f"{at}.png", "width": 90, "height": 120} for at in range(len(persons))]
    category = {"id": 1, "name": "person", "keypoints": list(COLOURS), "skeleton": []}
    path = tmp_path / "truth.json"
    path.write_text(json.dumps({"images": images, "annotations": persons, "categories": [category]}))
    return path


def checked(
    tmp_path: Path, people: Path, capsys: Any, truth: Path | None = None, **changes: Mapping[str, Any]
) -> tuple[int, Any]:
    path = spots_card(tmp_path, **changes)
    words = ["--gt", str(truth)] if truth else []
    capsys.readouterr()
    status = invoke(["models", "check", str(path), "--images", str(people), "--json", *words])
    return status, json.loads(capsys.readouterr().out)


def parts(node: Any) -> list[str]:
    return [finding["part"] for finding in node["findings"]]


def test_a_right_card_has_no_findings(tmp_path: Path, people: Path, capsys: Any) -> None:
    status, node = checked(tmp_path, people, capsys)
    assert (status, node["findings"]) == (0, [])
    assert node["measured"]["people"] == "16"
    assert "labelled joints" in node["measured"]["scale of pixels"]


def test_a_wrong_colour_order_is_found(tmp_path: Path, people: Path, capsys: Any) -> None:
    status, node = checked(tmp_path, people, capsys, input={"colour": "bgr"})
    assert status == 1
    assert "colour" in parts(node)
    assert node["findings"][-1]["advice"] == 'colour = "rgb"'


def test_half_a_pixel_is_found(tmp_path: Path, people: Path, capsys: Any) -> None:
    status, node = checked(tmp_path, people, capsys, output={"half_pixel": False})
    assert status == 1
    assert parts(node) == ["half pixel"]
    assert node["findings"][0]["advice"] == "half_pixel = true"


def test_wrong_mirror_joints_are_found(tmp_path: Path, people: Path, capsys: Any) -> None:
    # The spots keep their colours in the mirror: this network has no mirror joints.
    status, node = checked(tmp_path, people, capsys, top={"flip_pairs": [[1, 2]]})
    assert status == 1
    assert "flip pairs" in parts(node)


IMAGENET = {"mean": [0.485, 0.456, 0.406], "deviation": [0.229, 0.224, 0.225]}


@pytest.mark.parametrize("given", [IMAGENET, {"divisor": 1}, {"mean": [0.5] * 3, "deviation": [0.5] * 3}])
def test_wrong_pixels_are_found_and_the_advice_works(
    tmp_path: Path, people: Path, truth: Path, capsys: Any, given: dict[str, Any]
) -> None:
    status, node = checked(tmp_path, people, capsys, truth, input=given)
    assert (status, parts(node)) == (1, ["scale of pixels"])
    advice = node["findings"][0]["advice"]
    assert advice == "divisor = 255, mean = [0.0, 0.0, 0.0], deviation = [1.0, 1.0, 1.0]"
    assert checked(tmp_path, people, capsys, truth)[0] == 0


def test_joints_in_another_order_are_found(tmp_path: Path, people: Path, truth: Path, capsys: Any) -> None:
    joints = ["left_hand", "nose", "right_hand"]
    status, node = checked(tmp_path, people, capsys, truth, top={"joints": joints})
    assert (status, parts(node)) == (1, ["joints"])
    assert "left_hand lies where the ground truth has nose; 2 joints of 3" in node["findings"][0]["what"]


@pytest.mark.parametrize("known", [True, False])
def test_larger_heatmaps_of_larger_inputs_are_no_evidence(
    tmp_path: Path, people: Path, truth: Path, capsys: Any, known: bool
) -> None:
    # A little of the brightness in every map: of pixels from 0 to 255 it is more than any spot gives.
    path = spots_card(tmp_path)
    module = next(tmp_path.glob("spots_*.py"))
    module.write_text(module.read_text().replace("near = (-apart / 0.05).exp()", UNBOUNDED))
    words = ["--gt", str(truth)] if known else []
    assert invoke(["models", "check", str(path), "--images", str(people), "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []


UNBOUNDED = "near = (-apart / 0.05).exp() + 0.01 * x.abs().mean(1, keepdim=True)"


@pytest.mark.parametrize("name", ["synth_small", "synth_detector"])
def test_shipped_cards_are_right(name: str, capsys: Any) -> None:
    assert invoke(["models", "check", name]) == 0
    assert "nothing looks wrong" in capsys.readouterr().out


@pytest.fixture(scope="module")
def drawn() -> list[Any]:
    """People that are drawn, in the joints of the shipped network."""
    from poseval.models.registry import card
    from poseval.runners.check_samples import samples_of
    from poseval.synth import scenes
    from poseval.synth.folder import write_world

    with TemporaryDirectory() as folder:
        _, truth, _ = write_world(Path(folder), list(scenes(7, 24, 2)))
        return samples_of(card("synth_small").skeleton, truth, Path(folder) / "images")


RIGHT = "divisor = 255, mean = [0.485, 0.456, 0.406], deviation = [0.229, 0.224, 0.225]"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"colour": "bgr"}, ("colour", 'colour = "rgb"')),
        ({"pixel_divisor": 1.0}, ("scale of pixels", RIGHT)),
        pytest.param(
            {"mean": (0.0,) * 3, "std": (1.0,) * 3}, ("scale of pixels", RIGHT), marks=pytest.mark.slow
        ),
        ({"mean": (0.5,) * 3, "std": (0.5,) * 3}, ("scale of pixels", RIGHT)),
        ({"padding": 2.0}, ("padding", "padding = 1.25")),
        ({"colour": "bgr", "std": (1.0,) * 3}, ("colour and scale of pixels", f'colour = "rgb", {RIGHT}')),
        ({"crop": "affine", "half_pixel": True}, ("half pixel", 'crop = "udp", half_pixel = false')),
        pytest.param(
            {"skeleton": "coco17"},
            ("flip pairs", "flip_pairs of the joints as the network was trained"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_faults_of_the_shipped_card_are_found(
    changes: dict[str, Any], found: tuple[str, str], drawn: list[Any]
) -> None:
    findings = of_shipped(drawn, **changes).findings
    assert [(each.part, each.advice.partition(";")[0]) for each in findings] == [found]


def of_shipped(drawn: list[Any], **changes: Any) -> CardCheck:
    """The check of the shipped network with another card."""
    from poseval.models import load_weights
    from poseval.models.registry import build_model, card
    from poseval.models.shipped import shipped_weights
    from poseval.runners.card_check import check_card

    entry, weights = card("synth_small"), shipped_weights("synth_small")
    model = build_model(entry)
    assert weights is not None
    load_weights(model, weights)
    return check_card(model, replace(entry, **changes), drawn)


def test_a_padding_without_truth_is_not_compared(drawn: list[Any]) -> None:
    from poseval.runners.card_views import Sample

    unlabelled = [Sample(one.picture, one.box, np.full_like(one.truth, np.nan)) for one in drawn[:8]]
    found = of_shipped(unlabelled, padding=2.0)
    assert "labelled joints" in dict(found.measured)["padding"]
    assert "padding" not in {each.part for each in found.findings}


def test_people_who_are_not_found_are_said(tmp_path: Path, people: Path, capsys: Any) -> None:
    path = spots_card(tmp_path)
    module = next(tmp_path.glob("spots_*.py"))
    module.write_text(module.read_text().replace("near = (-apart / 0.05).exp()", NOISE))
    assert invoke(["models", "check", str(path), "--images", str(people)]) == 1
    assert "does not find these people" in capsys.readouterr().out
    assert invoke(["models", "check", str(path)]) == 0  # drawn people may be unknown to it
    assert "does not find these people" in capsys.readouterr().out


NOISE = "near = torch.rand(apart.shape, generator=torch.Generator().manual_seed(int(x.abs().sum() * 99)))"


FINDER = """
import torch
from torch import nn

class Red(nn.Module):
    def forward(self, x):
        red = x[0, 0] - x[0, 2] > 0.3
        rows, columns = torch.nonzero(red.any(1)), torch.nonzero(red.any(0))
        if not len(rows):
            return torch.zeros(1, 0, 5), torch.zeros(1, 0, 3, 3)
        x0, x1, y0, y1 = columns[0, 0], columns[-1, 0] + 1.0, rows[0, 0], rows[-1, 0] + 1.0
        score = x[0, 0][red].mean()
        middle, centre = (x0 + x1) / 2, (y0 + y1) / 2
        places = [(middle, y0), (x0, centre), (x1, centre)]
        joints = torch.tensor([[[float(a), float(b), 1.0] for a, b in places]])
        return torch.tensor([[[float(x0), float(y0), float(x1), float(y1), float(score)]]]), joints[None]

def make(joints, input_size):
    return Red()
"""


@pytest.mark.parametrize(
    ("colour", "pairs", "parts_found"),
    [("rgb", [[1, 2]], []), ("bgr", [[1, 2]], ["colour"]), ("rgb", [], ["flip pairs"])],
)
def test_a_network_of_whole_images(
    tmp_path: Path, capsys: Any, colour: str, pairs: list[list[int]], parts_found: list[str]
) -> None:
    module = f"red_{tmp_path.name}".replace("[", "_").replace("]", "_")
    (tmp_path / f"{module}.py").write_text(FINDER)
    images = tmp_path / "images"
    images.mkdir()
    for index in range(4):
        picture = np.zeros((60, 80, 3), dtype=np.uint8)
        picture[10 : 30 + index, 20 + 5 * index : 44 + 5 * index, 0] = 220
        Image.fromarray(picture).save(images / f"{index}.png")
    path = card_file(
        tmp_path,
        top={"skeleton": None, "joints": list(COLOURS), "flip_pairs": pairs},
        network={"file": None, "entry": f"{module}:make"},
        input={"size": [60, 80], "colour": colour, "crop": "corner", "fill": 0, "mean": [0.0, 0.0, 0.0],
               "deviation": [1.0, 1.0, 1.0]},
        output={"decode": "rtmo"},
    )  # fmt: skip
    status = invoke(["models", "check", str(path), "--images", str(images), "--json"])
    assert parts(json.loads(capsys.readouterr().out)) == parts_found
    assert status == bool(parts_found)


def test_networks_with_crops_of_their_own_are_refused(capsys: Any) -> None:
    assert invoke(["models", "check", "prtr_sequential", "--weights", "none.pth"]) == 2
    assert "P158" in capsys.readouterr().err


def test_a_check_of_no_card_is_refused(capsys: Any) -> None:
    assert invoke(["models", "check"]) == 2
    assert "needs a CARD [P127]" in capsys.readouterr().err


def test_a_second_word_without_check_is_refused(capsys: Any) -> None:
    assert invoke(["models", "hrnet_w32", "hrnet_w48"]) == 2
    assert "P127" in capsys.readouterr().err


def test_a_ground_truth_of_nobody_is_refused(tmp_path: Path, people: Path, truth: Path, capsys: Any) -> None:
    node = json.loads(truth.read_text())
    truth.write_text(json.dumps({**node, "annotations": []}))
    for name in ("synth_small", "synth_detector"):
        assert invoke(["models", "check", name, "--gt", str(truth), "--images", str(people)]) == 3
        assert "holds nobody [P431]" in capsys.readouterr().err


def test_an_image_of_one_pixel_shows_nobody(tmp_path: Path, capsys: Any) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    assert invoke(["models", "check", "synth_small", "--images", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "does not find these people" in said
    assert "nan" not in said


def test_few_wrong_pairs_are_rather_a_wrong_skeleton() -> None:
    from poseval.runners.card_check import mirror_joints
    from poseval.skeletons import load_skeleton

    skeleton = load_skeleton("coco17")
    plain = np.random.default_rng(0).uniform(0, 1000, (1, 17, 2))
    right = plain[:, list(skeleton.flip)]
    assert mirror_joints(skeleton, plain, right)[1] == []
    few = right.copy()
    few[:, [1, 2]] = right[:, [2, 1]]
    for mirrored, words in ((few, True), (plain, False)):
        (finding,) = mirror_joints(skeleton, plain, mirrored)[1]
        assert ("the order of its joints is the likelier cause" in finding.advice) is words
