"""`poseval convert` as a command: every option, what it says, what it writes, and what stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from poseval import datasets
from poseval.cli import invoke
from poseval.cli.options import WAYS as OFFERED
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.poses import Frames, PoseSet
from poseval.poses.frame_names import WAYS
from tests.datasets.test_same_score import truth_and_predictions
from tests.fuzz.seeds import small_sets

T, P = Role.TRUTH, Role.PREDICTIONS


def call(*words: object) -> int:
    return invoke(["convert", *map(str, words)])


def read(path: Path, role: Role, truth: Path | None = None) -> PoseSet:
    gt = None if truth is None else datasets.read(truth, ReadOptions(T))
    return datasets.read(path, ReadOptions(role, gt))


class TestWhatComesOut:
    def test_a_folder_of_frames_becomes_a_file(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        target = tmp_path / "out.json"
        assert call(sources["openpose"], target, "--to", "coco", "--gt", sources["gt"]) == 0
        found = read(target, P, sources["gt"])
        _, predictions = small_sets()
        np.testing.assert_array_equal(found.people.xy, predictions.people.xy)
        out, err = capsys.readouterr()
        assert out == ""
        said = f"openpose predictions -> coco: kept {len(predictions)} people in 3 frames"
        assert said in err
        assert "joints: " in err  # its 25 joints became COCO's by name
        assert "frames were paired by stem" in err

    def test_a_file_becomes_a_folder(self, sources: dict[str, Path], tmp_path: Path) -> None:
        assert call(sources["dt"], tmp_path / "labels", "--to", "yolo", "--gt", sources["gt"]) == 0
        assert (tmp_path / "labels" / "labels" / "000000000100.txt").is_file()
        found = read(tmp_path / "labels", P, sources["gt"])
        np.testing.assert_allclose(found.people.xy, small_sets()[1].people.xy, rtol=1e-12)

    def test_a_folder_of_sets_becomes_a_folder_of_sets(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        source = tmp_path / "models"
        (source / "big").mkdir(parents=True)
        for name in ("small.json", "big/second.json"):
            (source / name).write_bytes(sources["dt"].read_bytes())
        (source / "notes.md").write_text("of June")
        target = tmp_path / "csv"
        assert call(source, target, "--to", "cvat", "--role", "truth") == 3  # results are no truth
        assert not target.exists()
        assert call(source, target, "--to", "deeplabcut", "--gt", sources["gt"]) == 0
        made = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
        assert made == ["big/second.csv", "small.csv"]
        assert len(read(target / "small.csv", P)) == len(small_sets()[1])
        err = capsys.readouterr().err
        assert "small.json: coco predictions -> deeplabcut: kept" in err
        assert f"2 files: kept {2 * len(small_sets()[1])} people in 6 frames" in err
        assert "left out: notes.md (of no known format)" in err

    def test_a_folder_of_sets_becomes_folders_where_the_format_is_one(
        self, sources: dict[str, Path], tmp_path: Path
    ) -> None:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "a.json").write_bytes(sources["dt"].read_bytes())
        assert call(tmp_path / "models", tmp_path / "out", "--to", "yolo", "--gt", sources["gt"]) == 0
        assert (tmp_path / "out" / "a" / "labels" / "000000000101.txt").is_file()

    def test_one_broken_file_among_many_and_nothing_is_written(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "a.json").write_bytes(sources["dt"].read_bytes())
        broken = sources["dt"].read_bytes().replace(b'"score"', b'"scor"')
        (tmp_path / "models" / "b.json").write_bytes(broken)
        assert call(tmp_path / "models", tmp_path / "out", "--to", "openpose", "--gt", sources["gt"]) == 3
        assert "b.json" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]

    def test_a_folder_without_any_set(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "notes.md").write_text("of June")
        assert call(tmp_path / "models", tmp_path / "out", "--to", "coco") == 3
        assert "P271" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()


class TestWhatIsSaid:
    def test_losses_are_counted(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(sources["native"], tmp_path / "mot.txt", "--to", "motchallenge") == 0
        people = len(small_sets()[1])
        err = capsys.readouterr().err
        assert f"native predictions -> motchallenge: kept {people} people in 3 frames; dropped " in err
        assert f"joints ({17 * people})" in err
        assert f"joint scores ({17 * people})" in err

    def test_nothing_lost_is_said_too(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(sources["native"], tmp_path / "again.npz", "--to", "native") == 0
        assert "; nothing dropped" in capsys.readouterr().err

    def test_joints_without_a_counterpart_are_named(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(sources["native"], tmp_path / "a.npz", "--to", "native", "--to-skeleton", "lsp14") == 0
        people = len(small_sets()[1])
        said = f"joints without a counterpart: nose, left_eye, right_eye, left_ear, right_ear ({people})"
        assert said in capsys.readouterr().err

    def test_another_format_that_fits_is_named(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(sources["dt"], tmp_path / "a.npz", "--to", "native", "--gt", sources["gt"]) == 0
        assert "other formats that fit: detectron2 (choose with --format-in)" in capsys.readouterr().err
        assert (
            call(
                sources["dt"],
                tmp_path / "b.npz",
                "--to",
                "native",
                "--gt",
                sources["gt"],
                "--format-in",
                "coco",
            )
            == 0
        )
        assert "would fit" not in capsys.readouterr().err

    def test_quiet(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(sources["native"], tmp_path / "mot.txt", "--to", "motchallenge", "-q") == 0
        assert capsys.readouterr() == ("", "")


class TestOptions:
    def test_format_in(self, sources: dict[str, Path], tmp_path: Path) -> None:
        words = (sources["dt"], tmp_path / "a.npz", "--to", "native", "--gt", sources["gt"])
        assert call(*words, "--format-in", "detectron2") == 0
        moved = read(tmp_path / "a.npz", P).people.xy
        np.testing.assert_allclose(moved, small_sets()[1].people.xy - 0.5)

    def test_unknown_formats(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(sources["dt"], tmp_path / "a", "--to", "cocoo") == 2
        assert "did you mean coco?" in capsys.readouterr().err
        assert call(sources["dt"], tmp_path / "a", "--to", "coco", "--format-in", "nonsense") == 2
        assert "P132" in capsys.readouterr().err

    def test_a_format_that_is_not_written_in_this_role(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(sources["gt"], tmp_path / "a", "--to", "openpose") == 2
        err = capsys.readouterr().err
        assert "cannot be written as ground truth" in err
        assert "expected: a role in which it can be written: predictions" in err

    def test_role(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        # The layout of .pts files is the same for both roles.
        text = "version: 1\nn_points: 68\n{\n" + "1.5 2.5\n" * 68 + "}\n"
        (tmp_path / "a.pts").write_text(text)
        assert call(tmp_path / "a.pts", tmp_path / "a.npz", "--to", "native") == 3
        assert "could be face-pts ground truth or face-pts predictions" in capsys.readouterr().err
        for role in Role:
            target = tmp_path / f"{role.value}.npz"
            assert call(tmp_path / "a.pts", target, "--to", "native", "--role", role.value) == 0
            assert datasets.fits(datasets.Source(target), role) == ("native",)

    def test_gt_makes_predictions_of_what_could_be_both(self, tmp_path: Path) -> None:
        text = "version: 1\nn_points: 68\n{\n" + "1.5 2.5\n" * 68 + "}\n"
        for name in ("t", "p"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a.pts").write_text(text)
        words = (tmp_path / "p", tmp_path / "p.npz", "--to", "native", "--gt", tmp_path / "t")
        assert call(*words) == 0
        assert datasets.fits(datasets.Source(tmp_path / "p.npz"), P) == ("native",)

    def test_skeleton(self, sources: dict[str, Path], tmp_path: Path) -> None:
        for path in (sources["yolo"]).glob("*.yaml"):
            path.unlink()
        words = (sources["yolo"], tmp_path / "a.npz", "--to", "native")
        assert call(*words, "--skeleton", "ochuman17") == 0
        assert read(tmp_path / "a.npz", P).skeleton.name == "ochuman17"
        assert call(*words, "--skeleton", "mpii16", "--force") == 3  # another number of joints

    def test_to_skeleton_near_and_derive(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = (
            sources["native"],
            tmp_path / "a.npz",
            "--to",
            "native",
            "--force",
            "--to-skeleton",
            "mpii16",
        )
        assert call(*words) == 0
        plain = read(tmp_path / "a.npz", P)
        joints = plain.skeleton.joints
        derived = [joints.index(name) for name in ("pelvis", "thorax")]
        assert not plain.people.seen[:, derived].any()
        capsys.readouterr()
        assert call(*words, "--derive") == 0
        made = read(tmp_path / "a.npz", P)
        assert (made.people.seen[:, derived[0]] == 2).all()
        source = small_sets()[1]
        hips = [source.skeleton.joints.index(name) for name in ("left_hip", "right_hip")]
        pelvis = np.sort(made.people.xy[:, derived[0]], axis=0)
        np.testing.assert_allclose(pelvis, np.sort(source.people.xy[:, hips].mean(axis=1), axis=0))
        assert "pelvis" in capsys.readouterr().err

    def test_near_equivalents_only_when_asked_for(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first = tmp_path / "mpii.npz"
        words = (sources["native"], first, "--to", "native", "--to-skeleton", "openpose_body25", "--derive")
        assert call(*words) == 0
        target = tmp_path / "near.npz"
        words = (first, target, "--to", "native", "--to-skeleton", "mpii16", "--force")
        assert call(*words) == 0
        without = int((read(target, P).people.seen > 0).sum())
        capsys.readouterr()
        assert call(*words, "--near") == 0
        assert int((read(target, P).people.seen > 0).sum()) > without
        assert "upper_neck" in capsys.readouterr().err

    def test_a_map_of_joints(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table = tmp_path / "map.toml"
        table.write_text(
            '[joints]\nhead_top = "nose"\nleft_ankle = "left_ankle"\nright_ankle = "right_ankle"\n'
        )
        words = (sources["native"], tmp_path / "a.npz", "--to", "native", "--joints", table)
        assert call(*words) == 2
        assert "P177" in capsys.readouterr().err
        assert call(*words, "--to-skeleton", "mpii16") == 0
        found = read(tmp_path / "a.npz", P)
        head = found.skeleton.joints.index("head_top")
        assert (found.people.seen[:, head] == 2).all()
        assert int((found.people.seen > 0).sum()) == 3 * len(found)
        assert call(*words, "--to-skeleton", "mpii16", "--joints", tmp_path / "absent.toml", "--force") == 2

    def test_a_map_that_exchanges_sides_is_refused(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table = tmp_path / "map.toml"
        table.write_text('[joints]\nleft_ankle = "right_ankle"\nright_ankle = "right_ankle"\n')
        words = (sources["native"], tmp_path / "a.npz", "--to", "native", "--to-skeleton", "mpii16")
        assert call(*words, "--joints", table) == 2
        assert "P116" in capsys.readouterr().err

    def test_align(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, predictions = truth_and_predictions()
        frames = predictions.frames
        # By number these are images 100..111; by stem the other way round.
        turned = Frames(
            np.asarray([f"x{key}" for key in frames.key.tolist()]),
            size=frames.size,
            path=np.asarray([f"cam/{name}" for name in frames.path.tolist()]),
        )
        path = tmp_path / "turned.npz"
        datasets.get_format("native").write(replace(predictions, frames=turned), path, WriteOptions(P))
        truth = tmp_path / "whole.json"
        datasets.get_format("coco").write(truth_and_predictions()[0], truth, WriteOptions(T))
        words = (path, tmp_path / "out.json", "--to", "coco", "--gt", truth, "--force")
        assert call(*words) == 0
        assert "paired by stem" in capsys.readouterr().err
        assert call(*words, "--align", "number") == 0
        assert "paired by number" in capsys.readouterr().err
        assert call(*words, "--align", "key") == 3
        assert "P402" in capsys.readouterr().err
        assert call(*words, "--align", "colour") == 2

    def test_align_without_a_truth_is_refused(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(sources["native"], tmp_path / "a.npz", "--to", "native", "--align", "stem") == 2
        assert "P183" in capsys.readouterr().err

    def test_the_ways_offered_are_the_ways_there_are(self) -> None:
        assert OFFERED == WAYS
