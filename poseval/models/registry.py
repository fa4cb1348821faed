"""Names of models, their cards as data, and how a model is made.

Nothing here imports PyTorch: listing and reading cards works on a machine without the extra `models`. Cards
lie in `poseval/models/cards/<family>.py`, each file a tuple `CARDS`; a new family is a new file there, and no
list elsewhere names it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from poseval.errors import UsageError, shown, wrong_type
from poseval.errors.optional import require
from poseval.models.schema import Option, Words, find, settled
from poseval.plugins import Registry, load

if TYPE_CHECKING:
    from torch import nn

Kind = Literal["heatmap", "bottom_up", "regression", "classifier", "landmark", "detector"]
Colour = Literal["rgb", "bgr"]
Crop = Literal["affine", "udp", "integer", "image", "letterbox", "corner"]
Decode = Literal[
    "argmax", "quarter", "dark", "udp", "simcc", "coordinates", "grouping", "matching", "classes",
    "yolo_pose", "rtmo", "boxes", "yolo", "yolox", "rtdetr", "detr", "middles",
]  # fmt: skip
WHOLE_IMAGE = ("image", "letterbox", "corner")  # crops of networks that find the people themselves
Flip = Literal["maps", "coordinates", "image", "none"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
COARSEST = 32  # input pixels per pixel of a ResNet's last map
LARGEST_INPUT = (
    4096  # pixels a side; beyond it a forward pass no longer fits the memory of any machine we know
)


@dataclass(frozen=True)
class Stated:
    """A result that the authors (or the paper) state; it is theirs, not ours.

    `recalled` marks a number that was remembered from the paper and not looked up again.
    """

    value: float
    metric: str
    data: str
    source: str
    recalled: bool = False

    def __str__(self) -> str:
        doubt = ", not verified" if self.recalled else ""
        return f"{self.metric} {self.value:g} on {self.data} ({self.source}{doubt})"


@dataclass(frozen=True)
class ModelCard:
    """Everything about a model that is needed to run it and to describe it.

    `input_size` is (height, width). Pixels are divided by `pixel_divisor`, then `(x - mean) / std` per
    channel in the order `colour`. `crop` says how a person's box becomes the input: `affine` (box grown to
    the input's aspect and by `padding`, bilinear affine warp), `udp` (the same in units of size - 1),
    `integer` (hourglass square, integer corners), `image` (the whole image), `letterbox` and `corner` (the
    whole image shrunk to fit, in the middle or at the upper left, the rest of grey level `fill`). `raised` is
    the fraction of a box's height by which the crop's centre lies above the box's: faces have foreheads.
    `flip` says what a flip test averages and `flip_shift` by how many output pixels the flipped maps move
    right before it. `half_pixel` says that places on maps were made as areas, (x + 0.5) times the stride less
    0.5. `stride` is input pixels per output pixel. `sigma` is the target's, in output pixels. `config` holds
    the builder's further arguments; `builder` is `module:function`. `options` are those that a user may
    change, by default each further argument with any value. `doublings` names the option that lists what
    doubles the map from 1/32 of the input; the stride follows from it. `file` is the network file that a card
    of one's own names.
    """

    name: str
    family: str
    kind: Kind
    builder: str
    source: str
    licence: str
    weights: str
    input_size: tuple[int, int] = (256, 192)
    joints: int = 17
    skeleton: str | None = "coco17"
    colour: Colour = "rgb"
    pixel_divisor: float = 255.0
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    crop: Crop = "affine"
    padding: float = 1.25
    raised: float = 0.0
    decode: Decode = "quarter"
    flip: Flip = "maps"
    flip_shift: int = 1
    stride: int = 4
    sigma: float = 2.0
    extra: str = "models"
    fixed_joints: bool = False
    results: tuple[Stated, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[Option, ...] | None = None
    doublings: str | None = None
    notes: tuple[str, ...] = ()
    fill: float = 114.0
    half_pixel: bool = False
    file: str | None = None

    @property
    def aspect(self) -> float:
        """Width of the input over its height."""
        return self.input_size[1] / self.input_size[0]

    @property
    def mapping(self) -> Literal["affine", "udp", "integer"]:
        """How points of the image become points of the input; those of whole images by the plain affine."""
        return self.crop if self.crop == "udp" or self.crop == "integer" else "affine"

    @property
    def output_size(self) -> tuple[int, int]:
        """(height, width) of the output maps."""
        return self.input_size[0] // self.stride, self.input_size[1] // self.stride

    def sized(
        self,
        joints: int | None = None,
        input_size: tuple[int, int] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> ModelCard:
        """The card of the same model made for other joints, another input size, or with other options.

        The skeleton is forgotten when the number of joints changes: whose joints they are is not known here.

        Raises:
            UsageError: P152 an unknown option, or a value that it may not have.
        """
        joints = self.joints if joints is None else joints
        chosen = {**self.config, **(config or {})}
        if self.options is not None:
            chosen = settled(self.name, self.options, self.config, config or {})
        stride = self.stride if self.doublings is None else COARSEST >> len(chosen[self.doublings])
        return replace(
            self,
            joints=joints,
            skeleton=self.skeleton if joints == self.joints else None,
            input_size=self.input_size if input_size is None else input_size,
            config=chosen,
            stride=stride,
        )


@cache
def registry() -> Registry[ModelCard]:
    """The registry of cards by name; poseval's own are read from their files here."""
    from poseval.models import cards as package

    found: dict[str, str | ModelCard] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        entries: Sequence[ModelCard] = module.CARDS
        for entry in entries:
            if entry.name in found:
                raise RuntimeError(f"two cards are named {entry.name}")
            found[entry.name] = entry
    return Registry("model", "P150", "poseval.models", found, ModelCard)


