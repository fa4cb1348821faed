"""pycocotools' COCOeval with keypoints evaluated here, and everything else as it was.

    import poseval.compat
    poseval.compat.patch_pycocotools()              # for good; or: with poseval.compat.patch_pycocotools():
    from pycocotools.cocoeval import COCOeval       # keypoints by poseval, boxes and masks by pycocotools

The class is one of pycocotools' own with two methods replaced, so that whatever programs take from it is
there: `_prepare`, `computeOks`, `evaluateImg`, `ious`, `_gts`, `_dts`, `summarize` and its prints. The arrays
are bit for bit the same. Where a program has its own methods, assigns `evalImgs`, reads and may edit them, or
asks for what poseval counts otherwise (`useCats = 0`), pycocotools does the work.
"""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from poseval.compat.cocoeval import COCOeval as OwnCOCOeval
from poseval.errors.optional import require

OWN = ("_prepare", "computeOks", "evaluateImg")  # methods that decide; where they are a program's, they count


class Patch:
    """A patch that is in force; leaving its `with`, or `undo()`, takes it back."""

    def __init__(self, module: Any) -> None:
        self._module, self._before = module, module.COCOeval
        module.COCOeval = patched(_original(module.COCOeval))

    def undo(self) -> None:
        """Put back what was there before."""
        self._module.COCOeval = self._before

    def __enter__(self) -> Patch:
        return self

    def __exit__(self, *error: object) -> None:
        self.undo()


def patch_pycocotools() -> Patch:
    """Let `from pycocotools.cocoeval import COCOeval` give a class that evaluates keypoints here.

    It is in force at once, for imports that come after it. What was imported before keeps its class. As a
    context manager it ends with the block.

    Raises:
        MissingFeature: P601 pycocotools is not installed.
    """
    return Patch(require("pycocotools.cocoeval", "patch_pycocotools", None))


def _original(kind: Any) -> Any:
    """pycocotools' own class, also of a module that is patched already."""
    return getattr(kind, "original", kind)


@cache
def patched(original: Any) -> Any:
    """A class of pycocotools with keypoints evaluated here."""

    class COCOeval(original):  # type: ignore[misc]
        """pycocotools' COCOeval; keypoints are evaluated by poseval."""

        _run: Any = None  # the evaluation of ours that stands for evalImgs, ious, _gts and _dts
        _held: Any = None  # what pycocotools, or a program, put into these names

        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            self._held = {}
            super().__init__(*arguments, **keywords)

        def evaluate(self) -> None:
            """Match every image and category; see pycocotools."""
            self._run = None
            if _is_plain(self):
                run = OwnCOCOeval(self.cocoGt, self.cocoDt)
                run.params = self.params
                run.evaluate()
                self._run, self._held = run, {}
                self.eval: dict[str, Any] = {}
                self._paramsEval = copy.deepcopy(self.params)
                return
            super().evaluate()

        def accumulate(self, p: Any = None) -> None:
            """Fill `eval`; see pycocotools."""
            if self._run is None or "evalImgs" in self._held or p is not None or not _unchanged(self):
                super().accumulate(p)
                return
            self._run.accumulate(self.params)
            self.eval = self._run.eval

    for name in ("evalImgs", "ious", "_gts", "_dts"):
        setattr(COCOeval, name, _lazily(name))
    COCOeval.original = original
    COCOeval.__module__, COCOeval.__qualname__ = original.__module__, original.__qualname__  # for pickle
    return COCOeval


def _lazily(name: str) -> property:
    """A name of pycocotools that is made when it is first asked for. From then on it is the program's."""

    def read(self: Any) -> Any:
        if name not in self._held and self._run is not None:
            if name.startswith("_"):
                held, found = dict(self._held), self.eval
                self._prepare()  # pycocotools empties evalImgs and eval on the way
                self._held, self.eval = held | {key: self._held[key] for key in ("_gts", "_dts")}, found
            else:
                self._held[name] = getattr(self._run, name)
        return self._held[name]

    def write(self: Any, value: Any) -> None:
        self._held[name] = value

    return property(read, write)


def _is_plain(run: Any) -> bool:
    """Whether an evaluation asks for nothing that pycocotools alone does."""
    p, kind = run.params, type(run)
    # By the module that a method comes from: some programs assign to the class itself.
    own = any(getattr(kind, name).__module__ != kind.original.__module__ or name in vars(run) for name in OWN)
    ranges = len(p.areaRng) and all(len(bounds) == 2 for bounds in p.areaRng)
    full = bool(ranges and len(p.iouThrs) and len(p.maxDets) and len(p.imgIds))
    known = run.cocoGt is not None and run.cocoDt is not None
    return p.iouType == "keypoints" and p.useSegm is None and p.useCats == 1 and known and full and not own


def _unchanged(run: Any) -> bool:
    """Whether the parameters are those that were evaluated."""
    mine, seen = vars(run.params), vars(run._paramsEval)
    lists = ("imgIds", "catIds", "iouThrs", "maxDets", "areaRng")
    same = all(list(map(str, mine[name])) == list(map(str, seen[name])) for name in lists)
    return same and mine["useCats"] == seen["useCats"]
