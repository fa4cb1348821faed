"""Whole processes: signals, closed pipes, full disks and odd outputs end as documented (rows 37 to 39)."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.made import results, truth, write
from tests.shared import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and devices of POSIX")

OLD = '{"schema": "poseval.report/2"}'  # an earlier output may be replaced
# Waits inside the scoring, as a long run would, after it said that it is there.
WAITING = """
import sys, time
from poseval.scoring import score as scoring
def endless(*rest, **options):
    sys.stderr.write("scoring\\n")
    sys.stderr.flush()
    time.sleep(60)
{place} = endless
import poseval.cli
sys.argv = ["poseval", *sys.argv[1:]]
poseval.cli.main()
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    write(tmp_path / "gt.json", truth())
    write(tmp_path / "dt.json", results())
    return [str(tmp_path / "dt.json"), "--gt", str(tmp_path / "gt.json")]


def started(*arguments: str, program: list[str] | None = None, **streams: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *(program or ["-m", "poseval"]), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        # A shell starts background jobs with SIGINT ignored, and processes inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},  # type: ignore[call-overload]
    )


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_while_scoring(files: list[str], number: signal.Signals, status: int, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    out.write_text(OLD)
    program = ["-c", WAITING.format(place="scoring.prepare")]
    process = started("score", *files, "--json", str(out), program=program)
    assert process.stderr is not None
    assert process.stderr.readline() == "scoring\n"
    process.send_signal(number)
    told = process.communicate(timeout=30)
    assert process.returncode == status
    assert "Traceback" not in "".join(told)
    assert out.read_text() == OLD


@pytest.mark.parametrize(
    "program", [["-m", "poseval"], ["-c", "from poseval.__main__ import main; main()"]], ids=["-m", "script"]
)
def test_an_interruption_while_modules_are_imported(program: list[str], tmp_path: Path) -> None:
    """The first of them interrupts itself, as Ctrl-C would."""
    interrupted = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)\n"
    (tmp_path / "click.py").write_text(interrupted)
    process = started("--help", program=program, cwd=tmp_path)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 130


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_while_writing_leave_no_part(
    files: list[str], number: signal.Signals, status: int, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_text(OLD)
    place = "import poseval.files.writing as writing\nwriting._put"
    program = ["-c", WAITING.format(place=place)]
    process = started("score", *files, "-q", "--json", str(out / "report.json"), program=program)
    assert process.stderr is not None
    assert process.stderr.readline() == "scoring\n"
    assert len(list(out.iterdir())) == 2  # the neighbour is there
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == status
    assert [path.name for path in out.iterdir()] == ["report.json"]
    assert (out / "report.json").read_text() == OLD


def test_reader_that_goes_away(files: list[str]) -> None:
    read, written = os.pipe()
    os.close(read)
    process = started("score", *files, "--format", "csv", "--per-joint", "-q", stdout=written)
    os.close(written)
    told = process.communicate(timeout=60)[1]
    assert (process.returncode, told) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("way", [["--json", "/dev/full"], ["--csv", "/dev/full"]])
def test_full_disk(files: list[str], way: list[str]) -> None:
    process = started("score", *files, *way)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 3
    assert "/dev/full: cannot be written (No space left on device)" in told
    assert "[P506]" in told
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)  # still the device: nothing was renamed over it


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", ["score", "list", "--help"])
def test_full_disk_behind_stdout(files: list[str], command: str) -> None:
    arguments = {"score": files, "list": ["formats"]}.get(command, [])
    with Path("/dev/full").open("w") as full:
        process = started(command, *arguments, stdout=full)
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 3
    assert "[P506]" in told
    assert "Traceback" not in told


def test_devices_are_written_as_they_are(files: list[str]) -> None:
    process = started("score", *files, "--json", "/dev/stdout", "--csv", os.devnull, "--format", "json", "-q")
    text = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert json.loads(text.splitlines()[0] if text.count('"schema"') > 2 else text[: text.index("\n}") + 2])
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_folders_that_do_not_exist(files: list[str], tmp_path: Path) -> None:
    process = started("score", *files, "--json", str(tmp_path / "none" / "report.json"))
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 2
    assert "[P137]" in told


def test_full_disk_behind_stderr_does_not_matter(files: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        process = started("score", *files, stderr=full)
        assert "AP" in process.communicate(timeout=60)[0]
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("asked", "status"),
    [([], 2), (["--json", "-"], 2), (["--json", os.devnull], 0)],
    ids=["text", "json", "a file"],
)
def test_closed_stdout(files: list[str], asked: list[str], status: int) -> None:
    command = f'exec "{sys.executable}" -m poseval score "$@" >&-'
    done = subprocess.run(
        ["sh", "-c", command, "sh", *files, *asked],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    assert done.returncode == status
    assert ("standard output: is closed [P137]" in done.stderr) == bool(status)


def test_a_pipe_that_nobody_writes_to_is_given_up(files: list[str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    soon = "from poseval.files import reading; reading.PIPE_SECONDS = 1"
    program = ["-c", f"{soon}; import poseval.cli; poseval.cli.main()"]
    process = started("score", str(tmp_path / "pipe.json"), *files[1:], program=program)
    told = process.communicate(timeout=30)[1]
    assert process.returncode == 2
    assert "[P135]" in told


def test_file_names_with_terminal_codes_are_shown_escaped(tmp_path: Path, files: list[str]) -> None:
    name = tmp_path / "a\x1b[31mb.json"
    write(name, "[1,")
    process = started("score", str(name), *files[1:])
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 3
    assert "\x1b" not in told
