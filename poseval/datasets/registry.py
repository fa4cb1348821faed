"""The table of formats: a row names the reader, and what is known of a format before it is imported."""

from __future__ import annotations

from dataclasses import dataclass

from poseval.datasets.base import Dataset
from poseval.plugins import Registry, load

# What the bytes of a source can be, whatever they mean.
CONTAINERS = frozenset({"json", "hdf5", "matlab", "npy", "zip", "pickle", "parquet", "xml", "text", "folder"})


@dataclass(frozen=True)
class Format:
    """One format.

    `place` is the `module:class` of its reader. `containers` are the kinds of source that it comes in, of
    `CONTAINERS`; with `folder` a folder of files is one set. A JSON file fits one of the `keys` (none: lists
    in lists, without keys; None: any), and has one of the `words` in its beginning. `suffix` is how written
    files end.

    Each of `keys` is words with spaces between: keys that the file has at its top level or in the first
    record of a list, a key that the top level lacks after `!`, and `{` or `[` where the top level is an
    object or a list.

    Raises:
        ValueError: a container that does not exist.
    """

    name: str
    place: str
    containers: tuple[str, ...]
    keys: tuple[str, ...] | None = None
    words: tuple[bytes, ...] = ()
    suffix: str = ".json"

    def __post_init__(self) -> None:
        wrong = set(self.containers) - CONTAINERS
        if wrong or not self.containers:
            raise ValueError(f"containers of {self.name}: {sorted(wrong)}, not of {sorted(CONTAINERS)}")

    @property
    def is_folder(self) -> bool:
        """Whether a folder of files is one set."""
        return "folder" in self.containers


