"""The committed model cases: tiny networks with weights by formula, decoding, crops and suppression.

Outputs of networks in float64 agree to 1e-9 of the largest. Steps went through float32 in the official
programs: 1e-6 of the largest number, unless a test says otherwise; indices are exact.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from poseval.models.inference import decoding, suppression
from poseval.models.inference.crops import centre_and_size, crops_of, map_step
from poseval.skeletons import get_skeleton
from tests.golden.committed import Case, cases

CASES = cases("models", 10)
NETWORKS = [case for case in CASES if case.expected["kind"] == "network"]
PIXEL = 1e-4  # decoded places are float32 numbers of up to some hundred pixels
FLIP = (0, 2, 1, 4, 3, 5)  # the pairs that the official flip was given


def steps(kind: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Input and results of the one case of a kind."""
    (case,) = [case for case in CASES if case.expected["kind"] == kind]
    given = json.loads((case.folder / "input.json").read_text("utf-8"))
    results = {key: np.array(value, dtype=float) for key, value in case.expected["results"].items()}
    assert results
    return given, results


def near(ours: Any, wanted: np.ndarray, share: float = 1e-6) -> None:
    assert np.shape(ours) == wanted.shape
    np.testing.assert_allclose(ours, wanted, rtol=0, atol=share * np.abs(wanted).max())


@pytest.mark.models
@pytest.mark.parametrize("case", NETWORKS, ids=str)
def test_network(case: Case) -> None:
    torch = pytest.importorskip("torch")

    from poseval.models import create_model
    from tests.models import fixture

    wanted = case.expected
    ask = {**wanted["ask"], "config": {key: _tuples(value) for key, value in wanted["ask"]["config"].items()}}
    model = create_model(ask["model"], ask.get("joints"), tuple(ask["input_size"]), **ask["config"])
    assert fixture.state_counts(model) == wanted["counts"]
    fixture.fill_by_formula(model, {}, wanted["kept"])
    size = (1, 3, *ask["input_size"])
    with torch.no_grad():
        outputs = fixture.flatten(model.double()(fixture.formula_input("input", size).double()))
    assert outputs.keys() == wanted["outputs"].keys()
    for name, recorded in wanted["outputs"].items():
        found = outputs[name].reshape(-1).numpy()
        assert list(outputs[name].shape) == recorded["shape"]
        tolerance = wanted["tolerance"] * recorded["largest"]
        np.testing.assert_allclose(found[recorded["index"]], recorded["value"], rtol=0, atol=tolerance)
        assert np.linalg.norm(found) == pytest.approx(recorded["l2"], rel=wanted["tolerance"])
        assert np.std(recorded["value"]) > 1e-3 * recorded["largest"]  # a constant would show nothing


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def test_decoding_of_the_repositories() -> None:
    given, wanted = steps("repository decoding")
    maps = np.array(given["maps"], dtype=np.float32)
    xy, score = decoding.argmax(maps)
    np.testing.assert_array_equal(xy, wanted["argmax"])
    np.testing.assert_array_equal(score, wanted["score"])
    size = (64, 48)
    crops = crops_of(given["center"], np.array(given["scale"]) * 200, size)
    for method in ("argmax", "quarter"):
        found = crops.to_image(decoding.decode(maps, method)[0] * map_step(size, maps.shape[2:]))
        np.testing.assert_allclose(found, wanted[f"{method}_in_image"], rtol=0, atol=PIXEL, err_msg=method)
    np.testing.assert_allclose(decoding.dark(maps)[0], wanted["dark"], rtol=0, atol=PIXEL)
    flipped = decoding.flip_back(maps, FLIP, 0)
    near(flipped.sum(axis=(2, 3)), wanted["flipped"])
    np.testing.assert_array_equal(flipped[:, :, 7], wanted["flipped_row"])


def test_decoding_of_mmpose() -> None:
    given, wanted = steps("mmpose decoding")
    maps = np.array(given["maps"], dtype=np.float32)
    xy, score = decoding.argmax(maps, "mmpose")
    np.testing.assert_array_equal(xy, wanted["argmax"])
    np.testing.assert_array_equal(score, wanted["score"])
    near(decoding.quarter(maps, "mmpose")[0], wanted["quarter"])
    np.testing.assert_allclose(decoding.dark(maps, border="mmpose")[0], wanted["dark"], rtol=0, atol=PIXEL)
    there = wanted["argmax"][..., 0] >= 0  # elsewhere the program reads another joint's map
    np.testing.assert_allclose(decoding.udp(maps)[0][there], wanted["udp"][there], rtol=0, atol=PIXEL)
    rows = (np.array(given[f"simcc_{axis}"], dtype=np.float32) for axis in "xy")
    places, scores = decoding.simcc(*rows, 1.0)
    np.testing.assert_array_equal(places, wanted["simcc"])
    near(scores, wanted["simcc_score"])


def test_suppression() -> None:
    given, wanted = steps("suppression")
    poses = np.array(given["poses"])
    score, area = np.array(given["score"]), np.array(given["area"])
    sigmas = get_skeleton("coco17").sigma_array
    # `oks_iou` gives the similarity of a pose to all others, each row of the table for one pose.
    np.testing.assert_allclose(
        suppression.oks_matrix(poses[..., :2], area, sigmas), wanted["oks"], rtol=0, atol=1e-14
    )
    kept = 0
    for threshold in (0.5, 0.9):
        asked = (poses[..., :2], score, area, sigmas, threshold)
        np.testing.assert_array_equal(suppression.oks_nms(*asked), wanted[f"oks_nms@{threshold}"])
        np.testing.assert_array_equal(suppression.soft_oks_nms(*asked), wanted[f"soft_oks_nms@{threshold}"])
        visible = suppression.oks_nms(*asked, joint_score=poses[..., 2], visible=0.2)
        np.testing.assert_array_equal(visible, wanted[f"visible_oks_nms@{threshold}"])
        kept += len(visible)
    assert kept < 2 * len(poses)  # something was suppressed
    for threshold in (0.3, 0.5):
        found = suppression.box_nms(given["boxes"], given["box_score"], threshold)
        np.testing.assert_array_equal(found, wanted[f"box_nms@{threshold}"])
        assert len(found) < len(given["boxes"])


def test_crops() -> None:
    given, wanted = steps("crops")
    height, width = given["size"]
    boxes = np.array(given["boxes"])
    boxes[:, 2:] += boxes[:, :2]
    centre, size = centre_and_size(boxes, width / height)
    turned = crops_of(centre, size, (height, width), rotation=given["rotation"])
    near(centre, wanted["center"])
    near(size / 200, wanted["scale"])
    near(turned.matrix, wanted["affine"])
    # The official matrix of UDP is float32 from the start.
    size = wanted["scale"] * 200
    made = crops_of(wanted["center"], size, (height, width), rotation=given["rotation"], mapping="udp")
    near(made.matrix, wanted["udp"])
