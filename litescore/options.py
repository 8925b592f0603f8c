"""Options that belong together, as one value: a command takes `source: SourceOptions`, not six words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def gathered(name: str, kind: type[Any], *options: Callable[[F], F]) -> Callable[[F], Any]:
    """A decorator that gives a click command `options` and hands their values to it as
    `name=kind(**values)`; the options' names are those of the fields of the dataclass `kind`.
    """
    names = [field.name for field in fields(kind) if field.init]

    def decorate(function: F) -> Any:
        @wraps(function)
        def called(*words: Any, **values: Any) -> Any:
            own = {field: values.pop(field) for field in names if field in values}
            return function(*words, **values, **{name: kind(**own)})

        decorated: Any = called
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
