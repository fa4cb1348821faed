"""The interfaces of other tools, and cross-checks against their programs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from poseval.compat.coco import COCO
    from poseval.compat.cocoeval import COCOeval, Params
    from poseval.compat.patch import patch_pycocotools

__all__ = ["COCO", "COCOeval", "Params", "patch_pycocotools"]

_PLACES = {
    "COCO": "poseval.compat.coco",
    "COCOeval": "poseval.compat.cocoeval",
    "Params": "poseval.compat.cocoeval",
    "patch_pycocotools": "poseval.compat.patch",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
