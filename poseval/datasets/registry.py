"""The table of formats: a name, and where its reader is."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from poseval.datasets.base import Dataset
from poseval.errors import unknown_name

# name -> module:class; a table instead of imports keeps start-up short. Their order is that of lists.
TABLE: dict[str, str] = {
    # Special kinds of COCO files before the general one, which is certain of them, too.
    "jhmdb-coco": "poseval.datasets.single_person.coco_files:JhmdbCoco",
    "face-coco": "poseval.datasets.single_person.coco_files:FaceCoco",
    "alphapose": "poseval.datasets.tools.alphapose:AlphaPose",
    "coco": "poseval.datasets.coco.format:Coco",
    "posetrack17": "poseval.datasets.posetrack.posetrack17:PoseTrack17",
    "posetrack18": "poseval.datasets.posetrack.posetrack18:PoseTrack18",
    "posetrack21": "poseval.datasets.posetrack.posetrack21:PoseTrack21",
    "mpii-gt": "poseval.datasets.mpii.gt_valid:MpiiGt",
    "mpii-json": "poseval.datasets.mpii.json_lists:MpiiJson",
    "mpii-h5": "poseval.datasets.mpii.hourglass_h5:MpiiH5",
    "mpii-mat": "poseval.datasets.mpii.release_mat:MpiiMat",
    "mpii-submission": "poseval.datasets.mpii.submission:MpiiSubmission",
    "lsp-mat": "poseval.datasets.single_person.lsp_flic_parse:LspMat",
    "flic-mat": "poseval.datasets.single_person.lsp_flic_parse:FlicMat",
    "parse-mat": "poseval.datasets.single_person.lsp_flic_parse:ParseMat",
    "penn-action": "poseval.datasets.single_person.penn_jhmdb:PennAction",
    "jhmdb-mat": "poseval.datasets.single_person.penn_jhmdb:JhmdbMat",
    "face-csv": "poseval.datasets.faces.csv:FaceCsv",
    "face-pts": "poseval.datasets.faces.pts:FacePts",
    "lapa-txt": "poseval.datasets.faces.pts:LapaTxt",
    "wflw-txt": "poseval.datasets.faces.wflw:WflwTxt",
    "cofw-mat": "poseval.datasets.faces.cofw:CofwMat",
    "face-npy": "poseval.datasets.faces.npy:FaceNpy",
    "pose-mat": "poseval.datasets.single_person.pose_array:PoseMat",
    "pose-array": "poseval.datasets.single_person.pose_array:PoseArray",
    "openpose": "poseval.datasets.tools.openpose:OpenPose",
    "yolo": "poseval.datasets.yolo.format:Yolo",
    "deeplabcut": "poseval.datasets.animals.deeplabcut:DeepLabCut",
    "deeplabcut-h5": "poseval.datasets.animals.deeplabcut_h5:DeepLabCutH5",
    "mmpose": "poseval.datasets.tools.mmpose:MMPose",
    "mmpose-dump": "poseval.datasets.tools.mmpose_dump:MMPoseDump",
    "detectron2": "poseval.datasets.coco.detectron2:Detectron2",
    "mediapipe": "poseval.datasets.tools.mediapipe:MediaPipe",
    "sleap": "poseval.datasets.animals.sleap:Sleap",
    "sleap-analysis": "poseval.datasets.animals.sleap_analysis:SleapAnalysis",
    "nwb": "poseval.datasets.animals.nwb:Nwb",
    "label-studio": "poseval.datasets.tools.label_studio:LabelStudio",
    "cvat": "poseval.datasets.tools.cvat:Cvat",
    "motchallenge": "poseval.datasets.tools.motchallenge:MotChallenge",
    "native": "poseval.datasets.native.npz:Native",
    "parquet": "poseval.datasets.native.parquet:Parquet",
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
