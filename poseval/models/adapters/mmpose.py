"""Networks as mmpose names their weights: `backbone.`, and `head.` (1.x) or `keypoint_head.` (0.x)."""

from __future__ import annotations

from torch import Tensor, nn

from poseval.models.networks import hrnet, simplebaseline

PARTS = ("backbone.", "keypoint_head.", "head.")


class FromMmpose(nn.Module):
    """A network of ours that takes mmpose's keys: images [N, 3, H, W] to heatmaps [N, joints, H/4, W/4]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def rename_keys(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """mmpose's keys without their first part; others stay, so that the strict loading names them."""
        out = {}
        for key, value in state.items():
            part = next((part for part in PARTS if key.startswith(part)), None)
            out[key if part is None else "network." + key[len(part) :]] = value
        return out

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.network(images)
        return maps


def build(
    joints: int, input_size: tuple[int, int], network: str, depth: int | None, width: int | None
) -> FromMmpose:
    """A Simple Baselines network of a depth, or an HRNet of a width."""
    if network == "hrnet":
        return FromMmpose(hrnet.build(joints, input_size, width=width or 32))
    return FromMmpose(simplebaseline.build(joints, input_size, depth=depth or 50))
