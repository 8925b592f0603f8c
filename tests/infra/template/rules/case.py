"""What a rule is held over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.infra.template.statements import Statement, of_type, statements
from tests.infra.template.translation import Template


@dataclass(frozen=True)
class Case:
    """The template for one choice of parameters.

    whole     as SAM makes it, with its parameters, mappings and conditions
    choice    the parameters that differ from their defaults
    template  resources and outputs for that choice
    """

    whole: Template
    choice: Mapping[str, Any]
    template: Template

    def of_type(self, *kinds: str) -> dict[str, dict[str, Any]]:
        return of_type(self.template, *kinds)

    def statements(self) -> Iterator[Statement]:
        return statements(self.template)


Rule = Callable[[Case], Iterator[str]]
