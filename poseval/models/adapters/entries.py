"""Networks that a function of the user's makes: `module:function`, whose module may lie beside the card.

Cards in several folders may have modules of the same names, and a module may have the name of an installed
one: what lies beside the card comes first while it is imported, and is kept apart afterwards.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from modulefinder import ModuleFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from poseval.errors import PosevalError, UsageError, did_you_mean, shown

MOST_NAMES = 10  # functions of a module that a message lists
KEPT: dict[Path, dict[str, ModuleType]] = {}  # modules that were loaded from beside a card, by its folder


def made_by(
    entry: str, folder: str, joints: int, input_size: tuple[int, int], options: Mapping[str, Any]
) -> nn.Module:
    """The module that `module:function` makes.

    Raises:
        UsageError: P880 no such function, an option that it does not take, whatever it raises, or something
            that is no network.
    """
    place = Path(folder).resolve()
    with blamed(f"entry {entry}"):
        with _beside(place, _first(entry.partition(":")[0])):
            function = _function(entry, folder)
        _check_options(entry, function, options)
        with _beside(place):
            made = function(joints=joints, input_size=input_size, **options)
    if not isinstance(made, nn.Module):
        raise UsageError(
            "P880",
            where=f"entry {shown(entry)}",
            what=f"makes a {shown(type(made).__name__)}",
            wanted="a torch.nn.Module",
        )
    return made


def code_files(entry: str, folder: str) -> dict[str, Path]:
    """Files of a function's code by name: its module's, and of those beside the card all that it imports."""
    name, place = entry.partition(":")[0], Path(folder).resolve()
    if not _has(place, _first(name)):
        file = getattr(sys.modules.get(name), "__file__", None)
        return {Path(file).name: Path(file)} if file else {}
    finder = ModuleFinder([str(place)])
    finder.import_hook(name)
    files = [getattr(module, "__file__", None) for module in finder.modules.values()]
    return {Path(file).relative_to(place).as_posix(): Path(file) for file in sorted(filter(None, files))}


@contextmanager
def _beside(folder: Path, first: str | None = None) -> Iterator[None]:
    """A context in which modules of a folder come first, whatever was loaded under their names.

    Set aside are others named `first`, for no longer than it is imported, and other cards' modules.
    """
    mine = KEPT.setdefault(folder, {})
    others = {_first(name) for loaded in KEPT.values() for name in loaded}
    names = [
        name
        for name, module in sys.modules.items()
        if _first(name) in {first, *others} and _has(folder, _first(name)) and not _lies_in(module, folder)
    ]
    aside = {name: sys.modules.pop(name) for name in names}
    sys.modules.update(mine)
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        new = {name: sys.modules[name] for name in sys.modules.keys() - before}
        mine |= {name: module for name, module in new.items() if _lies_in(module, folder)}
        for name in [name for name in sys.modules if name in mine and _first(name) in map(_first, aside)]:
            del sys.modules[name]
        sys.modules.update(aside)


def _first(name: str) -> str:
    return name.partition(".")[0]


def _has(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file()


def _lies_in(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).resolve().is_relative_to(folder)


@contextmanager
def blamed(name: str) -> Iterator[None]:
    """Turn an exception of a user's own code into an error that names it, P880."""
    try:
        yield
    except PosevalError:
        raise
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        raise UsageError(
            "P880", where=shown(name), what=f"fails ({type(error).__name__}: {shown(first, 200)})"
        ) from error


def _function(entry: str, folder: str) -> Any:
    """The function of an entry `module:function`.

    Raises:
        UsageError: P880 no such module or function, with near names. And what the module raises.
    """
    name, _, attribute = entry.partition(":")
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in (name, name.partition(".")[0]):
            raise
        files = sorted(path.stem for path in Path(folder).glob("*.py"))
        raise UsageError(
            "P880",
            where=f"entry {shown(entry)}",
            what=f"names the module {shown(name)}, which is not found",
            wanted=f"an installed module, or a file {shown(name)}.py beside the card",
            hint=did_you_mean(name, files, 1),
        ) from error
    if not hasattr(module, attribute):
        made_here = [
            key
            for key, value in vars(module).items()
            if callable(value) and getattr(value, "__module__", "") == name
        ]
        raise UsageError(
            "P880",
            where=f"entry {shown(entry)}",
            what=f"names the function {shown(attribute)}, which the module does not have",
            wanted=f"one of {', '.join(map(shown, made_here[:MOST_NAMES]))}" if made_here else "a function",
            hint=did_you_mean(attribute, made_here, 1),
        )
    return getattr(module, attribute)


def _check_options(entry: str, function: Any, options: Mapping[str, Any]) -> None:
    """Refuse options that a function does not take.

    Raises:
        UsageError: P880.
    """
    try:
        taken = inspect.signature(function).parameters
    except (TypeError, ValueError):  # what is written in C may not tell
        return
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken.values()):
        return
    known = [name for name in taken if name not in ("joints", "input_size")]
    for name in options:
        if name not in known:
            raise UsageError(
                "P880",
                where=f"entry {shown(entry)}",
                what=f"takes no option {shown(name)}",
                wanted=f"one of {', '.join(map(shown, known))}" if known else "no option",
                hint=did_you_mean(name, known, 1),
            )
