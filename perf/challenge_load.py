"""Load on a challenge's worker: submissions of the size of COCO val2017 through its queue, with kills.

    python perf/challenge_load.py --submissions 1000 --workers 2 --kills 20

Prints submissions a second, processor time of each, the memory of the workers at the start and at the end,
and what was lost. Each worker uses one thread, so that two of them fill two cores.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from poseval.challenge.starting import start  # noqa: E402
from poseval.datasets import Role, WriteOptions, get_format  # noqa: E402
from poseval.poses import Frames, People, PoseSet  # noqa: E402
from poseval.skeletons import get_skeleton  # noqa: E402
from tests.challenge.fake_evalai import CHALLENGE, QUEUE, TOKEN, Server, serving  # noqa: E402

IMAGES, PEOPLE, DETECTIONS = 5000, 11_000, 36_000  # of val2017, and of a usual submission to it


def people(count: int, rng: np.random.Generator, found: PoseSet | None = None) -> PoseSet:
    """People at random in the images; with `found`, these first, a little beside where they are."""
    frame = rng.integers(0, IMAGES, count)
    xy = rng.uniform(100, 400, (count, 1, 2)) + rng.uniform(-80, 80, (count, 17, 2))
    if found is not None:
        rows = len(found)
        frame[:rows] = found.people.frame
        xy[:rows] = found.people.xy + rng.normal(0, 5, (rows, 17, 2))
    order = np.argsort(frame, kind="stable")
    frame, xy = frame[order], np.round(xy[order], 2)
    low, high = xy.min(axis=1), xy.max(axis=1)
    keys = np.asarray([str(number) for number in range(IMAGES)])
    frames = Frames(
        keys,
        size=np.full((IMAGES, 2), 640.0),
        path=np.asarray([f"{number:012d}.jpg" for number in range(IMAGES)]),
        extra={"image_id": np.arange(IMAGES)},
    )
    made = People(
        xy,
        frame,
        area=(high - low).prod(axis=1) / 2,
        box=np.concatenate([low, high], axis=1),
        score=None if found is None else np.round(rng.uniform(size=count), 4),
        source_id=np.arange(1, count + 1),
    )
    return PoseSet(get_skeleton("coco17"), frames, made)


def memory(process: int) -> float:
    """Resident megabytes of a process; 0 of one that is gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, IndexError):
        return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as place, serving(Server(visibility=5.0)) as server:
        folder = Path(place)
        truth = people(PEOPLE, rng)
        coco = get_format("coco")
        coco.write(truth, folder / "gt.json", WriteOptions(Role.TRUTH))
        sent = people(DETECTIONS, rng, truth)
        coco.write(sent, folder / "dt.json", WriteOptions(Role.PREDICTIONS, truth=truth))
        start(folder / "c", folder / "gt.json", "Load", "coco-keypoints")
        data = (folder / "dt.json").read_bytes()
        for key in range(1, asked.submissions + 1):
            server.send(key, data)
        run(asked, folder, server)
    print(f"submissions of {len(data) / 1e6:.1f} MB: {asked.submissions}, reported: {len(server.reports)}")
    results = {report.get("result", "failed") for reports in server.reports.values() for report in reports}
    print(f"lost: {asked.submissions - len(server.reports)}, different results: {len(results)}")


def run(asked: argparse.Namespace, folder: Path, server: Server) -> None:
    """Keep the workers alive until the queue is empty, and kill one now and then."""
    env = os.environ | {
        "API_SERVER": server.address,
        "AUTH_TOKEN": TOKEN,
        "QUEUE_NAME": QUEUE,
        "CHALLENGE_PK": CHALLENGE,
        "POSEVAL_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }
    words = ["challenge", "worker", str(folder / "c"), "--state", str(folder / "state"), "--poll", "0"]

    def begin() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "poseval", *words], env=env, stderr=subprocess.DEVNULL)

    chance = random.Random(0)
    workers = [begin() for _ in range(asked.workers)]
    started, kills, first, last = time.monotonic(), 0, [0.0], [0.0]
    every = max(asked.submissions // (asked.kills + 1), 1)
    before = os.times()
    own = time.process_time()
    while server.waiting:
        time.sleep(0.05)
        done = len(server.reports)
        sizes = [memory(worker.pid) for worker in workers]
        if asked.workers <= done < 3 * asked.workers:
            first = sizes
        last = sizes if min(sizes) else last
        if kills < asked.kills and done >= (kills + 1) * every:
            time.sleep(chance.uniform(0, 0.3))
            at = chance.randrange(len(workers))
            workers[at].kill()
            workers[at].wait()
            workers[at] = begin()
            kills += 1
    seconds = time.monotonic() - started
    own = time.process_time() - own
    for worker in workers:
        worker.kill()
        worker.wait()
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"{asked.submissions / seconds:.1f} a second with {asked.workers} workers; kills: {kills}")
    print(f"processor time of workers and children: {used / asked.submissions:.3f} s a submission")
    print(f"processor time of the server: {own / asked.submissions:.3f} s a submission")
    print(f"resident memory: {max(first):.0f} MB after the first, {max(last):.0f} MB at the end")


if __name__ == "__main__":
    main()
