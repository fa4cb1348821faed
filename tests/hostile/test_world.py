"""Rows 35 to 40 of the table of attacks, as far as reading has them: the world around the files."""

from __future__ import annotations

import hashlib
import json
import locale
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from poseval.cli import invoke
from poseval.datasets import ReadOptions, read
from poseval.errors import PosevalError, UsageError
from tests.golden import test_committed_coco
from tests.golden.committed import Case
from tests.hostile.limited import poseval, see_refused
from tests.hostile.made import Folder, results, truth, write
from tests.shared import ROOT, SANITISED


def refused(path: Path | str, code: str) -> None:
    with pytest.raises(PosevalError) as caught:
        read(path, ReadOptions())
    assert caught.value.code == code


def test_37_what_is_no_regular_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poseval.files.reading.PIPE_SECONDS", 0.05)
    refused(tmp_path / "none.json", "P114")
    (tmp_path / "a.json").symlink_to("b.json")
    (tmp_path / "b.json").symlink_to("a.json")
    refused(tmp_path / "a.json", "P136")
    os.mkfifo(tmp_path / "pipe.json")
    refused(tmp_path / "pipe.json", "P135")
    refused("/dev/zero", "P135")
    (tmp_path / "folder.json").mkdir()
    refused(tmp_path / "folder.json", "P271")


def test_37_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.json"))
    write(path, truth())
    poses = read(path, ReadOptions())
    assert poses.origin.name == "caf\udce9.json"
    write(path, "[1,")
    with pytest.raises(PosevalError, match=r"caf\\udce9\.json"):
        read(path, ReadOptions())


def test_38_file_that_changes_while_it_is_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest is of the bytes parsed: both come from one opening."""
    opened = []
    genuine = os.open

    def once(path: str | os.PathLike[str], *rest: int) -> int:
        opened.append(str(path))
        handle = genuine(path, *rest)
        if str(path).endswith("gt.json"):
            Path(path).unlink()
            write(Path(path), '{"images": [], "annotations": []}')
        return handle

    monkeypatch.setattr(os, "open", once)
    poses = folder.truth(truth())
    assert len(poses) == 6
    assert poses.origin.sha256 == hashlib.sha256(json.dumps(truth()).encode()).hexdigest()
    assert [Path(path).name for path in opened] == ["gt.json"]


def test_39_output_that_exists(tmp_path: Path, folder: Folder) -> None:
    from poseval.datasets import WriteOptions, get_format

    poses = folder.truth()
    target = tmp_path / "out.json"
    target.write_text("mine")
    with pytest.raises(UsageError) as caught:
        get_format("coco").write(poses, target, WriteOptions())
    assert caught.value.code == "P131"
    assert target.read_text() == "mine"


def test_40_decimal_comma(folder: Folder) -> None:
    old = locale.setlocale(locale.LC_ALL)
    for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"):
        try:
            locale.setlocale(locale.LC_ALL, name)
            break
        except locale.Error:
            continue
    try:
        assert folder.truth().people.area[0] == 20_000.5
        text = json.dumps(results()).replace("0.9,", "0.91234567890123456789,")
        assert folder.results(text).people.joint_score[0, 0] == 0.91234567890123456789
    finally:
        locale.setlocale(locale.LC_ALL, old)


@pytest.mark.parametrize(
    "extra", [{"PYTHONOPTIMIZE": "2"}, {"PYTHONHASHSEED": "7", "POSEVAL_NUM_THREADS": "3"}]
)
def test_40_checks_do_not_depend_on_the_environment(folder: Folder, extra: dict[str, str]) -> None:
    dt = results()
    dt[3]["keypoints"][7] = float("nan")
    gt_path, dt_path = folder.both(truth(), dt)
    program = (
        "import sys, poseval\n"
        "from poseval.errors import PosevalError\n"
        "try:\n    poseval.score(*sys.argv[1:])\n"
        "except PosevalError as error:\n    sys.stdout.write(str(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(gt_path), str(dt_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **extra},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "[3].keypoints[7]" in done.stdout
    assert "[P301]" in done.stdout


@pytest.mark.skipif(SANITISED, reason="a sanitizer needs more addresses")
def test_40_memory_limit_is_an_error_and_not_a_wrong_result(folder: Folder) -> None:
    """Columns that do not fit raise MemoryError; nothing is cut short."""
    text = "[" + ",".join([json.dumps(results()[0])] * 150_000) + "]"
    _, dt_path = folder.both(truth(), text)
    program = (
        "import resource, sys\n"
        "from poseval.kernels import json as kj\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "room = pages * resource.getpagesize() + (24 << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (room, room))\n"
        "try:\n"
        "    table = kj.columns(data, [kj.points('keypoints')], threads=2)\n"
        "    sys.stdout.write(str(table.count))\n"
        "except MemoryError:\n    sys.stdout.write('memory')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(dt_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "memory", done.stderr


def test_42_oldest_and_newest_numpy_are_tested() -> None:
    """A job of a workflow runs all tests with NumPy's lower bound of setup.cfg, another without any bound."""
    yaml = pytest.importorskip("yaml")
    bounds = [line.strip() for line in (ROOT / "setup.cfg").read_text().splitlines() if "numpy>=" in line]
    (oldest,) = {line.removeprefix("numpy>=").split(",")[0] for line in bounds}
    job = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())["jobs"]["test"]
    wanted = [one["numpy"] for one in job["strategy"]["matrix"]["include"]]
    assert {f"numpy=={oldest}.*", "numpy"} <= set(wanted)
    steps = [step.get("run", "") for step in job["steps"]]
    assert any("pip install" in step and "${{ matrix.numpy }}" in step for step in steps)
    assert steps[-1] == "python -m pytest"  # no choice of tests: the golden ones are among them
    asked = job["env"]["NUMPY"]
    assert asked == "${{ matrix.numpy }}"