def list_models(pattern: str = "*") -> list[str]:
    """Sorted names of the models that match a shell pattern, e.g. `hrnet*`; an empty list if none does.

    Models of other packages are included.

    Raises:
        UsageError: P101 a pattern that is not a text.
    """
    if not isinstance(pattern, str):
        raise wrong_type("pattern", pattern, "a shell pattern such as hrnet*")
    return sorted(name for name in registry().names() if fnmatchcase(name, pattern))


def card(name: str) -> ModelCard:
    """The card of a model, by its name or from a card file (`.toml`).

    Raises:
        UsageError: P150 for an unknown name, with near ones; P184 for another package's that fails; P114 no
            such card file.
        FormatError: P253 a card file that is malformed or contradicts itself.
    """
    if isinstance(name, str) and name.endswith(".toml"):
        from poseval.models.card_file import read_card

        return ModelCard(**read_card(Path(name)))
    return registry().get(name)


def create_model(
    name: str,
    joints: int | None = None,
    input_size: tuple[int, int] | None = None,
    **config: Any,
) -> nn.Module:
    """A model with random weights, in evaluation mode; `load_weights` fills it.

    `joints` and `input_size` (height, width) are by default the card's own, 17 and (256, 192) for most
    models. `config` overrides single entries of the card's `config`, which are arguments of the builder.

    Raises:
        UsageError: P150 unknown name, P151 impossible joints or input size, P152 unknown option.
        MissingFeature: P601 when PyTorch, or the package an adapter stands on, is not installed.
    """
    return build_model(card(name), joints, input_size, **config)


def build_model(
    entry: ModelCard,
    joints: int | None = None,
    input_size: tuple[int, int] | None = None,
    **config: Any,
) -> nn.Module:
    """The model of a card; see `create_model`."""
    check_shape(entry, joints, input_size)
    entry = entry.sized(joints, input_size, config)
    build = _builder(entry)
    if entry.options is None:
        _check_names(entry, build, config)
    model: nn.Module = build(joints=entry.joints, input_size=entry.input_size, **entry.config)
    return model.eval()


def check_shape(entry: ModelCard, joints: int | None, input_size: tuple[int, int] | None) -> None:
    """Refuse joints and input sizes that a model cannot have.

    Raises:
        UsageError: P151.
    """
    where = f"model {entry.name}"
    if joints is not None and (isinstance(joints, bool) or not isinstance(joints, int) or joints < 1):
        raise UsageError(
            "P151", where=where, what=f"joints is {shown(joints)!r}", wanted="a whole number of at least 1"
        )
    if joints is not None and entry.fixed_joints and joints != entry.joints:
        raise UsageError(
            "P151",
            where=where,
            what=f"always has {entry.joints} joints, not {joints}",
            wanted=f"joints={entry.joints}",
        )
    if input_size is None:
        return
    if (
        not isinstance(input_size, Iterable)
        or len(tuple(input_size)) != 2
        or not all(isinstance(side, int) and not isinstance(side, bool) for side in input_size)
        or not all(entry.stride <= side <= LARGEST_INPUT for side in input_size)
    ):
        raise UsageError(
            "P151",
            where=where,
            what=f"input_size is {shown(input_size)}",
            wanted=f"(height, width), each from {entry.stride} to {LARGEST_INPUT} pixels",
        )


def _check_names(entry: ModelCard, build: Callable[..., Any], config: Mapping[str, Any]) -> None:
    """Options of another package's card, which does not describe them."""
    known = [key for key in inspect.signature(build).parameters if key not in ("joints", "input_size")]
    for key in config:
        find(entry.name, [Option(name, Words("a value"), None, "") for name in known], key)


def _builder(entry: ModelCard) -> Callable[..., Any]:
    require("torch", f"model {entry.name}", "models")
    with registry().blamed(entry.name):
        build: Callable[..., Any] = load(entry.builder)
    return build
