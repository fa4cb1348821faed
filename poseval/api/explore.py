"""The explorer: a folder of pages that shows every frame of one system or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from poseval.report.explorer.index import System
    from poseval.scoring.score import Prepared


def system_of(prepared: Prepared, name: str) -> System:
    """A system of the explorer, from files that were read and paired."""
    from poseval.benchmarks.custom import CUSTOM, with_scales
    from poseval.diagnosis.diagnose import diagnose_if_possible
    from poseval.diagnosis.pairs import pairs_of
    from poseval.report.explorer.index import System
    from poseval.scoring.score import tally

    aligned = prepared.aligned
    if prepared.benchmark.name == CUSTOM.name:
        aligned = with_scales(aligned)
    corrected = prepared.rules.name == "corrected"
    frames = aligned.truth.frames
    by_sequence = prepared.benchmark.unit == "sequence"
    part = prepared.parts[0]
    return System(
        name,
        tally(prepared).report(),
        diagnose_if_possible(aligned, corrected),
        pairs_of(aligned, corrected),
        {key: mask[frames.sequence] if by_sequence else mask for key, mask in part.slices.items()},
        {key: group.people for key, group in part.groups.items()},
    )
