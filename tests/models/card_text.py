"""Text of card files for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

BASE: dict[str, dict[str, Any]] = {
    "": {"name": "mine", "licence": "Apache-2.0", "skeleton": "coco17"},
    "network": {"file": "net.onnx"},
    "input": {
        "size": [64, 48],
        "colour": "rgb",
        "mean": [0.485, 0.456, 0.406],
        "deviation": [0.229, 0.224, 0.225],
        "crop": "affine",
    },
    "output": {"decode": "quarter"},
}


def card_file(folder: Path, **changes: Mapping[str, Any]) -> Path:
    """A card in `folder` with the tables changed; `top` is what stands before them, None takes a key out."""
    lines = []
    for section, base in BASE.items():
        table = {**base, **changes.get(section or "top", {})}
        lines += [f"[{section}]"] if section else []
        lines += [f"{key} = {_value(value)}" for key, value in table.items() if value is not None]
    path = folder / "card.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)
