"""How much memory a piece of work takes: at its peak, and above what was taken before it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import torch

MEGABYTE = 1 << 20
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FROM_HERE = "5"  # Linux: the peak starts again at what is resident now


@dataclass(frozen=True)
class Memory:
    """Resident memory of this process, or memory allocated on a GPU, in MiB; None where it is not known."""

    now: float | None
    peak: float | None


def watch(device: str) -> Memory:
    """What is taken now; the peak starts here where the system can do that, else with the process."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    elif RESET.exists():
        try:
            RESET.write_text(FROM_HERE)
        except OSError:  # forbidden in some containers
            pass
    return taken(device)


def taken(device: str) -> Memory:
    """What is taken now, and the most since `watch`."""
    if device == "cuda":
        now, most = torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated()
        return Memory(now / MEGABYTE, most / MEGABYTE)
    if STATUS.exists():
        fields = dict(line.split(":", 1) for line in STATUS.read_text().splitlines() if ":" in line)
        now, most = (int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
        return Memory(now / MEGABYTE, most / MEGABYTE)
    if sys.platform == "win32":
        return Memory(None, None)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Memory(None, peak / (MEGABYTE if sys.platform == "darwin" else 1024))


def figures(before: Memory, after: Memory) -> dict[str, float | None]:
    """The peak, and what it added to the memory taken before, in MiB: 0 where free memory was enough.

    Linux counts pages in batches, so that a peak can be read as a little less than what was taken before.
    """
    added = None if before.now is None or after.peak is None else round(max(after.peak - before.now, 0.0), 1)
    peak = None if after.peak is None else round(after.peak, 1)
    return {"peak_memory_mib": peak, "added_memory_mib": added}
