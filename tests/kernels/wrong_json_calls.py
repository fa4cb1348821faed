"""Wrong calls of the kernels that read texts and files."""

from __future__ import annotations

import os
from typing import Any

from poseval.kernels import _kernels
from tests.kernels.wrong_values import HUGE, Call, count

TEXT = b'{"a": [{"id": 1, "v": [1, 2, 3], "people": [{"x": 1}]}]}'
FIELD = ("v", "number", "list", 0, 1, 1, 0, 0, [])


def json_calls() -> dict[str, Call]:
    def field(**changes: Any) -> list[Any]:
        names = ("name", "type", "shape", "length", "stride", "head", "null_stride", "null_at", "fields")
        return [tuple({**dict(zip(names, FIELD, strict=True)), **changes}.values())]

    endless: list[Any] = field(type="records", shape="one")
    endless[0][8].append(endless[0])
    data = [("text", "{}"), ("None", None), ("an array", bytearray(TEXT))]
    at = [("-1", -1), ("behind the end", len(TEXT) + 1), ("huge", HUGE), ("beyond 64 bits", 2**70)]
    deep = [("-1", -1), ("-7", -7), ("1025", 1025), ("huge", 2**31 - 1), ("beyond 32 bits", HUGE)]
    bound = [("-1", -1), ("beyond 64 bits", 2**70)]
    limits = (32, 1000, 1000, 1000, 100)
    fields = [
        ("no tuple", [3]),
        ("short", [FIELD[:5]]),
        ("no list", 7),
        ("numbers for words", field(type=1, shape=2)),
        ("a type that is not known", field(type="matrix")),
        ("a shape that is not known", field(shape="cube")),
        ("a list of texts", field(type="text")),
        ("records of no list", field(type="records", shape="one", fields=3)),
        ("records in themselves", endless),
        ("length -1", field(length=-1)),
        ("length huge", field(length=HUGE)),
        ("stride 0", field(stride=0)),
        ("stride -1", field(stride=-1)),
        ("head 2 of 1", field(head=2)),
        ("head -1", field(head=-1)),
        ("null stride -1", field(null_stride=-1)),
        ("null at -1", field(null_at=-1)),
        ("a word for a number", field(length="many")),
    ]
    columns = {
        "data": TEXT,
        "start": 6,
        "depth": 1,
        "last": False,
        "fields": [FIELD],
        "limits": limits,
        "threads": 0,
        "stretch": 1 << 20,
        "end": -1,
    }
    no_limits = [
        (f"{value} at {k}", (*limits[:k], value, *limits[k + 1 :])) for k in range(5) for value in (-1, 2**70)
    ]
    return {
        "json_columns": Call(
            _kernels.json_columns,
            columns,
            {
                "data": data,
                "start": at,
                "depth": deep,
                "fields": fields,
                "limits": [("short", limits[:4]), ("None", None), *no_limits],
                "threads": [("-1", -1), ("257", 257), ("huge", 2**31)],
                "stretch": [("0", 0), ("-1", -1)],
            },
        ),
        "json_file_columns": Call(
            _kernels.json_file_columns,
            {
                "handle": os.open(__file__, os.O_RDONLY),
                "size": 100,
                "start": 6,
                "fields": [FIELD],
                "limits": limits,
                "window": 64,
                "digest": len,
            },
            {
                "handle": [("huge", 2**40), ("None", None)],
                "size": [("-1", -1), ("up to the start", 6), ("beyond 64 bits", 2**70)],
                "start": [("-1", -1), ("behind a window", 64), ("beyond 64 bits", 2**70)],
                "fields": fields,
                "limits": [("short", limits[:4]), ("None", None), *no_limits],
                "window": [("0", 0), ("-1", -1), ("up to the start", 6), ("huge", HUGE)],
                "digest": [("None", None), ("a number", 3)],
            },
        ),
        "json_outline": Call(
            _kernels.json_outline,
            {"data": TEXT, "depth": 32, "keys": 100},
            {"data": data, "depth": bound, "keys": bound},
        ),
        "json_check": Call(
            _kernels.json_check,
            {"data": TEXT, "start": 6, "depth": 1, "max_depth": 32, "max_keys": 100},
            {"data": data, "start": at, "depth": deep, "max_depth": bound, "max_keys": bound},
        ),
        "line_of": Call(_kernels.line_of, {"data": TEXT, "offset": 3}, {"data": data, "offset": at}),
    }


def other_calls() -> dict[str, Call]:
    handle = os.open(__file__, os.O_RDONLY)
    return {
        "file_start": Call(
            _kernels.file_start,
            {"handle": handle, "size": 10},
            {"handle": [("-1", -1), ("closed", 2**20), ("huge", 2**40)], "size": list(count())},
        ),
        "set_thread_limit": Call(_kernels.set_thread_limit, {"threads": 2}, {"threads": list(count(0, 257))}),
    }
