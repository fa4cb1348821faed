"""Write a checkpoint of `poseval train` as weights that ship: float16, without the state of the optimiser.

python perf/ship.py net/best.pt poseval/models/shipped/synth_small.pt
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch


def main(source: Path, target: Path) -> None:
    """Write the smaller file."""
    node = torch.load(source, map_location="cpu", weights_only=True)
    model = {
        key: value.half() if value.is_floating_point() else value for key, value in node["model"].items()
    }
    torch.save({"schema": node["schema"], "run": node["run"], "model": model}, target)
    print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
