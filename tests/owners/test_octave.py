"""Octave, standing in for MPII's server, walks our submissions as the evaluation kit does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from poseval.datasets import Role, WriteOptions, get_format
from tests.datasets.mpii.test_submission_write import SEVERAL, SINGLE, made, predicted

OCTAVE = shutil.which("octave")
# Prints element, rectangle, number of rectangles with a position so far, id, x, y and score of each point.
WALK = """
load('{file}', 'pred'); placed = 0;
printf('elements %d\\n', length(pred));
for i = 1:length(pred)
  for r = 1:length(pred(i).annorect)
    rect = pred(i).annorect(r);
    if isfield(rect, 'objpos') && ~isempty(rect.objpos), placed = placed + 1; end
    if isempty(rect.annopoints), continue; end
    points = rect.annopoints.point;
    for k = 1:length(points)
      score = -1; if isfield(points(k), 'score'), score = points(k).score; end
      printf('%d %d %d %d %.17g %.17g %.17g\\n', i, r, placed, points(k).id, points(k).x, points(k).y, score);
    end
  end
end
"""


def walked(folder: Path, file: str) -> tuple[int, np.ndarray]:
    """Number of elements, and the rows that Octave prints."""
    if OCTAVE is None:
        pytest.skip("Octave is not installed")
    done = subprocess.run(
        [OCTAVE, "--no-gui", "-qf", "--eval", WALK.replace("{file}", file)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    first, *lines = done.stdout.splitlines()
    return int(first.split()[1]), np.array([[float(word) for word in line.split()] for line in lines])


def test_single_people(tmp_path: Path) -> None:
    truth = made(tmp_path)
    poses = predicted(truth, [5, 6, 7])
    get_format("mpii-submission").write(poses, tmp_path / SINGLE, WriteOptions(Role.PREDICTIONS, truth=truth))
    count, rows = walked(tmp_path, SINGLE)
    assert count == 2
    assert sorted({tuple(row) for row in rows[:, :3].astype(int).tolist()}) == [
        (1, 5, 5),
        (2, 1, 6),
        (2, 2, 7),
    ]
    found = poses.people.seen > 0
    np.testing.assert_allclose(rows[:, 4:6], poses.people.xy[found] + 1, rtol=1e-15)
    np.testing.assert_array_equal(rows[:, 3], np.nonzero(found)[1])


def test_several_people(tmp_path: Path) -> None:
    truth = made(tmp_path)
    poses = predicted(truth, [1, 2, 3, 4])
    get_format("mpii-submission").write(
        poses, tmp_path / SEVERAL, WriteOptions(Role.PREDICTIONS, truth=truth)
    )
    count, rows = walked(tmp_path, SEVERAL)
    assert count == 2
    assert sorted({tuple(row) for row in rows[:, :2].astype(int).tolist()}) == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
    ]
    np.testing.assert_allclose(rows[:, 4:6], poses.people.xy[poses.people.seen > 0] + 1, rtol=1e-15)
    assert set(rows[:, 6]) == {0.75}
