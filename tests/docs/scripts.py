"""The scripts of docs/, imported by their path: they belong to no package."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from tests.shared import ROOT

DOCS = ROOT / "docs"


def script(name: str) -> ModuleType:
    """A script of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
