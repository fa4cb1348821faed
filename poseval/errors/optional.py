"""Packages that not everybody has installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from poseval.errors import MissingFeature, shown


def require(package: str, where: str, extra: str | None, otherwise: str | None = None) -> Any:
    """The module of that name, imported; `otherwise` says what else one can do.

    Raises:
        MissingFeature: P601 naming the extra that brings it; a package that is there and fails says why.
    """
    try:
        return import_module(package)
    except ImportError as error:
        name = package.partition(".")[0]
        absent = isinstance(error, ModuleNotFoundError) and error.name == name
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
