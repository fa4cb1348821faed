"""Formats by content: every sample, contents that fit two formats, and wrong formats in disguise."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from poseval import datasets
from poseval.datasets import ReadOptions, Role, Source, WriteOptions
from poseval.datasets.registry import CONTAINERS, TABLE
from poseval.errors import FormatError, PosevalError
from tests.fuzz.seeds import REAL, Seed, seeds, small_sets
from tests.shared import only_with, shared_path, shared_root

T, P = Role.TRUTH, Role.PREDICTIONS
EXTRAS = {"parquet": "pyarrow", "mpii-h5": "h5py", "deeplabcut-h5": "h5py", **dict.fromkeys(REAL, "h5py")}
# folder of the samples -> formats as truth and as predictions; None is "of no known format"
FOLDERS: dict[str, tuple[str | None, str | None]] = {
    "mpii_json_mmpose": ("mpii-json", None),
    "jhmdb_coco": ("jhmdb-coco", "posetrack18"),  # its people carry tracks and scores, as predictions do
    "posetrack18": ("posetrack18", "posetrack18"),
    "mpii_mat_official_like": ("mpii-mat", None),
    "celeba_landmarks": (None, None),
    "cvat_xml": ("cvat", None),
    "mpii_pred_mat": (None, "pose-mat"),
    "mpii_gt_valid_mat": ("mpii-gt", None),
    "mpii_hourglass_h5": ("mpii-h5", None),
    "lsp_joints_mat": ("lsp-mat", None),
    "penn_action_mat": ("penn-action", None),
    "300w_pts": ("face-pts", "face-pts"),  # the same layout for both
    "hrnet_face_csv": ("face-csv", "face-csv"),
    "openpose_json": (None, "openpose"),
    "deeplabcut_csv": ("deeplabcut", "deeplabcut"),
    "deeplabcut_multi_csv": ("deeplabcut", "deeplabcut"),
    "sleap_slp": ("sleap", None),
    "sleap_analysis_h5": (None, "sleap-analysis"),
    "sleap_analysis_csv": ("sleap-csv", "sleap-csv"),
    "sleap_json": (None, None),
    "alphatracker_json": (None, None),
    "deeplabcut_h5": (None, "deeplabcut-h5"),
    "nwb_ndx_pose": (None, "nwb"),
    "mediapipe_csv": (None, "mediapipe"),
    "coco_person_detections": (None, "coco"),
    **dict.fromkeys(
        ("300w_coco", "wflw_coco", "aflw_coco", "cofw_coco", "lapa_coco", "300vw_coco", "300wlp_coco"),
        ("face-coco", None),
    ),
    **dict.fromkeys(
        (
            *("mpii_trb", "coco_keypoints", "coco_wholebody", "crowdpose", "ochuman", "halpe136", "aic"),
            *("ap10k", "animalpose", "h36m_coco", "humanart", "exlpose", "mhp", "coco_results_xtcoco"),
            "coco_keypoints_tiny",
        ),
        ("coco", None),
    ),
}
FILES: dict[str, tuple[str | None, str | None]] = {
    "crowdpose/test_crowdpose_det_AP_40.json": (None, "coco"),
    "coco_results_xtcoco/example_coco_preds.json": (None, "coco"),
    "coco_results_xtcoco/example_crowdpose_preds.json": (None, "coco"),
    "coco_wholebody/example_wholebody_preds.json.gz": (None, "coco"),
    "posetrack18/test_posetrack18_human_detections.json": (None, "coco"),
    "motchallenge/gt.txt": ("motchallenge", None),
    "motchallenge/labels.txt": (None, None),
    "motchallenge/seqinfo.ini": (None, None),
    "mpii_json_datumaro/mpii_annotations.json": ("mpii-json", None),
    "mpii_json_datumaro/jnt_visible.npy": (None, "pose-array"),  # any array may be; this one is refused
    "mpii_json_datumaro/mpii_headboxes.npy": (None, "pose-array"),  # three axes, one of them of two
    "mpii_json_datumaro/mpii_pos_gt.npy": (None, "pose-array"),
    "alphapose_json/alphapose-results.json": (None, "alphapose"),
    "deeplabcut_project/CollectedData_Pranav.csv": ("deeplabcut", "deeplabcut"),
    "deeplabcut_project/CollectedData_Pranav.h5": ("deeplabcut-h5", "deeplabcut-h5"),
}
BROKEN = "alphapose_json/poseflow-alpha-pose-results-sample.json"


def listed() -> list[str]:
    index = shared_root() / "samples/formats/index.json"
    if not index.is_file():
        return []
    return sorted({entry["file"] for entry in json.loads(index.read_text())["files"]})


def test_the_index_is_at_hand() -> None:
    shared_path("samples/formats/index.json")
    assert len(listed()) > 70


@pytest.mark.parametrize("role", [T, P], ids=["truth", "predictions"])
@pytest.mark.parametrize("file", only_with("samples/formats", listed()))
def test_every_sample_is_recognised(file: str, role: Role) -> None:
    if file.endswith((".h5", ".h5.gz", ".slp", ".nwb.gz")):
        pytest.importorskip("h5py")
    source = Source(shared_path(f"samples/formats/{file}"))
    wanted = (FILES.get(file) or FOLDERS.get(file.split("/")[0], (None, None)))[role is P]
    if wanted is not None:
        assert datasets.recognise(source, role) == wanted
        return
    with pytest.raises(FormatError) as caught:
        datasets.recognise(source, role)
    assert caught.value.code == ("P210" if file == BROKEN else "P201")


@pytest.mark.parametrize(
    ("file", "says"),
    only_with(
        "samples/formats",
        [
            ("celeba_landmarks/list_landmarks_align_celeba.txt", "CelebA's list of landmarks"),
            ("motchallenge/labels.txt", "a list of class names"),
            ("motchallenge/seqinfo.ini", "MOTChallenge's seqinfo.ini"),
            ("sleap_json/minimal_instance.json", "SLEAP's labels as JSON"),
            ("alphatracker_json/at_testdata.json", "AlphaTracker's annotations"),
        ],
    ),
)
def test_a_format_that_is_not_read_is_named(file: str, says: str) -> None:
    source = Source(shared_path(f"samples/formats/{file}"))
    with pytest.raises(FormatError, match=says) as caught:
        datasets.recognise(source, T)
    assert "which is not read: " in str(caught.value)
    assert datasets.looks_like(source) == says


def sown(name: str, folder: Path) -> list[tuple[Seed, Path]]:
    """The sound files of a format, put where they can be read."""
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    out = []
    for number, seed in enumerate(seeds(name, folder)):
        base = folder / f"seed-{number}"
        for file, data in seed.files.items():
            (base / file).parent.mkdir(parents=True, exist_ok=True)
            (base / file).write_bytes(data)
        out.append((seed, base if seed.folder else base / next(iter(seed.files))))
    return out


@pytest.mark.parametrize("name", datasets.names())
def test_what_is_not_asked_would_not_have_fitted(name: str, tmp_path: Path) -> None:
    """Containers and marks spare work; asking every format comes to the same answer."""
    for seed, path in sown(name, tmp_path):
        for role in Role:
            source = Source(path)
            every = {}
            for other in datasets.names():
                dataset = datasets.get_format(other)
                if role in dataset.reads and datasets.get_row(other).is_folder >= source.is_folder:
                    every[other] = dataset.sniff(source, role)
            fitting = {other for other, sure in every.items() if sure >= datasets.SURE}
            assert set(datasets.fits(Source(path), role)) == fitting
        assert name in {"detectron2", *REAL} or datasets.recognise(Source(path), seed.role) == name


def test_every_row_names_its_reader_and_every_container_is_some_formats() -> None:
    for name, row in TABLE.items():
        assert datasets.get_format(name).name == name
        assert (row.keys is None and not row.words) or "json" in row.containers
    assert {kind for row in TABLE.values() for kind in row.containers} == CONTAINERS


@pytest.mark.parametrize("containers", [("json", "jsonl"), ()])
def test_a_container_that_does_not_exist_is_refused(containers: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="containers of x: "):
        datasets.Format("x", "x:X", containers)


def test_formats_whose_keys_are_absent_are_not_imported(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"people": []}))
    code = (
        "import sys\n"
        "from poseval.datasets import Role, Source, fits\n"
        f"fits(Source({str(tmp_path / 'a.json')!r}), Role.PREDICTIONS)\n"
        "print(*(name for name in sys.modules if name.startswith('poseval.datasets.')))\n"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "poseval.datasets.tools.openpose" in found.split()
    assert not {"poseval.datasets.tools.mmpose", "poseval.datasets.posetrack.posetrack18"} & set(
        found.split()
    )


class TestTwoFormatsFit:
    def refused(self, path: Path, role: Role, *names: str) -> None:
        with pytest.raises(FormatError) as caught:
            datasets.recognise(Source(path), role)
        assert caught.value.code == "P202"
        assert f"could be {' or '.join(names)}" in str(caught.value)
        assert f"--format-in {names[0]}" in str(caught.value)

    def test_labels_of_two_sets_in_one_file(self, tmp_path: Path) -> None:
        savemat(tmp_path / "a.mat", {"joints": np.ones((3, 14, 4)), "ptsAll": np.ones((14, 2, 3))})
        self.refused(tmp_path / "a.mat", T, "lsp-mat", "parse-mat")

    def test_points_and_landmarks_in_one_folder(self, tmp_path: Path) -> None:
        (tmp_path / "0001.mat").write_bytes(b"")
        (tmp_path / "a.pts").write_text("version: 1\nn_points: 68\n{\n}\n")
        self.refused(tmp_path, T, "penn-action", "face-pts")

    def test_results_with_boxes_are_cocos_and_may_be_detectron2s(self, tmp_path: Path) -> None:
        truth, predictions = small_sets()
        coco = datasets.get_format("coco")
        coco.write(predictions, tmp_path / "dt.json", WriteOptions(P, truth=truth))
        assert datasets.recognise(Source(tmp_path / "dt.json"), P) == "coco"
        assert datasets.fits(Source(tmp_path / "dt.json"), P) == ("coco", "detectron2")

    def test_truth_of_coco_with_fields_of_posetrack(self, tmp_path: Path) -> None:
        truth, _ = small_sets()
        datasets.get_format("coco").write(truth, tmp_path / "gt.json", WriteOptions(T))
        assert datasets.fits(Source(tmp_path / "gt.json"), T) == ("coco",)
        node = json.loads((tmp_path / "gt.json").read_text())
        for image in node["images"]:
            image |= {"vid_id": "000001", "frame_id": image["id"], "is_labeled": True, "nframes": 3}
        (tmp_path / "gt.json").write_text(json.dumps(node))
        self.refused(tmp_path / "gt.json", T, "coco", "posetrack18")
        for annotation in node["annotations"]:
            annotation["bbox_head"] = [1, 2, 3, 4]
        (tmp_path / "gt.json").write_text(json.dumps(node))
        assert datasets.fits(Source(tmp_path / "gt.json"), T) == ("posetrack18", "coco")

    @pytest.mark.parametrize(
        ("text", "role", "name"),
        [
            ("0 .5 .5 .1 .1" + " .5 .5 2" * 17 + "\n", T, "yolo"),
            ("0 .5 .5 .1 .1" + " .5 .5 .93" * 17 + " .8\n", P, "yolo"),
            ("1,1,10,20,30,40,0.9,-1,-1,-1\n", P, "motchallenge"),
            ("1,1,10,20,30,40,1,1,1.0\n", T, "motchallenge"),
            ("scorer,me,me\nbodyparts,a,a\ncoords,x,y\nimg/1.png,1,2\n", T, "deeplabcut"),
        ],
    )
    def test_tables_of_numbers_are_told_apart(self, text: str, role: Role, name: str, tmp_path: Path) -> None:
        for file in ("a.txt", "a.csv"):
            if name == "yolo" and file == "a.csv":
                continue
            (tmp_path / file).write_text(text)
            assert datasets.fits(Source(tmp_path / file), role) == (name,)


def write_all(folder: Path) -> dict[str, Path]:
    """One prediction or truth file of several formats."""
    truth, predictions = small_sets()
    out = {}
    for name, role in (("coco", P), ("alphapose", P), ("label-studio", T), ("cvat", T), ("deeplabcut", P)):
        out[name] = folder / name
        datasets.get_format(name).write(
            truth if role is T else predictions, out[name], WriteOptions(role, truth=truth)
        )
    (folder / "openpose").write_text(
        json.dumps({"version": 1.3, "people": [{"pose_keypoints_2d": [1.0, 2.0, 0.5] * 25}]})
    )
    return {**out, "openpose": folder / "openpose"}


# wrong extension's reader, the content, what the message must say
WRONG = [
    ("yolo", ".txt", "openpose", "openpose predictions"),
    ("cvat", ".xml", "coco", "coco predictions"),
    ("deeplabcut", ".csv", "coco", "coco predictions"),
    ("coco", ".json", "openpose", "openpose predictions"),
    ("openpose", ".json", "coco", "coco predictions"),
    ("mmpose", ".json", "label-studio", "label-studio ground truth"),
    ("motchallenge", ".txt", "deeplabcut", "deeplabcut predictions"),
    ("label-studio", ".json", "cvat", "cvat ground truth"),
    ("native", ".npz", "deeplabcut", "deeplabcut predictions"),
    ("coco", ".json", "cvat", "cvat ground truth"),
]


@pytest.mark.parametrize(("name", "suffix", "content", "says"), WRONG)
def test_the_wrong_format_under_the_right_extension(
    name: str, suffix: str, content: str, says: str, tmp_path: Path
) -> None:
    path = write_all(tmp_path)[content].rename(tmp_path / f"file{suffix}")
    role = P if P in datasets.get_format(name).reads else T
    with pytest.raises(PosevalError, match=f"this looks like {says}"):
        datasets.read(path, ReadOptions(role, small_sets()[0]), name)
    wanted = T if says.endswith("truth") else P
    assert datasets.recognise(Source(path), wanted) == content


def test_a_sound_file_that_is_only_damaged_is_not_called_another(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"image_id": 100, "category_id": 1, "score": 1, "keypoints": [1, 2]}]')
    with pytest.raises(FormatError) as caught:
        datasets.read(tmp_path / "a.json", ReadOptions(P, small_sets()[0]), "coco")
    assert "looks like" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xd8\xff\xe0" + b"\0" * 20, "an image"),
        (b"\x80\x02}q\x00.", "a PyTorch checkpoint or pickle"),
        (b"path: ../x\nkpt_shape: [17, 3]\n", "a data.yaml of Ultralytics"),
    ],
)
def test_what_is_no_label_at_all(content: Any, says: str, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(content)
    with pytest.raises(FormatError, match=f"looks like {says}") as caught:
        datasets.recognise(Source(tmp_path / "x.bin"), P)
    assert caught.value.code == "P201"


@pytest.mark.parametrize("word", ["nan", "inf", "-inf", "1e400"])
def test_labels_whose_class_is_no_number_are_of_no_format(word: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{word} .5 .5 .1 .1" + " .5 .5 2" * 17 + "\n")
    assert datasets.fits(Source(tmp_path / "a.txt"), T) == ()


def test_the_other_role_is_named(tmp_path: Path) -> None:
    path = write_all(tmp_path)["coco"]
    with pytest.raises(
        FormatError, match=r"looks like coco predictions\. Are the two files exchanged"
    ) as caught:
        datasets.recognise(Source(path), T)
    assert caught.value.code == "P201"


def test_broken_json_is_told_as_such_unless_it_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"images": [')
    with pytest.raises(FormatError) as caught:
        datasets.recognise(Source(tmp_path / "a.json"), T)
    assert caught.value.code == "P210"
    (tmp_path / "a.ini").write_text("[Sequence]\nname=x\n")
    with pytest.raises(FormatError, match=r"seqinfo\.ini") as caught:
        datasets.recognise(Source(tmp_path / "a.ini"), T)
    assert caught.value.code == "P201"


# What a first record may lack: nobody was found there, or nobody has annotated it yet.
EMPTY_FIRST: dict[str, tuple[Role, list[Any], list[Any]]] = {
    "mediapipe": (
        P,
        [{"frame": 0}],
        [{"frame": 1, "width": 10, "height": 10, "pose_landmarks": [[{"x": 0.5, "y": 0.5}] * 33]}],
    ),
    "label-studio": (
        P,
        [{"id": 1, "data": {"image": "a.jpg"}, "predictions": []}],
        [{"id": 2, "data": {"image": "b.jpg"}, "predictions": [{"result": []}]}],
    ),
    "superanimal": (P, [{"error": None}], [{"bodyparts": [[[1, 2, 0.5]] * 17]}]),
    "openpifpaf": (P, [{"frame": 1}], [{"frame": 2, "predictions": []}]),
}


@pytest.mark.parametrize("name", EMPTY_FIRST)
def test_all_records_are_looked_at(name: str, tmp_path: Path) -> None:
    role, first, second = EMPTY_FIRST[name]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(second))
    assert datasets.recognise(Source(path), role) == name
    path.write_text(json.dumps(first * 3 + second))
    assert datasets.recognise(Source(path), role) == name
    path.write_text(json.dumps(first * 3))
    with pytest.raises(FormatError) as caught:
        datasets.recognise(Source(path), role)
    assert caught.value.code == "P201"


@pytest.mark.parametrize("key", ["\ud800", "key\udfff", "\ud83d\ude00"])
def test_names_of_fields_that_are_no_unicode(key: str, tmp_path: Path) -> None:
    """JSON can escape half a surrogate pair; a later record may have such a field."""
    path = tmp_path / "a.json"
    result = {"image_id": 1, "category_id": 1, "keypoints": [1, 2, 1] * 17, "score": 0.5}
    path.write_text(json.dumps([result, result | {key: 1}]))
    assert "coco" in datasets.fits(Source(path), P)


def test_coco_of_videos_is_no_posetrack(tmp_path: Path) -> None:
    path = tmp_path / "gt.json"
    person = {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [9, 9, 2] * 3, "num_keypoints": 3}
    person |= {"bbox": [1, 1, 9, 9], "area": 81, "iscrowd": 0, "track_id": 4, "person_id": 2}
    node = {
        "images": [{"id": 1, "file_name": "v/1.jpg", "video_id": 1, "frame_id": 0}],
        "videos": [{"id": 1, "name": "v"}],
        "annotations": [person],
        "categories": [{"id": 1, "name": "fly", "keypoints": ["a", "b", "c"]}],
    }
    path.write_text(json.dumps(node))
    assert datasets.fits(Source(path), T) == ("coco",)
    assert datasets.fits(Source(path), P) == ()
    assert datasets.readings(Source(path)) == ("coco ground truth",)


def test_hdf5_without_h5py_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "labels.slp").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(600))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(FormatError, match=r"h5py is not installed.*pip install 'poseval\[formats\]'"):
        datasets.recognise(Source(tmp_path / "labels.slp"), Role.TRUTH)
