"""`track_id` of COCO records, an addition of video data sets: the identity of a person over time."""

from __future__ import annotations

import re

import numpy as np

from poseval.datasets.containers.json_records import Records
from poseval.kernels import json as kj
from poseval.poses import Ints

TRACK = "track_id"
_NUMBER = re.compile(rb"\d{1,18}")


def read_tracks(records: Records) -> Ints | None:
    """Tracks [N], -1 for records without one; None where no record has the field.

    COCO does not define the field: values other than whole numbers from 0 are counted as not read, never
    refused.
    """
    if TRACK not in records.table.unknown:
        return None
    table = records.document.columns((kj.span(TRACK),), records.key or None)
    out = np.full(table.count, -1, dtype=np.int64)
    odd = 0
    for row, (start, end) in enumerate(table[TRACK].values.reshape(-1, 2).tolist()):
        if start < 0:
            continue
        text = records.document.data[start:end]
        if _NUMBER.fullmatch(text):
            out[row] = int(text)
        else:
            odd += text not in (b"null", b"-1")
    if odd:
        records.document.unread[f"{records.key}[].{TRACK}" if records.key else TRACK] += odd
    return out
