"""What no reader may fall over: cut, emptied and recoded files, empty folders, what fuzzing found."""

from __future__ import annotations

import json
import pickle
import random
import re
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from poseval import datasets
from poseval.datasets import ReadOptions, Role
from poseval.errors import FormatError, InputError, UsageError, ValueRangeError
from poseval.poses import PoseSet
from tests.fuzz.formats import truth_for
from tests.fuzz.mutations import is_text
from tests.fuzz.seeds import READ, REAL, Seed, dump_entries, seeds, small_sets

T, P = Role.TRUTH, Role.PREDICTIONS
EXTRAS = {"parquet": "pyarrow", "mpii-h5": "h5py", "deeplabcut-h5": "h5py", **dict.fromkeys(REAL, "h5py")}
NAMES = [name for name in READ if name not in REAL]
# An empty file of these says that nobody was found.
EMPTY_IS_NOBODY = ("yolo", "motchallenge")
TEXT = [
    name
    for name in NAMES
    if name != "pose-array" and {"json", "text", "xml"} & set(datasets.get_row(name).containers)
]


def first_seed(name: str, folder: Path) -> Seed:
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    return next(seed for seed in seeds(name, folder) if not seed.folder or len(seed.files) > 0)


def put(seed: Seed, folder: Path, change: Any) -> Path:
    """The seed with its last file changed; what is to be read."""
    folder.mkdir(parents=True)
    last = list(seed.files)[-1]
    for name, data in seed.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(change(data) if name == last else data)
    return folder if seed.folder else folder / last


def read(name: str, path: Path, role: Role, truth: PoseSet | None = None) -> PoseSet:
    return datasets.read(path, ReadOptions(role, truth, optional=frozenset({"area"})), name)


def with_truth(name: str, seed: Seed) -> PoseSet | None:
    """The truth that predictions are read with, as in the fuzzer."""
    return truth_for(name, seed, random.Random(1))


@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_file_is_refused_or_shorter(name: str, tmp_path: Path) -> None:
    seed = first_seed(name, tmp_path)
    truth = with_truth(name, seed)
    whole = len(read(name, put(seed, tmp_path / "whole", bytes), seed.role, truth))
    for number, share in enumerate((0.97, 0.7, 0.3, 0.05)):
        path = put(seed, tmp_path / str(number), lambda data, share=share: data[: int(len(data) * share)])
        with suppress(InputError):
            assert len(read(name, path, seed.role, truth)) <= whole


@pytest.mark.parametrize("name", [name for name in NAMES if name not in EMPTY_IS_NOBODY])
def test_an_empty_file_is_refused(name: str, tmp_path: Path) -> None:
    seed = first_seed(name, tmp_path)
    with pytest.raises(InputError) as caught:
        read(name, put(seed, tmp_path / "empty", lambda data: b""), seed.role, with_truth(name, seed))
    assert caught.value.code[:2] in ("P2", "P3")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
@pytest.mark.parametrize("name", TEXT)
def test_another_encoding_is_refused(name: str, encoding: str, tmp_path: Path) -> None:
    seed = first_seed(name, tmp_path)
    assert is_text(max(seed.files.values(), key=len))

    def recode(data: bytes) -> bytes:
        return b"\xe9\xff" + data if encoding == "latin-1" else data.decode().encode(encoding)

    with pytest.raises(InputError):
        read(name, put(seed, tmp_path / "other", recode), seed.role, with_truth(name, seed))


@pytest.mark.parametrize("name", [name for name in datasets.names() if datasets.get_row(name).is_folder])
def test_an_empty_folder_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    for role in datasets.get_format(name).reads:
        with pytest.raises(InputError) as caught:
            read(name, tmp_path / "nothing", role)
        assert caught.value.code[:2] == "P2"


@pytest.mark.parametrize("name", [name for name in NAMES if not datasets.get_row(name).is_folder])
def test_a_folder_where_a_file_is_wanted_is_refused(name: str, tmp_path: Path) -> None:
    for role in datasets.get_format(name).reads:
        with pytest.raises((UsageError, InputError)):
            read(name, tmp_path, role)


@pytest.mark.parametrize("name", ["openpose", "yolo", "mmpose"])
def test_a_frame_missing_in_the_middle_is_no_fault(name: str, tmp_path: Path) -> None:
    truth, predictions = small_sets()
    datasets.get_format(name).write(predictions, tmp_path / "out", datasets.WriteOptions(P, truth=truth))
    files = [path for path in sorted((tmp_path / "out").rglob("*101*")) if path.is_file()]
    assert len(files) == 1
    files[0].unlink()
    found = read(name, tmp_path / "out", P, truth)
    whole = np.bincount(predictions.people.frame, minlength=3)
    assert len(found) == whole[0] + whole[2]


