"""Modules of an mmpose checkout, without mmcv, mmdet and whatever else they import and do not use here."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path
from typing import Any


class _Anything(types.ModuleType):
    """A module all of whose names exist: for imports whose values the wanted function never uses."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def mmpose_module(checkout: Path, name: str) -> Any:
    """Import a module such as `mmpose.evaluation.metrics.keypoint_2d_metrics`.

    Packages that are not there are stood in for: mmpose itself by one that knows its folder, others by one
    that has every name.
    """
    while True:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if missing.name is None or missing.name in sys.modules:
                raise
            sys.modules[missing.name] = _stand_in(checkout, missing.name)


def _stand_in(checkout: Path, name: str) -> types.ModuleType:
    folder = checkout / name.replace(".", "/")
    module: types.ModuleType = _Anything(name)
    module.__path__ = [str(folder)] if folder.is_dir() else []
    return module
