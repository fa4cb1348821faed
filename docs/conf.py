"""The documentation as a site: `make docs` builds it into build/site."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from poseval._version import __version__

sys.path.insert(0, str(Path(__file__).resolve().parent))

project = "poseval"
copyright = "2026 the poseval developers"
version = release = __version__
extensions = ["myst_parser", "sphinx_click", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
default_role = "code"  # as docstrings are written
autodoc_typehints = "none"  # api.md has them
autodoc_member_order = "bysource"
smartquotes = False  # two dashes begin an option
source_suffix = {".md": "markdown"}
# Links between files work on the site as they do in a checkout.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
html_theme = "furo"
html_title = f"poseval {__version__}"
html_copy_source = False
html_show_sphinx = False
html_extra_path = ["report.schema.json"]
templates_path = ["_templates"]
html_static_path = ["_static"]
# As furo has it, with a menu of versions.
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "versions.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
# Blocks that are no language are commands and what they print.
highlight_language = "none"
linkcheck_anchors = False
linkcheck_ignore = [r"^dask:", r"^https://(HOST|example\.org)/"]  # examples of addresses
# One manual page with every command: python -m sphinx -b man docs build/man
man_pages = [("commands", "poseval", "score human-pose predictions", "", 1)]


def setup(app: Any) -> None:
    """Draw the figures of the gallery before the pages are read."""
    import gallery

    app.connect("builder-inited", lambda _: gallery.draw())