POSETRACK_KEYS = (
    *("vid_id", "ignore_regions_x", "nframes", "frame_id", "has_no_densepose", "bbox_head", "track_id"),
)
VIDEOS = ("{ images annotations vid_id", "{ images annotations nframes")
# Their order is that of lists, and of names that fit equally well.
ROWS = (
    # Special kinds of COCO files before the general one, which is certain of them, too.
    Format("jhmdb-coco", "poseval.datasets.single_person.coco_files:JhmdbCoco", ("json",), VIDEOS),
    Format("jhmdb-splits", "poseval.datasets.single_person.jhmdb_splits:JhmdbSplits", ("folder",)),
    Format("face-coco", "poseval.datasets.single_person.coco_files:FaceCoco", ("json",), ("{ images",)),
    Format(
        "alphapose",
        "poseval.datasets.tools.alphapose:AlphaPose",
        ("json",),
        words=(b'"box"', b'"idx"', b'"pose_keypoints_2d"', b'"joints"'),
    ),
    Format("coco", "poseval.datasets.coco.format:Coco", ("json",)),
    Format(
        "coco-parts",
        "poseval.datasets.coco.parts:CocoParts",
        ("json", "zip", "folder"),
        ("{ keypoints score category_id",),
    ),
    Format(
        "posetrack17",
        "poseval.datasets.posetrack.posetrack17:PoseTrack17",
        ("json", "zip", "folder"),
        ("annolist",),
    ),
    Format(
        "posetrack18",
        "poseval.datasets.posetrack.posetrack18:PoseTrack18",
        ("json", "zip", "folder"),
        POSETRACK_KEYS,
    ),
    Format(
        "posetrack21",
        "poseval.datasets.posetrack.posetrack21:PoseTrack21",
        ("json", "zip", "folder"),
        POSETRACK_KEYS,
    ),
    Format(
        "jrdb-pose",
        "poseval.datasets.posetrack.jrdb:JrdbPose",
        ("json", "zip", "folder"),
        ("annotations",),
        words=(b"center shoulder", b"track_id"),
    ),
    Format("mpii-gt", "poseval.datasets.mpii.gt_valid:MpiiGt", ("matlab",)),
    Format("mpii-json", "poseval.datasets.mpii.json_lists:MpiiJson", ("json",), ("image", "img_paths")),
    Format("mpii-h5", "poseval.datasets.mpii.hourglass_h5:MpiiH5", ("hdf5",)),
    Format("mpii-mat", "poseval.datasets.mpii.release_mat:MpiiMat", ("matlab",)),
    Format("mpii-submission", "poseval.datasets.mpii.submission:MpiiSubmission", ("matlab",), suffix=".mat"),
    Format("lsp-mat", "poseval.datasets.single_person.lsp_flic_parse:LspMat", ("matlab",)),
    Format("flic-mat", "poseval.datasets.single_person.lsp_flic_parse:FlicMat", ("matlab",)),
    Format("mpii-cooking-mat", "poseval.datasets.single_person.lsp_flic_parse:CookingMat", ("matlab",)),
    Format("parse-mat", "poseval.datasets.single_person.lsp_flic_parse:ParseMat", ("matlab",)),
    Format("penn-action", "poseval.datasets.single_person.penn_jhmdb:PennAction", ("matlab", "folder")),
    Format("jhmdb-mat", "poseval.datasets.single_person.penn_jhmdb:JhmdbMat", ("matlab", "folder")),
    Format("face-csv", "poseval.datasets.faces.csv:FaceCsv", ("text",)),
    Format("face-pts", "poseval.datasets.faces.pts:FacePts", ("text", "folder")),
    Format("lapa-txt", "poseval.datasets.faces.pts:LapaTxt", ("text", "folder")),
    Format("wflw-txt", "poseval.datasets.faces.wflw:WflwTxt", ("text",)),
    Format("cofw-mat", "poseval.datasets.faces.cofw:CofwMat", ("hdf5", "matlab")),
    Format("face-npy", "poseval.datasets.faces.npy:FaceNpy", ("npy",)),
    Format("pose-mat", "poseval.datasets.single_person.pose_array:PoseMat", ("hdf5", "matlab")),
    Format("pose-array", "poseval.datasets.single_person.pose_array:PoseArray", ("json", "npy", "zip"), ()),
    Format("openpose", "poseval.datasets.tools.openpose:OpenPose", ("json", "zip", "folder"), ("people",)),
    Format("yolo", "poseval.datasets.yolo.format:Yolo", ("text", "folder")),
    Format("deeplabcut", "poseval.datasets.animals.deeplabcut:DeepLabCut", ("text",), suffix=".csv"),
    Format("deeplabcut-h5", "poseval.datasets.animals.deeplabcut_h5:DeepLabCutH5", ("hdf5",), suffix=".h5"),
    Format(
        "mmpose",
        "poseval.datasets.tools.mmpose:MMPose",
        ("json", "zip", "folder"),
        ("keypoints", "instances", "instance_info"),
        (b'"keypoint_scores"',),
    ),
    Format(
        "poseflow",
        "poseval.datasets.tools.per_frame:PoseFlow",
        ("json",),
        ("{ keypoints scores", "{ keypoints score"),
    ),
    Format(
        "openpifpaf",
        "poseval.datasets.tools.per_frame:OpenPifPaf",
        ("json", "folder"),
        ("[ frame predictions", "[ keypoints score bbox category_id !image_id"),
    ),
    Format(
        "huggingface", "poseval.datasets.tools.per_frame:HuggingFacePose", ("json",), words=(b'"labels"',)
    ),
    Format(
        "easy-vitpose",
        "poseval.datasets.tools.per_frame:EasyViTPose",
        ("json",),
        ("{ keypoints skeleton !annotations",),
    ),
    Format("mmpose-dump", "poseval.datasets.tools.mmpose_dump:MMPoseDump", ("pickle",)),
    Format(
        "detectron2", "poseval.datasets.coco.detectron2:Detectron2", ("json",), ("image_id",), (b'"bbox"',)
    ),
    Format(
        "mediapipe",
        "poseval.datasets.tools.mediapipe:MediaPipe",
        ("json", "text"),
        ("landmarks", "pose_landmarks", "poseLandmarks", "landmark"),
    ),
    Format("sleap", "poseval.datasets.animals.sleap:Sleap", ("hdf5",), suffix=".slp"),
    Format(
        "sleap-analysis", "poseval.datasets.animals.sleap_analysis:SleapAnalysis", ("hdf5",), suffix=".h5"
    ),
    Format("sleap-csv", "poseval.datasets.animals.sleap_csv:SleapCsv", ("text",), suffix=".csv"),
    Format("superanimal", "poseval.datasets.animals.superanimal:SuperAnimal", ("json",), ("bodyparts",)),
    Format("nwb", "poseval.datasets.animals.nwb:Nwb", ("hdf5",), suffix=".nwb"),
    Format("label-studio", "poseval.datasets.tools.label_studio:LabelStudio", ("json",), ("data",)),
    Format("labelme", "poseval.datasets.tools.labelme:LabelMe", ("json", "zip", "folder"), ("shapes",)),
    Format(
        "via",
        "poseval.datasets.tools.via:Via",
        ("json", "text"),
        words=(b'"shape_attributes"', b'"_via_'),
        suffix=".csv",
    ),
    Format("supervisely", "poseval.datasets.tools.graphs:Supervisely", ("folder",)),
    Format("darwin", "poseval.datasets.tools.graphs:Darwin", ("json", "zip", "folder"), ("item",)),
    Format("datumaro", "poseval.datasets.tools.datumaro:Datumaro", ("json",), ("items",)),
    Format("cvat", "poseval.datasets.tools.cvat:Cvat", ("xml",), suffix=".xml"),
    Format(
        "motchallenge", "poseval.datasets.tools.motchallenge:MotChallenge", ("text", "folder"), suffix=".txt"
    ),
    Format("fiftyone", "poseval.datasets.tools.fiftyone:FiftyOne", ("folder",), suffix=""),
    Format("rerun", "poseval.datasets.tools.rerun_file:Rerun", ("text",), suffix=".rrd"),
    Format("native", "poseval.datasets.native.npz:Native", ("zip",), suffix=".npz"),
    Format("parquet", "poseval.datasets.native.parquet:Parquet", ("parquet",), suffix=".parquet"),
)
TABLE: dict[str, Format] = {row.name: row for row in ROWS}
REGISTRY: Registry[Format] = Registry("format", "P132", "poseval.formats", TABLE, Format)
_MADE: dict[str, Dataset] = {}


def names() -> list[str]:
    """Names of all formats that come with poseval."""
    return list(TABLE)


def get_row(name: str) -> Format:
    """The row of the named format.

    Raises:
        UsageError: P132 for an unknown name, with near ones; P184 when another package's cannot be used.
    """
    return REGISTRY.get(name)


def get_format(name: str) -> Dataset:
    """The named format.

    Raises:
        UsageError: as for `get_row`.
    """
    if name not in _MADE:
        place = get_row(name).place
        with REGISTRY.blamed(name):
            _MADE[name] = load(place)()
    return _MADE[name]


def known(name: str) -> Dataset | None:
    """The named format if it is poseval's own, or a package's that has been used; None for other names."""
    return get_format(name) if name in TABLE or name in _MADE else None
