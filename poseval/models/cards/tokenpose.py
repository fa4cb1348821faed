"""Cards of TokenPose, dense and with sparsity."""

from __future__ import annotations

from typing import Any

from poseval.models.registry import ModelCard, Stated

SOURCE = "Li et al. 2021; layout of leeyegy/TokenPose ac939fa"
LICENCE = "the original repository states none; this code is written from the paper"
NO_WEIGHTS = "the original README links no checkpoint"
VAL = "COCO val2017, 256x192"
SPARSE_NOTES = (
    "best keep ratio 0.6 by its paper, whose numbers are only in figures",
    "visual tokens keep that fraction of their links from layer 1 on; 8 graph layers over the joints follow",
    "pruned products are skipped in evaluation, which is slower on a CPU; skip=False masks them instead",
)


def _stated(value: float, source: str) -> tuple[Stated, ...]:
    return (Stated(value, "AP", VAL, source, recalled=source != "abstract of the paper"),)


def _card(name: str, **rest: Any) -> ModelCard:
    return ModelCard(
        name=name,
        family="tokenpose",
        kind="heatmap",
        builder="poseval.models.networks.tokenpose:build",
        licence=LICENCE,
        decode="dark",
        **{"source": SOURCE, "weights": NO_WEIGHTS, **rest},
    )


def _sparse(name: str, config: dict[str, Any]) -> ModelCard:
    return _card(
        name,
        source=f"arXiv 2311.09653 on {SOURCE}",
        weights="none published; a TokenPose checkpoint loads, the graph layers then start as the identity",
        input_size=(256, 256),
        joints=16,
        skeleton="mpii16",
        config={**config, "keep_ratio": 0.6, "graph_layers": 8, "skeleton": "mpii16"},
        notes=SPARSE_NOTES,
    )


PAPER = "the paper"
ABSTRACT = "abstract of the paper"

CARDS = (
    _card("tokenpose_t", results=_stated(65.6, PAPER), config={"tokens": "image", "heads": 16}),
    _card("tokenpose_s_v1", results=_stated(72.5, ABSTRACT), config={"tokens": "stem"}),
    _card("tokenpose_s_v2", results=_stated(73.5, PAPER), config={"tokens": "stem", "patch": (2, 2)}),
    _card("tokenpose_b", results=_stated(74.7, PAPER), config={"tokens": "hrnet", "width": 32}),
    _card(
        "tokenpose_l_d6",
        input_size=(256, 256),
        joints=16,
        skeleton="mpii16",
        results=(Stated(90.1, "PCKh@0.5", "MPII val, 256x256", PAPER, recalled=True),),
        config={"tokens": "hrnet", "width": 48, "depths": (2, 2, 2), "heads": 8},
    ),
    _card(
        "tokenpose_l_d24",
        results=_stated(75.8, ABSTRACT),
        config={"tokens": "hrnet", "width": 48, "depths": (8, 8, 8), "heads": 12},
    ),
    _sparse("tokenpose_s_sparse", {"tokens": "stem"}),
    _sparse("tokenpose_b_sparse", {"tokens": "hrnet", "width": 32}),
)
