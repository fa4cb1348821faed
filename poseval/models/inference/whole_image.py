"""The test procedure of a network that takes whole images and finds the people itself."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from poseval.errors import UsageError
from poseval.models.adapters.finders import Finder, FinderOnImages
from poseval.models.inference.bottom_up import BottomUp
from poseval.models.inference.predictions import WholeImage
from poseval.models.networks.dekr import DEKR, RescoreNet
from poseval.models.networks.detr_people import DETR, DetrOnImages
from poseval.models.networks.prtr_sequential import PRTRSequential, Sequential
from poseval.models.networks.synth_detector import DetectorOnImages, SynthDetector
from poseval.models.registry import ModelCard


def whole_image(
    model: nn.Module,
    card: ModelCard,
    *,
    flip_test: bool | None = None,
    mirror: Sequence[int] | None = None,
    scales: Sequence[float] = (1.0,),
    rescore: RescoreNet | None = None,
    device: str | torch.device = "cpu",
    autocast: bool = False,
) -> WholeImage:
    """An object with `poses(image)`, for networks whose card says that they take whole images.

    Raises:
        UsageError: P156 for a network that needs boxes, or an option that the network has no use for.
    """
    if isinstance(model, DEKR):
        flip = True if flip_test is None else flip_test
        return BottomUp(
            model,
            card,
            flip_test=flip,
            mirror=mirror,
            scales=scales,
            rescore=rescore,
            device=device,
            autocast=autocast,
        )
    extra = bool(flip_test) or tuple(scales) != (1.0,) or rescore is not None
    if isinstance(model, DETR | SynthDetector | PRTRSequential | Finder | WholeImage) and extra:
        raise UsageError(
            "P156",
            where=f"model {card.name}",
            what="has no flip test, no other scales and no rescoring",
            hint="leave these options out",
        )
    if isinstance(model, Finder):
        return FinderOnImages(model, card, device)
    if isinstance(model, DETR):
        return DetrOnImages(model, card, device, autocast)
    if isinstance(model, SynthDetector):
        return DetectorOnImages(model, card, device, autocast)
    if isinstance(model, PRTRSequential):
        return Sequential(model, card, device=device, autocast=autocast)
    if isinstance(model, WholeImage):
        model.to(device)
        return model
    raise UsageError(
        "P156", where=f"model {card.name}", what="needs people's boxes", wanted="a box for each person"
    )
