"""Cards of the demo's networks."""

from __future__ import annotations

from poseval.models.registry import ModelCard
from poseval.models.schema import Option, Several, Whole

# Of the pyramid that both networks begin with.
WIDTHS = Option(
    "widths",
    Several(Whole(1, 1024), 4, 4),
    (24, 40, 72, 128),
    "channels at 1/2, 1/4, 1/8 and 1/16 of the input",
)
CARDS = (
    ModelCard(
        name="synth_small",
        family="synth_small",
        kind="heatmap",
        builder="poseval.models.networks.synth_small:build",
        source="poseval: a residual network of 0.8 M parameters with a top-down path",
        licence="Apache-2.0",
        weights="comes with poseval (poseval.models.shipped), trained only on poseval's synthetic people",
        input_size=(192, 144),
        skeleton="posetrack17slots",
        crop="udp",
        decode="udp",
        flip_shift=0,
        sigma=1.5,
        options=(WIDTHS,),
        notes=("made for the demo and for tests; it was never trained on photographs",),
    ),
    ModelCard(
        name="synth_detector",
        family="synth_detector",
        kind="detector",
        builder="poseval.models.networks.synth_detector:build",
        source="poseval: the demo's pyramid with a map of people's middles and of the sides of their boxes",
        licence="Apache-2.0",
        weights="comes with poseval (poseval.models.shipped), trained only on poseval's synthetic people",
        input_size=(144, 192),
        joints=0,
        skeleton=None,
        crop="corner",
        decode="middles",
        flip="none",
        flip_shift=0,
        options=(WIDTHS,),
        notes=(
            "finds boxes of people: --boxes detector:synth_detector",
            "made for the demo and for tests; it was never trained on photographs",
        ),
    ),
)
