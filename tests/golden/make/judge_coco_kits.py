"""What the evaluation scripts of COCO-WholeBody and the MATLAB kit of COCO say."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import numpy as np
from scipy.io import loadmat

NAMES = ("AP", "AP50", "AP75", "AP_M", "AP_L", "AR", "AR50", "AR75", "AR_M", "AR_L")
PARTS = ("body", "foot", "face", "lefthand", "righthand", "wholebody")
MISSING = ("tkinter", "matplotlib", "matplotlib.pyplot", "matplotlib.collections", "matplotlib.patches")
Numbers = dict[str, dict[str, float]]


def scripts(folder: Path, program: Path) -> Numbers:
    """The six classes of `evaluation/`, called as evaluation_wholebody.py calls them."""
    from pycocotools.coco import COCO

    old_name = mock.patch.object(np, "float", float, create=True)
    place = str(program / "evaluation")
    with (
        contextlib.redirect_stdout(io.StringIO()),
        mock.patch.object(sys, "path", [place, *sys.path]),
        old_name,
    ):
        main = importlib.import_module("evaluation_wholebody")
        truth = COCO(str(folder / "gt.json"))
        found = truth.loadRes(str(folder / "pred.json"))
        out = {}
        for part in PARTS:
            if part != "body":
                main.check_part_score(found, part)
            run = getattr(main, f"MYeval_{part}")(truth, found, "keypoints")
            run.params.useSegm = None
            run.evaluate()
            run.accumulate()
            run.summarize()
            out[part] = dict(zip(NAMES, map(float, run.stats), strict=True))
    return out


def halpe(folder: Path, program: Path) -> Numbers:
    """halpecocotools, which draws by matplotlib and asks tkinter for one function that it does not use."""
    absent = {name: mock.MagicMock() for name in MISSING}
    place = str(program / "PythonAPI")
    with (
        contextlib.redirect_stdout(io.StringIO()),
        mock.patch.object(sys, "path", [place, *sys.path]),
        mock.patch.object(np, "float", float, create=True),
        mock.patch.dict(sys.modules, absent),
    ):
        truth = importlib.import_module("halpecocotools.coco").COCO(str(folder / "gt.json"))
        found = truth.loadRes(str(folder / "pred.json"))
        run = importlib.import_module("halpecocotools.cocoeval").COCOeval(truth, found, "keypoints")
        run.evaluate()
        run.accumulate()
        run.summarize()
    out = {part: row for stats in run.stats for part, row in stats.items()}
    out["wholebody"] = out.pop("fullbody")
    return {part: dict(zip(NAMES, map(float, row), strict=True)) for part, row in out.items()}


def matlab(folder: Path, program: Path) -> Numbers:
    """CocoEval.m in GNU Octave, which has no nested functions in classes: its methods as plain functions."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for function, text in plain_functions((program / "MatlabAPI/CocoEval.m").read_text("utf-8")):
            (place / f"{function}.m").write_text(text, "utf-8")
        given = {"program": place, "truth": folder / "gt.json", "results": folder / "pred.json"}
        lines = [f"{key} = '{value}';" for key, value in {**given, "out": place / "out.mat"}.items()]
        lines.append(f"source('{Path(__file__).with_name('judge_coco.m')}');")
        (place / "run.m").write_text("\n".join(lines), "utf-8")
        command = ["octave", "--no-gui", "--norc", "--quiet", str(place / "run.m")]
        subprocess.run(command, capture_output=True, check=True)
        stats = loadmat(place / "out.mat")["stats"].ravel()
    return {"": dict(zip(NAMES, np.where(np.isnan(stats), -1.0, stats).tolist(), strict=True))}


def plain_functions(text: str) -> Iterator[tuple[str, str]]:
    """Name and text of what is needed of the class; methods return the object, which is no reference now."""
    for name in ("evaluate", "accumulate", "summarize"):
        body = _block(text, "    ", rf"function {name}\( ev \)")
        for nested in re.findall(r"^      function .*?^      end\n", body, re.S | re.M):
            body = body.replace(nested, "")
            yield _named(nested.replace("( ap,", "( ev, ap,"))
        body = body.replace(f"function {name}( ev )", f"function ev = {name}( ev )")
        yield name, body.replace("summarize1(M", "summarize1(ev,M").replace("CocoEval.", "")
    for name in ("evaluateImg", "oks"):
        yield name, _block(text, "    ", rf"function \w+ = {name}\(").replace("CocoEval.", "")


def _block(text: str, indent: str, start: str) -> str:
    found = re.search(rf"^{indent}{start}.*?^{indent}end\n", text, re.S | re.M)
    assert found is not None, start
    return found.group()


def _named(text: str) -> tuple[str, str]:
    found = re.search(r"function .*?= (\w+)\(", text)
    assert found is not None
    return found.group(1), text


# Name in a case -> who it is, folder among the programs, and the function that asks it.
KITS: dict[str, tuple[str, str, Callable[[Path, Path], Numbers]]] = {
    "scripts": (
        "jin-s13/COCO-WholeBody@76f3b63 evaluation/myeval_*.py, np.float given back",
        "coco_wholebody",
        scripts,
    ),
    "halpe": (
        "HaoyiZhu/HalpeCOCOAPI@228f425 PythonAPI/halpecocotools, np.float given back",
        "halpecocotools",
        halpe,
    ),
    "matlab": (
        "cocodataset/cocoapi@8c9bcc3 MatlabAPI/CocoEval.m in GNU Octave, its methods as functions",
        "cocoapi",
        matlab,
    ),
}
