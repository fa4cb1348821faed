"""EvalAI's worker against a server on loopback: lost connections, repeated messages, kills in the middle."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from poseval.challenge import judge
from poseval.challenge.description import Description
from poseval.challenge.evalai_api import EvalAI, Unreachable, download
from poseval.challenge.evalai_worker import MOST_TRIES, Worker, from_environment
from poseval.challenge.records import read_record
from poseval.challenge.site import site_of
from poseval.errors import PosevalError
from tests.challenge.fake_evalai import CHALLENGE, QUEUE, TOKEN, Server, serving
from tests.challenge.made import make, predictions, write
from tests.shared import ROOT

Said = list[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Description:
    return make(tmp_path_factory.mktemp("evalai"))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(predictions(), tmp_path_factory.mktemp("good") / "dt.json").read_bytes()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as known:
        yield known


def worker_of(server: Server, made: Description, folder: Path, said: Said | None = None) -> Worker:
    known = EvalAI(server.address, TOKEN, QUEUE, CHALLENGE)
    heard = said if said is not None else []
    return Worker(known, made, {12: "test"}, folder, heard.append, wait=lambda seconds: time.sleep(0.01))


def until_empty(worker: Worker, server: Server) -> None:
    deadline = time.monotonic() + 120
    while server.waiting and time.monotonic() < deadline:
        worker.run(0.01, most=50)
        time.sleep(0.05)
    assert not server.waiting


def test_good_and_wrong_submissions(server: Server, made: Description, good: bytes, tmp_path: Path) -> None:
    server.send(1, good)
    server.send(2, b"[{")
    said: Said = []
    until_empty(worker_of(server, made, tmp_path, said), server)
    (first,), (second,) = server.reports[1], server.reports[2]
    assert first["submission_status"] == "FINISHED"
    (part,) = json.loads(first["result"])
    assert (part["split"], part["show_to_participant"]) == ("test", True)
    assert part["accuracies"].keys() == {column.title for column in made.columns}
    assert 0 < part["accuracies"]["AP"] < 100
    assert second["submission_status"] == "FAILED"
    assert "[P210]" in second["stderr"]
    assert "result" not in second
    assert said == ["submission 1: scored", "submission 2: refused"]
    assert server.authorised == [None, None]  # the token is the server's, not the file store's


def test_verdicts_make_a_board(server: Server, made: Description, good: bytes, tmp_path: Path) -> None:
    server.send(1, good)
    server.send(2, b"[")
    until_empty(worker_of(server, made, tmp_path), server)
    site = site_of(made, sorted((tmp_path / "verdicts").iterdir()))
    assert [row.entry.team for row in site.boards["test"].rows] == ["team 1"]
    assert [one.name for one in site.left_out] == ["submission 2"]


@pytest.mark.parametrize(
    "team",
    ['=HYPERLINK("x")<script>' + "\x1b\u202e\t" * 1000, "cafe\u0301", "\x0e\u0301", "\ud800", "\n" * 64, 5],
    ids=ascii,
)
def test_a_team_of_any_name_stands_on_the_board(
    team: Any, server: Server, made: Description, good: bytes, tmp_path: Path
) -> None:
    server.team = team
    server.send(1, good)
    until_empty(worker_of(server, made, tmp_path), server)
    site = site_of(made, sorted((tmp_path / "verdicts").iterdir()))
    (row,) = site.boards["test"].rows
    assert row.entry.team
    assert len(row.entry.team) <= 64
    assert row.entry.team.isprintable()
    assert site.page().replace("\n", "").isprintable()
    assert not site.left_out


def test_a_message_that_comes_again_is_scored_once(
    server: Server, made: Description, good: bytes, tmp_path: Path
) -> None:
    server.send(1, good, times=3)
    until_empty(worker_of(server, made, tmp_path), server)
    assert server.served[1] == 1
    assert len(server.reports[1]) == 1


@pytest.mark.parametrize("trouble", ["lost", "500", "429", "heard", "cut"])
@pytest.mark.parametrize("at", range(7))
def test_calls_that_fail_are_made_again(
    trouble: str, at: int, server: Server, made: Description, good: bytes, tmp_path: Path
) -> None:
    server.send(1, good)
    server.fail = [*[""] * at, trouble, trouble]
    until_empty(worker_of(server, made, tmp_path), server)
    assert server.status[1] == "finished"
    assert len({report["result"] for report in server.reports[1]}) == 1


def test_what_cannot_be_downloaded_fails_in_the_end(
    server: Server, made: Description, tmp_path: Path
) -> None:
    server.send(1, b"x" * 100)
    server.lost.add(1)
    until_empty(worker_of(server, made, tmp_path), server)
    assert server.served[1] == MOST_TRIES
    (report,) = server.reports[1]
    assert report["submission_status"] == "FAILED"
    assert "could not be downloaded" in report["stderr"]


def test_a_file_that_is_too_large(server: Server, made: Description, good: bytes, tmp_path: Path) -> None:
    server.send(1, good)
    small = replace(made, limits=replace(made.limits, bytes="1KiB"))
    until_empty(worker_of(server, small, tmp_path), server)
    assert "[P501]" in server.reports[1][0]["stderr"]
    assert not list((tmp_path / "scratch").iterdir())


def test_slow_greedy_and_hostile_submissions(
    server: Server, made: Description, good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each ends with its reason, and the worker goes on with the next."""
    for key in range(1, 5):
        server.send(key, good)
    server.files[3] = zlib.compress(b" " * 20_000_000)  # named .json: no container says so
    opened = judge.open_submission

    def odd(path: Path, *given: Any) -> Any:
        turn = sum(len(reports) for reports in server.reports.values())
        if turn == 0:
            time.sleep(100)
        if turn == 1:
            bytearray(8 << 30)
        return opened(path, *given)

    monkeypatch.setattr(judge, "open_submission", odd)
    slow = replace(made, limits=replace(made.limits, seconds=3))
    until_empty(worker_of(server, slow, tmp_path), server)
    said = [server.reports[key][0]["stderr"] for key in range(1, 5)]
    assert "more time than allowed (3 s)" in said[0]
    assert "more memory than allowed (4GiB)" in said[1]
    assert "[P201]" in said[2]
    assert said[3] == ""
    assert [key for key in range(1, 5) if "result" in server.reports[key][0]] == [4]


