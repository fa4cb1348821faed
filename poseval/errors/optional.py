"""Optional packages, imported only when needed."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from poseval.errors import MissingFeature, shown


def require(package: str, where: str, extra: str | None, otherwise: str | None = None) -> Any:
    """Import an optional module; `otherwise` says what can be done without it.

    Raises:
        MissingFeature: P601 with the extra that installs it, or the reason why it cannot be imported.
    """
    path = list(sys.path)
    try:
        return import_module(package)
    except ImportError as error:
        sys.path[:] = (
            path  # OpenCV, where it fails, leaves its own folder there, whose `typing` hides Python's
        )
        name = package.partition(".")[0]
        absent = isinstance(error, ModuleNotFoundError) and error.name == name
        name = name.replace("_", "-")
        install = f"pip install 'poseval[{extra}]'" if extra else f"pip install {name}"
        raise MissingFeature(
            "P601",
            where=where,
            what=f"needs {name}, which is not installed"
            if absent
            else f"{name} cannot be imported ({shown(error)})",
            wanted=f"it comes with the extra `{extra}`" if extra else None,
            hint=f"{install}, or {otherwise}" if otherwise else install,
        ) from error
