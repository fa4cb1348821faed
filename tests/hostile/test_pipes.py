"""Row 37: a pipe to which nobody writes, wherever a file is opened, is refused at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from poseval.cli.settings import settings
from poseval.decisions import baselines
from poseval.decisions.entries import Entry, entry_of
from poseval.decisions.store import Store
from poseval.errors import PosevalError
from poseval.models.weights.paddle import read_paddle
from poseval.models.weights.tfjs import read_graph
from poseval.runners.boxes import file_boxes
from poseval.runners.journal import Journal
from poseval.scoring.groups import read_groups
from poseval.scoring.saved_runs import load
from poseval.skeletons import get_skeleton, load_skeleton
from poseval.skeletons.joint_map import load_joint_map
from poseval.skeletons.sigmas import read_sigmas
from poseval.tracking.flo_files import read_flo
from tests.fuzz.formats import LIMITS, TRUTH
from tests.fuzz.second_ring import run

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
COCO = get_skeleton("coco17")
SECONDS = 20


def checkpoint(path: Path) -> object:
    pytest.importorskip("torch", reason="needs PyTorch")
    from poseval.models.weights.load import read_checkpoint

    return read_checkpoint(path)


def picture(path: Path) -> object:
    pytest.importorskip("PIL")
    from poseval.runners.frames import read_image

    return read_image(path, upright=True)


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "saved run": ("a.poseval", load),
    "baseline": ("a.poseval", baselines.load_baseline),
    "ledger": ("a.json", lambda path: baselines.load_ledger(path, "x")),
    "store": ("a.db", lambda path: Store(path).entries()),
    "entry": ("a.json", entry_of),
    "sigmas": ("a.json", lambda path: read_sigmas(str(path))),
    "skeleton": ("a.json", load_skeleton),
    "joint map": ("a.toml", lambda path: load_joint_map(path, COCO, COCO)),
    "groups": ("a.csv", lambda path: read_groups(path, LIMITS)),
    "journal": ("a.part", lambda path: Journal(path, {}, 17)),
    "boxes": ("a.json", lambda path: file_boxes(path, TRUTH.frames)),
    "Paddle": ("a.pdparams", read_paddle),
    "PyTorch": ("a.pt", checkpoint),
    "safetensors": ("a.safetensors", checkpoint),
    "TensorFlow.js": ("a.tgz", lambda path: read_graph(path, "net")),
    "flow": ("a.flo", read_flo),
    "image": ("a.png", picture),
}


def _late(number: int, frame: FrameType | None) -> None:
    raise TimeoutError


@pytest.fixture
def soon() -> Iterator[None]:
    """An end to what waits."""
    before = signal.signal(signal.SIGALRM, _late)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(("name", "read"), READERS.values(), ids=READERS)
def test_37_a_pipe_without_a_writer(
    name: str, read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poseval.files.reading.PIPE_SECONDS", 0.05)
    path = tmp_path / name
    os.mkfifo(path)
    with pytest.raises(PosevalError) as caught:
        read(path)
    assert caught.value.code in ("P113", "P114", "P115", "P135")


@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm"])
def test_37_a_pipe_beside_a_store(ending: str, tmp_path: Path) -> None:
    """SQLite looks for these by itself, and no signal of Python's ends its waiting."""
    store = Store(tmp_path / "board.db")
    store.add(Entry("a", run().report()))
    Path(f"{store.path}{ending}").unlink(missing_ok=True)
    os.mkfifo(f"{store.path}{ending}")
    for use in (store.entries, lambda: store.remove("a")):
        with pytest.raises(PosevalError) as caught:
            use()
        assert caught.value.code == "P135"


@pytest.mark.usefixtures("soon")
def test_37_pipes_beside_what_is_read_are_passed_over(tmp_path: Path) -> None:
    """Facts beside a report, defaults of a folder, and pictures among others."""
    from poseval.report.overlay import _picture

    os.mkfifo(tmp_path / "a.json.run.json")
    os.mkfifo(tmp_path / "poseval.toml")
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / ".git").mkdir()
    with pytest.raises(PosevalError):
        entry_of(tmp_path / "a.json")
    assert settings(tmp_path) is None
    assert _picture(tmp_path / "a.png", (0.0, 0.0, 9.0, 9.0), 1.0) == ""
