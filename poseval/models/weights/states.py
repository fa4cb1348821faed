"""State dictionaries of checkpoints: what is around them, and whether they fit a model.

Whatever does not fit is said at once, for all keys, with advice on what the file is of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from poseval.errors import Faults, FormatError, MismatchError, ValueRangeError, error_of, shown
from poseval.errors.optional import require
from poseval.models.weights.training_run import training_run

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = dict[str, Tensor]

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params", "ema")
PREFIXES = ("module.", "model.", "net.", "network.", "_orig_mod.")
HEAD = 2  # tensors of a last layer, which differ where it is made for other joints
LISTED = 8  # keys named in one line; a wrong architecture differs in hundreds


def unwrapped(content: Any, name: str) -> State:
    """The dictionary of tensors inside a checkpoint.

    Raises:
        FormatError: P252 when there is none.
    """
    torch = require("torch", shown(name), "models")
    for _ in range(4):  # published files nest at most twice
        if not isinstance(content, Mapping):
            break
        if content and all(isinstance(value, torch.Tensor) for value in content.values()):
            return {str(key): value for key, value in content.items()}
        wrapper = next((key for key in _wrapper_keys(content) if isinstance(content[key], Mapping)), None)
        if wrapper is None:
            break
        content = content[wrapper]
    kept = sorted(map(str, content))[:LISTED] if isinstance(content, Mapping) else []
    raise FormatError(
        "P252",
        where=shown(name),
        what="holds no dictionary of weights"
        + (f" (it holds {', '.join(map(shown, kept))})" if kept else ""),
        wanted=f"tensors by name, bare or under {', '.join(WRAPPERS)} or best...",
    )


def _wrapper_keys(content: Mapping[Any, Any]) -> list[Any]:
    known = [key for key in WRAPPERS if key in content]
    return known + [key for key in content if isinstance(key, str) and key.startswith("best")]


def strip_prefixes(state: State, own: Mapping[str, Any]) -> State:
    """Take off prefixes that all keys share and the model's own keys do not have."""
    while state:
        prefix = next((prefix for prefix in PREFIXES if all(key.startswith(prefix) for key in state)), None)
        if prefix is None or any(key.startswith(prefix) for key in own):
            return state
        state = {key[len(prefix) :]: value for key, value in state.items()}
    return state


def check_state(state: State, model: nn.Module, name: str, content: Any = None) -> None:
    """Refuse weights that do not fit a model, naming all that differs; `content` is the file's, if PyTorch's.

    Raises:
        MismatchError: P450.
        ValueRangeError: P350.
    """
    faults = Faults()
    where = shown(name)
    own = model.state_dict()
    missing = [key for key in own if key not in state and not key.endswith("num_batches_tracked")]
    extra = [key for key in state if key not in own]
    other = [key for key in state if key in own and state[key].shape != own[key].shape]
    advice = _advice(state, model, name, content) if missing or extra or other else None
    if missing:
        faults.add(
            "P450",
            where=where,
            what=f"lacks {len(missing)} of the model's {len(own)} tensors: {listed(missing)}",
            hint=None if extra else advice,
        )
    if extra:
        faults.add(
            "P450",
            where=where,
            what=f"holds {len(extra)} tensors that the model does not have: {listed(extra)}",
            hint=advice,
        )
    if other:
        shapes = [f"{key} {_shape(state[key])}, model {_shape(own[key])}" for key in other]
        shape_advice = None if advice else _shape_hint([(state[key], own[key]) for key in other])
        faults.add(
            "P450",
            where=where,
            what=f"has {len(other)} tensors with another shape: {listed(shapes)}",
            hint=shape_advice if missing or extra else advice or shape_advice,
        )
    faults.raise_if_any()
    wrong = [key for key, value in state.items() if value.is_floating_point() and not value.isfinite().all()]
    if wrong:
        raise ValueRangeError(
            "P350",
            where=where,
            what=f"has NaN or infinite weights in {listed(wrong)}",
            wanted="finite numbers",
        )


@contextmanager
def advising(instead: str | None) -> Iterator[None]:
    """A context in which weights that do not fit are met with this advice; None leaves the usual one."""
    try:
        yield
    except MismatchError as error:
        if instead is None or error.code != "P450":
            raise
        *before, last = [replace(fault, hint=None) for fault in error.faults]
        raise error_of([*before, replace(last, hint=instead)]) from error


def _advice(state: State, model: nn.Module, name: str, content: Any) -> str | None:
    """What the file is of, where it is of another model or was trained with other settings."""
    from poseval.models.weights.recognise import advice_for, call_for

    call = call_for(training_run(content, name))
    if call:
        return f"it was trained with other settings: {call}"
    states = [state]
    if content is not None:  # as they are, not as the model renames them
        states.append(strip_prefixes(unwrapped(content, name), model.state_dict()))
    return advice_for(states, model)


def listed(names: list[str]) -> str:
    text = ", ".join(shown(name) for name in names[:LISTED])
    return text if len(names) <= LISTED else f"{text} and {len(names) - LISTED} more"


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def _shape_hint(pairs: list[tuple[Tensor, Tensor]]) -> str | None:
    """Another size in the first dimension only, one pair of numbers: a head made for other joints."""
    heads = {
        (given.shape[0], wanted.shape[0])
        for given, wanted in pairs
        if given.ndim and wanted.ndim and given.shape[1:] == wanted.shape[1:]
    }
    if len(heads) != 1 or len(pairs) > HEAD:
        return None
    given, wanted = heads.pop()
    said = f"its last layer gives {given} joints or classes, and the model {wanted}"
    return f"{said}; make it for {given}: --joints, or of a classifier as many folders of images or --gt LIST"