def test_other_addresses_are_not_opened(tmp_path: Path) -> None:
    for address in ("file:///etc/passwd", "ftp://x/y", "/etc/passwd", ""):
        with pytest.raises(PosevalError) as caught:
            download(address, tmp_path / "x", 100, 1)
        assert caught.value.code == "P226"


def test_a_wrong_token_stops_the_worker(server: Server, made: Description, tmp_path: Path) -> None:
    worker = worker_of(server, made, tmp_path)
    worker.server = replace(worker.server, token="wrong")
    with pytest.raises(PosevalError) as caught:
        worker.run(0.01, most=1)
    assert caught.value.code == "P895"
    assert "wrong" not in repr(worker.server)


def test_a_submission_that_is_gone_leaves_the_queue(
    server: Server, made: Description, tmp_path: Path
) -> None:
    server.send(1, b"")
    del server.status[1]
    until_empty(worker_of(server, made, tmp_path), server)
    assert not server.reports


def test_a_final_submission_is_left_alone(
    server: Server, made: Description, good: bytes, tmp_path: Path
) -> None:
    server.send(1, good)
    server.status[1] = "cancelled"
    until_empty(worker_of(server, made, tmp_path), server)
    assert not server.reports
    assert not server.served


def test_a_worker_that_is_killed_by_a_submission_gives_up(
    server: Server, made: Description, good: bytes, tmp_path: Path
) -> None:
    server.send(1, good)
    (tmp_path / "tries").mkdir()
    (tmp_path / "tries/1").write_text(str(MOST_TRIES))
    until_empty(worker_of(server, made, tmp_path), server)
    (report,) = server.reports[1]
    assert report["submission_status"] == "FAILED"
    assert "again and again" in report["stderr"]


