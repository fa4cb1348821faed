"""Wheels in a bundle: what must be there, and that they are enough in a container that has nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from poseval.challenge.codabench import build_bundle
from poseval.errors import PosevalError
from tests.challenge.made import make, predictions, write
from tests.shared import ROOT

TAG = "cp312-cp312-manylinux_2_28_x86_64"


def wheel(folder: Path, name: str, *members: tuple[str, Path]) -> Path:
    path = folder / f"{name}-1.0-{TAG}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n")
        for member, source in members:
            archive.write(source, member)
    return path


def test_wheels_that_are_not_enough(tmp_path: Path) -> None:
    made = make(tmp_path)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for lacking in ("poseval and numpy", "poseval", "matplotlib and jinja2"):
        with pytest.raises(PosevalError, match=f"holds no wheel of {lacking}") as caught:
            build_bundle(made, tmp_path / "b.zip", wheels)
        assert caught.value.code == "P886"
        assert not (tmp_path / "b.zip").exists()
        wheel(wheels, "numpy" if lacking == "poseval and numpy" else "poseval")
        if lacking == "poseval":
            (note,) = build_bundle(made, tmp_path / "b.zip", wheels)
            assert (note.code, "cp312" in note.text) == ("N598", True)
            (tmp_path / "b.zip").unlink()
            made = replace(made, splits=(replace(made.splits[0], detail="report"),))


def test_wheels_are_put_before_what_is_installed(tmp_path: Path) -> None:
    made = make(tmp_path)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (tmp_path / "brought.py").write_text("")
    wheel(wheels, "numpy")
    wheel(wheels, "poseval", ("poseval_of_the_wheel.py", tmp_path / "brought.py"))
    build_bundle(made, tmp_path / "b.zip", wheels)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extractall(tmp_path / "bundle")
    code = "import run, pathlib; run.add_wheels(pathlib.Path('wheels')); import poseval_of_the_wheel"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "bundle/scoring_program", check=False)
    assert done.returncode == 0


def test_a_container_without_what_is_needed_says_so(tmp_path: Path) -> None:
    build_bundle(make(tmp_path), tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extractall(tmp_path / "bundle")
    words = [sys.executable, "-I", "-S", tmp_path / "bundle/scoring_program/run.py", tmp_path, tmp_path]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(
        f"poseval cannot be loaded in this container, whose Python is cpython-3{sys.version_info[1]}"
    )


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and "tests" not in path.parts:
            yield f"{folder.name}/{path.relative_to(folder)}", path


@pytest.mark.slow
@pytest.mark.parametrize("public", ["frames", "everything"])
def test_a_container_that_has_nothing_but_python(public: str, tmp_path: Path) -> None:
    """The wheels hold what is installed here; a Python without packages, and without a network, scores."""
    made = make(tmp_path, public=public)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    numpy = Path(np.__file__).parent
    libraries = numpy.with_name("numpy.libs")  # of wheels of Linux
    wheel(wheels, "numpy", *files_below(numpy), *(files_below(libraries) if libraries.is_dir() else ()))
    wheel(wheels, "poseval", *files_below(ROOT / "poseval"))
    build_bundle(made, tmp_path / "b.zip", wheels)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extractall(tmp_path / "bundle")
    app = tmp_path / "app"
    (app / "input").mkdir(parents=True)
    (tmp_path / "bundle/scoring_program").rename(app / "program")
    (tmp_path / "bundle/reference_data_test").rename(app / "input/ref")
    (app / "input/res").mkdir()
    write(predictions(), app / "input/res/results.json")
    alone = ["unshare", "-rn"] if shutil.which("unshare") else []
    if alone and subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        alone = []  # not allowed in this container
    words = [sys.executable, "-I", "-S", app / "program/run.py", app / "input", app / "output"]
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
    done = subprocess.run([*alone, *words], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("scored")
    assert json.loads((app / "output/scores.json").read_text())["AP"] > 50
