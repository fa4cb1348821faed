"""docs/python.md and docs/integrations.md: every block runs, each in a folder with files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from poseval.synth import scene_set
from tests.docs.test_api_page import files as files
from tests.integrations.loaders import yolo_set
from tests.shared import ROOT

PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("python", "integrations")}
BLOCKS = [
    pytest.param(block, id=f"{name} {number}")
    for name, page in PAGES.items()
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL), 1)
]
PACKAGES = (
    "torchmetrics|ultralytics|transformers|pandas|matplotlib|pycocotools|lightning|mmengine|mlflow|wandb|"
    "torch.utils.tensorboard|aim"
)
NEEDED = re.compile(rf"(?:from|import) ({PACKAGES})")
ALSO = {".to_pandas(": "pandas", ".plot(": "matplotlib", ".worst(": "numpy"}


def test_no_block_is_of_another_kind() -> None:
    assert sum(page.count("```") for page in PAGES.values()) == 2 * len(BLOCKS)
    assert len(BLOCKS) >= 7


@pytest.mark.parametrize("block", BLOCKS)
def test_the_block_runs(block: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in files.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    if "set/data.yaml" in block:
        pytest.importorskip("ultralytics")
        yolo_set(tmp_path, scene_set(seed=3, images=4, people=2))
    for needed in [*NEEDED.findall(block), *(name for call, name in ALSO.items() if call in block)]:
        pytest.importorskip(needed)
    exec(compile(block, "a block of the page", "exec"), {"__name__": "page"})
