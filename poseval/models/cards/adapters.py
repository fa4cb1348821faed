"""Cards of foreign models that run where the user has their packages."""

from __future__ import annotations

from poseval.models.registry import ModelCard, Stated
from poseval.models.schema import Number, OneOf, Option, Words

PROVIDER = Option(
    "provider",
    Words("a provider of onnxruntime"),
    "CPUExecutionProvider",
    "what computes the network",
    free=True,
)

CARDS = (
    ModelCard(
        name="keypoint_rcnn",
        family="adapters",
        kind="bottom_up",
        builder="poseval.models.adapters.keypoint_rcnn:build",
        source="He et al. 2017; torchvision keypointrcnn_resnet50_fpn",
        licence="BSD-3-Clause",
        weights="torchvision's KeypointRCNN_ResNet50_FPN_Weights.COCO_V1 (keypointrcnn_resnet50_fpn_coco)",
        input_size=(800, 1333),
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        crop="image",
        decode="grouping",
        flip="none",
        flip_shift=0,
        stride=1,
        options=(),
        results=(Stated(65.0, "AP", "COCO val2017", "torchvision's documentation", recalled=True),),
        notes=("needs torchvision", "finds people itself, and so serves as a detector too"),
    ),
    ModelCard(
        name="mediapipe_pose",
        family="adapters",
        kind="regression",
        builder="poseval.models.adapters.mediapipe_pose:build",
        source="Google MediaPipe 0.10, BlazePose (Bazarevsky et al. 2020)",
        licence="Apache-2.0",
        weights="inside the Python package mediapipe, 0.10 series",
        input_size=(256, 256),
        joints=33,
        skeleton="mediapipe33",
        pixel_divisor=1.0,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        decode="coordinates",
        flip="none",
        flip_shift=0,
        stride=1,
        fixed_joints=True,
        options=(
            Option("complexity", OneOf((0, 1, 2)), 1, "network: 0 lite, 1 full, 2 heavy"),
            Option("detection", Number(0, 1), 0.5, "least score of a person within the crop"),
        ),
        notes=("needs mediapipe 0.10", "detects within the crop again and may find no person there"),
    ),
    ModelCard(
        name="onnx_heatmap",
        family="adapters",
        kind="heatmap",
        builder="poseval.models.adapters.onnx:build_heatmap",
        source="any ONNX file with one output of heatmaps [N, K, H, W]",
        licence="the file's own",
        weights="the user's .onnx file",
        options=(PROVIDER,),
        notes=(
            "needs onnxruntime",
            "colour order and normalisation are assumed, because the file does not give them",
        ),
    ),
    ModelCard(
        name="onnx_simcc",
        family="adapters",
        kind="regression",
        builder="poseval.models.adapters.onnx:build_simcc",
        source="any ONNX file with two SimCC outputs (Li et al. 2022), such as RTMPose",
        licence="the file's own",
        weights="the user's .onnx file",
        options=(PROVIDER,),
        decode="coordinates",
        flip="coordinates",
        flip_shift=0,
        notes=(
            "needs onnxruntime",
            "colour order and normalisation are assumed, because the file does not give them",
        ),
    ),
)
