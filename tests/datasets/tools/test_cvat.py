"""CVAT's XML: skeletons, plain points, tracks; and what XML may not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role
from poseval.errors import InputError
from poseval.poses import PoseSet

T = Role.TRUTH
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def joint(label: str, place: str = "1,2", outside: int = 0, occluded: int = 0) -> str:
    """One joint of a skeleton."""
    return f'<points label="{label}" outside="{outside}" occluded="{occluded}" points="{place}"></points>'


def image(shapes: str, name: str = "a.jpg") -> str:
    """A document of one image."""
    return f'<annotations><image id="0" name="{name}" width="64" height="48">{shapes}</image></annotations>'


def read(path: Path, text: str) -> PoseSet:
    """The text as a file."""
    path.write_text(HEAD + text)
    return datasets.read(path, ReadOptions(T), "cvat")


def test_skeletons_have_absent_and_hidden_joints(tmp_path: Path) -> None:
    one = joint("nose") + joint("tail", "3,4", outside=1) + joint("paw", "5.5,6", occluded=1)
    poses = read(tmp_path / "a.xml", image(f'<skeleton label="mouse">{one}</skeleton>'))
    assert poses.skeleton.joints == ("nose", "paw", "tail")  # by name: the file declares no labels
    said = [notice.text for notice in poses.origin.notices if notice.code == "N545"]
    assert said == [
        "a.xml: declares no order of joints; they are in the order of their names: nose, paw, tail"
    ]
    assert poses.people.seen.tolist() == [[2, 1, 0]]
    assert poses.people.xy[0, 1].tolist() == [5.5, 6]
    assert poses.frames.size.tolist() == [[64, 48]]
    assert poses.categories == {1: "mouse"}


def test_joints_in_another_order_are_the_same(tmp_path: Path) -> None:
    first, second = joint("nose") + joint("tail", "3,4"), joint("tail", "7,8") + joint("nose", "5,6")
    shapes = f'<skeleton label="m">{first}</skeleton><skeleton label="m">{second}</skeleton>'
    poses = read(tmp_path / "a.xml", image(shapes))
    assert poses.people.xy[1].tolist() == [[5, 6], [7, 8]]


def test_plain_points_are_joints_by_their_order_and_other_shapes_are_counted(tmp_path: Path) -> None:
    shapes = '<points label="p" occluded="0" points="1,2;3,4"/><box label="b" xtl="0"/><tag label="t"/>'
    poses = read(tmp_path / "a.xml", image(shapes))
    assert poses.skeleton.joints == ("p-0", "p-1")
    assert [notice.code for notice in poses.origin.notices] == ["N508", "N509"]


def test_tracks_of_a_video(tmp_path: Path) -> None:
    def shape(frame: int, outside: int = 0) -> str:
        return f'<skeleton frame="{frame}" outside="{outside}">{joint("nose")}</skeleton>'

    meta = "<meta><task><original_size><width>64</width><height>48</height></original_size></task></meta>"
    track = f'<track id="7" label="mouse">{shape(3)}{shape(5)}{shape(6, 1)}</track>'
    poses = read(tmp_path / "a.xml", f"<annotations>{meta}{track}</annotations>")
    assert poses.frames.number.tolist() == [3, 5]
    assert poses.people.track.tolist() == [7, 7]
    assert poses.frames.size.tolist() == [[64, 48]] * 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('<!DOCTYPE a [<!ENTITY x "y">]><annotations>&x;</annotations>', "P218"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotations/>', "P218"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotations>&x;</annotations>', "P218"),
        ("<!DOCTYPE a><annotations/>", "P218"),
        ("<annotations>&x;</annotations>", "P219"),
        ("<annotations><image>", "P219"),
        ("<annotation></annotation>", "P270"),
        ("<annotations>" + "<a>" * 100 + "</a>" * 100 + "</annotations>", "P502"),
        (image('<points label="p" points="1,2;x,4"/>'), "P203"),
        (image('<points label="p" points="1,2,3"/>'), "P204"),
        (image('<points label="p" points="1,nan"/>'), "P301"),
        (image('<points label="p" points=""/>'), "P203"),
        (image("", name=""), "P206"),
        (image(f"<skeleton label='m'>{joint('')}</skeleton>"), "P206"),
        (
            '<annotations><track id="1" label="m"><points frame="x" points="1,2"/></track></annotations>',
            "P303",
        ),
    ],
)
def test_wrong_documents_are_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / "a.xml", text)
    assert caught.value.code == code, caught.value


def declared(label: str, joints: str, owner: str = "task") -> str:
    """The labels of a file: a skeleton and its joints."""
    parts = "".join(
        f"<label><name>{j}</name><type>points</type><parent>{label}</parent></label>" for j in joints
    )
    own = f"<label><name>{label}</name><type>skeleton</type></label>"
    return f"<meta><{owner}><labels>{own}{parts}</labels></{owner}></meta>"


@pytest.mark.parametrize("owner", ["task", "job", "project"])
@pytest.mark.parametrize("order", ["cab", "bca", "c"])
def test_joints_are_in_the_order_of_the_declared_labels(tmp_path: Path, owner: str, order: str) -> None:
    shape = "".join(joint(name, f"{ord(name)},1") for name in order)
    picture = f'<image name="a.jpg"><skeleton label="m">{shape}</skeleton></image>'
    poses = read(tmp_path / "a.xml", f"<annotations>{declared('m', 'bac', owner)}{picture}</annotations>")
    assert poses.skeleton.joints == ("b", "a", "c")
    x = {name: float(poses.people.xy[0, at, 0]) for at, name in enumerate("bac") if poses.people.seen[0, at]}
    assert x == {name: ord(name) for name in order}


LABELS = "<label><name>m</name></label>" + "".join(
    f"<label><name>{name}</name><parent>m</parent></label>" for name in ("tail", "nose")
)


def test_a_declared_order_needs_no_notice(tmp_path: Path) -> None:
    shapes = f'<skeleton label="m">{joint("tail")}{joint("nose")}</skeleton>'
    meta = f"<meta><task><labels>{LABELS}</labels></task></meta>"
    text = image(shapes).replace("<annotations>", f"<annotations>{meta}")
    assert "N545" not in [notice.code for notice in read(tmp_path / "a.xml", text).origin.notices]


def test_joints_that_are_not_declared_stand_last(tmp_path: Path) -> None:
    shape = f'<skeleton label="m">{joint("x10")}{joint("x9")}{joint("b")}</skeleton>'
    text = f'<annotations>{declared("m", "b")}<image name="a.jpg">{shape}</image></annotations>'
    assert read(tmp_path / "a.xml", text).skeleton.joints == ("b", "x9", "x10")


def two(first: str, second: str) -> str:
    """Images of two tasks of a project."""
    images = ((1, "a.jpg", first), (1, "b.jpg", ""), (2, "c.jpg", second), (2, "d.jpg", ""))
    inside = "".join(f'<image name="{name}" task_id="{task}">{shape}</image>' for task, name, shape in images)
    return f"<annotations>{inside}</annotations>"


def test_a_task_that_nobody_annotated_is_not_labelled(tmp_path: Path) -> None:
    shape = f'<skeleton label="m">{joint("nose")}</skeleton>'
    poses = read(tmp_path / "a.xml", two(shape, ""))
    assert poses.frames.labelled.tolist() == [True, True, False, False]
    (told,) = poses.origin.notices
    assert (told.code, told.count) == ("N942", 1)
    assert "1 of 4 images have no shape and are taken as images without people" in told.text
    assert read(tmp_path / "b.xml", two(shape, '<tag label="nobody"/>')).frames.labelled.all()


def test_videos_of_a_project_are_told_apart(tmp_path: Path) -> None:
    tracks = "".join(
        f'<track id="{at}" label="m" task_id="{at}"><skeleton frame="3">{joint("nose")}</skeleton></track>'
        for at in (4, 5)
    )
    poses = read(tmp_path / "a.xml", f"<annotations>{tracks}</annotations>")
    assert poses.frames.key.tolist() == ["4/frame_000003", "5/frame_000003"]
    assert poses.people.frame.tolist() == [0, 1]


def test_keys_that_are_not_read_are_counted(tmp_path: Path) -> None:
    shape = f'<skeleton label="m" z_order="1">{joint("nose")}<attribute name="age">4</attribute></skeleton>'
    more = '<box label="b" xtl="1"/><polygon label="p" points="1,2"/><tag label="t"/>'
    poses = read(tmp_path / "a.xml", image(shape + more))
    assert poses.origin.unread == {
        "image.skeleton.@z_order": 1,
        "image.skeleton.attribute": 1,
        "image.box": 1,
        "image.polygon": 1,
        "image.tag": 1,
    }
