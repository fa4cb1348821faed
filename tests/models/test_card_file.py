"""Card files: what they say, and what is refused; nothing here needs PyTorch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from poseval.errors import FormatError, UsageError
from poseval.models import card
from poseval.models.describe import card_json, card_rows
from tests.models.card_text import card_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.onnx").write_bytes(b"onnx")
    return tmp_path


def test_a_card_is_read(folder: Path) -> None:
    found = card(str(card_file(folder, input={"divisor": 255}, output={"decode": "dark"})))
    assert (found.name, found.kind, found.decode, found.crop) == ("mine", "heatmap", "dark", "affine")
    assert (found.input_size, found.joints, found.skeleton) == ((64, 48), 17, "coco17")
    assert (found.flip, found.flip_shift) == ("maps", 1)
    assert found.file == str(folder / "net.onnx")
    assert dict(found.config) == {"decode": "dark", "source": {"format": "onnx"}}
    assert card_json(found)["flip_pairs"][0] == ("left_eye", "right_eye")
    assert ("licence", "Apache-2.0") in card_rows(found, None, "no file")


def test_options_of_a_card_are_those_of_networks_that_find_people(folder: Path) -> None:
    with pytest.raises(UsageError, match="no option folder") as caught:
        card(str(card_file(folder))).sized(config={"folder": "elsewhere"})
    assert caught.value.code == "P152"
    finder = card(
        str(card_file(folder, input={"crop": "corner"}, output={"decode": "rtmo", "least_score": 0.3}))
    )
    assert finder.sized().config["least_score"] == 0.3
    assert finder.sized(config={"least_score": 0.2}).config["least_score"] == 0.2


def test_joints_of_ones_own_stand_in_the_card(folder: Path) -> None:
    own = {"skeleton": None, "joints": ["nose", "left_hand", "right_hand"], "sigmas": [0.02, 0.1, 0.1]}
    found = card(str(card_file(folder, top=own)))
    assert found.joints == 3
    assert card_json(found)["flip_pairs"] == [("left_hand", "right_hand")]


@pytest.mark.parametrize(
    ("decode", "crop", "kind", "flip"),
    [
        ("udp", "udp", "heatmap", "maps"),
        ("simcc", "affine", "regression", "maps"),
        ("coordinates", "affine", "regression", "coordinates"),
        ("yolo_pose", "letterbox", "bottom_up", "none"),
        ("rtmo", "corner", "bottom_up", "none"),
        ("yolox", "corner", "detector", "none"),
    ],
)
def test_the_kind_follows_from_the_decoding(
    folder: Path, decode: str, crop: str, kind: str, flip: str
) -> None:
    top = {"skeleton": None if kind == "detector" else "coco17"}
    found = card(str(card_file(folder, top=top, input={"crop": crop}, output={"decode": decode})))
    assert (found.kind, found.flip, found.flip_shift) == (kind, flip, 0)
    assert found.joints == (0 if kind == "detector" else 17)


WRONG: list[tuple[dict[str, dict[str, Any]], str]] = [
    ({"input": {"colour": None}}, "colour is missing"),
    ({"input": {"color": "rgb"}}, r"did you mean colour"),
    ({"input": {"size": [0, 48]}}, r"size is \[0, 48\]"),
    ({"input": {"mean": [123.675, 116.28, 103.53]}}, "pixels end at 1 after the divisor"),
    ({"input": {"divisor": 1}}, "pixels go up to 255 after the divisor"),
    ({"input": {"deviation": [0.2, 0, 0.2]}}, "deviation is"),
    ({"input": {"deviation": [58.4, 57.1, 57.4]}}, r"deviation is \[58.*pixels end at 1 after the divisor"),
    (
        {"input": {"divisor": 1, "mean": [123.7, 116.3, 103.5]}},
        r"deviation is \[0.229.*pixels go up to 255 after the divisor",
    ),
    ({"input": {"crop": "letterbox"}}, "decode quarter is of crops of people"),
    ({"output": {"decode": "yolo_pose"}}, "decode yolo_pose is of whole images"),
    ({"output": {"decode": "coordinates", "flip": "maps"}}, "flip is maps, and decode is coordinates"),
    ({"output": {"flip_shift": 1}, "input": {"crop": "udp"}}, "flip_shift is 1 with decode quarter"),
    ({"output": {"flip": "none", "flip_shift": 1}}, "flip_shift is 1 with flip none"),
    ({"output": {"half_pixel": True}, "input": {"crop": "udp"}}, "half_pixel is true"),
    ({"output": {"half_pixel": True}, "input": {"crop": "integer"}}, "half_pixel is true"),
    (
        {"output": {"half_pixel": True, "decode": "rtmo"}, "input": {"crop": "letterbox"}},
        "half_pixel is true with decode rtmo and crop letterbox",
    ),
    ({"input": {"fill": 0}}, "fill has no meaning with decode quarter"),
    (
        {"input": {"crop": "corner", "padding": 1.5}, "output": {"decode": "rtmo"}},
        "padding has no meaning with decode rtmo",
    ),
    ({"top": {"flip_pairs": [[1, 2]]}}, "flip_pairs has no meaning without joints"),
    (
        {"input": {"crop": "corner"}, "output": {"decode": "yolox"}},
        "skeleton has no meaning with decode yolox",
    ),
    ({"network": {"format": "torchscript"}, "output": {"names": ["y"]}}, "names has no meaning"),
    ({"output": {"units": "pixels"}}, "units has no meaning"),
    ({"output": {"overlap": 0.5}}, "overlap has no meaning"),
    ({"output": {"least_score": 2}}, "least_score is 2"),
    ({"network": {"file": None}}, "names no network"),
    ({"network": {"file": "other.onnx"}}, "other.onnx is not a file"),
    ({"network": {"format": "tensorrt"}}, "format is tensorrt"),
    ({"network": {"entry": "a:b", "format": "onnx"}}, "format has no meaning beside entry"),
    ({"network": {"format": "torchscript", "providers": ["CPUExecutionProvider"]}}, "without an ONNX file"),
    ({"top": {"joints": ["nose"]}}, "names both a skeleton and joints"),
    ({"top": {"skeleton": None}}, "names no joints"),
    ({"top": {"skeleton": "coco71"}}, "skeleton 'coco71'"),
    (
        {"top": {"skeleton": None, "joints": ["nose", "hand"]}, "output": {"flip": "maps"}},
        "no joint has a mirror joint",
    ),
]


@pytest.mark.parametrize(("changes", "words"), WRONG, ids=lambda value: str(value)[:60])
def test_contradictions_are_named(folder: Path, changes: dict[str, dict[str, Any]], words: str) -> None:
    with pytest.raises(FormatError) as caught:
        card(str(card_file(folder, **changes)))
    assert re.search(words, str(caught.value).replace(":", ""))
    assert {fault.code for fault in caught.value.faults} == {"P253"}


@pytest.mark.parametrize(
    ("divisor", "mean", "deviation"),
    [
        (1, 0, 1), (1, 127.5, 127.5), (1, 0, 255), (1, 104, 1), (127.5, 1, 1), (255, 0, 1), (255, 0.5, 1),
        (255, -0.5, 1),
    ],
)  # fmt: skip
def test_usual_scales_of_pixels_are_taken(
    folder: Path, divisor: float, mean: float, deviation: float
) -> None:
    scale = {"divisor": divisor, "mean": [mean] * 3, "deviation": [deviation] * 3}
    found = card(str(card_file(folder, input=scale)))
    assert (found.pixel_divisor, found.mean[0], found.std[0]) == (divisor, mean, deviation)


def test_an_unknown_format_is_one_fault(folder: Path) -> None:
    for file in ("net.onnx", "net.bin"):
        (folder / file).write_bytes(b"")
        with pytest.raises(FormatError) as caught:
            card(str(card_file(folder, network={"file": file, "format": "tflite"})))
        assert [fault.what for fault in caught.value.faults] == ["is tflite"]


def test_all_faults_are_named_at_once(folder: Path) -> None:
    path = card_file(folder, input={"colour": "grey", "size": None}, output={"decode": "magic"})
    with pytest.raises(FormatError) as caught:
        card(str(path))
    assert len(caught.value.faults) == 3


def test_a_bad_value_does_not_hide_contradictions(folder: Path) -> None:
    path = card_file(
        folder,
        top={"joints": ["nose"], "notes": 3},
        network={"file": "other.onnx", "options": {"a": 1}},
        input={"colour": "grey", "mean": [123.675, 116.28, 103.53], "crop": "udp"},
        output={"half_pixel": True, "flip_shift": 1, "units": "pixels"},
    )
    with pytest.raises(FormatError) as caught:
        card(str(path))
    said = str(caught.value)
    for words in (
        "notes: is 3", "names both a skeleton and joints", "other.onnx is not a file", "options: has no",
        "colour: is grey", "pixels end at 1", "half_pixel: is true", "flip_shift: is 1", "units: has no",
    ):  # fmt: skip
        assert words in said
    assert len(caught.value.faults) == 9


@pytest.mark.parametrize("text", ["", "input = 3", "network = 3\noutput = []", 'skeleton = 3\njoints = "a"'])
def test_what_is_missing_has_no_contradictions(folder: Path, text: str) -> None:
    path = folder / "card.toml"
    path.write_text(text)
    with pytest.raises(FormatError) as caught:
        card(str(path))
    said = str(caught.value)
    assert "names no joints" not in said
    assert "contradict" not in said
    assert "has no meaning" not in said
    assert ("size: is missing" in said) == ("input" not in text)


def test_maps_are_moved_before_a_flip_test_where_their_pixels_are_not_areas(folder: Path) -> None:
    assert card(str(card_file(folder))).flip_shift == 1
    for output in ({"half_pixel": True}, {"flip": "none"}):
        assert card(str(card_file(folder, output=output))).flip_shift == 0


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text("name = [")
    with pytest.raises(FormatError, match="is not TOML") as caught:
        card(str(path))
    assert caught.value.code == "P253"
    with pytest.raises(UsageError) as absent:
        card(str(tmp_path / "none.toml"))
    assert absent.value.code == "P114"
