"""Random COCO files that tie, crowd, repeat and mislead as much as well-formed files may."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Record = dict[str, Any]


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Record, list[Record], list[float]]:
    """Truth, results and sigmas.

    Coordinates, areas and scores come from few values, so that OKS values tie and meet thresholds; ids start
    at 0 at times; images repeat and stand out of order; some people are crowds, some have no labelled
    joint, some claim another number of joints than they have.
    """
    joints = draw(st.sampled_from([1, 3, 7, 8, 9, 17]))
    sigmas = draw(st.lists(st.sampled_from([0.025, 0.062, 0.107]), min_size=joints, max_size=joints))
    images = draw(st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True))
    categories = draw(st.lists(st.integers(1, 4), min_size=1, max_size=2, unique=True))
    repeated = draw(st.lists(st.sampled_from(images), max_size=2))
    first_id = draw(st.sampled_from([0, 1, 100]))
    count = draw(st.integers(0, 8))
    people = [draw(_person(joints, images, categories)) for _ in range(count)]
    for index, person in enumerate(people):
        person["id"] = first_id + index
    boxed = draw(st.booleans())
    results = draw(st.lists(_result(joints, images, categories, people, boxed), min_size=1, max_size=30))
    truth = {
        "images": [{"id": image} for image in images + repeated],
        "annotations": people,
        "categories": [{"id": key, "name": f"kind {key}"} for key in categories],
    }
    return truth, results, sigmas


@st.composite
def _person(draw: st.DrawFn, joints: int, images: list[int], categories: list[int]) -> Record:
    place = st.integers(0, 8).map(lambda n: n * 4)
    flags = draw(
        st.one_of(
            st.just([2] * joints),
            st.just([0] * joints),
            st.lists(st.integers(0, 2), min_size=joints, max_size=joints),
        )
    )
    keypoints: list[float] = []
    for flag in flags:
        keypoints += [draw(place), draw(place), flag] if flag else [0, 0, 0]
    labelled = sum(flag > 0 for flag in flags)
    return {
        "image_id": draw(st.sampled_from(images)),
        "category_id": draw(st.sampled_from(categories)),
        "keypoints": keypoints,
        "num_keypoints": draw(st.sampled_from([labelled, labelled, labelled, 0, 3])),
        "iscrowd": draw(st.sampled_from([0, 0, 0, 1])),
        "area": draw(st.sampled_from([0, 500.5, 1024, 3000, 9216, 9216.5, 20000])),
        "bbox": [draw(place), draw(place), draw(place), draw(place)],
    }


@st.composite
def _result(
    draw: st.DrawFn,
    joints: int,
    images: list[int],
    categories: list[int],
    people: list[Record],
    boxed: bool,
) -> Record:
    record: Record = {
        "image_id": draw(st.sampled_from(images)),
        "category_id": draw(st.sampled_from([*categories, *categories, 9])),
        "score": draw(st.sampled_from([-1.5, -0.0, 0, 0.25, 0.5, 0.5, 0.75, 1, 7])),
    }
    if people and draw(st.integers(0, 4)):
        model = draw(st.sampled_from(people))
        record["image_id"], record["category_id"] = model["image_id"], model["category_id"]
        shift = draw(st.sampled_from([0, 0, 1, 2.5, 10]))
        record["keypoints"] = [
            number + shift if index % 3 == 0 else number for index, number in enumerate(model["keypoints"])
        ]
    else:
        place = st.integers(0, 8).map(lambda n: n * 4.0)
        record["keypoints"] = [draw(place) for _ in range(3 * joints)]
    if boxed:
        sides = st.sampled_from([0, 10, 32, 96, 97.5, 300])
        record["bbox"] = [0, 0, draw(sides), draw(sides)]
    return record
