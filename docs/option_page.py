"""docs/model_options.md, generated from the models' cards.

python docs/option_page.py > docs/model_options.md
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from poseval.models.registry import ModelCard, card, list_models
from poseval.models.schema import Option, typed

HEAD = """# Options of the models

Generated from the cards by `python docs/option_page.py`; a test fails when it is not current.
`poseval models NAME` prints the options of one model with its own defaults.

An option is typed as `--option NAME=VALUE` in `poseval run` and `poseval train`; brackets around a list
may be typed or left out. In Python it is an argument of `create_model`. Unknown names, other values, and
a change that has no effect in the network are refused (P152). A checkpoint of `poseval train` holds all
options it was trained with. Those marked *free* may differ when it runs; others are refused (P452) unless
`--override` is given.

Defaults are the published networks. The last column is what the paper states about the option.
"""


def _row(option: Option, entries: Sequence[ModelCard]) -> str:
    defaults = dict.fromkeys(typed(entry.sized().config[option.name]) for entry in entries)
    no_effect = ""
    if option.unless is not None:
        other, values = option.unless
        no_effect = f"; no effect with {other}={' or '.join(map(typed, values))}"
    name = f"`{option.name}`" + (" *(free)*" if option.free else "")
    cells = (name, option.allowed, " or ".join(defaults), option.meaning + no_effect, option.paper)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def render() -> str:
    """The page as Markdown: one table for each set of models that share their options."""
    groups: dict[tuple[str, tuple[Option, ...]], list[ModelCard]] = {}
    for name in list_models():
        entry = card(name)
        if entry.builder.startswith("poseval.") and entry.options:
            groups.setdefault((entry.family, entry.options), []).append(entry)
    lines = [HEAD]
    for (_, options), entries in groups.items():
        lines += ["## " + ", ".join(entry.name for entry in entries), ""]
        lines += ["| option | values | default | meaning | the paper |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(option, entries) for option in options]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(render())
