"""Shared by the public functions: `gt=` for `truth=`, and errors that name keyword arguments."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from poseval.errors import PosevalError, UsageError

Function = TypeVar("Function", bound=Callable[..., Any])


def from_python(function: Function) -> Function:
    """Wrap a public function for callers in Python; commands call the original."""
    parameters = inspect.signature(function).parameters
    names = [name for name, one in parameters.items() if one.kind is one.POSITIONAL_OR_KEYWORD]

    @functools.wraps(function)
    def called(*arguments: Any, **keywords: Any) -> Any:
        try:
            if "gt" in keywords and "truth" in parameters:
                keywords["truth"] = _one_truth(keywords, "truth" in names[: len(arguments)])
            found = function(*arguments, **keywords)
        except PosevalError as error:
            from poseval.errors.python_words import in_python

            words = in_python(error, parameters)
            if str(words) == str(error):
                raise
            raise words.with_traceback(error.__traceback__) from error.__cause__
        from poseval.errors.python_words import value_in_python

        return value_in_python(found, parameters)

    return cast("Function", called)


def _one_truth(keywords: dict[str, Any], given: bool) -> Any:
    """The ground truth given as `gt=`, which must not be given as `truth`, too."""
    truth = keywords.pop("gt")
    if given or "truth" in keywords:
        raise UsageError("P850", where="gt", what="is given beside `truth=`", wanted="one of the two")
    return truth
