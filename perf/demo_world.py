"""Draw people to train the demo's networks on: stills, and single frames of many clips, in the demo's world.

    python perf/demo_world.py FOLDER --stills 200 --clips 75 --seeds 100 200

Walkers seen from the side are rare among stills and frequent in the demo, whose frames are too much alike to
learn from whole clips: of each clip every sixth frame is taken.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from poseval.synth.demo import CLIPS, PEOPLE, SKELETON
from poseval.synth.folder import write_world
from poseval.synth.scene import Scene, scenes

EVERY = 6  # frames from one taken to the next: 0.45 of a step


def drawn(stills: int, clips: int, seed: int) -> Iterator[Scene]:
    """Stills of `seed` and frames of the clips of the next one, in a folder of their own."""
    frames = clips * CLIPS.sequence_length
    taken = islice(scenes(seed + 1, frames, PEOPLE, video=True, world=CLIPS), 0, None, EVERY)
    for source in (scenes(seed, stills, PEOPLE, world=CLIPS), taken):
        for scene in source:
            yield replace(scene, key=f"{seed}{scene.key}", path=f"{seed}/{scene.path}")


def main() -> None:
    """Draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stills", type=int, default=200)
    parser.add_argument("--clips", type=int, default=75)
    parser.add_argument("--seeds", type=int, nargs="+", default=[100])
    args = parser.parse_args()
    source = [scene for seed in args.seeds for scene in drawn(args.stills, args.clips, seed)]
    poses, truth, _ = write_world(args.folder, source, skeleton=SKELETON)
    print(f"{truth}: {len(poses)} people in {len(poses.frames)} images")


if __name__ == "__main__":
    main()
