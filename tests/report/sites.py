"""Sites for tests: COCO images with hostile names, and two systems over clips with tracks."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions, get_format
from poseval.poses import Frames, People, PoseSet
from poseval.synth import perturb, scene_set
from poseval.synth.demo_files import write_pair

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def value_of(path: Path) -> Any:
    """The value that a script of a site hands over."""
    text = path.read_text("utf-8").strip()
    found = re.fullmatch(r"poseval\.set_(?:index|chunk)\((?:\d+,)?(.*)\);", text, re.DOTALL)
    assert found
    return json.loads(found[1])


def coco(folder: Path) -> Path:
    """45 images, half of which are there, one with a hostile name of a joint."""
    truth = scene_set(seed=5, images=45, people=3)
    if not (folder / "images").exists():
        (folder / "images").mkdir(parents=True)
        rng = np.random.default_rng(0)
        for row in range(0, 45, 2):
            colours = rng.integers(60, 200, (6, 8, 3), dtype=np.uint8)
            picture = Image.fromarray(colours).resize((640, 480))
            picture.save(folder / "images" / Path(str(truth.frames.path[row])).with_suffix(".png").name)
    skeleton = replace(truth.skeleton, joints=(EVIL, *truth.skeleton.joints[1:]), name="hostile")
    truth = replace(truth, skeleton=skeleton)
    write_pair(folder, truth, perturb(truth, 6, jitter=0.25), force=True)
    command = ["explore", str(folder / "predictions.json"), "--gt", str(folder / "truth.json"), "--quiet"]
    site = folder / "site"
    assert invoke([*command, "--images", str(folder / "images"), "--out", str(site)]) == 0
    return site


def clips(folder: Path) -> Path:
    """Two clips of 12 frames and three people; the second system exchanges two identities half-way."""
    count, people = 24, 3
    key = [f"{clip}/{at:03d}.jpg" for clip in ("first", "second") for at in range(12)]
    frames = Frames(
        np.array(key),
        sequence=np.repeat([0, 1], 12),
        number=np.tile(np.arange(12), 2),
        size=np.tile([640.0, 480.0], (count, 1)),
        path=np.array(key),
        sequences=("first", "second"),
    )
    base = scene_set(seed=8, images=1, people=1)
    shape = base.people.xy[0] - base.people.xy[0].mean(axis=0)
    rng = np.random.default_rng(1)
    start = np.array([[130.0, 240.0], [320.0, 240.0], [510.0, 240.0]])
    step = np.array([2.0, 0.0])
    centre = np.concatenate([start + step * (at % 12) for at in range(count)])
    xy = shape[None] + centre[:, None]
    frame = np.repeat(np.arange(count), people)
    track = np.tile(np.arange(people), count)
    box = np.concatenate([xy.min(axis=1), xy.max(axis=1)], axis=1)
    area = np.prod(box[:, 2:] - box[:, :2], axis=1)
    truth = PoseSet(base.skeleton, frames, People(xy=xy, frame=frame, track=track, box=box, area=area))
    folder.mkdir(parents=True, exist_ok=True)
    native = get_format("native")
    native.write(truth, folder / "gt.npz", WriteOptions(role=Role.TRUTH, force=True))
    late = (frame % 12 >= 6) & (track < 2)
    for name, spread, identity in (("a", 2.0, track), ("b", 6.0, np.where(late, 1 - track, track))):
        found = xy + rng.normal(0, spread, xy.shape)
        kept = rng.random(len(xy)) > 0.1
        guess = People(xy=found, frame=frame, track=identity, score=np.full(len(xy), 0.9), area=area)
        system = PoseSet(base.skeleton, frames, guess.take(np.flatnonzero(kept)))
        native.write(system, folder / f"{name}.npz", WriteOptions(role=Role.PREDICTIONS, force=True))
    site = folder / "site"
    files = [str(folder / name) for name in ("a.npz", "b.npz")]
    options = ["--gt", str(folder / "gt.npz"), "--slice", "sequence", "--quiet", "--out", str(site)]
    assert invoke(["explore", *files, *options]) == 0
    return site
