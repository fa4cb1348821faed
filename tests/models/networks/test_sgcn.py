"""SGCN against LightTrack's network, and its helpers against LightTrack's."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from poseval.models.cost import measure
from poseval.models.networks.sgcn import (
    CENTRE,
    JOINTS,
    LIMBS,
    SGCN,
    contrastive_loss,
    pose_distance,
    spatial_partitions,
)
from tests.models.fixture import check

pytestmark = pytest.mark.models


def test_equals_the_official_network() -> None:
    check(SGCN(), "sgcn_lighttrack_posetrack15")


def test_cost_of_one_pose() -> None:
    pose = torch.zeros(1, 2, 1, JOINTS, 1)
    cost = measure(SGCN(), pose, pose)
    assert cost.parameters == 22786
    assert cost.macs / 2 == pytest.approx(2277376 / 8)


def test_partitions_share_out_each_column() -> None:
    parts = spatial_partitions()
    assert parts.sum(axis=(0, 1)) == pytest.approx(np.ones(JOINTS))
    neighbours = {joint for limb in LIMBS if CENTRE in limb for joint in limb} - {CENTRE}
    assert set(np.flatnonzero(parts[2][CENTRE])) == neighbours  # to them, the centre is the nearer one
    assert set(np.flatnonzero(parts[2].sum(axis=1))) == neighbours | {CENTRE}
    assert np.array_equal(parts[0] > 0, np.eye(JOINTS, dtype=bool))


def test_no_skip_reaches_the_embedding() -> None:
    model = SGCN().eval()
    with torch.no_grad():
        for layer in model.st_gcn_networks:
            layer.gcn.conv.weight.zero_()
            layer.gcn.conv.bias.zero_()
        near, far = model(torch.rand(1, 2, 1, JOINTS, 1), 300 * torch.rand(1, 2, 1, JOINTS, 1))
    assert torch.equal(near, far)


def test_size_of_the_person_is_seen() -> None:
    torch.manual_seed(3)
    graph = 100 * np.random.default_rng(0).random((1, JOINTS, 2))
    assert pose_distance(SGCN().eval(), graph, 2 * graph)[0, 0] > 1e-3


def test_distance_is_a_table_of_norms() -> None:
    torch.manual_seed(0)
    model = SGCN().eval()
    graphs = np.random.default_rng(1).integers(0, 300, (3, JOINTS, 2)).astype(float)
    table = pose_distance(model, graphs, graphs[:2])
    assert table.shape == (3, 2)
    assert np.diag(table) == pytest.approx(np.zeros(2), abs=1e-4)
    with torch.no_grad():
        first, second = (
            model.embed(torch.from_numpy(graph.T.reshape(1, 2, 1, JOINTS, 1)).float()) for graph in graphs[:2]
        )
    assert table[0, 1] == pytest.approx(float((first - second).norm()), rel=1e-4)


def test_contrastive_loss_by_hand() -> None:
    first = torch.tensor([[3.0, 4.0], [0.0, 0.6], [0.0, 2.0]])
    same = torch.tensor([1.0, 0.0, 0.0])
    assert float(contrastive_loss(first, torch.zeros(3, 2), same)) == pytest.approx(0.5 * (25 + 0.16))
