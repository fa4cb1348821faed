"""Cards of TokenPose, dense and with sparsity."""

from __future__ import annotations

from typing import Any

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Either, Flag, Number, OneOf, Option, Several, Whole, Words

SOURCE = "Li et al. 2021; layout of leeyegy/TokenPose ac939fa"
LICENCE = "the original repository states none; this code is written from the paper"
NO_WEIGHTS = "the original README links no checkpoint"
VAL = "COCO val2017, 256x192"
SPARSE_NOTES = (
    "best keep ratio 0.6 by its paper, whose numbers are only in figures",
    "visual tokens keep that fraction of their links from layer 1 on; 8 graph layers over the joints follow",
    "pruned links are masked; skip=true leaves their products out, which takes a CPU more time",
    "prune=tokens drops visual tokens instead of links, and is faster than the dense network",
)

RATIO = Number(0, 1, above=True)
OPTIONS = (
    Option("tokens", OneOf(("image", "stem", "hrnet")), "stem", "map that visual tokens are cut from"),
    Option(
        "width", Whole(1, 256), 32, "channels of HRNet's finest branch", unless=("tokens", ("image", "stem"))
    ),
    Option("depths", Several(Whole(1, 48), 1, 6), (12,), "layers of each transformer", "12"),
    Option("heads", OneOf((1, 2, 3, 4, 6, 8, 12, 16, 24, 32)), 8, "heads of attention"),
    Option("token_width", Whole(8, 1536, 8), 192, "channels of a token, which heads divide", "192"),
    Option(
        "patch",
        Several(Whole(1, 1024), 2, 2),
        None,
        "rows and columns of the quarter-size map in a token, by default the published ones",
        optional=True,
    ),
    Option(
        "keep_ratio",
        Either(RATIO, Several(RATIO, 1, 300, falling=True)),
        1.0,
        "fraction of links between visual tokens, or of the tokens, that stay: one, or one per pruned layer",
        "best at 0.6",
    ),
    Option(
        "prune_from", Whole(1, 299), 1, "first layer whose links are pruned", unless=("keep_ratio", (1.0,))
    ),
    Option("graph_layers", Whole(0, 48), 0, "attention layers over the joints of `skeleton`", "8"),
    Option(
        "skeleton",
        Words("a skeleton's name or file"),
        None,
        "skeleton of the joint mask",
        optional=True,
        unless=("graph_layers", (0,)),
    ),
    Option(
        "joint_mask",
        Flag(),
        True,
        "graph layers see skeleton neighbours and mirror joints, or all joints",
        "the mask alone helps a little, with pruning about one point on MPII",
        unless=("graph_layers", (0,)),
    ),
    Option(
        "prune",
        OneOf(("links", "tokens")),
        "links",
        "what is pruned: links of visual tokens as in the paper, or the tokens, which takes less time",
        unless=("keep_ratio", (1.0,)),
    ),
    Option(
        "skip",
        Flag(),
        False,
        "leave the products of pruned links out instead of masking them",
        unless=("prune", ("tokens",)),
        free=True,
    ),
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
        options=OPTIONS,
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
