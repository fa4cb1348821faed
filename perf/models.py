"""The table of all reference models in docs/models.md: what agrees, what it costs, what it learnt.

    python perf/models.py --measure '*' --weights 'movenet_*=human-models-3.0.4.tgz' --agreement '*'
    pytest -m slow tests/training --junitxml=learnt.xml
    python perf/models.py --learnt learnt.xml --write docs/models.md

Run from the root of a checkout. Numbers stay in perf/models.json until they are measured again, so that one
model may be measured alone. `--measure` counts parameters and MACs as `poseval models` does, and times one
forward pass at the card's input on one thread: processor time, the least of --rounds medians (p50).
A round takes all models in turn, so that a busy minute of the machine costs one round of some models, and the
same network under two names gets the same time. `--agreement` runs the fixtures' checks (POSEVAL_SHARED) and
keeps the largest difference of the outputs. `--learnt` takes what the overfitting tests recorded. `--write`
replaces the table in a page.
"""

from __future__ import annotations

import argparse
import json
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median
from typing import Any

import torch
from sections import write_section

from poseval.errors import MissingFeature, UsageError
from poseval.models.cost import NamesInputs, cost_of
from poseval.models.networks.prtr_sequential import MOST_PEOPLE, PRTRSequential
from poseval.models.registry import ModelCard, card, create_model, list_models
from poseval.models.weights.load import load_weights

STORE = Path(__file__).resolve().with_name("models.json")
HEADER = (
    "model",
    "input",
    "agreement",
    "parameters M",
    "MACs G",
    "stated",
    "learnt here",
    "CPU ms (p50)",
    "switches",
)
PRECISIONS = ("float64", "float32")
RECORDED = "learnt:"  # before a model's name, in the properties of tests

# model: (recorded case, joints, input size); None where the card's are the case's
CASES: dict[str, tuple[str, int | None, tuple[int, int] | None]] = {
    "simplebaseline_r18": ("simplebaseline_r18_coco_256x192", None, None),
    "simplebaseline_r50": ("simplebaseline_r50_coco_256x192", None, None),
    "simplebaseline_r152": ("simplebaseline_r152_coco_384x288", None, None),
    "hrnet_w32": ("hrnet_w32_coco_256x192", None, None),
    "hourglass_2": ("hourglass2_princeton_mpii_256", None, None),
    "tokenpose_t": ("tokenpose_t_coco_256x192", None, None),
    "tokenpose_s_v1": ("tokenpose_s_v1_coco_256x192", None, None),
    "tokenpose_b": ("tokenpose_b_coco_256x192", None, None),
    "tokenpose_l_d6": ("tokenpose_l_d6_mpii_256x256", None, None),
    "dekr_w32": ("dekr_w32_coco_256", None, None),
    "prtr_r50": ("prtr_r50_coco_384x288", None, None),
    "prtr_w32": ("prtr_w32_mpii_256x256", 16, (256, 256)),
    "prtr_sequential": ("prtr_sequential_small", None, None),
    "ditehrnet_18": ("ditehrnet18_coco_256x192", None, None),
    "ditehrnet_30": ("ditehrnet30_mpii_256x256", 16, (256, 256)),
    "fan_1": ("fan1_aflw68_256", None, None),
    "pplcnet_x0_5": ("pplcnet_x0_5", None, None),
    "pplcnet_x1_0": ("pplcnet_x1_0", None, None),
    "lcnet_100": ("timm_lcnet_100", None, None),
    "ps_vit_ti_14": ("ps_vit_ti_14", None, None),
    "ps_vit_b_14": ("ps_vit_b_14", None, None),
}


def counted(entry: ModelCard, weights: Path | None) -> dict[str, Any]:
    """Parameters and MACs of a model; nothing where it lies in a file that is not given."""
    try:
        cost = cost_of(entry, weights)
    except (MissingFeature, UsageError):  # its network is the user's own file, or another package's
        return {}
    return {"parameters": cost.parameters, "macs": cost.macs}


def milliseconds(entry: ModelCard, weights: Path | None, passes: int) -> float:
    """Median processor time of a pass, with random weights where the network does not lie in its file."""
    torch.manual_seed(0)
    model = create_model(entry.name)
    if weights is not None:
        load_weights(model, weights)
    inputs: tuple[Any, ...] = (torch.rand(1, 3, *entry.input_size),)
    if isinstance(model, NamesInputs):
        inputs = model.example_inputs()
    if isinstance(model, PRTRSequential):
        inputs = (*inputs, None, MOST_PEOPLE)
    times = []
    with torch.inference_mode():
        model(*inputs)
        for _ in range(passes):
            start = time.process_time()
            model(*inputs)
            times.append(1000 * (time.process_time() - start))
    return median(times)


