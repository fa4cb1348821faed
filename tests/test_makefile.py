"""The two commands of a checkout: what is missing is said in one line, before anything is installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shared import ROOT

CHECK = ROOT / ".ci" / "check_setup.py"


@pytest.fixture
def fault() -> Callable[[], str]:
    spec = importlib.util.spec_from_file_location("check_setup", CHECK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[], str] = module.fault
    return found


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the compiler to a program that prints a text and fails."""

    def make(text: str) -> None:
        program = tmp_path / "compiler"
        program.write_text(f"#!/bin/sh\necho '{text}'\nexit 1\n", "utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("CXX", str(program))

    return make


def test_an_old_python_is_named(fault: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert "is Python 3.9: 3.10 or newer is needed" in fault()


def test_a_python_without_venv_is_named(fault: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert fault().startswith("this Python has no venv module; on ")


def test_a_missing_compiler_is_named(fault: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert fault().startswith("a C++ compiler is missing (no-such-compiler cannot be started); on ")


def test_missing_headers_are_named(fault: Callable[[], str], compiler: Callable[[str], None]) -> None:
    compiler("try.cpp:1:10: fatal error: Python.h: No such file or directory")
    assert fault().startswith("the headers of this Python are missing (Python.h); on ")


def test_an_old_compiler_is_named(fault: Callable[[], str], compiler: Callable[[str], None]) -> None:
    compiler("error: unrecognized command line option -std=c++20")
    assert "does not compile C++20" in fault()


def test_a_whole_setup_has_no_fault(fault: Callable[[], str]) -> None:
    if shutil.which("c++") is None:
        pytest.skip("no C++ compiler here")
    assert fault() == ""


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
@pytest.mark.parametrize("target", ["demo", "test"])
def test_make_says_in_one_line_that_python_is_missing(target: str, tmp_path: Path) -> None:
    done = _make(target, f"VENV={tmp_path}/env", "PYTHON=no-such-python")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "make: no-such-python is missing: install Python 3.10 or newer"
    assert not (tmp_path / "env").exists()


@pytest.mark.skipif(shutil.which("make") is None or shutil.which("c++") is None, reason="no make or c++ here")
def test_make_says_in_one_line_why_nothing_was_installed(tmp_path: Path) -> None:
    """In an environment whose pip fails, with a folder of wheels that is empty, and without one."""
    env = tmp_path / "env"
    (env / "bin").mkdir(parents=True)
    fails_as_pip = f'#!/bin/sh\n[ "$1" != -m ] || exit 1\nexec "{sys.executable}" "$@"\n'
    (env / "bin/python").write_text(fails_as_pip, "utf-8")
    (env / "bin/python").chmod(0o755)
    (env / "pyvenv.cfg").write_text("", "utf-8")
    empty = tmp_path / "no wheels"
    empty.mkdir()
    done = _make("demo", f"VENV={env}", f"WHEELS={empty}")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith(
        f"make: no wheels in {empty}: fill it where there is a network"
    )
    done = _make("demo", f"VENV={env}")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith("make: pip could not install; without a network")


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_make_installs_what_a_target_needs(tmp_path: Path) -> None:
    env = f"VENV={tmp_path}/env"
    assert '--editable "."' in _make("--dry-run", "demo", env).stdout
    assert '--editable ".[test]"' in _make("--dry-run", "test", env).stdout
    assert '--editable ".[test,models,dask]"' in _make("--dry-run", "test", env, "EXTRAS=models,dask").stdout
    assert '--editable ".[models]"' in _make("--dry-run", "demo", env, "EXTRAS=models").stdout
    offline = _make("--dry-run", "demo", env, "WHEELS=a folder").stdout
    assert '--no-index --find-links "a folder" --editable "."' in offline


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # The suite may itself run under make, whose variables would become those of the call.
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, check=False)
