from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_THREADS: int
MOST_THRESHOLDS: int
LATER_FIRST: int
TOGETHER: int
HITS_FIRST: int
PRECISION: int
RECALL: int
LABEL_ABSENT: int
LABEL_HIT: int
LABEL_TOO_FAR: int
LABEL_UNLABELLED: int
LABEL_UNASSIGNED: int
MARK_ABSENT: int
MARK_GIVEN: int
MARK_NULL: int
MARK_TEXT: int

class JsonStop(ValueError): ...

def set_thread_limit(threads: int) -> None: ...
def file_start(handle: int, size: int) -> bytes: ...
def image_warp(image: NDArray[Any], back: NDArray[Any], height: int, width: int) -> NDArray[np.uint8]: ...
def image_planes(
    crops: NDArray[Any], table: NDArray[Any], from_channel: NDArray[Any]
) -> NDArray[np.float32]: ...
def image_blur(maps: NDArray[Any], taps: NDArray[Any]) -> NDArray[np.float32]: ...
def json_columns(
    data: bytes,
    start: int,
    depth: int,
    last: bool,
    fields: list[Any],
    limits: tuple[int, int, int, int, int],
    threads: int,
    stretch: int,
    end: int,
) -> dict[str, Any]: ...
def json_file_columns(
    handle: int,
    size: int,
    start: int,
    fields: list[Any],
    limits: tuple[int, int, int, int, int],
    window: int,
    digest: Callable[[memoryview], object],
) -> dict[str, Any] | None: ...
def json_outline(data: bytes, depth: int, keys: int) -> dict[str, Any]: ...
def json_check(data: bytes, start: int, depth: int, max_depth: int, max_keys: int) -> None: ...
def read_in_blocks(on: bool) -> None: ...
def line_of(data: bytes, offset: int) -> int: ...
def pose_extent(xy: NDArray[Any], seen: NDArray[Any]) -> NDArray[np.float64]: ...
def descending(score: NDArray[np.float64]) -> NDArray[np.int64]: ...
def group_order(group: NDArray[Any], groups: int) -> NDArray[np.int64]: ...
def take_rows(table: NDArray[Any], order: NDArray[Any]) -> NDArray[Any]: ...
def order_rows(tables: list[NDArray[Any]], order: NDArray[Any]) -> None: ...
def pose_review(
    xy: NDArray[Any], frame: NDArray[Any], category: NDArray[Any]
) -> tuple[int, float, float, int]: ...
def pose_predicted(xy: NDArray[Any], score: NDArray[Any]) -> NDArray[np.int8]: ...
def oks_pairs(
    pose_xy: NDArray[Any],
    truth_xy: NDArray[Any],
    labelled: NDArray[Any],
    area: NDArray[Any],
    box: NDArray[Any],
    variance: NDArray[Any],
    pose_row: NDArray[Any],
    truth_row: NDArray[Any],
) -> NDArray[np.float64]: ...
def oks_match(
    pose_xy: NDArray[Any],
    score: NDArray[Any],
    pose_area: NDArray[Any],
    pose_row: NDArray[Any],
    pose_start: NDArray[Any],
    truth_xy: NDArray[Any],
    labelled: NDArray[Any],
    area: NDArray[Any],
    box: NDArray[Any],
    ignored: NDArray[Any],
    crowd: NDArray[Any],
    unseen: NDArray[Any],
    truth_row: NDArray[Any],
    truth_start: NDArray[Any],
    variance: NDArray[Any],
    threshold: NDArray[Any],
    range: NDArray[Any],
    max_dets: int,
    with_matched: bool,
    with_oks: bool,
    given: NDArray[Any] | None,
) -> tuple[
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.uint64],
    NDArray[np.uint64],
    NDArray[np.uint8],
    NDArray[np.int32],
    NDArray[np.float64],
    NDArray[np.int64],
]: ...
def accumulate(
    score: NDArray[Any],
    hit: NDArray[Any],
    skip: NDArray[Any],
    unit: NDArray[Any],
    order: NDArray[Any],
    weight: NDArray[Any],
    positives: NDArray[Any],
    thresholds: int,
    recalls: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
def resample(
    score: NDArray[Any],
    hit: NDArray[Any],
    skip: NDArray[Any],
    unit: NDArray[Any],
    order: NDArray[Any],
    start: NDArray[Any],
    positives: NDArray[Any],
    weight: NDArray[Any],
    thresholds: int,
    recalls: NDArray[Any],
    statistics: NDArray[Any],
) -> NDArray[np.float64]: ...

class Scene:
    def __init__(
        self,
        order: NDArray[Any],
        unit_start: NDArray[Any],
        truth_start: NDArray[Any],
        prediction_start: NDArray[Any],
        truth_present: NDArray[Any],
        prediction_present: NDArray[Any],
        truth_track: NDArray[Any],
        prediction_track: NDArray[Any],
        truth_tracks: NDArray[Any],
        prediction_tracks: NDArray[Any],
    ) -> None: ...
    def use_joints(self, truth_xy: NDArray[Any], prediction_xy: NDArray[Any], head: NDArray[Any]) -> None: ...
    def use_pairs(self, value: NDArray[Any], pair_start: NDArray[Any]) -> None: ...

def best_pose(scene: Scene, gate: float) -> tuple[NDArray[np.int64], NDArray[np.int8]]: ...
def clear_counts(scene: Scene, gate: float, skip_last_frame: bool, dummies: bool) -> dict[str, Any]: ...
def clear_trackeval_counts(scene: Scene, threshold: float, radius: float) -> dict[str, Any]: ...
def identity_counts(scene: Scene, gate: float) -> dict[str, Any]: ...
def hota_counts(scene: Scene, alphas: list[float], radius: float, aligned: bool) -> dict[str, Any]: ...
def reid_counts(scene: Scene, alphas: list[float], radius: float) -> dict[str, Any]: ...
def assign(cost: NDArray[Any]) -> NDArray[np.int64]: ...
def points_in_regions(
    points: NDArray[Any],
    frame: NDArray[Any],
    vertices: NDArray[Any],
    start: NDArray[Any],
    region_frame: NDArray[Any],
) -> NDArray[np.bool_]: ...
def rank_rows(
    cell: NDArray[Any], score: NDArray[Any], cells: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
def regroup_rows(
    order: NDArray[Any], cell: NDArray[Any], cells: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
def average_precision(
    order: NDArray[Any],
    start: NDArray[Any],
    score: NDArray[Any],
    hit: NDArray[Any],
    weight: NDArray[Any],
    positives: NDArray[Any],
    ties: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]: ...
