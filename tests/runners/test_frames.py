"""Pictures for a run: found, ordered, and refused when they are not what they should be."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from poseval.cli import invoke
from poseval.errors import FormatError, InputError, MismatchError, MissingFeature, UsageError
from poseval.poses import PoseSet
from poseval.poses.frame_names import natural
from poseval.runners.frames import FolderPictures, TruthPictures, VideoPictures, image_files
from poseval.synth import render, save_picture, scenes, truth_of


@pytest.fixture
def world(tmp_path: Path) -> tuple[PoseSet, Path]:
    """Three pictures with their truth."""
    drawn = list(scenes(1, 3, 2))
    for scene in drawn:
        save_picture(render(scene), tmp_path / "images" / scene.path)
    return truth_of(drawn, "coco17"), tmp_path / "images"


def test_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    for name in ("b/frame10.png", "b/frame2.png", "a.png", ".hidden.png", "notes.txt"):
        save_picture(np.zeros((8, 8, 3), dtype=np.uint8), tmp_path / name.replace(".txt", ".png"))
    (tmp_path / "notes.png").rename(tmp_path / "notes.txt")
    pictures = FolderPictures(tmp_path)
    assert list(pictures.frames.path) == ["a.png", "b/frame2.png", "b/frame10.png"]
    assert list(pictures.frames.key) == ["1", "2", "3"]
    assert pictures.load(0).shape == (8, 8, 3)
    assert natural("frame2") < natural("frame10") < natural("frame10a")


def test_numbered_files_keep_their_numbers(world: tuple[PoseSet, Path]) -> None:
    pictures = FolderPictures(world[1])
    assert list(pictures.frames.key) == ["1", "2", "3"]
    (world[1] / "000003.png").rename(world[1] / "000000004321.png")
    assert list(FolderPictures(world[1]).frames.key) == ["1", "2", "4321"]


def test_one_image_is_a_folder_of_one(world: tuple[PoseSet, Path]) -> None:
    pictures = FolderPictures(world[1] / "000002.png")
    assert list(pictures.frames.key) == ["2"]
    assert pictures.load(0).shape == (240, 320, 3)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="holds no image") as caught:
        image_files(tmp_path)
    assert caught.value.code == "P263"
    with pytest.raises(UsageError) as absent:
        image_files(tmp_path / "nowhere")
    assert absent.value.code == "P114"


def test_truth_names_are_found_below_the_folder(world: tuple[PoseSet, Path]) -> None:
    truth, root = world
    longer = np.array([f"images/val/{path}" for path in truth.frames.path])
    moved = replace(truth, frames=replace(truth.frames, path=longer))
    pictures = TruthPictures(moved, root)
    np.testing.assert_array_equal(pictures.load(1), FolderPictures(root).load(1))


def test_images_are_found_in_sub_folders_and_with_other_extensions(
    world: tuple[PoseSet, Path], tmp_path: Path
) -> None:
    truth, root = world
    deep = tmp_path / "other" / "deep"
    deep.mkdir(parents=True)
    for path in truth.frames.path.tolist():
        Image.open(root / path).save(deep / Path(path).with_suffix(".bmp").name)
    pictures = TruthPictures(truth, tmp_path / "other")
    np.testing.assert_array_equal(pictures.load(1), TruthPictures(truth, root).load(1))


def test_missing_and_escaping_names_are_listed_at_once(world: tuple[PoseSet, Path]) -> None:
    truth, root = world
    names = np.array(["../../etc/passwd", "absent.png", "/etc/passwd"])
    with pytest.raises(InputError) as caught:
        TruthPictures(replace(truth, frames=replace(truth.frames, path=names)), root)
    assert [fault.code for fault in caught.value.faults] == ["P261", "P262", "P261"]
    assert caught.value.faults[1].what == f"absent.png is not in the folder {root.absolute()}"


def test_truncated_image_is_refused(world: tuple[PoseSet, Path]) -> None:
    truth, root = world
    whole = (root / "000002.png").read_bytes()
    (root / "000002.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"000002\.png") as caught:
        TruthPictures(truth, root).load(1)
    assert caught.value.code == "P260"
    (root / "000001.png").write_bytes(b"not an image")
    with pytest.raises(FormatError) as caught:
        FolderPictures(root).load(0)
    assert caught.value.code == "P260"


def test_image_of_another_size_than_the_truth_says(world: tuple[PoseSet, Path]) -> None:
    truth, root = world
    save_picture(np.zeros((320, 240, 3), dtype=np.uint8), root / "000002.png")
    with pytest.raises(
        MismatchError, match=r"240 x 320 pixels[\s\S]*expected: the ground truth says 320 x 240"
    ) as caught:
        TruthPictures(truth, root).load(1)
    assert caught.value.code == "P430"


def test_grey_and_transparent_images_become_rgb(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 5), 7, dtype=np.uint8)).save(tmp_path / "1.png")
    Image.fromarray(np.full((4, 5, 4), 9, dtype=np.uint8)).save(tmp_path / "2.png")
    pictures = FolderPictures(tmp_path)
    assert pictures.load(0).tolist() == np.full((4, 5, 3), 7).tolist()
    assert pictures.load(1).shape == (4, 5, 3)


def test_rotation_note_is_kept_for_photos_and_ignored_for_truth(tmp_path: Path) -> None:
    wide = Image.fromarray(np.zeros((10, 20, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    wide.save(tmp_path / "1.jpg", exif=exif)
    assert FolderPictures(tmp_path).load(0).shape == (20, 10, 3)
    frames = FolderPictures(tmp_path).frames
    truth = truth_of(list(scenes(1, 1, 1)), "coco17")
    stored = replace(truth, frames=replace(truth.frames, path=frames.path, size=np.array([[20.0, 10.0]])))
    assert TruthPictures(stored, tmp_path).load(0).shape == (10, 20, 3)


def clip(path: Path, count: int) -> Path:
    """Grey frames, brighter by 40 each."""
    imageio = pytest.importorskip("imageio.v3")
    frames = np.stack([np.full((32, 32, 3), 40 * index, dtype=np.uint8) for index in range(count)])
    if path.suffix == ".mp4":
        pytest.importorskip("av")
        imageio.imwrite(path, frames, plugin="pyav", codec="mpeg4", fps=12)
    else:
        imageio.imwrite(path, frames)
    return path


@pytest.mark.parametrize(("name", "reader"), [("clip.mp4", "PyAV"), ("clip.gif", "imageio")])
def test_video_frames_come_in_order_and_again(tmp_path: Path, name: str, reader: str) -> None:
    video = VideoPictures(clip(tmp_path / name, 5))
    assert video.reader.startswith(reader)
    assert video.frames.sequences == ("clip",)
    assert len(video.frames) == 5
    assert [round(float(video.load(row).mean()) / 40) for row in (0, 1, 4)] == [0, 1, 4]
    assert round(float(video.load(2).mean()) / 40) == 2


def test_video_without_a_reader_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"")
    for name in ("av", "imageio", "imageio.v3"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingFeature, match=r"poseval\[video\]") as caught:
        VideoPictures(tmp_path / "clip.mp4")
    assert caught.value.code == "P601"


@pytest.mark.parametrize("reader", ["av", "imageio"])
def test_damaged_video(tmp_path: Path, reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(reader)
    if reader == "imageio":
        monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "clip.mp4").write_bytes(b"nothing of the kind")
    with pytest.raises(FormatError) as caught:
        VideoPictures(tmp_path / "clip.mp4")
    assert caught.value.code == "P260"


def test_video_that_was_cut_off_is_refused_or_noticed(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path, chance = tmp_path / "clip.mkv", np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        noise = [chance.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(30)]
        for packet in [p for each in noise for p in stream.encode(av.VideoFrame.from_ndarray(each))]:
            container.mux(packet)
        container.mux(stream.encode())
    assert VideoPictures(path).notices == ()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FormatError, match=r"was cut off: frames end at [0-9.]+ s of 3.0 s") as caught:
        VideoPictures(path)
    assert caught.value.code == "P260"
    video = VideoPictures(path, cut=True)
    assert 0 < len(video.frames) < 30
    assert [notice.code for notice in video.notices] == ["N139"]
    assert "s of 3.0 s" in video.notices[0].text


def test_video_that_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer frames come out than were counted: the rest is missing, not empty."""
    video = VideoPictures(clip(tmp_path / "clip.gif", 4))
    clip(tmp_path / "clip.gif", 2)
    starts: list[int] = []
    start = video._open
    monkeypatch.setattr(video, "_open", lambda: starts.append(1) or start())
    video.load(1)
    for _ in range(3):
        with pytest.raises(FormatError, match="ends after 2 of 4 frames") as caught:
            video.load(3)
        assert caught.value.code == "P260"
    assert len(starts) == 1  # it is not decoded again for each frame that is missing
    assert round(float(video.load(1).mean()) / 40) == 1


def test_a_video_that_ends_early_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    path = clip(tmp_path / "clip.gif", 2)
    monkeypatch.setattr("poseval.runners.frames._counted", lambda *_: 5)
    call = ["run", "synth_small", "--video", str(path), "--whole-image", "--out", str(tmp_path / "p.json")]
    assert invoke(call) == 3
    said = capsys.readouterr().err
    assert "clip.gif: ends after 2 of 5 frames [P260]" in said
    assert "more" not in said
    assert invoke([*call, "--skip-unreadable"]) == 0
    assert "reading failed: clip.gif [N135]" in capsys.readouterr().err
