"""Where images come from: a folder, the images of a ground-truth file, or a video."""

from __future__ import annotations

import hashlib
import importlib
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from poseval.errors import (
    Fault,
    Faults,
    FormatError,
    MissingFeature,
    PosevalError,
    UsageError,
    error_of,
    shown,
)
from poseval.files.reading import require_regular
from poseval.poses import Frames, Notice, PoseSet
from poseval.poses.frame_names import natural
from poseval.poses.images import images_of

Picture = NDArray[np.uint8]  # [H, W, 3] red, green, blue

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
)
MOST_PIXELS = 300_000_000  # of one image; the largest camera files have 150 million

SHORT = 0.9  # of the time that a video states; what ends before it was cut off


class Pictures(ABC):
    """A table of frames and their images, loaded one at a time."""

    parallel: ClassVar[bool] = True  # whether `load` may run in several threads in any order
    frames: Frames
    notices: tuple[Notice, ...] = ()

    @abstractmethod
    def load(self, row: int) -> Picture:
        """The image of frame `row`, [H, W, 3] red, green, blue bytes.

        Raises:
            FormatError: P260 when the file is not an image or is cut short.
            MismatchError: P430 when its size is not the one that the ground truth names.
        """

    @abstractmethod
    def file(self, row: int) -> Path:
        """The file that the image of frame `row` is read from."""

    def stamp(self, rows: Sequence[int]) -> str:
        """A digest of the sizes and times of change of the files of frames: another where one is replaced."""
        digest = hashlib.sha256()
        for row in rows:
            try:
                found = os.stat(self.file(row))
                digest.update(f"{found.st_size} {found.st_mtime_ns}\n".encode())
            except OSError:
                digest.update(b"none\n")
        return digest.hexdigest()

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """A description of the images for the provenance block."""


class FolderPictures(Pictures):
    """All images below a folder (or one image), in natural order.

    File stems that are different whole numbers become the frames' keys, as COCO names its images; else the
    images are numbered from 1.
    """

    def __init__(self, root: Path) -> None:
        self.root = root if os.path.isdir(root) else root.parent
        self.upright = True
        files = image_files(root)
        numbers = [path.stem for path in files]
        numeric = all(re.fullmatch(r"[0-9]{1,15}", stem) for stem in numbers)
        keys = [str(int(stem)) for stem in numbers] if numeric else []
        if len(set(keys)) != len(files):
            keys = [str(index + 1) for index in range(len(files))]
        self.frames = Frames(
            np.array(keys, dtype=np.str_),
            path=np.array([path.relative_to(self.root).as_posix() for path in files], dtype=np.str_),
        )

    def file(self, row: int) -> Path:
        return self.root / str(self.frames.path[row])

    def load(self, row: int) -> Picture:
        return read_image(self.file(row), upright=self.upright)

    def describe(self) -> dict[str, Any]:
        return {"images": self.root.name, "count": len(self.frames)}


