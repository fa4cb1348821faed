"""Names and numbers of many characters: no reader stands still, swells, or falls over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from poseval import metrics
from poseval.cli import invoke
from poseval.errors import LimitError, PosevalError
from poseval.limits import DEFAULT, raised
from poseval.poses.frame_names import number
from poseval.poses.texts import text_column
from poseval.skeletons.sigmas import read_sigmas
from tests.hostile.limited import poseval
from tests.hostile.made import results, truth, write

Make = Callable[[Path], Path]


def faces(*names: str, more: tuple[str, str] = ("", "")) -> Make:
    """A csv of faces of these names, with a further column."""
    head = ",".join(f"original_{n}_x,original_{n}_y" for n in range(19))
    lines = [f"{name},{','.join(['1'] * 38)}{more[1]}" for name in names]
    text = "\n".join([f"image_name,{head}{more[0]}", *lines, ""])
    return lambda folder: write(folder / "faces.csv", text)


def landmarks(name: str) -> Make:
    """A table of MediaPipe with a column of this name."""
    head = ",".join(f"x{n},y{n},z{n},visibility{n}" for n in range(33))
    text = f"frame,{head},{name}\na.jpg,{','.join(['0.5'] * 132)},1\n"
    return lambda folder: write(folder / "poses.csv", text)


def points(count: str) -> Make:
    text = f"version: 1\nn_points: {count}\n{{\n" + "1 2\n" * 68 + "}\n"
    return lambda folder: write(folder / "a.pts", text)


FILES: dict[str, tuple[Make, str]] = {
    "a long name among many": (faces("a" * 60_000, *map(str, range(20_000))), "P507"),
    "a column of 60,000 digits": (faces("a", more=("," + "1" * 60_000 + "z", ",1")), "P410"),
    "landmarks of 5,000 digits": (faces("a", more=(",x" + "1" * 5000 + ",y" + "1" * 5000, ",1,1")), "P410"),
    "a column of 60,000 words": (landmarks("a " * 60_000 + "!"), "P2"),
    "a count of 5,000 digits": (points("9" * 5000), "P204"),
}


@pytest.mark.parametrize(("make", "code"), FILES.values(), ids=FILES)
def test_files_with_long_texts(make: Make, code: str, tmp_path: Path) -> None:
    ended = poseval(["validate", make(tmp_path), "--role", "truth"], folder=tmp_path)
    assert ended.status == 3, ended.err
    assert code in ended.out
    assert ended.peak < 1 << 28


def test_the_last_number_of_a_long_name_is_found_at_once() -> None:
    assert number("1" * 200_000 + "a1b") == 1
    assert number("1" * 200_000 + "a" + "1" * 200_000 + "b") == -1


def test_a_column_of_texts_has_bounds() -> None:
    assert text_column([]).tolist() == []
    assert text_column(["a", "bc"]).tolist() == ["a", "bc"]
    with pytest.raises(LimitError) as caught:
        text_column(["x" * 10_000_000, *"abcdefg"])
    assert caught.value.code == "P507"


@pytest.mark.parametrize(
    "text",
    [
        "oks_ap(" + "," * 400_000 + ")",
        "oks_ap(max_dets=99999999999999999999999)",
        "oks_ap(max_dets=" + "9" * 5000 + ")",
        "oks_ap(sigma=1e308)",
        "ex_oks(padding=1e308)",
        "oks_ap(thresholds=" + "/".join(["0.5"] * 100_000) + ")",
    ],
    ids=lambda text: text[:30],
)
def test_metrics_with_parameters_beyond_sense(text: str) -> None:
    with pytest.raises(PosevalError) as caught:
        metrics.parse(text)
    assert caught.value.code in ("P122", "P123")


@pytest.mark.parametrize("text", ["bytes=\u00b2", "people=" + "9" * 5000, "bytes=" + "9" * 18 + "GiB"])
def test_limits_that_are_no_numbers(text: str) -> None:
    with pytest.raises(PosevalError) as caught:
        raised([text], DEFAULT)
    assert caught.value.code == "P193"


@pytest.mark.parametrize("sigmas", ["1e308", "1e-320", "[" + "1e-300," * 16 + "0.1]"])
def test_sigmas_whose_squares_are_no_numbers(
    sigmas: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With them every prediction is perfect, or none."""
    gt, dt = write(tmp_path / "gt.json", truth()), write(tmp_path / "dt.json", results())
    given = write(tmp_path / "sigmas.json", sigmas) if sigmas.startswith("[") else sigmas
    assert invoke(["score", str(dt), "--gt", str(gt), "--sigmas", str(given)]) == 2
    assert "[P115]" in capsys.readouterr().err


HUGE = "1" + "0" * 400
SIGMAS = [
    "[" * 100_000,
    '{"a":' * 100_000,
    f"[{HUGE}]",
    HUGE,
    f"nose={HUGE}",
    "0x1",
    f"{{{HUGE}}}",
    "[1e999]",
]


@pytest.mark.parametrize("text", SIGMAS, ids=[text[:8] for text in SIGMAS])
def test_12_sigmas_of_any_depth_and_length(text: str, tmp_path: Path) -> None:
    """Typed, or in a file."""
    (tmp_path / "a.txt").write_text(text)
    for given in (text, str(tmp_path / "a.txt")):
        with pytest.raises(PosevalError) as caught:
            read_sigmas(given)
        assert caught.value.code in ("P115", "P502", "P114", "P136")
    with pytest.raises(PosevalError):
        read_sigmas([10**400])
