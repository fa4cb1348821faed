"""Training samples in batches; order and variation depend on seed, epoch and place alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from poseval.errors import MismatchError
from poseval.poses import Array, Floats, PoseSet
from poseval.runners.boxes import truth_boxes
from poseval.runners.frames import Picture, Pictures
from poseval.training.task import PersonOf, Task

CACHE = 512 << 20  # bytes of decoded images that are kept
AHEAD = 3  # batches that wait, made by the loaders while the network works


class Samples(ABC):
    """Training samples by index, and their images.

    `cache` bytes of images stay decoded.
    """

    def __init__(self, pictures: Pictures, cache: int) -> None:
        self.pictures, self._left = pictures, cache
        self._kept: dict[int, Picture] = {}

    @abstractmethod
    def __len__(self) -> int:
        """Samples of one epoch."""

    @abstractmethod
    def one(self, task: Task, index: int, rng: np.random.Generator) -> Mapping[str, Array]:
        """The task's sample of thing `index`."""

    def steps(self, batch: int) -> int:
        """Batches of one epoch; one that is not full is left out unless it is the only one."""
        return max(1, len(self) // batch)

    def batches(
        self, task: Task, batch: int, seed: int, epoch: int, loaders: int
    ) -> Iterator[dict[str, Tensor]]:
        """Batches of one epoch, made ahead by `loaders` threads."""
        order = _generator(seed, epoch).permutation(len(self))
        cuts = [order[step * batch : (step + 1) * batch] for step in range(self.steps(batch))]

        def one(index: int) -> Mapping[str, Array]:
            return self.one(task, index, _generator(seed, epoch, index + 1))

        with ThreadPoolExecutor(loaders) as pool:
            waiting: deque[list[Future[Mapping[str, Array]]]] = deque()
            for cut in cuts:
                waiting.append([pool.submit(one, int(index)) for index in cut])
                if len(waiting) > AHEAD:
                    yield _stacked(waiting.popleft())
            while waiting:
                yield _stacked(waiting.popleft())

    def picture(self, frame: int) -> Picture:
        """The image of a frame, from memory where it is kept."""
        picture = self._kept.get(frame)
        if picture is None:
            picture = self.pictures.load(frame)
            if picture.nbytes <= self._left:  # two threads may both keep it: the same image, counted twice
                self._left -= picture.nbytes
                self._kept[frame] = picture
        return picture


class TrainingSet(Samples):
    """People of a ground-truth set with a box and a labelled joint.

    With `whole` an image is one sample, that of its first person.

    Raises:
        MismatchError: P432 when nobody can be trained on.
    """

    def __init__(self, truth: PoseSet, pictures: Pictures, cache: int = CACHE, whole: bool = False) -> None:
        super().__init__(pictures, cache)
        boxes, people = truth_boxes(truth), truth.people
        kept = np.flatnonzero((people.seen[boxes.person] > 0).any(axis=1))
        if not len(kept):
            what = "has no person with a box and a labelled joint"
            raise MismatchError("P432", where=truth.origin.name, what=what, wanted="people to train on")
        self.frame = boxes.frame[kept]
        self.people = [
            PersonOf(boxes.corners[i], people.xy[row], people.seen[row], float(people.area[row]))
            for i, row in zip(kept, boxes.person[kept], strict=True)
        ]
        self.regions = _regions(truth) if whole else {}
        self.starts = np.unique(self.frame, return_index=True)[1] if whole else np.arange(len(kept))

    def __len__(self) -> int:
        return len(self.starts)

    def one(self, task: Task, index: int, rng: np.random.Generator) -> Mapping[str, Array]:
        """The task's sample of one person, which includes the other people of the image."""
        first = self.starts[index]
        frame = int(self.frame[first])
        near = np.flatnonzero(self.frame == frame)
        others = tuple(self.people[other] for other in near if other != first)
        person = replace(self.people[first], others=others, ignored=self.regions.get(frame, ()))
        return task.sample(self.picture(frame), person, rng)


def _regions(truth: PoseSet) -> dict[int, tuple[Floats, ...]]:
    """Polygons of each frame where the ground truth does not say who is there.

    Regions to ignore, and the boxes of crowds and of people without a labelled joint.
    """
    people, ignore = truth.people, truth.ignore
    found: dict[int, list[Floats]] = {}
    for region, frame in enumerate(ignore.frame.tolist()):
        outline = ignore.vertices[ignore.start[region] : ignore.start[region + 1]]
        found.setdefault(frame, []).append(outline)
    unknown = (people.crowd | ~people.is_labelled) & np.isfinite(people.box).all(axis=1)
    for row in np.flatnonzero(unknown):
        left, top, right, bottom = people.box[row]
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        found.setdefault(int(people.frame[row]), []).append(corners)
    return {frame: tuple(outlines) for frame, outlines in found.items()}


def _generator(*seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(seed))))


def _stacked(futures: list[Future[Mapping[str, Array]]]) -> dict[str, Tensor]:
    samples = [future.result() for future in futures]
    return {name: torch.from_numpy(np.stack([one[name] for one in samples])) for name in samples[0]}