class TruthPictures(Pictures):
    """The images that a ground-truth set names, found below a folder; another extension will do.

    Annotations refer to the stored pixels, so a rotation noted in a file's EXIF data is not applied.

    Raises:
        InputError: P261 a name that leads out of the folder, P262 a file that is not there (all at once).
    """

    def __init__(self, truth: PoseSet, root: Path) -> None:
        if not os.path.isdir(root):
            raise UsageError("P114", where=shown(root), what="is not a folder", wanted="the folder of images")
        self.frames = truth.frames
        self.root = root
        faults = Faults()
        self.files = [self._find(row, truth.origin.name, faults) for row in range(len(self.frames))]
        faults.raise_if_any()

    def _find(self, row: int, name: str, faults: Faults) -> Path:
        given = str(self.frames.path[row]).replace("\\", "/")
        parts = PurePosixPath(given).parts
        where = f"{name}: image {shown(self.frames.key[row])}"
        if not parts:
            faults.add("P262", where=where, what="has no file name")
        elif parts[0].startswith("/") or ".." in parts or ":" in parts[0] or "\0" in given:
            faults.add(
                "P261", where=where, what=f"has the path {shown(given)}", wanted="a path below the folder"
            )
        else:
            # A ground-truth file may say `images/val/0001/0.jpg` where the user passes `images/val`.
            candidates = [self.root.joinpath(*parts[skip:]) for skip in range(len(parts))]
            file = next((one for one in candidates if os.path.isfile(one)), None) or self._elsewhere[row]
            if file is not None:
                return file
            faults.add(
                "P262",
                where=where,
                what=f"{shown(given)} is not in the folder {shown(os.path.abspath(self.root))}",
                hint="pass the folder that holds the images with --images",
            )
        return self.root

    @cached_property
    def _elsewhere(self) -> Sequence[Path | None]:
        """Images in any sub-folder and with any extension, for frames without a file of their very name."""
        try:
            return images_of(self.frames, self.root).files
        except UsageError:  # there is none of any frame
            return [None] * len(self.frames)

    def file(self, row: int) -> Path:
        return self.files[row]

    def load(self, row: int) -> Picture:
        picture = read_image(self.files[row], upright=False)
        stated = self.frames.size[row]
        found = (picture.shape[1], picture.shape[0])
        if np.isfinite(stated).all() and tuple(stated) != found:
            raise error_of(
                [
                    Fault(
                        "P430",
                        shown(self.frames.path[row]),
                        f"is {found[0]} x {found[1]} pixels",
                        f"the ground truth says {stated[0]:g} x {stated[1]:g}",
                        "use the original images; resized or rotated ones would be scored wrongly",
                    )
                ]
            )
        return picture

    def describe(self) -> dict[str, Any]:
        return {"images": self.root.name, "count": len(self.frames)}


class VideoPictures(Pictures):
    """The frames of one video, through PyAV or imageio, decoded in order.

    Raises:
        UsageError: P114 no such file. MissingFeature: P601 no reader.
        FormatError: P260 no video, no frame, or without `cut` frames that end before the time that the file
            states.
    """

    parallel = False

    def __init__(self, path: Path, cut: bool = False) -> None:
        if not os.path.isfile(path):
            raise UsageError("P114", where=shown(path), what="is not a file", wanted="a video")
        self.path = path
        self._open, self.reader, count, self.notices = _video_reader(path)
        if not count:
            raise FormatError("P260", where=shown(path.name), what="holds no frame", wanted="a video")
        if self.notices and not cut:
            raise FormatError(
                "P260",
                where=shown(path.name),
                what=f"was cut off: {self.notices[0].text.partition(': ')[2]}",
                wanted="a complete video",
                hint="pass --skip-unreadable to take the frames that are there",
            )
        self.frames = Frames(
            np.array([str(index + 1) for index in range(count)], dtype=np.str_),
            number=np.arange(count),
            path=np.array([f"{path.stem}/{index:06d}.jpg" for index in range(count)], dtype=np.str_),
            sequences=(path.stem,),
        )
        self._next = 0
        self._stream: Iterator[Picture] | None = None
        self._end, self._why = count, ""  # the first frame that cannot be decoded, and why

    def file(self, row: int) -> Path:
        return self.path

    def load(self, row: int) -> Picture:
        if row < self._end:
            picture = self._decoded(row)
            if picture is not None:
                return picture
        raise FormatError("P260", where=shown(self.path.name), what=self._why, wanted="a complete video")

    def _decoded(self, row: int) -> Picture | None:
        """The image of a frame; None, and why, where the video ends before it."""
        if self._stream is None or row < self._next:
            self._stream, self._next = self._open(), 0
        try:
            while True:
                picture = next(self._stream)
                self._next += 1
                if self._next > row:
                    return picture
        except StopIteration:
            self._why = f"ends after {self._next} of {len(self.frames)} frames"
        except Exception as error:  # PyAV and imageio raise their own kinds for a damaged stream
            self._why = f"cannot be decoded at frame {self._next} ({shown(error)})"
        self._stream, self._end = None, self._next
        return None

    def describe(self) -> dict[str, Any]:
        return {"video": self.path.name, "count": len(self.frames), "reader": self.reader}


