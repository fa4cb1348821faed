"""The table of hostile submissions through `check` and both workers, as a server runs them: under limits.

One process has the limits of a server and takes all submissions, one after the other; what it says of each,
what it leaves on the disk and how much memory it took is looked at.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from poseval.challenge.description import read_description
from poseval.challenge.site import site_of
from tests.challenge.fake_evalai import CHALLENGE, QUEUE, TOKEN, Server, serving
from tests.challenge.hostile_files import ACCEPTED, ATTACKED, MIB, REFUSED, Rows
from tests.challenge.made import make, predictions, write
from tests.hostile.limited import Ended, run_limited
from tests.shared import ROOT

pytestmark = pytest.mark.slow
LIMITS = {"seconds": 600.0, "space": 2048 * MIB, "file_bytes": 64 * MIB}
KEPT = {"scores.json", "detailed_results.html"}

# Each submission through one engine, in this process; what is said of it, by its name.
RUN = """
import contextlib, io, json, sys
from pathlib import Path

engine, challenge, sent, out = sys.argv[1], *map(Path, sys.argv[2:])
found = {}
for path in sorted(sent.iterdir()):
    place = out / path.name
    place.mkdir(parents=True)
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        if engine == "check":
            from poseval.cli import invoke
            status = invoke(["challenge", "check", str(challenge), str(path), "--quiet"])
        else:
            from poseval.challenge.codabench_program import score
            (place / "ref").symlink_to(challenge)
            (place / "res").mkdir()
            (place / "res" / "submission").write_bytes(path.read_bytes())
            status = score(place, place / "output")
    kept = sorted(one.name for one in (place / "output").glob("*"))
    found[path.name] = {"status": status, "text": text.getvalue(), "kept": kept}
(out / "found.json").write_text(json.dumps(found))
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    found: Rows = json.loads(write(predictions(), tmp_path_factory.mktemp("rows") / "dt.json").read_bytes())
    return found


@pytest.fixture
def challenge(tmp_path: Path) -> Path:
    made = make(tmp_path)
    changed = replace(made, limits=replace(made.limits, memory="1GiB", seconds=60))
    (made.folder / "challenge.toml").write_text(changed.to_toml())
    return made.folder


@pytest.fixture
def sent(rows: Rows, tmp_path: Path) -> Path:
    """A file for each row, by a plain name; also a sound one."""
    folder = tmp_path / "sent"
    folder.mkdir()
    for name, made in [*((name, made) for name, (_, made) in REFUSED.items()), *ACCEPTED.items()]:
        (folder / name.replace(" ", "_")).write_bytes(made(rows))
    return folder


def see_kept_limits(ended: Ended, scratch: Path) -> None:
    assert ended.status == 0, ended.err[-2000:]
    assert "Traceback" not in ended.err
    assert ended.peak < 1024 * MIB
    assert not list(scratch.iterdir())
    assert not ATTACKED.exists()


@pytest.mark.parametrize("engine", ["check", "codabench"])
@pytest.mark.parametrize(
    "extra", [{}, {"PYTHONOPTIMIZE": "2", "PYTHONHASHSEED": "7", "LC_ALL": "de_DE.UTF-8"}], ids=["", "odd"]
)
def test_the_table_under_limits(
    engine: str, extra: dict[str, str], challenge: Path, sent: Path, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    out = tmp_path / "out"
    out.mkdir()
    words = ["-c", RUN, engine, challenge, sent, out]
    ended = run_limited(words, folder=tmp_path, TMPDIR=str(scratch), **LIMITS, **extra)  # type: ignore[arg-type]
    see_kept_limits(ended, scratch)
    found = json.loads((out / "found.json").read_text())
    assert len(found) == len(REFUSED) + len(ACCEPTED)
    for name, (code, _) in REFUSED.items():
        said = found[name.replace(" ", "_")]
        assert f"[{code}" in said["text"], name
        assert said["text"].startswith("refused"), name
        assert said["text"].replace("\n", "").isprintable(), name
        assert (said["status"], said["kept"]) == (
            (3, []) if engine == "check" else (0, ["detailed_results.html"])
        ), name
    for name in ACCEPTED:
        said = found[name.replace(" ", "_")]
        assert said["status"] == 0, name
        assert said["text"].startswith("scored"), name
        assert set(said["kept"]) == (set() if engine == "check" else KEPT), name


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server(visibility=60.0)) as known:
        yield known


def settings_of(server: Server, scratch: Path) -> dict[str, str]:
    return {
        "API_SERVER": server.address,
        "AUTH_TOKEN": TOKEN,
        "QUEUE_NAME": QUEUE,
        "CHALLENGE_PK": CHALLENGE,
        "TMPDIR": str(scratch),
    }


def test_the_table_through_the_worker_of_evalai(
    server: Server, challenge: Path, sent: Path, tmp_path: Path
) -> None:
    """Names of teams and methods are hostile, too."""
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    server.team = '=HYPERLINK("x")\t<script>\x1b[2J\u202e' + "x" * 10_000
    names = [*REFUSED, *ACCEPTED]
    for key, name in enumerate(names):
        server.send(key, (sent / name.replace(" ", "_")).read_bytes())
    words: list[str | Path] = [
        "-m",
        "poseval",
        "challenge",
        "worker",
        challenge,
        "--state",
        tmp_path / "state",
    ]
    ended = run_limited(
        [*words, "--poll", "0", "--most", str(len(names))],
        folder=tmp_path,
        **LIMITS,  # type: ignore[arg-type]
        **settings_of(server, scratch),
    )
    see_kept_limits(ended, scratch)
    assert not list((tmp_path / "state/scratch").iterdir())
    assert not server.waiting
    for key, name in enumerate(names):
        (report,) = server.reports[key]
        if name in ACCEPTED:
            assert report["submission_status"] == "FINISHED", name
            continue
        assert report["submission_status"] == "FAILED", name
        assert f"[{REFUSED[name][0]}" in report["stderr"], name
        assert report["stderr"].replace("\n", "").isprintable(), name
        assert "result" not in report
    records = sorted((tmp_path / "state/verdicts").iterdir())
    site = site_of(read_description(challenge), records)
    assert len(site.boards["test"].rows) == len(ACCEPTED)
    assert len(site.left_out) == len(REFUSED)
    page = site.page()
    assert page.replace("\n", "").isprintable()


def test_two_workers_share_a_folder(server: Server, challenge: Path, rows: Rows, tmp_path: Path) -> None:
    """Each submission is scored once, whoever takes its message."""
    data = json.dumps(rows).encode()
    for key in range(12):
        server.send(key, data)
    words = [
        "challenge",
        "worker",
        str(challenge),
        "--state",
        str(tmp_path / "state"),
        "--poll",
        "0",
        "--most",
        "12",
    ]
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "poseval", *words],
            env={**os.environ, "PYTHONPATH": str(ROOT), **settings_of(server, tmp_path)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [child.communicate(timeout=300)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert sorted(server.reports) == list(range(12))
    assert all(len(reports) == 1 for reports in server.reports.values())
    assert set(server.served.values()) == {1}
    assert sum(text.count(": scored") for text in said) == 12
