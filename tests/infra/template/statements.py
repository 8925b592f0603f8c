"""Reading resources and the policy statements in them, of a resolved template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.infra.template.translation import Template, reference

# A key's own policy speaks of that key alone: `*` is the key.
KEY = "AWS::KMS::Key"


@dataclass(frozen=True)
class Statement:
    """A policy statement, and the resource whose property holds it."""

    holder: str
    kind: str
    body: dict[str, Any]

    @property
    def allows(self) -> bool:
        return bool(self.body["Effect"] == "Allow")

    @property
    def actions(self) -> list[str]:
        return _listed(self.body.get("Action", []))

    @property
    def resources(self) -> list[str]:
        return _listed(self.body.get("Resource", []))

    @property
    def for_everybody(self) -> bool:
        principal = self.body.get("Principal")
        return principal == "*" or (
            isinstance(principal, dict) and "*" in _listed(principal.get("AWS", []))
        )

    def __str__(self) -> str:
        return f"{self.holder}, {self.body.get('Sid') or self.actions}"


def of_type(template: Template, *kinds: str) -> dict[str, dict[str, Any]]:
    """Logical id -> properties of the resources of some types."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] in kinds
    }


def statements(template: Template) -> Iterator[Statement]:
    """Every statement in the resources' properties, however deep."""
    for name, resource in template["Resources"].items():
        for body in _bodies(resource.get("Properties", {})):
            yield Statement(name, resource["Type"], body)


def _bodies(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
        for part in value.values():
            yield from _bodies(part)
    if isinstance(value, list):
        for part in value:
            yield from _bodies(part)


def _listed(value: Any) -> list[str]:
    return [reference(part) for part in (value if isinstance(value, list) else [value])]
