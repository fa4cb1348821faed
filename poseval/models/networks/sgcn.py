"""SGCN: the siamese graph network with which LightTrack recognises a person by the shape of the pose.

Source: Ning et al. 2019, "LightTrack: A Generic Framework for Online Top-Down Human Pose Tracking";
reference program Guanghan/lighttrack `graph/gcn_utils` (a980585), built on ST-GCN's spatial partition.

Two traits of the reference program that trained weights depend on: the skip of each graph convolution is
computed there and never added, and poses are not normalised by their size.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from poseval.skeletons import get_skeleton

SKELETON = get_skeleton("posetrack15_poseval")  # PoseTrack 2017's order, right ankle to head top
JOINTS = len(SKELETON)
CENTRE = SKELETON.joints.index("head_bottom")  # the neck


def _links() -> tuple[tuple[int, int], ...]:
    """The skeleton's limbs, but that each hip is joined to the shoulder of its side, not to the other hip."""
    place = SKELETON.joints.index
    hips = {place("left_hip"), place("right_hip")}
    sides = [(place(f"{side}_hip"), place(f"{side}_shoulder")) for side in ("right", "left")]
    return (*(limb for limb in SKELETON.limbs if set(limb) != hips), *sides)


LIMBS = _links()
PARTITIONS = 3
WIDTH = 64
EMBEDDING = 128
MARGIN = 1.0  # of the contrastive loss
OF_TRAINING = "give weights that `poseval train sgcn` wrote"  # what other weights are met with

Coordinates = NDArray[np.float64]


def spatial_partitions() -> Coordinates:
    """Column-normalised adjacency [3, 15, 15], split by where a neighbour lies.

    The partitions are: the joint itself; neighbours as far from the centre or farther; neighbours nearer to
    the centre. Distances count at most one limb and are infinite beyond, as the reference program builds
    them, so that most neighbours land in the second partition.
    """
    linked = np.eye(JOINTS, dtype=bool)
    for first, second in LIMBS:
        linked[first, second] = linked[second, first] = True
    itself = np.eye(JOINTS, dtype=bool)
    hops: Coordinates = np.where(itself, 0.0, np.where(linked, 1.0, np.inf))
    normal: Coordinates = linked / linked.sum(axis=0)
    neighbour = hops == 1
    nearer = hops[:, CENTRE][:, None] < hops[:, CENTRE][None, :]
    return np.stack([part * normal for part in (itself, neighbour & ~nearer, neighbour & nearer)])


class GraphConvolution(nn.Module):
    """1x1 convolution to one set of channels per partition, then a sum over neighbours."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs * PARTITIONS, 1)

    def forward(self, x: Tensor, adjacency: Tensor) -> tuple[Tensor, Tensor]:
        """x [B, inputs, 1, V] and adjacency [3, V, V] -> [B, outputs, 1, V] and the adjacency."""
        x = self.conv(x)
        x = x.reshape(len(x), PARTITIONS, -1, *x.shape[2:])
        return torch.einsum("nkctv,kvw->nctw", x, adjacency), adjacency


class GraphLayer(nn.Module):
    """Graph convolution and ReLU; no skip, as in the reference program."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.gcn = GraphConvolution(inputs, outputs)

    def forward(self, x: Tensor, adjacency: Tensor) -> tuple[Tensor, Tensor]:
        """x [B, inputs, 1, V] and adjacency [3, V, V] -> [B, outputs, 1, V] and the adjacency."""
        x, adjacency = self.gcn(x, adjacency)
        return functional.relu(x), adjacency


class SGCN(nn.Module):
    """Embeds poses so that Euclidean distance tells whether two poses are one person.

    Takes poses as [B, 2, 1, 15, 1] (x and y, one frame, joints, one person): pixels as seen from the
    corner of the person's grown box, cut to integers. The size of the person stays in: the network compares
    poses of neighbouring frames.
    """

    def __init__(self) -> None:
        super().__init__()
        self.A: Tensor
        self.register_buffer("A", torch.from_numpy(spatial_partitions()).float())
        self.data_bn = nn.BatchNorm1d(2 * JOINTS)
        self.st_gcn_networks = nn.ModuleList((GraphLayer(2, WIDTH), GraphLayer(WIDTH, WIDTH)))
        self.edge_importance = nn.ParameterList(nn.Parameter(torch.ones(self.A.shape)) for _ in range(2))
        self.fcn = nn.Conv2d(WIDTH, EMBEDDING, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0, 0.02)

    def embed(self, poses: Tensor) -> Tensor:
        """Poses [B, 2, 1, 15, 1] -> embeddings [B, 128]."""
        x = poses.permute(0, 4, 3, 1, 2).reshape(len(poses), 2 * JOINTS, -1)
        x = self.data_bn(x)
        x = x.reshape(len(poses), JOINTS, 2, -1).permute(0, 2, 3, 1)
        for layer, importance in zip(self.st_gcn_networks, self.edge_importance, strict=True):
            x, _ = layer(x, self.A * importance)
        out: Tensor = self.fcn(x.mean((2, 3), keepdim=True))
        return out.flatten(1)

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Two sets of poses [B, 2, 1, 15, 1] -> their embeddings [B, 128]."""
        return self.embed(first), self.embed(second)


def pose_distance(model: SGCN, first: Coordinates, second: Coordinates) -> Coordinates:
    """Distances [N, M] between graphs of poses [N, 15, 2] and [M, 15, 2] (see `SGCN`).

    LightTrack takes a distance of at most 1 for one person.
    """
    with torch.no_grad():
        embedded, others = (
            model.embed(torch.from_numpy(graphs).to(model.A).transpose(1, 2)[:, :, None, :, None])
            for graphs in (first, second)
        )
        distance = torch.cdist(embedded, others)
    return distance.cpu().double().numpy()


def contrastive_loss(first: Tensor, second: Tensor, same: Tensor) -> Tensor:
    """Half the summed squared distance of same pairs, plus that of the shortfall to the margin of others.

    first, second: embeddings [B, 128]; same: [B], 1 for a pair of one person. LightTrack section 4.
    """
    distance = (first - second).norm(dim=1)
    short = (MARGIN - distance).clamp(min=0)
    loss: Tensor = 0.5 * (same * distance**2 + (1 - same) * short**2).sum()
    return loss
