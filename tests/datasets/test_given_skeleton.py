"""A skeleton that is given beside a file: its names are compared with the file's own, in every format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.cli import invoke
from poseval.datasets import Role, WriteOptions
from poseval.errors import MismatchError, PosevalError
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import Skeleton, get_skeleton, names
from poseval.skeletons.agreement import agreed, is_numbered

T, P = Role.TRUTH, Role.PREDICTIONS
MOUSE = Skeleton("mouse", ("snout", "left_ear", "right_ear", "tail_base"), (0, 2, 1, 3))
SIGMAS = {"tail_base": 0.09, "right_ear": 0.04, "snout": 0.02, "left_ear": 0.03}
MIXED = Skeleton("mixed", tuple(SIGMAS), (0, 3, 2, 1), ((0, 2), (1, 3)), tuple(SIGMAS.values()))
OTHER = Skeleton("rat", ("nose", "left_ear", "right_ear", "tail_base"), (0, 2, 1, 3))
# Formats that name their joints -> the ending of the file.
NAMED = {
    "coco": ".json",
    "deeplabcut": ".csv",
    "sleap": ".slp",
    "sleap-analysis": ".h5",
    "nwb": ".nwb",
    "cvat": ".xml",
    "label-studio": ".json",
    "native": ".npz",
    "parquet": ".parquet",
    "yolo": "",
}


def mice(frames: int = 3) -> PoseSet:
    rng = np.random.default_rng(7)
    xy = np.round(rng.uniform(20, 180, (frames, 4, 2)), 2)
    low, high = xy.min(axis=1), xy.max(axis=1)
    paths = np.asarray([f"video/img{at:03d}.png" for at in range(frames)])
    table = Frames(paths, size=np.full((frames, 2), 200.0), path=paths, sequences=("video",))
    people = People(
        xy,
        np.arange(frames),
        seen=np.full((frames, 4), 2),
        area=(high - low).prod(axis=1),
        box=np.concatenate([low, high], axis=1),
        score=np.linspace(0.5, 0.9, frames),
        joint_score=np.full((frames, 4), 0.75),
        track=np.zeros(frames, dtype=np.int64),
        source_id=np.arange(1, frames + 1),
    )
    return PoseSet(MOUSE, table, people)


def written(name: str, folder: Path) -> Path:
    path = folder / f"mice{NAMED[name]}"
    role = T if T in datasets.get_format(name).writes else P
    datasets.get_format(name).write(mice(), path, WriteOptions(role))
    return path


def role_of(name: str) -> str:
    return "truth" if T in datasets.get_format(name).writes else "predictions"


@pytest.mark.parametrize("name", sorted(NAMED))
def test_joints_are_found_by_name_and_keep_the_order_of_the_file(name: str, tmp_path: Path) -> None:
    path = written(name, tmp_path)
    plain = poseval.read(path, role=role_of(name), format=name, optional=["area"])
    given = poseval.read(path, role=role_of(name), format=name, optional=["area"], skeleton=MIXED)
    place = [given.skeleton.index(joint) for joint in plain.skeleton.joints]
    np.testing.assert_array_equal(given.people.xy[:, place], plain.people.xy)
    assert given.skeleton.sigmas == tuple(SIGMAS[joint] for joint in given.skeleton.joints)
    flip = {j: given.skeleton.joints[given.skeleton.flip[k]] for k, j in enumerate(given.skeleton.joints)}
    assert flip == {
        "snout": "snout", "left_ear": "right_ear", "right_ear": "left_ear", "tail_base": "tail_base"
    }  # fmt: skip
    limbs = {frozenset(given.skeleton.joints[end] for end in limb) for limb in given.skeleton.limbs}
    assert limbs == {frozenset(("tail_base", "snout")), frozenset(("right_ear", "left_ear"))}


@pytest.mark.parametrize("name", sorted(NAMED))
def test_a_contradiction_is_refused_and_names_both(name: str, tmp_path: Path) -> None:
    path = written(name, tmp_path)
    with pytest.raises(MismatchError) as caught:
        poseval.read(path, role=role_of(name), format=name, optional=["area"], skeleton=OTHER)
    assert caught.value.code == "P407"
    assert "joints: the file has " in str(caught.value)
    assert "file alone has snout" in str(caught.value)
    assert "skeleton alone has nose" in str(caught.value)
    assert path.name in caught.value.fault.where


@pytest.mark.parametrize("form", ["posetrack18", "mpii-json"])
def test_formats_of_fixed_joints_refuse_others(form: str, tmp_path: Path) -> None:
    from poseval.synth import scene_set

    skeleton = {"posetrack18": "posetrack15_poseval", "mpii-json": "mpii16"}[form]
    truth = scene_set(3, 2, 1, skeleton=skeleton)
    truth = replace(truth, people=truth.people.with_columns(track=np.zeros(len(truth), dtype=np.int64)))
    path = tmp_path / ("set.json" if form == "mpii-json" else "set")
    datasets.get_format(form).write(truth, path, WriteOptions(T))
    assert poseval.read(path, format=form, skeleton=skeleton).skeleton.name == skeleton
    with pytest.raises(MismatchError) as caught:
        poseval.read(path, format=form, skeleton="coco17")
    assert caught.value.code == "P407"


def test_numbered_joints_take_the_names_of_a_skeleton_of_as_many(tmp_path: Path) -> None:
    numbered = replace(mice(), skeleton=replace(MOUSE, joints=tuple(f"joint_{k}" for k in range(4))))
    path = tmp_path / "mice.npz"
    datasets.get_format("native").write(numbered, path, WriteOptions(T))
    assert poseval.read(path, skeleton=MIXED).skeleton.joints == MIXED.joints
    with pytest.raises(PosevalError, match="17"):
        poseval.read(path, skeleton="coco17")


def test_a_pose_set_in_memory_is_compared_too() -> None:
    truth = mice()
    own = replace(truth, people=truth.people.with_columns(score=np.ones(len(truth))))
    report = poseval.score(truth, own, "oks", skeleton=MIXED)
    assert report.summary["AP"] == 1.0
    with pytest.raises(MismatchError, match="P407"):
        poseval.score(truth, own, "oks", skeleton=OTHER)


def test_the_known_skeleton_stays_itself_where_nothing_differs() -> None:
    coco = get_skeleton("coco17")
    order = np.random.default_rng(0).permutation(17).tolist()
    place = {old: new for new, old in enumerate(order)}
    mixed = Skeleton(
        "mine",
        tuple(coco.joints[old] for old in order),
        tuple(place[coco.flip[old]] for old in order),
        sigmas=tuple(round(coco.sigma_array[old], 3) for old in order),
    )
    assert agreed(coco, mixed) is coco
    spelt = replace(mixed, joints=tuple(name.replace("_", "-").upper() for name in mixed.joints))
    assert agreed(coco, spelt) is coco
    assert agreed(coco, get_skeleton("ap10k17")) is None


def test_normalisers_move_with_their_joints() -> None:
    own = Skeleton("own", ("b", "a", "c"), (0, 1, 2))
    asked = Skeleton("asked", ("a", "b", "c"), (0, 1, 2), normalisers={"long": (0, (1, 2))})
    made = agreed(own, asked)
    assert made is not None
    assert made.normalisers == {"long": (1, (0, 2))}


def test_no_known_skeleton_but_the_numbered_ones_is_numbered() -> None:
    numbered = {name for name in names() if is_numbered(get_skeleton(name))}
    assert "coco17" not in numbered
    assert is_numbered(Skeleton("x", ("kpt-0", "kpt-1"), (0, 1)))
    assert is_numbered(Skeleton("x", ("0", "1"), (0, 1)))
    assert not is_numbered(Skeleton("x", ("0", "nose"), (0, 1)))


@pytest.mark.parametrize("command", ["score", "validate", "diagnose", "gate", "compare", "plot"])
def test_every_command_refuses_the_contradiction(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gt, dt, skeleton = tmp_path / "gt.json", tmp_path / "dt.json", tmp_path / "rat.json"
    datasets.get_format("coco").write(mice(), gt, WriteOptions(T))
    datasets.get_format("coco").write(mice(), dt, WriteOptions(P))
    skeleton.write_text('{"joints": ["nose", "left_ear", "right_ear", "tail_base"]}')
    base = tmp_path / "base.npz"
    assert invoke(["score", str(dt), "--gt", str(gt), "--sigmas", "0.1", "--save", str(base), "-q"]) == 0
    words = {
        "gate": ["--baseline", base], "compare": [dt], "plot": ["--out", tmp_path / "figures"]
    }.get(command, [])  # fmt: skip
    code = invoke([command, *map(str, (dt, *words)), "--gt", str(gt), "--skeleton", str(skeleton)])
    told = capsys.readouterr()
    assert code == 3
    assert "[P407]" in told.err + told.out


@pytest.mark.parametrize("command", ["convert", "track"])
def test_convert_and_track_refuse_it_as_well(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out, skeleton = written("deeplabcut", tmp_path), tmp_path / "out.csv", tmp_path / "rat.json"
    datasets.get_format("deeplabcut").write(mice(), path, WriteOptions(P, force=True))
    skeleton.write_text('{"joints": ["nose", "left_ear", "right_ear", "tail_base"]}')
    words = {
        "convert": [str(path), str(out), "--to", "deeplabcut"],
        "track": [str(path), "--out", str(out)],
    }[command]
    assert invoke([command, *words, "--skeleton", str(skeleton)]) == 3
    assert "[P407]" in capsys.readouterr().err
    assert not out.exists()
