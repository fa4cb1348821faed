"""`poseval doctor`."""

from __future__ import annotations

import locale
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import click

from poseval._version import __version__
from poseval.cli.terminal import say_table
from poseval.errors import PosevalError, shown
from poseval.threads import thread_limit

Row = tuple[str, str]
MISSING = "missing"
NAME = re.compile(r"[\w.-]+")
EXTRA = re.compile(r"extra == [\"']([\w.-]+)")


@click.command()
def doctor() -> None:
    """Print versions, extras, threads, limits and settings in a form to paste into a bug report.

    Names of folders are left out, and nothing is sent anywhere.
    """
    say_table(list(_rows()))


def _rows() -> Iterator[Row]:
    yield "poseval", __version__
    yield "Python", f"{platform.python_version()} ({platform.python_implementation()})"
    yield "system", f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield "locale", f"{locale.setlocale(locale.LC_CTYPE)}, stdout in {getattr(sys.stdout, 'encoding', None)}"
    yield "processors", f"{os.cpu_count()}"
    yield "threads", _or_error(_threads)
    yield "kernels", _or_error(_kernels)
    yield "memory limit", _memory_limit()
    yield "limits", _or_error(_changed_limits)
    yield "variables", ", ".join(sorted(name for name in os.environ if name.startswith("POSEVAL_"))) or "none"
    yield "settings", _or_error(_settings)
    yield "plug-ins", ", ".join(sorted(_plugins())) or "none"
    yield from _packages()


def _or_error(read: Callable[[], str]) -> str:
    try:
        return read()
    except (PosevalError, ImportError) as error:
        text = " ".join(str(error).split())  # a message of several lines
        return f"wrong: {shown(text, 400)}"


def _threads() -> str:
    return str(thread_limit())


def _kernels() -> str:
    from poseval.kernels import _kernels

    return f"compiled, {Path(str(_kernels.__file__)).name}"


def _memory_limit() -> str:
    try:
        import resource
    except ImportError:  # Windows
        return "none that is known"
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return "none" if soft == resource.RLIM_INFINITY else f"{soft:,} bytes"


def _changed_limits() -> str:
    from poseval.limits import Limits, describe, from_environment

    changed = [
        f"{name}={value}"
        for name, value, _ in describe(from_environment())
        if value != getattr(Limits(), name)
    ]
    return ", ".join(changed) or "as delivered"


def _settings() -> str:
    from poseval.cli.settings import settings

    found = settings(Path.cwd())
    return "none" if found is None else shown(found.path.name)


def _plugins() -> Iterator[str]:
    for kind in ("formats", "metrics", "benchmarks", "models", "trackers", "crosschecks"):
        for point in metadata.entry_points(group=f"poseval.{kind}"):
            yield shown(f"{kind}:{point.name}")


def _packages() -> Iterator[Row]:
    """Versions of what poseval needs, then of each extra."""
    extras: dict[str, list[str]] = {}
    try:
        required = metadata.requires("poseval") or ()
    except metadata.PackageNotFoundError:
        yield "packages", "not known: poseval is not installed, and runs from a folder of its sources"
        return
    for text in required:
        if "python_version" in text and _version(NAME.findall(text)[0]) == MISSING:
            continue  # for other versions of Python
        name = NAME.findall(text)[0]
        extra = EXTRA.search(text)
        extras.setdefault(extra[1] if extra else "", []).append(f"{name} {_version(name)}")
    for extra_name, found in extras.items():
        yield f"extra {extra_name}" if extra_name else "needed", ", ".join(found)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return MISSING