def measure(pattern: str, files: Mapping[str, Path], rounds: int, passes: int) -> None:
    """Count and time the models of a pattern, and keep what was found."""
    found: dict[str, dict[str, Any]] = {}
    for name in list_models():
        if fnmatchcase(name, pattern) and (cost := counted(card(name), file_of(name, files))):
            found[name] = cost
    for turn in range(rounds):
        for name, cost in found.items():
            now = milliseconds(card(name), file_of(name, files), passes)
            cost["ms"] = round(min(now, cost.get("ms", now)), 1)
            print(f"round {turn + 1} of {rounds}: {name} {now:.1f} ms", flush=True)
    for name, cost in found.items():
        keep(name, cost)


def file_of(name: str, files: Mapping[str, Path]) -> Path | None:
    """The file of a model's weights, by the first pattern that fits."""
    return next((path for pattern, path in files.items() if fnmatchcase(name, pattern)), None)


def agreement(name: str) -> dict[str, float]:
    """Largest difference of a model's outputs from its recorded case, as a share of the largest value."""
    from tests.models.fixture import check
    from tests.models.networks.test_prtr import small_sequential

    case, joints, size = CASES[name]
    model = small_sequential() if name == "prtr_sequential" else create_model(name, joints, size)
    exact = not name.startswith("pplcnet")  # Paddle's numbers are float32
    worst = check(model, case, dtypes=(torch.float64, torch.float32) if exact else (torch.float32,)).worst
    found = {}
    for kind in PRECISIONS:
        parts = [value for part, value in worst.items() if part.startswith(f"{kind} out")]
        if parts:
            found[kind] = max(parts)
    return found


def learnt(path: Path) -> dict[str, str]:
    """What tests recorded of the models they trained: text by model."""
    found = {}
    for node in ET.parse(path).getroot().iter("property"):
        name = node.get("name", "")
        if name.startswith(RECORDED):
            found[name.removeprefix(RECORDED)] = node.get("value", "")
    return found


def row(entry: ModelCard, known: dict[str, Any]) -> tuple[str, ...]:
    """A model's cells."""
    height, width = entry.input_size
    ours = known.get("agreement")
    return (
        f"`{entry.name}`",
        f"{height}x{width}",
        " / ".join(f"{ours[kind]:.1e}" if kind in ours else "-" for kind in PRECISIONS) if ours else "-",
        f"{known['parameters'] / 1e6:.3f}" if "parameters" in known else "-",
        f"{known['macs'] / 1e9:.3f}" if "macs" in known else "-",
        str(entry.results[0]) if entry.results else "-",
        known.get("learnt", "-"),
        f"{known['ms']:,.0f}" if "ms" in known else "-",
        ", ".join(f"`{option.name}`" for option in entry.options or ()) or "-",
    )


def table(store: dict[str, Any]) -> list[str]:
    """The whole table."""
    lines = ["| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
    return lines + ["| " + " | ".join(row(card(name), store.get(name, {}))) + " |" for name in list_models()]


def kept() -> dict[str, Any]:
    """What was measured so far, by model."""
    found: dict[str, Any] = json.loads(STORE.read_text("utf-8")) if STORE.exists() else {}
    return found


def keep(name: str, found: dict[str, Any]) -> None:
    """Add what was measured of a model to the file."""
    if found:
        store = kept()
        store.setdefault(name, {}).update(found)
        STORE.write_text(json.dumps(store, indent=1, sort_keys=True) + "\n", "utf-8")
        print(name, found, flush=True)


def main() -> None:
    """Measure what is asked for, print the table, and write it into a page if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--measure", metavar="PATTERN", help="models to count and to time")
    parser.add_argument("--weights", metavar="PATTERN=FILE", action="append", default=[],
                        help="file of networks that lie in one")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--passes", type=int, default=5, help="of each round")
    parser.add_argument("--agreement", metavar="PATTERN", help="models to compare with their recorded cases")
    parser.add_argument("--learnt", type=Path, metavar="JUNIT", help="record of the overfitting tests")
    parser.add_argument("--write", type=Path, help="page with the table")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.measure:
        files = dict(pair.split("=", 1) for pair in chosen.weights)
        paths = {pattern: Path(file) for pattern, file in files.items()}
        measure(chosen.measure, paths, chosen.rounds, chosen.passes)
    for name in list_models():
        if chosen.agreement and name in CASES and fnmatchcase(name, chosen.agreement):
            keep(name, {"agreement": agreement(name)})
    for name, text in learnt(chosen.learnt).items() if chosen.learnt else ():
        keep(name, {"learnt": text})
    lines = table(kept())
    print("\n".join(lines))
    if chosen.write:
        write_section(chosen.write, "models", "\n".join(lines))


if __name__ == "__main__":
    main()
