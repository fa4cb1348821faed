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
    assert poses.skeleton.joints == ("nose", "tail", "paw")
    assert poses.people.seen.tolist() == [[2, 0, 1]]
    assert poses.people.xy[0, 2].tolist() == [5.5, 6]
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
