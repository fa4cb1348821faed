"""What the authors' networks give with weights by formula, and what their decoding and cropping say."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from tests.golden.make.cases import Made
from tests.golden.make.mmpose_modules import mmpose_module
from tests.models import fixture

Numbers = dict[str, Any]
SAMPLES = 96  # numbers kept of each output
COMMITS = {
    "hrnet": "leoxiaobin/deep-high-resolution-net.pytorch@6f69e46",
    "hourglass": "princeton-vl/pytorch_stacked_hourglass@ceedc14",
    "tokenpose": "leeyegy/TokenPose@ac939fa",
    "face_alignment": "1adrianb/face-alignment@608505f",
    "mmpose": "open-mmlab/mmpose@759b39c",
}


def judge(made: Made, folder: Path, programs: Path | None) -> Numbers:
    """The outputs of a network, or the results of the steps of a pipeline."""
    assert programs is not None, "--programs names the folder of the checkouts"
    made_by = {"numpy": np.__version__, "torch": torch.__version__}
    if made.options["kind"] == "network":
        source, build = NETWORKS[made.judge]
        made_by["program"] = source
        with _quiet():
            model = build(programs, made.ask)
        return {"kind": "network", "made_by": made_by, **_recorded(model, made)}
    source, run = STEPS[made.judge]
    given = json.loads((folder / "input.json").read_text("utf-8"))
    made_by["program"] = source
    return {"kind": made.judge, "made_by": made_by, "results": run(programs, given)}


@contextmanager
def _quiet() -> Iterator[None]:
    with mock.patch("builtins.print"):
        yield


@contextmanager
def _beside(*folders: Path, fakes: tuple[str, ...] = ()) -> Iterator[None]:
    """Folders in front of the import path, and modules that are imported and not used."""
    modules = {name: mock.MagicMock() for name in fakes}
    with (
        mock.patch.dict(sys.modules, modules),
        mock.patch.object(sys, "path", [*map(str, folders), *sys.path]),
    ):
        yield


def _recorded(model: torch.nn.Module, made: Made) -> Numbers:
    """Keys and shapes, size, and sampled outputs in float64."""
    kept = [key for key in model.state_dict() if key.endswith("pos_embedding")]
    fixture.fill_by_formula(model, {}, kept)
    given = fixture.formula_input("input", (1, 3, *made.ask["input_size"])).double()
    with torch.no_grad():
        outputs = fixture.flatten(model.double().eval()(given))
    told: Numbers = {"counts": fixture.state_counts(model), "kept": kept}
    told["outputs"] = {name: _sampled(name, tensor) for name, tensor in outputs.items()}
    return told


def _sampled(name: str, tensor: torch.Tensor) -> Numbers:
    flat = tensor.reshape(-1).numpy()
    index = fixture.sample_index(name, len(flat), SAMPLES)
    told = {
        "shape": list(tensor.shape),
        "largest": float(np.abs(flat).max()),
        "l2": float(np.linalg.norm(flat)),
    }
    return {**told, "index": index.tolist(), "value": flat[index].tolist()}


class _Config(dict):  # type: ignore[type-arg]
    """A configuration that is read by key and by attribute."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


def _hrnet(programs: Path, ask: Any) -> torch.nn.Module:
    width = ask["config"]["width"]
    extra = _Config(PRETRAINED_LAYERS=["*"], FINAL_CONV_KERNEL=1)
    for number, modules in ((2, 1), (3, 4), (4, 3)):
        stage = _Config(NUM_MODULES=modules, NUM_BRANCHES=number, BLOCK="BASIC", FUSE_METHOD="SUM")
        stage |= {"NUM_BLOCKS": [4] * number, "NUM_CHANNELS": [width * 2**k for k in range(number)]}
        extra[f"STAGE{number}"] = stage
    config = _Config(MODEL=_Config(EXTRA=extra, NUM_JOINTS=ask["joints"], INIT_WEIGHTS=False, PRETRAINED=""))
    with _beside(programs / "hrnet/lib/models"):
        module: torch.nn.Module = importlib.import_module("pose_hrnet").get_pose_net(config, False)
    return module


def _simplebaseline(programs: Path, ask: Any) -> torch.nn.Module:
    extra = _Config(NUM_LAYERS=18, DECONV_WITH_BIAS=False, NUM_DECONV_LAYERS=3, FINAL_CONV_KERNEL=1)
    extra |= {"NUM_DECONV_FILTERS": [256] * 3, "NUM_DECONV_KERNELS": [4] * 3}
    config = _Config(MODEL=_Config(EXTRA=extra, NUM_JOINTS=ask["joints"], INIT_WEIGHTS=False, PRETRAINED=""))
    with _beside(programs / "hrnet/lib/models"):
        module: torch.nn.Module = importlib.import_module("pose_resnet").get_pose_net(config, False)
    return module


