"""MediaPipe's `.task` files: zip archives that hold TensorFlow Lite networks."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

from poseval.errors import FormatError, LimitError, MismatchError, shown
from poseval.files.reading import read_regular
from poseval.limits import MIB

LANDMARKS = "pose_landmarks_detector.tflite"
MOST_BYTES = 256 * MIB  # the heavy pose landmarker has 31 MB
MAGIC = b"TFL3"  # at the fifth byte of a TensorFlow Lite network


def pose_network(path: Path) -> bytes:
    """The network of pose landmarks in a `.task` file, or in a `.tflite` file of its own.

    Raises:
        FormatError: P250 neither of the two, or cut short.
        MismatchError: P451 a task of something else than poses.
        LimitError: P501 larger than allowed.
    """
    name = shown(path.name)
    data = read_regular(path, name, MOST_BYTES)
    if data[:2] == b"PK":
        data, name = _member(data, name), f"{name}: {LANDMARKS}"
    if data[4:8] != MAGIC:
        raise FormatError(
            "P250",
            where=name,
            what="is not a TensorFlow Lite network",
            wanted="pose_landmarker_lite.task, _full.task or _heavy.task, or its .tflite file",
            hint="compare its size with the published one; it may be truncated",
        )
    return data


def _member(data: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if LANDMARKS not in archive.namelist():
                raise MismatchError(
                    "P451",
                    where=name,
                    what=f"holds {shown(', '.join(archive.namelist()[:4]) or 'nothing', 200)}",
                    wanted=f"the file of a pose landmarker, with {LANDMARKS}",
                )
            if archive.getinfo(LANDMARKS).file_size > MOST_BYTES:
                raise LimitError(
                    "P501",
                    where=f"{name}: {LANDMARKS}",
                    what="is too large",
                    wanted=f"at most {MOST_BYTES:,} bytes",
                )
            return archive.read(LANDMARKS)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise FormatError(
            "P250",
            where=name,
            what=f"is not a whole archive ({shown(error)})",
            hint="compare its size with the published one; it may be truncated",
        ) from error
