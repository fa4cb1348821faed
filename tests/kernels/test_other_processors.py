"""Blocks of JSON as other processors read them: without vectors, and with those of ARM in an emulator."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.shared import ROOT

HERE = Path(__file__).parent
ARM = ("aarch64-linux-gnu-g++", "qemu-aarch64-static")  # Debian: g++-aarch64-linux-gnu, qemu-user-static


@pytest.mark.parametrize(
    ("compiler", "flags", "runner", "way"),
    [
        ("g++", (), (), None),
        ("g++", ("-DPOSEVAL_PLAIN",), (), "plain"),
        (ARM[0], ("-static",), ARM[1:], "neon"),
        (ARM[0], ("-static", "-DPOSEVAL_PLAIN"), ARM[1:], "plain"),
    ],
    ids=["this one", "this one, plain", "ARM", "ARM, plain"],
)
def test_blocks_agree_with_single_bytes(
    tmp_path: Path, compiler: str, flags: tuple[str, ...], runner: tuple[str, ...], way: str | None
) -> None:
    for program in (compiler, *runner):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    command = [compiler, "-std=c++20", "-O2", "-Wall", "-Werror", *flags, f"-I{ROOT / 'poseval' / 'kernels'}"]
    built = tmp_path / "blocks"
    subprocess.run([*command, str(HERE / "blocks.cpp"), "-o", str(built)], check=True)
    done = subprocess.run([*runner, str(built)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    found, _, numbers = done.stdout.partition(": ")
    assert found == way or way is None
    assert int(numbers.split()[0]) > 100_000