def _hourglass(programs: Path, ask: Any) -> torch.nn.Module:
    with _beside(programs / "hourglass"):
        posenet = importlib.import_module("models.posenet")

    class Permuted(posenet.PoseNet):  # type: ignore[misc, name-defined]
        """The official network takes the colours last."""

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = super().forward(image.permute(0, 2, 3, 1))
            return out

    return Permuted(2, ask["config"]["width"], 16)


def _tokenpose(programs: Path, ask: Any) -> torch.nn.Module:
    side = ask["input_size"][0] // 4
    model = _Config(IMAGE_SIZE=ask["input_size"], PATCH_SIZE=ask["config"]["patch"], DIM=192, INIT=False)
    model |= {"NUM_JOINTS": ask["joints"], "TRANSFORMER_DEPTH": ask["config"]["depths"][0]}
    model |= {"TRANSFORMER_HEADS": 8, "TRANSFORMER_MLP_RATIO": 3, "HEATMAP_SIZE": [side, side]}
    model |= {"POS_EMBEDDING_TYPE": "sine-full", "EXTRA": _Config()}
    package = types.ModuleType("tokenpose_models")
    package.__path__ = [str(programs / "tokenpose/lib/models")]
    moved = {"timm.models.layers.weight_init": importlib.import_module("timm.layers.weight_init")}
    with mock.patch.dict(sys.modules, {"tokenpose_models": package, **moved}):
        module = importlib.import_module("tokenpose_models.pose_tokenpose_s")
        built: torch.nn.Module = module.TokenPose_S(_Config(MODEL=model))
    return built


def _fan(programs: Path, ask: Any) -> torch.nn.Module:
    package = types.ModuleType("fan_models")
    package.__path__ = [str(programs / "face_alignment/face_alignment/models")]
    with mock.patch.dict(sys.modules, {"fan_models": package}):
        built: torch.nn.Module = importlib.import_module("fan_models.fan").FAN(1)
    return built


def _lcnet(programs: Path, ask: Any) -> torch.nn.Module:
    import timm

    built: torch.nn.Module = timm.create_model(ask["model"])
    return built


def _repository_decoding(programs: Path, given: Numbers) -> Numbers:
    maps = np.array(given["maps"], dtype=np.float32)
    centre, scale = np.array(given["center"]), np.array(given["scale"])
    with _beside(programs / "hrnet/lib"):
        inference = importlib.import_module("core.inference")
        flip = importlib.import_module("utils.transforms").flip_back
    xy, score = inference.get_max_preds(maps.copy())
    told = {"argmax": xy, "score": score[..., 0]}
    for name, shifted in (("argmax_in_image", False), ("quarter_in_image", True)):
        config = _Config(TEST=_Config(POST_PROCESS=shifted))
        told[name] = inference.get_final_preds(config, maps.copy(), centre, scale)[0]
    told["flipped"] = flip(maps.copy(), [[1, 2], [3, 4]]).sum(axis=(2, 3))
    told["flipped_row"] = flip(maps.copy(), [[1, 2], [3, 4]])[:, :, 7]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("core", "utils")]:
        del sys.modules[name]  # TokenPose has modules of the same names
    with _beside(programs / "tokenpose/lib"):
        dark = importlib.import_module("core.inference")
    config = _Config(TEST=_Config(POST_PROCESS=True, BLUR_KERNEL=11))
    with mock.patch.object(dark, "transform_preds", lambda joints, *crop: joints):  # places on the map
        told["dark"] = dark.get_final_preds(config, maps.copy(), centre, scale)[0]
    return _lists(told)


def _mmpose_decoding(programs: Path, given: Numbers) -> Numbers:
    place = "mmpose.codecs.utils.post_processing"
    finding = mmpose_module(programs / "mmpose", place)
    refining = mmpose_module(programs / "mmpose", "mmpose.codecs.utils.refinement")
    told: Numbers = {"argmax": [], "score": [], "quarter": [], "dark": [], "udp": []}
    for maps in np.array(given["maps"], dtype=np.float32):
        xy, score = finding.get_heatmap_maximum(maps)
        told["argmax"].append(xy)
        told["score"].append(score)
        told["quarter"].append(refining.refine_keypoints(xy[None].copy(), maps)[0])
        told["dark"].append(refining.refine_keypoints_dark(xy[None].copy(), maps.copy(), 11)[0])
        told["udp"].append(refining.refine_keypoints_dark_udp(xy[None].copy(), maps.copy(), 11)[0])
    rows = (np.array(given[f"simcc_{axis}"], dtype=np.float32) for axis in "xy")
    told["simcc"], told["simcc_score"] = finding.get_simcc_maximum(*rows)
    return _lists(told)


