"""Write a checkpoint of `poseval train` as weights that ship: float16, without the state of the optimiser.

python perf/ship.py net/best.pt poseval/models/shipped/synth_small.pt
"""

from __future__ import annotations

import argparse
from pathlib import Path


def write_half(source: Path, target: Path) -> None:
    """Write the smaller file."""
    import torch

    node = torch.load(source, map_location="cpu", weights_only=True)
    model = {
        key: value.half() if value.is_floating_point() else value for key, value in node["model"].items()
    }
    torch.save({"schema": node["schema"], "run": node["run"], "model": model}, target)
    print(f"{target}: {target.stat().st_size:,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path, help="checkpoint of a training")
    parser.add_argument("target", type=Path, help="file to write")
    options = parser.parse_args()
    write_half(options.source, options.target)


if __name__ == "__main__":
    main()
