"""`poseval convert`: what is written, what stays when that fails, and the line of progress."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.test_convert import P, call, read


class TestWriting:
    def test_an_existing_target_stays_unless_forced(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for target, to in ((tmp_path / "a.txt", "motchallenge"), (tmp_path / "folder", "openpose")):
            if to == "openpose":
                target.mkdir()
                (target / "old.json").write_text("old")
            else:
                target.write_text("old")
            assert call(sources["native"], target, "--to", to) == 2
            assert "P131" in capsys.readouterr().err
            assert (target / "old.json" if target.is_dir() else target).read_text() == "old"
            assert call(sources["native"], target, "--to", to, "--force") == 0
            assert not (target / "old.json").exists() if target.is_dir() else target.read_text() != "old"

    def test_a_folder_with_other_files_is_never_replaced(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "family.jpg").write_text("x")
        assert call(sources["native"], tmp_path / "photos", "--to", "openpose", "--force") == 2
        assert "holds other files" in capsys.readouterr().err
        assert (tmp_path / "photos" / "family.jpg").exists()

    @pytest.mark.parametrize("to", ["motchallenge", "native", "coco"])
    def test_a_failing_write_leaves_the_old_file(
        self, to: str, sources: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = tmp_path / "out"
        target.write_text("old")

        def full(*_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        words = (sources["native"], target, "--to", to, "--gt", sources["gt"], "--force")
        assert call(*words) == 3
        assert target.read_text() == "old"
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]

    def test_a_failing_folder_leaves_the_old_folder(
        self, sources: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = tmp_path / "out"
        assert call(sources["native"], target, "--to", "openpose") == 0
        before = {path.name: path.read_bytes() for path in target.iterdir()}
        write, count = os.write, []

        def fills(file: int, data: bytes) -> int:
            count.append(file)
            if len(count) == 3:
                raise OSError(28, "No space left on device")
            return write(file, data)

        monkeypatch.setattr("poseval.datasets.files.folder.os.write", fills)
        assert call(sources["native"], target, "--to", "openpose", "--force") == 3
        assert {path.name: path.read_bytes() for path in target.iterdir()} == before
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]

    def test_a_source_that_does_not_exist(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert call(tmp_path / "absent.json", tmp_path / "a", "--to", "coco") == 2
        assert "P114" in capsys.readouterr().err

    def test_a_file_may_replace_itself(self, sources: dict[str, Path]) -> None:
        before = read(sources["native"], P)
        assert call(sources["native"], sources["native"], "--to", "native", "--force") == 0
        np.testing.assert_array_equal(read(sources["native"], P).people.xy, before.people.xy)

    def test_a_file_of_people_whose_frames_the_truth_lacks(
        self, sources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        node = json.loads(sources["gt"].read_text())
        node["images"] = node["images"][:1]
        node["annotations"] = [
            one for one in node["annotations"] if one["image_id"] == node["images"][0]["id"]
        ]
        (tmp_path / "less.json").write_text(json.dumps(node))
        words = (sources["openpose"], tmp_path / "a.json", "--to", "coco", "--gt", tmp_path / "less.json")
        assert call(*words) == 0
        assert "dropped" in (told := capsys.readouterr().err)
        assert "people of frames that the ground truth does not have (3)" in told
        node["images"][0]["file_name"] = "elsewhere.jpg"
        (tmp_path / "less.json").write_text(json.dumps(node))
        (tmp_path / "a.json").unlink()
        assert call(*words) == 3
        assert "P402" in capsys.readouterr().err
        assert not (tmp_path / "a.json").exists()


class TestProgress:
    @pytest.fixture
    def slow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Time that runs a second at each look."""
        now = [0.0]

        def later() -> float:
            now[0] += 1.0
            return now[0]

        monkeypatch.setattr(time, "monotonic", later)

    def test_on_a_terminal(
        self,
        sources: dict[str, Path],
        tmp_path: Path,
        slow: None,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("poseval.datasets.files.batches.FILES", 1)
        assert call(sources["openpose"], tmp_path / "a.npz", "--to", "native") == 0
        err = capsys.readouterr().err
        assert "\r\x1b[K1/3 files" in err
        assert "\r\x1b[K2/3 files  1.0/s  1 s left" in err
        assert err.rindex("\r\x1b[K") < err.index("openpose predictions ->")  # taken away before the talk

    def test_nowhere_else(
        self, sources: dict[str, Path], tmp_path: Path, slow: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(sources["openpose"], tmp_path / "a.npz", "--to", "native") == 0
        assert "\r" not in capsys.readouterr().err

    def test_not_when_quiet(
        self,
        sources: dict[str, Path],
        tmp_path: Path,
        slow: None,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        assert call(sources["openpose"], tmp_path / "a.npz", "--to", "native", "-q") == 0
        assert capsys.readouterr().err == ""

    def test_files_are_counted_in_a_folder_of_sets(
        self,
        sources: dict[str, Path],
        tmp_path: Path,
        slow: None,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        (tmp_path / "models").mkdir()
        for name in "abc":
            (tmp_path / "models" / f"{name}.npz").write_bytes(sources["native"].read_bytes())
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        assert call(tmp_path / "models", tmp_path / "out", "--to", "motchallenge") == 0
        assert "2/3 files" in capsys.readouterr().err
        assert sorted(os.listdir(tmp_path / "out")) == ["a.txt", "b.txt", "c.txt"]
