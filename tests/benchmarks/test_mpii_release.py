"""MPII's release: groups of people, and the form of a submission."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

import poseval
from poseval.errors import MismatchError
from tests.datasets.mat_files import cells, person, points, release, structs, submission

IDS = range(16)


def crowd(tmp_path: Path, groups: Any = ((1, 2), (3, 4))) -> tuple[Path, list[dict[str, Any]]]:
    """One image with four people far apart in two groups, and an image with a separated one."""
    people = [person(n, at=100.0 + 400 * n) for n in range(4)]
    path = release(tmp_path / "mpii.mat", [people, [person(9)]], [1, 1], [[], [1]])
    inner = cells([np.array(group, dtype=float) for group in groups])
    savemat(tmp_path / "groups_v12.mat", {"groups": cells([inner, np.zeros((0, 0))])})
    return path, people


def test_a_perfect_submission(tmp_path: Path) -> None:
    path, people = crowd(tmp_path)
    predicted = [points(IDS, p["xy"], scores=[0.9] * 16) for p in people]
    pred = submission(tmp_path / "pred_keypoints_mpii_multi.mat", [predicted[:2], predicted[2:]])
    report = poseval.score(path, pred)
    assert report.benchmark == "mpii-multi"
    assert {key: value for key, value in report.summary.items() if key.startswith("AP")} == dict.fromkeys(
        ("AP", *(f"AP/{k}" for k in ("head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"))), 1.0
    )
    assert report.to_text().splitlines()[2].split()[-1] == "Total"


def test_groups_are_what_intervals_resample(tmp_path: Path) -> None:
    path, people = crowd(tmp_path)
    predicted = [points(IDS, p["xy"], scores=[0.9] * 16) for p in people]
    pred = submission(tmp_path / "p.mat", [predicted[:2], predicted[2:]])
    keys = poseval.evaluate(path, pred, "mpii-multi").unit_keys
    assert keys.tolist() == ["000000000.jpg#group0", "000000000.jpg#group1"]


def test_results_by_image_go_to_the_nearest_group(tmp_path: Path) -> None:
    path, people = crowd(tmp_path)
    results = [
        {
            "image_id": "000000000.jpg",
            "category_id": 1,
            "score": 0.9,
            "keypoints": np.column_stack([p["xy"] - 1, np.full(16, 0.5)]).ravel().tolist(),
        }
        for p in people
    ]
    (tmp_path / "preds.json").write_text(json.dumps(results))
    report = poseval.score(path, tmp_path / "preds.json", "mpii-multi")
    assert report.summary["AP"] == 1.0
    assert {notice.code for notice in report.notices} >= {"N491"}


def test_a_group_without_predictions(tmp_path: Path) -> None:
    path, people = crowd(tmp_path)
    predicted = [points(IDS, p["xy"], scores=[0.9] * 16) for p in people[:2]]
    pred = submission(tmp_path / "p.mat", [predicted, []])
    official = poseval.score(path, pred, "mpii-multi")
    assert official.summary["AP"] == 1.0
    assert "N492" in {notice.code for notice in official.notices}
    assert poseval.score(path, pred, "mpii-multi", rules="corrected").summary["AP"] == 0.5


def test_without_groups_it_is_refused(tmp_path: Path) -> None:
    path = release(tmp_path / "mpii.mat", [[person(1), person(2)]], [1], [[]])
    pred = submission(tmp_path / "p.mat", [[points(IDS, person(1)["xy"], scores=[0.9] * 16)]])
    with pytest.raises(MismatchError, match="groups_v12") as caught:
        poseval.score(path, pred, "mpii-multi")
    assert caught.value.code == "P414"


@pytest.mark.parametrize("mistake", ["none", "flip", "order", "shift"])
def test_mistakes_of_a_whole_submission_are_told(tmp_path: Path, mistake: str) -> None:
    rng = np.random.default_rng(5)
    figure = rng.uniform(0, 300, (16, 2))
    count = 12
    people = []
    for n in range(2 * count):
        people.append(person(n, **({"x2": 103.0, "y2": 104.0} if mistake == "shift" else {})))
        people[-1]["xy"] = figure + rng.uniform(50, 90, 2) + 900 * (n % 2)
        people[-1]["annopoints"] = points(IDS, people[-1]["xy"])
    path = release(
        tmp_path / "mpii.mat", [people[2 * n : 2 * n + 2] for n in range(count)], [1] * count, [[]] * count
    )
    inner = [cells([np.array([1.0, 2.0])]) for _ in range(count)]
    savemat(tmp_path / "groups_v12.mat", {"groups": cells(inner)})
    order = {"flip": list(poseval.get_skeleton("mpii16").flip), "order": list(rng.permutation(16))}
    predicted = []
    for one in people:
        xy = one["xy"] + rng.normal(0, 1, (16, 2)) - (mistake == "shift")
        predicted.append(points(IDS, xy[order.get(mistake, list(IDS))], scores=rng.uniform(0.1, 1, 16)))
    pred = submission(tmp_path / "p.mat", [[predicted[2 * n + 1], predicted[2 * n]] for n in range(count)])
    report = poseval.score(path, pred, "mpii-multi")
    told = {n.code: n.text for n in report.notices if n.code in ("N460", "N461", "N462")}
    wanted = {
        "none": {},
        "flip": {
            "N460": "left and right look exchanged; after exchanging them, AP would be 100.0 instead of"
        },
        "order": {"N461": "joints look reordered"},
        "shift": {"N462": "predictions lie one pixel to the left of and above the ground truth"},
    }[mistake]
    assert told.keys() == wanted.keys()
    assert all(told[code].startswith(text) for code, text in wanted.items())


def bare() -> dict[str, Any]:
    return {"scale": 2.0, "objpos": structs([{"x": 5.0, "y": 6.0}])}


def test_the_form_of_a_test_submission(tmp_path: Path) -> None:
    path = release(
        tmp_path / "mpii.mat", [[person(1)], [bare(), bare()], [bare()]], [1, 0, 0], [[1], [1], [1]]
    )
    xy = person(1)["xy"]
    whole, half = points(IDS, xy), points(range(8), xy[:8])
    pred = submission(tmp_path / "pred_keypoints_mpii.mat", [[whole, whole], [half]])
    report = poseval.score(path, pred, "mpii-test")
    assert report.summary["complete_people"] == 0.5
    assert report.summary["predicted_joints"] == pytest.approx((14 + 6) / 28)
    assert report.deviations == (
        "only the form is checked, because the ground truth of the test set is not public",
    )
    assert "N493" in {notice.code for notice in report.notices}


def test_the_form_of_a_test_submission_of_several_people(tmp_path: Path) -> None:
    images = [[person(1), person(2)], [bare(), bare(), bare()], [bare()], [bare(), bare()]]
    path = release(tmp_path / "mpii.mat", images, [1, 0, 0, 0], [[], [1], [1], []])
    two = [cells([np.array(pair)]) for pair in ([1.0, 2.0], [2.0, 3.0], [1.0, 2.0])]
    savemat(tmp_path / "groups_v12.mat", {"groups": cells([*two[:2], np.zeros((0, 0)), two[2]])})
    xy = person(1)["xy"]
    whole, half = points(IDS, xy, scores=[0.5] * 16), points(range(8), xy[:8], scores=[0.5] * 8)
    report = poseval.score(path, submission(tmp_path / "p.mat", [[half, whole], [half]]), "mpii-test")
    assert report.summary["complete_people"] == 0.5
    assert report.summary["predicted_joints"] == pytest.approx((14 + 6) / 28)
    assert "N468" in {notice.code for notice in report.notices}
    empty = poseval.score(path, submission(tmp_path / "q.mat", [[], [points(IDS, xy)]]), "mpii-test")
    assert empty.summary["complete_people"] == 0.5
    assert {notice.code: notice.count for notice in empty.notices}["N469"] == 16


def test_a_release_without_test_images_has_no_form_to_check(tmp_path: Path) -> None:
    path = release(tmp_path / "mpii.mat", [[person(1)]], [1], [[1]])
    pred = submission(tmp_path / "p.mat", [[points(IDS, person(1)["xy"])]])
    with pytest.raises(MismatchError) as caught:
        poseval.score(path, pred, "mpii-test")
    assert caught.value.code == "P414"