def test_42_the_numpy_that_is_tested_is_the_one_that_was_asked_for() -> None:
    """A job that asked for the oldest NumPy and was given another would test the newest twice."""
    asked = os.environ.get("NUMPY", "numpy")
    _, _, version = asked.partition("==")
    assert np.__version__.startswith(version.rstrip("*"))


def test_42_a_count_that_moves_by_one_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The golden cases compare counts exactly, of each program that has any."""
    for case in test_committed_coco.COUNTED[:3]:
        changed = json.loads(json.dumps(case.expected))
        place = next(iter(next(iter(changed["counts"].values())).values()))
        place["people"] += 1
        test_committed_coco.test_counts(case)
        with monkeypatch.context() as patch:
            patch.setattr(Case, "expected", changed)
            with pytest.raises(AssertionError):
                test_committed_coco.test_counts(case)


@pytest.mark.skipif(not Path("/proc/self/pagemap").exists(), reason="files of Linux")
def test_37_files_that_are_larger_than_their_size_says(tmp_path: Path) -> None:
    """Files of /proc have a size of 0; one of them has a number for each page that could be."""
    ended = poseval(["score", "x.json", "--gt", "/proc/self/pagemap"], folder=tmp_path)
    see_refused(ended, "P135 P136")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="files of Linux")
@pytest.mark.parametrize("more", [[], ["--force"]])
def test_37_an_output_that_cannot_be_looked_at(more: list[str], folder: Folder) -> None:
    folder.both(truth(), results())
    arguments = ["score", "dt.json", "--gt", "gt.json", "--json", "/proc/self/mem", *more]
    see_refused(poseval(arguments, folder=folder.path), "P131 P137 P506")


def test_39_an_output_that_is_a_link(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    """A link that came with a folder leads no output elsewhere, and never to an input."""
    gt, dt = folder.both(truth(), results())
    elsewhere = folder.path / "elsewhere"
    elsewhere.mkdir()
    for name, target, code in (
        ("new.json", elsewhere / "new.json", "P131"),
        ("input.json", gt, "P199"),
        ("loop.json", folder.path / "loop.json", "P131"),
        ("other.json", write(elsewhere / "other.json", "{}"), "P131"),
    ):
        (folder.path / name).symlink_to(target)
        out = str(folder.path / name)
        assert invoke(["score", str(dt), "--gt", str(gt), "--json", out]) == 2
        assert f"[{code}]" in capsys.readouterr().err
    assert [path.name for path in elsewhere.iterdir()] == ["other.json"]
    forced = ["score", str(dt), "--gt", str(gt), "--json", str(folder.path / "new.json"), "--force"]
    assert invoke(forced) == 0
    assert (elsewhere / "new.json").exists()
    assert (folder.path / "new.json").is_symlink()
