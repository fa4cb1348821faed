"""Every count and amount of the command line has bounds of one type, and a number beyond them is refused."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from poseval.cli import COMMANDS, cli, invoke
from poseval.cli.numbers import Number

NUMBERS_OF_CLICK = (click.types.IntParamType, click.types.FloatParamType)


def options() -> Iterator[tuple[str, click.Option]]:
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield from ((name, option) for option in command.params if isinstance(option, click.Option))


BOUNDED = [(name, option) for name, option in options() if isinstance(option.type, Number)]


def test_no_option_takes_numbers_without_bounds() -> None:
    assert len(BOUNDED) > 20
    loose = [(name, option.opts) for name, option in options() if isinstance(option.type, NUMBERS_OF_CLICK)]
    assert not [entry for entry in loose if "count" not in entry]


@pytest.mark.parametrize(("name", "option"), BOUNDED, ids=lambda part: getattr(part, "opts", [part])[0])
def test_numbers_out_of_bounds_are_refused(
    name: str, option: click.Option, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = option.type
    assert isinstance(kind, Number)
    arguments = ["x"] if name != "list" else []
    for text in (kind.least - 1, kind.most * 2 + 1, "nan", "-inf", "1e999", "x", "", "9" * 5000):
        assert invoke([name, *arguments, option.opts[0], str(text)]) == 2
        said = capsys.readouterr().err
        assert f"{option.opts[0]}: is " in said
        assert "[P103]" in said
        assert "number from" in said
    for bound in (kind.least, kind.most):
        assert kind.convert(str(bound), option, None) == bound