@pytest.mark.parametrize("name", ["openpose", "yolo", "mmpose"])
def test_other_files_of_a_folder_are_counted(name: str, tmp_path: Path) -> None:
    truth, predictions = small_sets()
    target = tmp_path / "out"
    datasets.get_format(name).write(predictions, target, datasets.WriteOptions(P, truth=truth))
    assert "N530" not in [notice.code for notice in read(name, target, P, truth).origin.notices]
    (target / "notes.md").write_text("of June")
    (target / "weights.pt").write_text("")
    notice = next(one for one in read(name, target, P, truth).origin.notices if one.code == "N530")
    assert notice.count == 2


@pytest.mark.parametrize(
    "size", ["0,0", "-1,5", "nan,5", "1e308,1e308", "1e300,10", "99999999999999999999,1", "x,1", ","]
)
def test_absurd_sizes_of_images(size: str, tmp_path: Path) -> None:
    _, predictions = small_sets()
    datasets.get_format("yolo").write(predictions, tmp_path / "out", datasets.WriteOptions(P))
    table = (tmp_path / "out" / "image_sizes.csv").read_text()
    table = re.sub(r"640(\.0)?,640(\.0)?", size, table)
    assert "640" not in table
    (tmp_path / "out" / "image_sizes.csv").write_text(table)
    with suppress(InputError):
        found = read("yolo", tmp_path / "out", P)
        assert np.isfinite(found.people.xy[found.people.seen > 0]).all()
        assert (found.frames.size > 0).all()


@pytest.mark.parametrize("frame", ["0", "-5", "1e300", "99999999999999999999", "1.5", "nan"])
def test_absurd_numbers_of_frames(frame: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{frame},1,10,20,30,40,0.9,-1,-1,-1\n")
    with pytest.raises((FormatError, ValueRangeError)) as caught:
        read("motchallenge", tmp_path / "a.txt", P)
    assert caught.value.code in ("P301", "P303")


@pytest.mark.parametrize("name", ["yolo", "mediapipe", "label-studio"])
@pytest.mark.parametrize("side", ["0", "-640"])
def test_images_without_extent(name: str, side: str, tmp_path: Path) -> None:
    _, predictions = small_sets()
    path = tmp_path / "out"
    datasets.get_format(name).write(predictions, path, datasets.WriteOptions(P))
    file = path / "image_sizes.csv" if path.is_dir() else path
    file.write_text(re.sub(r"\b640(\.0)?\b", side, file.read_text()))
    with pytest.raises((FormatError, ValueRangeError)) as caught:
        read(name, path, P)
    assert caught.value.code in ("P203", "P304", "P308")


def test_a_list_of_sizes_without_a_header(tmp_path: Path) -> None:
    _, predictions = small_sets()
    datasets.get_format("yolo").write(predictions, tmp_path / "out", datasets.WriteOptions(P))
    file = tmp_path / "out" / "image_sizes.csv"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))
    assert len(read("yolo", tmp_path / "out", P)) == len(predictions)


class TestMixedNumbersOfJoints:
    def refused(self, name: str, path: Path, code: str) -> None:
        with pytest.raises(FormatError) as caught:
            read(name, path, P, small_sets()[0])
        assert caught.value.code == code

    def test_openpose(self, tmp_path: Path) -> None:
        people = [{"pose_keypoints_2d": [1.0, 2.0, 0.5] * 25}, {"pose_keypoints_2d": [1.0, 2.0, 0.5] * 18}]
        path = tmp_path / "a_000000000001_keypoints.json"
        path.write_text(json.dumps({"version": 1.3, "people": people}))
        self.refused("openpose", path, "P204")

    def test_alphapose(self, tmp_path: Path) -> None:
        records = [
            {"image_id": "a.jpg", "category_id": 1, "keypoints": [1.0, 2.0, 0.5] * count, "score": 2.0}
            for count in (17, 26)
        ]
        path = tmp_path / "alphapose-results.json"
        path.write_text(json.dumps(records))
        self.refused("alphapose", path, "P204")

    def test_yolo(self, tmp_path: Path) -> None:
        (tmp_path / "labels").mkdir()
        (tmp_path / "labels" / "000000000100.txt").write_text(
            "0 .5 .5 .1 .1 " + ".5 .5 .9 " * 17 + "\n0 .5 .5 .1 .1 " + ".5 .5 .9 " * 16 + "\n"
        )
        self.refused("yolo", tmp_path / "labels", "P204")

    def test_mmpose(self, tmp_path: Path) -> None:
        one = [{"keypoints": [[1.0, 2.0]] * count, "keypoint_scores": [0.5] * count} for count in (17, 16)]
        (tmp_path / "000000000100.json").write_text(json.dumps(one))
        self.refused("mmpose", tmp_path / "000000000100.json", "P204")

    def test_mmpose_dump(self, tmp_path: Path) -> None:
        entries = dump_entries()
        node = entries[1]["pred_instances"]
        node["keypoints"], node["keypoint_scores"] = (
            node["keypoints"][:, :16],
            node["keypoint_scores"][:, :16],
        )
        (tmp_path / "dump.pkl").write_bytes(pickle.dumps(entries))
        self.refused("mmpose-dump", tmp_path / "dump.pkl", "P204")


