"""The template spoiled in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.infra.template.translation import Template

Edit = Callable[[Template], None]


@dataclass(frozen=True)
class Mutation:
    """A way to spoil SAM's translation of the template, and the rule that must notice."""

    rule: str
    what: str
    edit: Edit

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


def put(path: str, value: Any) -> Edit:
    """Write a value at `Section/Name/Property/0/...`."""

    def edit(template: Template) -> None:
        holder, last = _reach(template, path)
        holder[last] = value

    return edit


def drop(path: str) -> Edit:
    """Take out what is at a path, which must be there."""

    def edit(template: Template) -> None:
        holder, last = _reach(template, path)
        del holder[last]

    return edit


def grant(role: str, **statement: Any) -> Edit:
    """One more statement for a role, behind a condition."""

    def edit(template: Template) -> None:
        policy = template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]
        added = {"Sid": "Added", "Effect": "Allow", **statement}
        policy["Statement"].append({"Fn::If": ["ModelInS3", added, {"Ref": "AWS::NoValue"}]})

    return edit


def let_in(resource: str, **statement: Any) -> Edit:
    """One more statement in the policy of a resource."""

    def edit(template: Template) -> None:
        policy = template["Resources"][resource]["Properties"]["PolicyDocument"]
        policy["Statement"].append({"Sid": "Added", "Effect": "Allow", **statement})

    return edit


def forbid(resource: str, field: str, value: Any) -> Edit:
    """Another value in the statement of a resource's policy that refuses plain http."""

    def edit(template: Template) -> None:
        policy = template["Resources"][resource]["Properties"]["PolicyDocument"]
        first = policy["Statement"][0]
        first = first["Fn::If"][1] if "Fn::If" in first else first
        first[field] = value

    return edit


def statement(sid: str, field: str, value: Any) -> Edit:
    """Another value in a statement of the function's role, which may be behind a condition."""

    def edit(template: Template) -> None:
        policy = template["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]
        bodies = (one["Fn::If"][1] if "Fn::If" in one else one for one in policy["Statement"])
        [body] = [body for body in bodies if body["Sid"] == sid]
        body[field] = value

    return edit


def _reach(template: Template, path: str) -> tuple[Any, Any]:
    *way, last = [int(word) if word.isdigit() else word for word in path.split("/")]
    holder: Any = template
    for word in way:
        # A mapping's own keys may be digits too.
        holder = holder[word if isinstance(holder, list) or word in holder else str(word)]
    return holder, last


def of(name: str, path: str) -> str:
    """The path of a resource's property."""
    return f"Resources/{name}/Properties/{path}"
