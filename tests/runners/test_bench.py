"""`poseval bench`: what is measured, and how it is printed."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from poseval.cli import invoke
from poseval.runners import loading
from poseval.runners.loading import ModelOptions, hasten

pytestmark = pytest.mark.models
SMALL = ["synth_small", "--input-size", "64x48", "--option", "widths=8,8,8,8"]
QUICK = ["--repeats", "3", "--image-size", "60x80", "--device", "cpu", "--threads", "1"]


def test_a_top_down_model_is_measured_by_person_and_frame(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["bench", *SMALL, *QUICK, "--people", "2", "--channels-last", "--json"]) == 0
    node = json.loads(capsys.readouterr().out)
    times = node["milliseconds"]
    assert times["person"]["p50"] == pytest.approx(times["frame"]["p50"] / 2, rel=0.01, abs=0.002)
    assert 0 < times["prepare"]["p50"] < times["frame"]["p50"]
    assert 0 < times["network"]["p50"] <= times["network"]["p95"]
    assert (node["people_of_a_frame"], node["threads"], node["channels_last"]) == (2, 1, True)
    assert node["input_size"] == [64, 48]


def test_a_classifier_is_given_one_image_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["pplcnet_x0_25", "--input-size", "64x64", *QUICK]
    assert invoke(["bench", *words]) == 0
    out = capsys.readouterr().out
    assert "people of a frame: 1\n" in out
    assert "half: no\n" in out
    assert "ms (p50)" in out


def test_a_network_in_its_file_needs_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["bench", "movenet_lightning", *QUICK]) == 2
    assert "P154" in capsys.readouterr().err


def test_a_network_is_compiled_and_laid_out_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: done.append(self))
    net = torch.nn.Conv2d(3, 8, 3)
    hasten(net, ModelOptions("synth_small"))
    assert done == []
    assert not net.weight.is_contiguous(memory_format=torch.channels_last)
    hasten(net, ModelOptions("synth_small", compiled=True, channels_last=True))
    assert done == [net]
    assert net.weight.is_contiguous(memory_format=torch.channels_last)


def test_an_apple_gpu_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    if torch.backends.mps.is_available():
        assert loading.choose_device("mps") == "mps"
        return
    assert invoke(["bench", *SMALL, "--device", "mps"]) == 2
    assert "finds no Apple GPU [P603]" in capsys.readouterr().err