class TestWhatFuzzingFound:
    """One smallest file for each failure that mutated files led to."""

    @pytest.mark.parametrize("name", ["face-coco", "jhmdb-coco", "coco"])
    @pytest.mark.parametrize("lost", ["images", "annotations"])
    def test_a_list_under_another_name(self, name: str, lost: str, tmp_path: Path) -> None:
        seed = first_seed(name, tmp_path) if name != "coco" else seeds("coco", tmp_path)[0]
        assert seed.role is T
        path = put(seed, tmp_path / "lost", lambda data: data.replace(f'"{lost}"'.encode(), b'"other"'))
        with pytest.raises(FormatError, match=lost) as caught:
            read(name, path, T)
        assert caught.value.code == ("P201" if name == "coco" else "P206")

    def test_a_share_of_an_image_beyond_all_numbers(self, tmp_path: Path) -> None:
        (tmp_path / "000000000100.txt").write_text("0 .5 .5 .1 .1 1e308 .5 .9" + " .5 .5 .9" * 16 + "\n")
        with pytest.raises(ValueRangeError) as caught:
            read("yolo", tmp_path / "000000000100.txt", P, small_sets()[0])
        assert caught.value.code == "P301"

    def test_labels_of_images_without_anybody(self, tmp_path: Path) -> None:
        for name in ("000000000100.txt", "000000000101.txt"):
            (tmp_path / name).write_text("")
        assert len(read("yolo", tmp_path, P, small_sets()[0])) == 0

    @pytest.mark.parametrize("last", ["1e300", "2.5"])
    def test_a_track_of_yolo_that_is_no_number_of_one(self, last: str, tmp_path: Path) -> None:
        line = "0 .5 .5 .1 .1" + " .5 .5 .9" * 17 + f" .8 {last}\n"
        (tmp_path / "000000000100.txt").write_text(line)
        with pytest.raises(FormatError, match="track") as caught:
            read("yolo", tmp_path / "000000000100.txt", P, small_sets()[0])
        assert caught.value.code == "P203"

    def test_mirror_joints_among_which_is_none(self, tmp_path: Path) -> None:
        truth, predictions = small_sets()
        datasets.get_format("yolo").write(predictions, tmp_path / "out", datasets.WriteOptions(P))
        file = tmp_path / "out" / "data.yaml"
        file.write_text(re.sub(r"flip_idx: \[", "flip_idx: [null, ", file.read_text()))
        with pytest.raises(FormatError, match="flip_idx") as caught:
            read("yolo", tmp_path / "out", P, truth)
        assert caught.value.code == "P273"

    def test_a_zip_of_the_future(self, tmp_path: Path) -> None:
        seed = first_seed("native", tmp_path)
        data = bytearray(next(iter(seed.files.values())))
        at = data.index(b"PK\x01\x02") + 6  # the version needed to unpack the member
        data[at] = 250
        (tmp_path / "a.npz").write_bytes(bytes(data))
        assert datasets.fits(datasets.Source(tmp_path / "a.npz"), P) == ()
        with pytest.raises(FormatError) as caught:
            read("native", tmp_path / "a.npz", P)
        assert caught.value.code == "P216"

    def test_a_score_that_overflows(self, tmp_path: Path) -> None:
        one = {"keypoints": [[1.0, 2.0]] * 17, "keypoint_scores": [1e300] * 17, "bbox_score": 1e300}
        (tmp_path / "000000000100.json").write_text(json.dumps([one]))
        with pytest.raises(ValueRangeError, match="score") as caught:
            read("mmpose", tmp_path / "000000000100.json", P, small_sets()[0])
        assert caught.value.code == "P301"

    def test_a_crop_that_overflows(self, tmp_path: Path) -> None:
        seed = first_seed("face-csv", tmp_path)
        path = put(seed, tmp_path / "crop", lambda data: data.replace(b"a.jpg,1.5", b"a.jpg,1e308"))
        with pytest.raises(ValueRangeError, match="box") as caught:
            read("face-csv", path, T)
        assert caught.value.code == "P301"

    def test_a_track_beyond_int64(self, tmp_path: Path) -> None:
        seed = seeds("posetrack17", tmp_path)[-1]
        wide = re.compile(rb'"track_id": ?\[\d+')
        path = put(seed, tmp_path / "track", lambda data: wide.sub(b'"track_id":[1e308', data))
        with pytest.raises(ValueRangeError, match="track_id") as caught:
            read("posetrack17", path, seed.role)
        assert caught.value.code == "P303"

    def test_flic_without_examples(self, tmp_path: Path) -> None:
        seed = seeds("flic-mat", tmp_path)[0]
        path = put(seed, tmp_path / "lost", lambda data: data.replace(b"examples", b"exemples"))
        with pytest.raises(FormatError, match="examples") as caught:
            read("flic-mat", path, T)
        assert caught.value.code == "P206"

    def test_flic_with_no_example(self, tmp_path: Path) -> None:
        empty = np.zeros((1, 0), dtype=[("coords", object), ("istest", object)])
        savemat(tmp_path / "a.mat", {"examples": empty})
        with pytest.raises(FormatError) as caught:
            read("flic-mat", tmp_path / "a.mat", T)
        assert caught.value.code == "P200"

    def test_a_number_that_its_matlab_class_cannot_hold(self, tmp_path: Path) -> None:
        savemat(tmp_path / "a.mat", {"joints": np.full((3, 14, 2), 7, dtype=np.int32)})
        data = bytearray((tmp_path / "a.mat").read_bytes())
        at = data.index(b"joints") + 8  # the tag of the numbers: their type and bytes
        kind, size = struct.unpack_from("<II", data, at)
        assert (kind, size) == (5, 3 * 14 * 2 * 4)
        doubles = struct.pack("<II", 9, 2 * size) + struct.pack("<84d", *[float("nan")] * 84)
        grown = data[:at] + doubles
        struct.pack_into("<I", grown, 132, len(grown) - 136)
        (tmp_path / "a.mat").write_bytes(grown)
        with pytest.raises(FormatError, match="not of type int32") as caught:
            read("lsp-mat", tmp_path / "a.mat", T)
        assert caught.value.code == "P214"

    def test_hourglass_without_names_or_with_odd_arrays(self, tmp_path: Path) -> None:
        h5py = pytest.importorskip("h5py")
        arrays: dict[str, Any] = {"part": np.full((2, 16, 2), 5.0), "normalize": np.ones(2), "scale": 3.0}
        path = tmp_path / "valid.h5"
        with h5py.File(path, "w") as file:
            for name, value in arrays.items():
                file[name] = value
        with pytest.raises(FormatError, match="imgname") as caught:
            read("mpii-h5", path, T)
        assert caught.value.code == "P206"
        with h5py.File(path, "a") as file:
            file["imgname"] = np.array([b"a.jpg", b"b.jpg"])
        assert read("mpii-h5", path, T).frames.path.tolist() == ["a.jpg", "b.jpg"]

    def test_a_project_whose_tables_lack_a_field(self, tmp_path: Path) -> None:
        h5py = pytest.importorskip("h5py")
        path = tmp_path / "project.slp"
        with h5py.File(path, "w") as file:
            for name in ("frames", "instances", "points", "pred_points"):
                file[name] = np.zeros(1, dtype=[("x", float), ("y", float)])
            group = file.create_group("metadata")
            group.attrs["json"] = "{}"
            file["videos_json"] = np.array([b"{}"])
        with pytest.raises(FormatError, match="frame_id") as caught:
            read("sleap", path, T)
        assert caught.value.code == "P270"

    def test_a_dump_by_the_newest_protocol_of_pickle(self, tmp_path: Path) -> None:
        (tmp_path / "dump.pkl").write_bytes(pickle.dumps(dump_entries(), 5))
        assert len(read("mmpose-dump", tmp_path / "dump.pkl", P)) == 4
