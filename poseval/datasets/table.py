"""The table of formats: a name, and where its reader is."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from poseval.datasets.base import Dataset
from poseval.errors import unknown_name

# name -> module:class; a table instead of imports keeps start-up short. Their order is that of lists.
TABLE: dict[str, str] = {
    # Special kinds of COCO files before the general one, which is certain of them, too.
    "jhmdb-coco": "poseval.datasets.coco_single:JhmdbCoco",
    "face-coco": "poseval.datasets.coco_single:FaceCoco",
    "alphapose": "poseval.datasets.alphapose:AlphaPose",
    "coco": "poseval.datasets.coco:Coco",
    "posetrack17": "poseval.datasets.posetrack17:PoseTrack17",
    "posetrack18": "poseval.datasets.posetrack18:PoseTrack18",
    "posetrack21": "poseval.datasets.posetrack21:PoseTrack21",
    "mpii-gt": "poseval.datasets.mpii_gt:MpiiGt",
    "mpii-json": "poseval.datasets.mpii_json:MpiiJson",
    "mpii-h5": "poseval.datasets.mpii_h5:MpiiH5",
    "mpii-mat": "poseval.datasets.mpii_mat:MpiiMat",
    "mpii-submission": "poseval.datasets.mpii_submission:MpiiSubmission",
    "lsp-mat": "poseval.datasets.lsp_mat:LspMat",
    "flic-mat": "poseval.datasets.lsp_mat:FlicMat",
    "parse-mat": "poseval.datasets.lsp_mat:ParseMat",
    "penn-action": "poseval.datasets.video_mat:PennAction",
    "jhmdb-mat": "poseval.datasets.video_mat:JhmdbMat",
    "face-csv": "poseval.datasets.face_csv:FaceCsv",
    "face-pts": "poseval.datasets.face_points:FacePts",
    "lapa-txt": "poseval.datasets.face_points:LapaTxt",
    "wflw-txt": "poseval.datasets.wflw_txt:WflwTxt",
    "cofw-mat": "poseval.datasets.cofw_mat:CofwMat",
    "face-npy": "poseval.datasets.face_npy:FaceNpy",
    "pose-mat": "poseval.datasets.pose_array:PoseMat",
    "pose-array": "poseval.datasets.pose_array:PoseArray",
    "openpose": "poseval.datasets.openpose:OpenPose",
    "yolo": "poseval.datasets.yolo:Yolo",
    "deeplabcut": "poseval.datasets.deeplabcut:DeepLabCut",
    "deeplabcut-h5": "poseval.datasets.deeplabcut_h5:DeepLabCutH5",
    "mmpose": "poseval.datasets.mmpose:MMPose",
    "mmpose-dump": "poseval.datasets.mmpose_dump:MMPoseDump",
    "detectron2": "poseval.datasets.detectron2:Detectron2",
    "mediapipe": "poseval.datasets.mediapipe:MediaPipe",
    "sleap": "poseval.datasets.sleap:Sleap",
    "sleap-analysis": "poseval.datasets.sleap_analysis:SleapAnalysis",
    "nwb": "poseval.datasets.nwb:Nwb",
    "label-studio": "poseval.datasets.label_studio:LabelStudio",
    "cvat": "poseval.datasets.cvat:Cvat",
    "motchallenge": "poseval.datasets.motchallenge:MotChallenge",
    "native": "poseval.datasets.native:Native",
    "parquet": "poseval.datasets.parquet:Parquet",
}


def names() -> list[str]:
    """Names of all formats."""
    return list(TABLE)


@cache
def get_format(name: str) -> Dataset:
    """The named format.

    Raises:
        UsageError: P132 for an unknown name; the message proposes near ones.
    """
    place = TABLE.get(name)
    if place is None:
        raise unknown_name("P132", "format", name, names())
    module, _, attribute = place.partition(":")
    found: Dataset = getattr(import_module(module), attribute)()
    return found
