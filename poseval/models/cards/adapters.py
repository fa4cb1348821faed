"""Cards of foreign models that run where the user has their packages."""

from __future__ import annotations

from typing import Any

from poseval.models.card_fields import FINDING
from poseval.models.card_file import builder_of, kind_of
from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Number, Option, Words

PROVIDER = Option(
    "provider",
    Words("a provider of onnxruntime"),
    "CPUExecutionProvider",
    "what computes the network",
    free=True,
)
UNIT: dict[str, Any] = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
BGR: dict[str, Any] = {**UNIT, "pixel_divisor": 1.0, "colour": "bgr"}
CAFFE: dict[str, Any] = {**BGR, "mean": (103.53, 116.28, 123.675), "std": (57.375, 57.12, 58.395)}
NO_FLIP: dict[str, Any] = {"flip": "none", "flip_shift": 0, "stride": 1}
FINDS_PEOPLE = "finds people itself, and so serves as a detector too"
ASSUMED = "colour order and normalisation are assumed, because the file does not give them"
YOLO = "exported to ONNX with or without suppression"
MMPOSE = "open-mmlab/mmpose, as mmdeploy exports it"
RTMPOSE = f"Jiang et al. 2023 (RTMPose); {MMPOSE}"
APACHE, AGPL, OWN = "Apache-2.0", "AGPL-3.0", "the file's own"

# name: decode, crop, pixels, licence, source, notes
FINDERS: dict[str, tuple[Any, Any, dict[str, Any], str, str, tuple[str, ...]]] = {
    "yolo_pose": (
        "yolo_pose", "letterbox", UNIT, AGPL, f"Ultralytics YOLO pose (8, 11 and later), {YOLO}",
        (FINDS_PEOPLE,),
    ),
    "rtmo": ("rtmo", "corner", BGR, APACHE, f"Lu et al. 2023 (RTMO); {MMPOSE}", (FINDS_PEOPLE,)),
    "rtmdet": (
        "boxes", "corner", CAFFE, APACHE,
        "Lyu et al. 2022 (RTMDet); open-mmlab/mmdetection, as mmdeploy exports it", (),
    ),
    "yolox": (
        "yolox", "corner", BGR, APACHE, "Ge et al. 2021 (YOLOX), its own ONNX export without suppression", (),
    ),
    "yolo_detect": ("yolo", "letterbox", UNIT, AGPL, f"Ultralytics YOLO (8, 11 and later), {YOLO}", ()),
    "rtdetr": (
        "rtdetr", "corner", UNIT, APACHE, "Zhao et al. 2023 (RT-DETR), the original's export or Ultralytics'",
        ("trained on images stretched to a square, and letterboxed here",),
    ),
}  # fmt: skip

# name: decode, joints, skeleton, licence, source, notes
ON_CROPS: dict[str, tuple[Any, int, str, str, str, tuple[str, ...]]] = {
    "rtmpose_17": ("simcc", 17, "coco17", APACHE, RTMPOSE, ()),
    "rtmpose_26": ("simcc", 26, "halpe26", APACHE, RTMPOSE, ()),
    "rtmpose_133": ("simcc", 133, "coco_wholebody133", APACHE, RTMPOSE, ()),
    "onnx_heatmap": (
        "quarter", 17, "coco17", OWN, "any ONNX file with one output of heatmaps [N, K, H, W]", (ASSUMED,),
    ),
    "onnx_simcc": (
        "simcc", 17, "coco17", OWN,
        "any ONNX file with two SimCC outputs (Li et al. 2022), such as RTMPose", (ASSUMED,),
    ),
}  # fmt: skip


def _onnx(
    name: str, decode: Any, licence: str, source: str, notes: tuple[str, ...], **rest: Any
) -> ModelCard:
    """An ONNX file of the user's; one of whole images is run at its own input size."""
    return ModelCard(
        name=name,
        family="adapters",
        kind=kind_of(decode),
        builder=f"{builder_of(decode)}_onnx",
        source=source,
        licence=licence,
        weights="the user's .onnx file",
        decode=decode,
        config={"decode": decode},
        notes=("needs onnxruntime", *notes),
        **rest,
    )


def _finder(
    name: str,
    decode: Any,
    crop: Any,
    pixels: dict[str, Any],
    licence: str,
    source: str,
    notes: tuple[str, ...],
) -> ModelCard:
    poses = kind_of(decode) != "detector"
    return _onnx(
        name, decode, licence, source, notes, input_size=(640, 640), joints=17 if poses else 0,
        skeleton="coco17" if poses else None, crop=crop, options=(PROVIDER, *FINDING), **pixels, **NO_FLIP,
    )  # fmt: skip


def _on_crops(
    name: str, decode: Any, joints: int, skeleton: str, licence: str, source: str, notes: tuple[str, ...]
) -> ModelCard:
    return _onnx(
        name, decode, licence, source, notes, joints=joints, skeleton=skeleton, options=(PROVIDER,),
        flip_shift=int(decode != "simcc"), fixed_joints=licence != OWN,
    )  # fmt: skip


CARDS = (
    *(_finder(name, *row) for name, row in FINDERS.items()),
    *(_on_crops(name, *row) for name, row in ON_CROPS.items()),
    ModelCard(
        name="keypoint_rcnn",
        family="adapters",
        kind="bottom_up",
        builder="poseval.models.adapters.keypoint_rcnn:build",
        source="He et al. 2017; torchvision keypointrcnn_resnet50_fpn",
        licence="BSD-3-Clause",
        weights="torchvision's KeypointRCNN_ResNet50_FPN_Weights.COCO_V1 (keypointrcnn_resnet50_fpn_coco)",
        input_size=(800, 1333),
        crop="image",
        decode="grouping",
        options=(),
        results=(Stated(65.0, "AP", "COCO val2017", "torchvision's documentation", recalled=True),),
        notes=("needs torchvision", FINDS_PEOPLE),
        **UNIT,
        **NO_FLIP,
    ),
    ModelCard(
        name="mediapipe_pose",
        family="adapters",
        kind="regression",
        builder="poseval.models.adapters.mediapipe_pose:build",
        source="Google MediaPipe, BlazePose (Bazarevsky et al. 2020)",
        licence=APACHE,
        weights=(
            "pose_landmarker_lite.task, _full.task or _heavy.task of MediaPipe's Pose Landmarker; or the "
            "pose_landmark_*.tflite inside the Python package mediapipe up to 0.10.21"
        ),
        input_size=(256, 256),
        joints=33,
        skeleton="mediapipe33",
        padding=1.4,  # MediaPipe's crop holds a circle about the hips with the body in it, and a quarter more
        decode="coordinates",
        fixed_joints=True,
        options=(
            Option("detection", Number(0, 1), 0.5, "least score of a person within the crop", free=True),
        ),
        notes=("needs ai-edge-litert", "may see no person in a crop"),
        **UNIT,
        **NO_FLIP,
    ),
)
