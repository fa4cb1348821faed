"""`poseval bench`: what is measured, and how it is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from poseval.cli import invoke
from poseval.cli.bench import _above
from poseval.runners import loading
from poseval.runners.bench import _Bare
from poseval.runners.loading import hasten
from poseval.runners.memory import RESET, Memory, figures
from poseval.runners.own_settings import ModelOptions
from tests.shared import ROOT

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
    assert node["batch"] > 0
    over = times["over_network_percent"]
    assert over["p25"] <= over["p50"] <= over["p75"]
    if node["added_memory_mib"] is not None:  # none is added where this process had enough that was free
        assert 0 <= node["added_memory_mib"] < node["peak_memory_mib"]


def test_what_was_measured_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["bench", *SMALL, *QUICK, "--no-flip", "--json"]) == 0
    node = json.loads(capsys.readouterr().out)
    assert (node["flip"], node["weights"], node["overridden"]) == (False, None, [])
    assert node["config"]["widths"] == [8, 8, 8, 8]
    assert invoke(["bench", *SMALL, *QUICK]) == 0
    said = capsys.readouterr().out
    assert "\nflip: yes\n" in said
    assert "\nweights: random\n" in said
    assert "\nconfig: widths=(8, 8, 8, 8)\n" in said


def test_shipped_weights_are_measured_at_another_size(capsys: pytest.CaptureFixture[str]) -> None:
    other = ["bench", "synth_small", "--input-size", "64x48", *QUICK, "--json"]
    assert invoke(other) == 3
    assert "pass --override" in capsys.readouterr().err
    assert invoke([*other, "--override"]) == 0
    said = capsys.readouterr()
    node = json.loads(said.out)
    assert (node["input_size"], node["weights"]["name"]) == ([64, 48], "synth_small.pt")
    assert f"--override: {node['overridden'][0]} [N138]" in said.err


def test_a_network_of_whole_images_has_a_bare_loop_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    before = _Bare.run

    def run(self: _Bare, prepared: Any) -> None:
        passes.append(len(self.calls))
        before(self, prepared)
        assert self.calls == []

    monkeypatch.setattr(_Bare, "run", run)
    assert invoke(["bench", "dekr_w32", "--input-size", "64x64", "--option", "width=4", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "\nnetwork: " in out
    assert "\nabove the network alone: " in out
    assert set(passes) == {2}  # the flip test asks twice


def test_what_a_frame_takes_above_its_network_may_be_noise() -> None:
    assert _above({"p25": 1.0, "p50": 2.0, "p75": 2.5}) == "2 % (quartiles 1 to 2.5 %)"
    assert _above({"p25": -1.0, "p50": 2.0, "p75": 2.5}).endswith("within the noise of this measurement")
    assert _above({"p25": -2.0, "p50": -1.0, "p75": -0.5}).endswith("within the noise of this measurement")


PEAKS = """
from poseval.runners.memory import MEGABYTE, taken, watch
filled = b"x" * (200 * MEGABYTE)  # a peak from before
del filled
before = watch("cpu")
filled = b"x" * (60 * MEGABYTE)
del filled
after = taken("cpu")
print([before.now, before.peak, after.peak])
"""


def test_peak_memory_is_the_most_while_the_work_runs() -> None:
    # In a process of its own: what else a large one gives back meanwhile is not the work's.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", PEAKS], capture_output=True, check=True, env=environment)
    now, peak_before, peak = json.loads(done.stdout.replace(b"None", b"null"))
    if now is None or peak_before is None or peak is None:
        pytest.skip("resident memory is not known here")
    assert peak - now > 50
    if peak_before - now > 100:
        pytest.skip(f"{RESET} cannot be written here, so that the peak is that since the process began")
    assert peak - now < 100


def test_memory_that_is_not_known_is_left_open() -> None:
    assert figures(Memory(None, None), Memory(None, None)) == {
        "peak_memory_mib": None,
        "added_memory_mib": None,
    }
    assert figures(Memory(100.0, 900.0), Memory(300.0, 350.04)) == {
        "peak_memory_mib": 350.0,
        "added_memory_mib": 250.0,
    }
    assert figures(Memory(100.1, 100.1), Memory(100.0, 100.0))["added_memory_mib"] == 0


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
