"""Defaults of options from a file: `poseval.toml`, or `[tool.poseval]` of a pyproject.toml.

The nearest file above the current folder holds. A key is an option without its dashes. At the top it is for
every command that has the option, in a table (`[tool.poseval.score]`) for one command. What is typed wins.
Options that write files are not taken from a file that may have come with a clone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click

from poseval.errors import FormatError, UsageError, shown, unknown_name

NAMES = ("poseval.toml", "pyproject.toml")
MOST_BYTES = 1_000_000
# Options that a file may set: they say what is read and asked for, none names a file to write or to run.
ALLOWED = frozenset(
    [
        "gt",
        "benchmark",
        "metric",
        "rules",
        "ties",
        "skeleton",
        "sigmas",
        "joints",
        "near",
        "derive",
        "align",
        "transform",
        "gt-format",
        "format-in",
        "category",
        "per-joint",
        "slice",
        "limit",
        "unit",
        "digits",
        "level",
        "ci",
        "ci-method",
        "resamples",
        "seed",
        "cluster",
        "seed-sd",
        "images",
        "workers",
        "max-drop",
        "guard",
        "significant",
        "require",
        "quiet",
    ]
)

# Of these a file may give a name or a file.
NAMES_OR_FILES = frozenset(["skeleton", "sigmas", "slice", "cluster"])

NO_OUTPUTS = "; options that write files are only taken from the command line"


@dataclass(frozen=True)
class Settings:
    """The defaults of a file: keys for all commands, and tables for one command each."""

    path: Path
    shared: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Any]]

    def of(self, command: click.Command) -> dict[str, Any]:
        """Names of parameters of a command -> values, for click.

        Raises:
            UsageError: P871 a table has an option that its command lacks.
        """
        options = options_of(command)
        own = self.tables.get(str(command.name), {})
        for key in own:
            if key not in options or key not in ALLOWED:
                known = sorted(ALLOWED & options.keys())
                raise unknown_name(
                    "P871", f"{self.path.name}: [{command.name}]: option", key, known, NO_OUTPUTS
                )
        asked = {key: value for key, value in {**self.shared, **own}.items() if key in options}
        return {str(options[key].name): self._value(options[key], value) for key, value in asked.items()}

    def _value(self, option: click.Option, value: Any) -> Any:
        """A value as it would be typed. Paths stand relative to the file."""
        if option.multiple:
            return [
                self._value_of_one(option, one) for one in (value if isinstance(value, list) else [value])
            ]
        return self._value_of_one(option, value)

    def _value_of_one(self, option: click.Option, value: Any) -> Any:
        if isinstance(value, bool):
            return value
        text = str(value)
        if "://" in text:
            raise UsageError(
                "P811",
                where=f"{self.path.name}: {shown(text, 60)!r}",
                what="is an address, which a settings file may not open",
                wanted="a path",
                hint="type it on the command line",
            )
        beside = os.path.join(self.path.parent, text)
        there = os.path.exists if isinstance(option.type, click.Path) else os.path.isfile
        known = isinstance(option.type, click.Path) or option.opts[0].removeprefix("--") in NAMES_OR_FILES
        return os.path.relpath(beside) if known and text and there(beside) else text


def options_of(command: click.Command) -> dict[str, click.Option]:
    """The options of a command by their long names, without dashes."""
    return {
        text.removeprefix("--"): parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for text in parameter.opts
        if text.startswith("--")
    }


@cache
def settings(folder: Path) -> Settings | None:
    """The defaults that hold in a folder.

    Raises:
        FormatError: P291 the file is not TOML.
        UsageError: P871 a key that is not an option, or one that a file may not set.
    """
    for place in (folder, *folder.parents):
        for name in NAMES:
            path = place / name
            if os.path.isfile(path):
                table = _table(path)
                if table is not None:
                    return _checked(path, table)
        if os.path.exists(place / ".git"):
            break
    return None


def _table(path: Path) -> dict[str, Any] | None:
    """The table of poseval in a file; None for a pyproject.toml without one."""
    from poseval.files.reading import read_text
    from poseval.files.toml import read_toml

    own = path.name == NAMES[0]
    try:
        if not own and "tool.poseval" not in read_text(path):
            return None  # most of them; parsing would take longer than everything else here
        found = read_toml(path)
        table = found if own else found.get("tool", {}).get("poseval", {})
    except ValueError as error:
        raise FormatError(
            "P291",
            where=shown(path.name),
            what=f"is not TOML ({shown(error, 200)})",
            wanted="lines KEY = VALUE",
        ) from None
    if not isinstance(table, dict):
        raise FormatError(
            "P291", where=shown(path.name), what="tool.poseval is not a table", wanted="[tool.poseval]"
        )
    return table


def _checked(path: Path, table: Mapping[str, Any]) -> Settings:
    from poseval.cli import COMMANDS

    shared = {key: value for key, value in table.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    for key in shared:
        if key not in ALLOWED:
            raise unknown_name("P871", f"{path.name}: option", key, sorted(ALLOWED), NO_OUTPUTS)
    for key in tables:
        if key not in COMMANDS:
            raise unknown_name("P871", f"{path.name}: command", key, COMMANDS)
    return Settings(path, shared, tables)


def announce(command: click.Command, found: Settings, say: Callable[[str], None]) -> None:
    """Let a command say which options it took from a file."""
    run = command.callback
    assert run is not None

    def told(*args: Any, **given: Any) -> Any:
        context = click.get_current_context()
        source = click.core.ParameterSource.DEFAULT_MAP
        taken = [one for one in command.params if context.get_parameter_source(str(one.name)) is source]
        hushed = given.get("quiet") and context.get_parameter_source("quiet") is not source
        if taken and not hushed:  # a file cannot hide itself
            said = " ".join(as_typed(one, given[str(one.name)]) for one in taken)
            say(f"options of {shown(os.path.relpath(found.path))}: {shown(said, 400)}")
        return run(*args, **given)

    command.callback = told


def as_typed(option: click.Parameter, value: Any) -> str:
    """An option with its value, as it would stand on the command line."""
    name = max(option.opts, key=len)
    if isinstance(value, bool):
        return name if value else f"{name}=no"
    if isinstance(value, tuple | list):
        return " ".join(as_typed(option, one) for one in value)
    return f"{name} {value}"