def test_a_verdict_that_was_not_reported_is_not_made_again(
    server: Server, made: Description, good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.send(1, good)
    worker = worker_of(server, made, tmp_path)

    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    worker.wait = stop
    server.fail = [*[""] * 4, "500"]
    with monkeypatch.context() as patch:
        patch.setattr("poseval.challenge.evalai_worker.REPORT_SECONDS", 0)
        with pytest.raises(KeyboardInterrupt):
            worker.run(0.01, most=1)
    assert not server.reports
    assert read_record(tmp_path / "verdicts/1.json").verdict.scored
    until_empty(worker_of(server, made, tmp_path), server)
    assert len(server.reports[1]) == 1
    assert server.served[1] == 1


def test_kills_at_random_moments_lose_nothing(
    server: Server, made: Description, good: bytes, tmp_path: Path
) -> None:
    count = 5
    for key in range(1, count + 1):
        server.send(key, good if key % 4 else b"[{")
    env = {
        **os.environ, "PYTHONPATH": str(ROOT), "API_SERVER": server.address, "AUTH_TOKEN": TOKEN,
        "QUEUE_NAME": QUEUE, "CHALLENGE_PK": CHALLENGE,
    }  # fmt: skip
    words = ["challenge", "worker", str(made.folder), "--state", str(tmp_path / "state"), "--poll", "0"]
    chance = random.Random(1)
    kills = 0
    deadline = time.monotonic() + 240
    while server.waiting and time.monotonic() < deadline:
        child = subprocess.Popen(
            [sys.executable, "-m", "poseval", *words], env=env, stderr=subprocess.DEVNULL
        )
        before = len(server.reports)
        while time.monotonic() < deadline and len(server.reports) == before and server.waiting:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.4))
        child.kill()
        child.wait()
        kills += 1
    assert not server.waiting
    assert kills >= 2
    assert server.reports.keys() == set(range(1, count + 1))
    for key, reports in server.reports.items():
        wanted = "FINISHED" if key % 4 else "FAILED"
        assert {report["submission_status"] for report in reports} == {wanted}
    assert len({reports[0]["result"] for key, reports in server.reports.items() if key % 4}) == 1
    assert not list((tmp_path / "state").glob("*.tmp"))
    worker_of(server, made, tmp_path / "state").run(
        0, most=0
    )  # the next worker removes what killed ones left
    assert not list((tmp_path / "state/scratch").iterdir())


def test_a_full_disk_is_no_fault_of_a_submission(
    server: Server, made: Description, good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker takes none until there is room again."""
    server.send(1, good)
    free = iter([0, 1 << 20])
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage._replace(free=next(free, 1 << 40)))
    said: Said = []
    until_empty(worker_of(server, made, tmp_path, said), server)
    assert said == ["waiting: the disk is nearly full"] * 2 + ["submission 1: scored"]
    assert server.served[1] == 1


def test_the_environment_names_the_server() -> None:
    with pytest.raises(PosevalError, match="AUTH_TOKEN, QUEUE_NAME") as caught:
        from_environment({"API_SERVER": "http://x", "CHALLENGE_PK": "1"})
    assert caught.value.code == "P897"


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(Unreachable):
        EvalAI("http://127.0.0.1:1", TOKEN, QUEUE, CHALLENGE).message()


def test_a_folder_for_the_template_repository(made: Description, good: bytes, tmp_path: Path) -> None:
    """Every file that the configuration names is there, and the ground truth is in none of them."""
    from poseval.cli import invoke

    out = tmp_path / "evalai"
    words = ["challenge", "build", str(made.folder), "--for", "evalai", "--out", str(out)]
    assert invoke(words) == 0
    assert invoke(words) == 2
    assert invoke([*words, "--force"]) == 0
    node = yaml.safe_load((out / "challenge_config.yaml").read_text())
    names = [value for value in node.values() if isinstance(value, str) and "/" in value]
    names += [node["image"], node["evaluation_script"]]
    for phase in node["challenge_phases"]:
        names += [phase["description"], phase["test_annotation_file"]]
    assert len(names) == 8
    for name in names:
        assert (out / name).stat().st_size > 0
    assert node["remote_evaluation"] is True
    (board,) = node["leaderboard"]
    assert board["schema"]["labels"] == [column.title for column in made.columns]
    assert board["schema"]["default_order_by"] == "AP"
    assert {split["codename"] for split in node["dataset_splits"]} == {split.name for split in made.splits}
    truth = (made.folder / made.splits[0].truth).read_bytes()
    for path in out.rglob("*"):
        if path.is_file():
            assert truth[:200] not in path.read_bytes()
            compile(path.read_bytes(), str(path), "exec") if path.suffix == ".py" else None