def image_files(root: Path) -> list[Path]:
    """Images below a folder in natural order (`2.png` before `10.png`), or the one image given.

    Raises:
        UsageError: P114 no such path.
        FormatError: P263 a folder without images.
    """
    if os.path.isfile(root):
        return [root]
    if not os.path.isdir(root):
        raise UsageError("P114", where=shown(root), what="does not exist", wanted="an image or a folder")
    found = [
        Path(folder) / name
        for folder, _, names in os.walk(root)
        for name in names
        if Path(name).suffix.lower() in IMAGE_SUFFIXES and not name.startswith(".")
    ]
    if not found:
        raise FormatError(
            "P263",
            where=shown(root),
            what="holds no image",
            wanted=f"files that end in {', '.join(sorted(IMAGE_SUFFIXES))}",
        )
    return sorted(found, key=lambda path: natural(path.as_posix()))


def read_image(path: Path, *, upright: bool) -> Picture:
    """An image file as red, green and blue bytes; `upright` turns it as its EXIF data say.

    Raises:
        FormatError: P260 no image, or cut short; LimitError: P510 too many pixels.
    """
    from PIL import Image, ImageOps

    require_regular(path, shown(path.name))
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise error_of(
                    [
                        Fault(
                            "P510",
                            shown(path.name),
                            f"has {opened.width} x {opened.height} pixels",
                            f"at most {MOST_PIXELS:,}",
                        )
                    ]
                )
            turned = ImageOps.exif_transpose(opened) if upright else opened
            return np.asarray(turned.convert("RGB"), dtype=np.uint8)
    except PosevalError:
        raise
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError, struct.error, ... by format
        raise FormatError(
            "P260",
            where=shown(path.name),
            what=f"cannot be read as an image ({shown(error)})",
            wanted="a complete image file",
            hint="fetch the file again; it may be truncated",
        ) from error


def _video_reader(path: Path) -> tuple[Callable[[], Iterator[Picture]], str, int, tuple[Notice, ...]]:
    """(function that starts decoding, name of the reader, number of frames, what is odd about them)."""
    # FFmpeg, behind PyAV, reads some animated GIFs as a single frame
    av = None if path.suffix.lower() == ".gif" else _optional("av")
    if av is not None:
        return (lambda: _decode_av(av, path)), f"PyAV {av.__version__}", *_count_av(av, path)
    imageio = _optional("imageio.v3")
    if imageio is None:
        raise MissingFeature(
            "P601",
            where=shown(path.name),
            what="needs PyAV or imageio (GIF needs imageio), but none is installed",
            wanted="the extra `video`",
            hint="pip install 'poseval[video]'",
        )

    def frames() -> Iterator[Picture]:
        for picture in imageio.imiter(path):
            yield np.asarray(picture[..., :3], dtype=np.uint8)

    return frames, "imageio", _counted(frames, path), ()


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _counted(frames: Callable[[], Iterator[Picture]], path: Path) -> int:
    try:
        return sum(1 for _ in frames())
    except Exception as error:  # imageio passes on what its plugins raise
        raise FormatError(
            "P260", where=shown(path.name), what=f"cannot be read as a video ({shown(error)})"
        ) from error


def _count_av(av: Any, path: Path) -> tuple[int, tuple[Notice, ...]]:
    """Frames by counting packets, which needs no decoding; containers often state the number wrongly.

    A file that was cut off still states how long it was.
    """
    count, end = 0, 0.0
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stated = stream.duration * stream.time_base if stream.duration else 0
            if not stated and container.duration and len(container.streams) == 1:
                stated = container.duration / av.time_base
            for packet in container.demux(stream):
                if packet.size:
                    count += 1
                    end = max(end, ((packet.pts or 0) + (packet.duration or 0)) * float(packet.time_base))
            if end >= SHORT * float(stated):
                return count, ()
            text = f"{shown(path.name)}: frames end at {end:.1f} s of {float(stated):.1f} s"
            return count, (Notice("N139", text, count),)
    except (OSError, IndexError, ValueError) as error:
        raise FormatError(
            "P260", where=shown(path.name), what=f"cannot be read as a video ({shown(error)})"
        ) from error


def _decode_av(av: Any, path: Path) -> Iterator[Picture]:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"  # frames in several threads, in the same order
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
