"""What all tests share: one that needs an extra skips where the extra is not installed, and says so."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from poseval.errors import MissingFeature

# What needs forks and cannot be imported without, as on Windows: challenges and pseudo-terminals.
NEED_FORKS = (
    *("challenge/*", "*/test_challenge*.py", "*/test_second_ring*.py", "hostile/test_pipes.py"),
    *("hostile/test_probing.py", "hostile/test_side_numbers.py", "hostile/test_tarballs.py"),
)
collect_ignore_glob = () if hasattr(os, "fork") else NEED_FORKS


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, None, None]:
    """A fixture that needs a package which is absent skips its test."""
    try:
        return (yield)
    except MissingFeature as error:
        pytest.skip(str(error).splitlines()[0])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """A test that needs a package which is absent is skipped."""
    try:
        return (yield)
    except MissingFeature as error:
        pytest.skip(str(error).splitlines()[0])
