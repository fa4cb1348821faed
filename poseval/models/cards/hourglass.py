"""Cards of the stacked hourglass."""

from __future__ import annotations

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Option, Whole

README = "README of princeton-vl/pytorch_stacked_hourglass"
STATED = {2: 88.3, 8: 90.2}  # PCKh@0.5 on MPII val by number of stacks

OPTIONS = (
    Option("stacks", Whole(1, 16), 2, "hourglasses in a row", "MPII val PCKh 88.3 with 2, 90.2 with 8"),
    Option("width", Whole(2, 1024, 2), 256, "channels of an hourglass"),
)


def _card(stacks: int) -> ModelCard:
    return ModelCard(
        name=f"hourglass_{stacks}",
        family="hourglass",
        kind="heatmap",
        builder="poseval.models.networks.hourglass:build",
        source="Newell et al. 2016; princeton-vl/pytorch_stacked_hourglass ceedc14",
        licence="BSD-3-Clause",
        weights=f"linked from the repository's README: {stacks}HG checkpoint",
        input_size=(256, 256),
        joints=16,
        skeleton="mpii16",
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        crop="integer",
        padding=1.0,
        flip_shift=0,
        sigma=1.0,
        results=(Stated(STATED[stacks], "PCKh@0.5", "MPII val", README),),
        config={"stacks": stacks},
        options=OPTIONS,
        notes=(
            "the box is 200 pixels times the annotated scale, a square; its corners are whole pixels",
            "the output has one set of maps a stack; the last one is read",
        ),
    )


CARDS = (_card(2), _card(8))
