"""Time and multiply-adds of TokenPose at several keep ratios, dense and pruned in each way.

    python perf/pruning.py --rounds 5 --write docs/models.md

One thread, batch 1, processor time, the best of some rounds. The table replaces the part of the document
between its two marks.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch

from poseval.models import create_model
from poseval.models.cost import measure

BEGIN, END = "<!-- pruning: begin -->", "<!-- pruning: end -->"
RATIOS = (1.0, 0.8, 0.6, 0.4)
WAYS: dict[str, dict[str, Any]] = {
    "links, masked": {"prune": "links"},
    "links, products left out": {"prune": "links", "skip": True},
    "tokens": {"prune": "tokens"},
}
SIZE = (256, 256)


def milliseconds(model: torch.nn.Module, images: torch.Tensor, rounds: int) -> float:
    """Processor time of the fastest pass."""
    best = float("inf")
    with torch.inference_mode():
        model(images)
        for _ in range(rounds):
            began = time.process_time()
            model(images)
            best = min(best, time.process_time() - began)
    return 1000 * best


def rows(rounds: int) -> list[str]:
    """Markdown rows."""
    torch.manual_seed(0)
    images = torch.rand(1, 3, *SIZE)
    lines = ["| pruned | keep ratio | G MACs | ms a person |", "|---|---|---|---|"]
    for ratio in RATIOS:
        for way, options in WAYS.items():
            if ratio == 1:
                way, options = "nothing", {}
            model = create_model("tokenpose_s_sparse", keep_ratio=ratio, graph_layers=0, **options)
            macs = measure(model, images).macs / 1e9
            lines.append(f"| {way} | {ratio:g} | {macs:.3f} | {milliseconds(model, images, rounds):.0f} |")
            print(lines[-1], flush=True)
            if ratio == 1:
                break
    return lines


def profile() -> str:
    """Where the time of a pass with masked links goes."""
    model = create_model("tokenpose_s_sparse", graph_layers=0)
    images = torch.rand(1, 3, *SIZE)
    with torch.inference_mode():
        model(images)
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as found:
            model(images)
    return str(found.key_averages().table(sort_by="self_cpu_time_total", row_limit=12))


def main() -> None:
    """Print the table and the profile; write the table into a document if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="print a profile, too")
    parser.add_argument("--write", type=Path, help="document with the two marks")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    lines = rows(chosen.rounds)
    if chosen.profile:
        print(profile())
    if chosen.write:
        head, rest = chosen.write.read_text("utf-8").split(BEGIN)
        body = "\n".join(lines)
        chosen.write.write_text(f"{head}{BEGIN}\n\n{body}\n\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
