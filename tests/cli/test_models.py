"""`poseval models`."""

from __future__ import annotations

import json
import sys

import pytest

from poseval.cli import invoke


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert invoke(["models", *arguments]) == status
    out, err = capsys.readouterr()
    return out if status == 0 else err


def test_the_list_has_a_line_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys).splitlines()
    assert lines[0].split()[:4] == ["name", "kind", "input", "joints"]
    assert any(line.startswith("hrnet_w32 ") and "256x192" in line for line in lines)


def test_a_pattern_selects(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "hrnet*").splitlines()
    assert [line.split()[0] for line in lines] == ["name", "hrnet_w32", "hrnet_w48"]


@pytest.mark.models
def test_a_card_has_size_and_cost(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    text = printed(capsys, "simplebaseline_r50")
    for part in (
        "34.000 M",
        "5.426 G",
        "BGR",
        "MIT",
        "AP 70.4",
        "transposed ones at their input size",
        "0.485",
    ):
        assert part in text


@pytest.mark.models
def test_a_card_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    entry = json.loads(printed(capsys, "hrnet_w32", "--json"))
    assert entry["colour"] == "rgb"
    assert ["left_wrist", "right_wrist"] in entry["flip_pairs"]
    assert entry["cost"]["macs"] == pytest.approx(7.645e9, rel=0.005)
    assert entry["results"][0]["value"] == 74.4


@pytest.mark.models
def test_a_network_inside_its_weights_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert "pass --weights PATH" in printed(capsys, "movenet_thunder")


def test_without_torch_the_card_is_printed_and_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    text = printed(capsys, "hrnet_w32")
    assert "not measured" in text
    assert "poseval[models]" in text


def test_an_unknown_name_proposes_near_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean hrnet_w32" in printed(capsys, "hrnet_w23", status=2)