def _suppression(programs: Path, given: Numbers) -> Numbers:
    with _beside(programs / "hrnet/lib", fakes=("nms.cpu_nms", "nms.gpu_nms")):
        nms = importlib.import_module("nms.nms")
    poses = [
        {"keypoints": np.array(pose), "score": score, "area": area}
        for pose, score, area in zip(given["poses"], given["score"], given["area"], strict=True)
    ]
    boxes = np.concatenate([np.array(given["boxes"]), np.array(given["box_score"])[:, None]], axis=1)
    told: Numbers = {}
    for at in (0.5, 0.9):
        told[f"oks_nms@{at}"] = nms.oks_nms(poses, at)
        told[f"soft_oks_nms@{at}"] = nms.soft_oks_nms(poses, at)
        told[f"visible_oks_nms@{at}"] = nms.oks_nms(poses, at, in_vis_thre=0.2)
    told |= {f"box_nms@{at}": nms.nms(boxes, at) for at in (0.3, 0.5)}
    flat = np.array([pose["keypoints"].ravel() for pose in poses])
    area = np.array(given["area"])
    told["oks"] = np.array([nms.oks_iou(row, flat, own, area) for row, own in zip(flat, area, strict=True)])
    return _lists(told)


def _crops(programs: Path, given: Numbers) -> Numbers:
    height, width = given["size"]
    fakes = ("json_tricks", "nms", "nms.nms", "pycocotools", "pycocotools.coco", "pycocotools.cocoeval")
    parent = types.ModuleType("dataset.JointsDataset")
    parent.JointsDataset = object  # type: ignore[attr-defined]
    with _beside(programs / "hrnet/lib", fakes=("dataset", *fakes)):
        with (
            mock.patch.dict(sys.modules, {"dataset.JointsDataset": parent}),
            _beside(programs / "hrnet/lib/dataset"),
        ):
            coco = importlib.import_module("coco").COCODataset
        transforms = importlib.import_module("utils.transforms")
    udp = mmpose_module(programs / "mmpose", "mmpose.structures.bbox.transforms").get_udp_warp_matrix
    reader = types.SimpleNamespace(aspect_ratio=width / height, pixel_std=200)
    told: Numbers = {"center": [], "scale": [], "affine": [], "udp": []}
    for box, turn in zip(given["boxes"], given["rotation"], strict=True):
        centre, scale = coco._xywh2cs(reader, *box)
        told["center"].append(centre)
        told["scale"].append(scale)
        told["affine"].append(transforms.get_affine_transform(centre, scale, turn, (width, height)))
        told["udp"].append(udp(centre, scale * 200, turn, (width, height)))
    return _lists(told)


def _lists(told: Numbers) -> Numbers:
    return {key: np.asarray(value).astype(float).tolist() for key, value in told.items()}


NETWORKS: dict[str, tuple[str, Callable[[Path, Any], torch.nn.Module]]] = {
    "hrnet_narrow": (COMMITS["hrnet"], _hrnet),
    "simplebaseline_18": (COMMITS["hrnet"] + " lib/models/pose_resnet.py", _simplebaseline),
    "hourglass_narrow": (COMMITS["hourglass"], _hourglass),
    "tokenpose_small": (COMMITS["tokenpose"], _tokenpose),
    "fan_single": (COMMITS["face_alignment"], _fan),
    "lcnet_small": (f"timm {importlib.metadata.version('timm')}", _lcnet),
}
STEPS: dict[str, tuple[str, Callable[[Path, Numbers], Numbers]]] = {
    "repository decoding": (f"{COMMITS['hrnet']}, {COMMITS['tokenpose']} (DARK)", _repository_decoding),
    "mmpose decoding": (f"{COMMITS['mmpose']} mmpose/codecs/utils", _mmpose_decoding),
    "suppression": (f"{COMMITS['hrnet']} lib/nms/nms.py", _suppression),
    "crops": (f"{COMMITS['hrnet']}, {COMMITS['mmpose']} get_udp_warp_matrix", _crops),
}
