"""Forms of several files, packed or among others: one set, or a fault named by its file."""

from __future__ import annotations

import json
import lzma
import zipfile
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.errors import FormatError, UsageError
from tests.datasets.annotation_forms import labelme
from tests.datasets.form_files import put
from tests.datasets.made_forms import Maker, by_image, by_process, huggingface, openpifpaf, poseflow
from tests.datasets.reading import codes, predictions, truth
from tests.datasets.test_same_score import truth_and_predictions

T, P = Role.TRUTH, Role.PREDICTIONS


def test_several_files_are_one_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gt, dt = truth_and_predictions()
    coco = datasets.get_format("coco")
    coco.write(gt, tmp_path / "gt.json", WriteOptions(T))
    coco.write(dt, tmp_path / "dt.json", WriteOptions(P, truth=gt))
    folder = put(by_process(dt), tmp_path / "set")
    (folder / "notes.json").write_text("{}")  # not among those named
    parts = [folder / f"rank{at}.json" for at in range(3)]
    whole = poseval.score(tmp_path / "gt.json", tmp_path / "dt.json", "coco-keypoints")
    assert poseval.score(tmp_path / "gt.json", parts, "coco-keypoints").summary["AP"] == whole.summary["AP"]
    assert invoke(["score", *map(str, parts), "--gt", str(tmp_path / "gt.json"), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["AP"] == whole.summary["AP"]
    assert invoke(["diagnose", *map(str, parts), "--gt", str(tmp_path / "gt.json")]) == 0
    with pytest.raises(UsageError) as caught:
        poseval.score(tmp_path / "gt.json", [*parts, parts[0]], "coco-keypoints")
    assert caught.value.code == "P198"
    part = poseval.score(tmp_path / "gt.json", parts[:1], "coco-keypoints")
    assert part.summary["AR"] < whole.summary["AR"]


def test_files_and_folders_of_openpose_are_one_set(tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    datasets.get_format("openpose").write(dt, tmp_path / "all", WriteOptions(P))
    whole = poseval.score(gt, tmp_path / "all", "coco-keypoints", joints="names")
    files = sorted((tmp_path / "all").iterdir())
    (tmp_path / "some").mkdir()
    for file in files[:5]:
        file.rename(tmp_path / "some" / file.name)
    parts = [tmp_path / "some", *files[5:]]
    assert poseval.score(gt, parts, "coco-keypoints", joints="names").summary["AP"] == whole.summary["AP"]


def test_images_in_several_files_are_counted_and_kept(tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    files = by_process(dt)
    files["rank2.json"] = json.dumps(json.loads(files["rank0.json"])[:2]).encode()
    found = predictions(put(files, tmp_path / "set"), gt)
    assert len(found) == len(dt) + 2
    notice = next(one for one in found.origin.notices if one.code == "N546")
    assert notice.count == 1
    assert "1 image has results in several files" in notice.text


def test_files_by_image_without_ids_share_no_image(tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    datasets.get_format("coco").write(dt, tmp_path / "dt.json", WriteOptions(P, truth=gt))
    files: dict[str, list[dict[str, object]]] = {}
    for row in json.loads((tmp_path / "dt.json").read_text()):
        files.setdefault(f"{row.pop('image_id')}.json", []).append(row)
    assert len(files) > 1
    parts = {name: json.dumps(rows).encode() for name, rows in files.items()}
    found = predictions(put(parts, tmp_path / "set"), gt)
    assert len(found) == len(dt)
    assert "N546" not in [one.code for one in found.origin.notices]


def test_faults_are_named_by_their_file(tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    files = by_process(dt)
    rows = json.loads(files["rank1.json"])
    del rows["results"][3]["score"]
    files["rank1.json"] = json.dumps(rows).encode()
    with pytest.raises(FormatError, match=r"rank1\.json: results\[3\]\.score: is missing") as caught:
        predictions(put(files, tmp_path / "set"), gt)
    assert caught.value.code == "P206"


def test_a_file_of_something_else_among_the_parts(tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    path = put({**by_process(dt), "rank3.json": b'{"loss": 1.5}'}, tmp_path / "set")
    with pytest.raises(FormatError) as caught:
        datasets.read(path, datasets.ReadOptions(P, gt), "coco-parts")
    assert caught.value.code == "P201"
    with pytest.raises(FormatError, match=r"but for rank3\.json, .*keep the results alone in it") as caught:
        datasets.read(path, datasets.ReadOptions(P, gt))
    (path / "rank3.json").unlink()
    assert len(predictions(path, gt)) == len(dt)


def test_people_of_one_image_are_called_after_the_file(tmp_path: Path) -> None:
    _, dt = truth_and_predictions()
    first = json.loads(huggingface(dt)["results.json"])[0]
    found = predictions(put({"000000000100.json": json.dumps(first).encode()}, tmp_path / "set"))
    assert (found.origin.format, found.frames.key.tolist()) == ("huggingface", ["000000000100"])
    assert "N449" not in codes(found)


def test_people_by_image_without_tracks(tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    node = json.loads(next(iter(poseflow(dt).values())))
    for person in (person for listed in node.values() for person in listed):
        person["score"] = person.pop("scores")
        del person["idx"]
        person["keypoints"] = np.reshape(person["keypoints"], (-1, 3)).tolist()
    found = predictions(put({"a.json": json.dumps(node).encode()}, tmp_path / "set"), gt)
    np.testing.assert_array_equal(found.people.xy, dt.people.xy)
    np.testing.assert_array_equal(found.people.score, dt.people.score)


@pytest.mark.parametrize("empty", ["[]", '{"results": []}'])
def test_parts_without_anybody(empty: str, tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    path = put({**by_process(dt), "rank0a.json": empty.encode()}, tmp_path / "set")
    assert len(predictions(path, gt)) == len(dt)
    (tmp_path / "alone.json").write_text(empty)
    assert len(predictions(tmp_path / "alone.json", gt)) == 0


def test_parts_in_an_archive(tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in by_process(dt).items():
            archive.writestr(name, content)
    found = predictions(tmp_path / "a.zip", gt)
    assert (len(found), found.origin.format) == (len(dt), "coco-parts")


@pytest.mark.parametrize("maker", [openpifpaf, by_image, labelme])
def test_packed_files_of_a_folder(maker: Maker, tmp_path: Path) -> None:
    gt, dt = truth_and_predictions()
    files = maker(gt if maker is labelme else dt)
    read = (
        [truth(put(files, tmp_path / "plain"))]
        if maker is labelme
        else [predictions(put(files, tmp_path / "plain"), gt)]
    )
    packed = {f"{name}.xz": lzma.compress(content) for name, content in files.items()}
    path = put(packed, tmp_path / "packed")
    read.append(truth(path) if maker is labelme else predictions(path, gt))
    assert read[0].frames.key.tolist() == read[1].frames.key.tolist()
    np.testing.assert_array_equal(read[0].people.xy, read[1].people.xy)
