"""The units that are compiled hold every kernel once: one that is left out would be missed at import only."""

from __future__ import annotations

import re

from tests.shared import ROOT

KERNELS = ROOT / "poseval" / "kernels"


def test_every_kernel_is_in_one_unit() -> None:
    text = "".join(unit.read_text("utf-8") for unit in sorted((KERNELS / "units").glob("*.cpp")))
    assert sorted(re.findall(r'#include "\.\./(\w+\.cpp)"', text)) == sorted(
        path.name for path in KERNELS.glob("*.cpp")
    )
