"""Values gathered from all ranks of `torch.distributed`."""

from __future__ import annotations

from typing import TypeVar

from poseval.errors import UsageError
from poseval.errors.optional import require

Value = TypeVar("Value")


def of_all_ranks(value: Value) -> list[Value]:
    """The values of all ranks, in their order; every rank has to call it.

    Raises:
        MissingFeature: P601 without PyTorch.
        UsageError: P862 without a process group.
    """
    distributed = require("torch.distributed", "sync", "models")

    if not (distributed.is_available() and distributed.is_initialized()):
        raise UsageError(
            "P862",
            where="sync",
            what="needs a process group of torch.distributed",
            wanted="torch.distributed.init_process_group(...)",
            hint="leave sync=True out in a single process",
        )
    found: list[Value | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(found, value)
    return [one for one in found if one is not None]
