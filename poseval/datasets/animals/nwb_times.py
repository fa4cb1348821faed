"""Times of NWB's series, and the one timeline that series of several lengths and starts share.

A series has `timestamps` [T] in seconds, or `starting_time` with a `rate`. Series of one camera have equal
times; others may start later, end earlier or tick at slightly different times. A sample belongs
to the moment of the longest series that is nearest, if it is not further away than half of its usual step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from poseval.datasets.containers.hdf5_groups import array, attribute, child
from poseval.datasets.files.document import Document
from poseval.errors import FormatError, ValueRangeError
from poseval.poses import Floats, Ints

UNKNOWN = "times are not known: one sample a second"  # comment of series that poseval wrote without times
MOST_PLACES = 1e15  # steps; a frame's number must be one
OFF_GRID = 0.25  # fraction of a step by which frames of one rate may be early or late


def times_of(series: Any, count: int, where: str, document: Document) -> Floats | None:
    """Seconds [T] of the samples of a series; None if the series has no times or marks them as unknown.

    Raises:
        FormatError: P204 another number of times than of samples.
        ValueRangeError: P301 a time that is not finite.
    """
    if str(attribute(series, "comments", document, "")) == UNKNOWN:
        return None
    node = child(series, "timestamps")
    if node is not None:
        found = array(node, document).astype(np.float64).reshape(-1)
        if len(found) != count:
            raise FormatError(
                "P204", where=where, what=f"has {len(found)} timestamps", wanted=f"{count}, one per sample"
            )
    else:
        start = child(series, "starting_time")
        rate = None if start is None else attribute(start, "rate", document)
        if rate is None or not float(rate) > 0:
            return None
        found = float(array(start, document).reshape(-1)[0]) + np.arange(count) / float(rate)
    if not np.isfinite(found).all():
        raise ValueRangeError(
            "P301", where=where, what="has a time that is NaN or infinite", wanted="finite seconds"
        )
    return found


def common(times: Sequence[Floats]) -> tuple[Floats, list[Ints]]:
    """Moments [F] in ascending order, and the moment of each sample of each series."""
    order = sorted(range(len(times)), key=lambda at: -len(times[at]))
    moments = np.unique(times[order[0]])
    step = float(np.median(np.diff(moments))) if len(moments) > 1 else 0.0
    for at in order[1:]:
        near, far = _nearest(times[at], moments)
        # Two samples of one series are two moments, however close they are.
        later = np.diff(near, prepend=-1) == 0
        lost = (far > step / 2) | later
        moments = np.union1d(moments, times[at][lost])
    places = []
    for own in times:
        near, _ = _nearest(own, moments)
        exact = np.searchsorted(moments, own)
        exact = np.minimum(exact, max(len(moments) - 1, 0))
        places.append(np.where(moments[exact] == own, exact, near) if len(own) else near)
    return moments, places


def _nearest(times: Floats, moments: Floats) -> tuple[Ints, Floats]:
    """Place of the nearest moment, and how far away it is."""
    if not len(moments):
        return np.zeros(len(times), dtype=np.int64), np.full(len(times), np.inf)
    right = np.clip(np.searchsorted(moments, times), 0, len(moments) - 1)
    left = np.maximum(right - 1, 0)
    nearer = np.where(np.abs(moments[left] - times) <= np.abs(moments[right] - times), left, right)
    return nearer.astype(np.int64), np.abs(moments[nearer] - times)


def frame_numbers(moments: Floats) -> Ints:
    """Numbers [F] of frames: by the rate where all moments lie on its grid, gaps left out, else in order."""
    count = len(moments)
    step = float(np.median(np.diff(moments))) if count > 1 else 0.0
    if step <= 0:
        return np.arange(count)
    with np.errstate(over="ignore"):
        place = (moments - moments[0]) / step
    if not (place < MOST_PLACES).all():
        return np.arange(count)
    numbers = np.rint(place).astype(np.int64)
    on_grid = bool((np.abs(place - numbers) < OFF_GRID).all() and (np.diff(numbers) > 0).all())
    return numbers if on_grid else np.arange(count)


def sample_times(time: Floats, sample: Ints, samples: int) -> Floats | None:
    """Seconds [samples] of all samples from those [F] of frames, which stand at `sample`; None if they clash.

    Samples between frames, before and after them are where the usual step puts them.
    """
    order = np.argsort(sample)
    at, known = sample[order], time[order]
    if not len(known) or np.isnan(known).any() or (np.diff(known) <= 0).any():
        return None
    step = float(np.median(np.diff(known) / np.diff(at))) if len(at) > 1 else 1.0
    place = np.arange(samples)
    out = np.interp(place, at, known)
    out = np.where(place < at[0], known[0] - (at[0] - place) * step, out)
    return np.asarray(np.where(place > at[-1], known[-1] + (place - at[-1]) * step, out), dtype=np.float64)
