"""Write docs/names.md: every public name, for which Sphinx shows the docstring.

python docs/names_page.py > docs/names.md
"""

from __future__ import annotations

import inspect
import sys

import poseval

HEAD = """# Names and their docstrings

What `help(poseval.NAME)` says: arguments with shapes and units, results, and the errors that are raised.
[Python API](api.md) has an example of each.

```{eval-rst}"""


def entry(name: str) -> str:
    """The directive of one name."""
    found = getattr(poseval, name)
    if inspect.isclass(found):
        return f".. autoclass:: poseval.{name}\n   :members:"
    return f".. autofunction:: poseval.{name}"


def render() -> str:
    """The page."""
    names = sorted(set(poseval.__all__) - {"__version__"})
    return "\n\n".join([HEAD, *map(entry, names)]) + "\n```\n"


if __name__ == "__main__":
    sys.stdout.write(render())
