"""The template as CloudFormation gets it (SAM's own translator), and as it stands for one choice of
parameters: without conditions, mappings and references to parameters.

So no rule has to look behind an `Fn::If`: it is held over every choice.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from infra.cloud.deployment import deploy
from infra.local import ministack

Template = dict[str, Any]

TEXT = deploy.TEMPLATE.read_text(encoding="utf-8")

# It lies in ministack's environment.
_EXPAND = """
import json, os, sys
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
class NoManagedPolicies:
    def load(self):
        return {}
print(json.dumps(transform(yaml_parse(sys.stdin.read()), {}, NoManagedPolicies())))
"""

_PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "stack",
    "AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/stack/1",
    "AWS::URLSuffix": "amazonaws.com",
}
_ABSENT = object()

CODE = {"CodeBucket": "code", "CodeKey": "function.zip"}
_ALL = {
    "BatchSize": 7,
    "BatchingWindow": 8,
    "MaximumConcurrency": 9,
    "MemorySize": 1024,
    "Runtime": "python3.14",
    "Architecture": "arm64",
    "LogDays": 90,
    "InputPrefix": "in/",
    "ModelPath": "models/model.tflite",
    "ModelVersion": "v1",
    "ModelSha256": "0" * 64,
    "RecordDays": 365,
    "AlarmEmail": "someone@example.com",
    "PermissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
    "NightlySchedule": "rate(1 day)",
    "BudgetDollars": 20,
}
# Choices of parameters that make each condition true and false; `choices` adds every timeout.
_CHOICES: tuple[Mapping[str, Any], ...] = (
    {},
    _ALL,
    {"InputBucketName": "theirs"},
    {**_ALL, "InputBucketName": "theirs"},
    {
        "ModelShelf": "models/shoes",
        "ModelChannel": "canary",
        "ModelTrust": "MCow",
        "ModelCheckMinutes": 7,
    },
)
# The one that a test of what is required leaves out: AWS's users do not choose it.
LOCAL: Mapping[str, Any] = {"Tls": "optional"}


def translated() -> Template:
    """A copy, which a test may spoil, of what SAM makes of the template."""
    return copy.deepcopy(_translated())


@cache
def _translated() -> Template:
    done = subprocess.run(
        [ministack.environment(), "-c", _EXPAND], input=TEXT, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"SAM refuses the template: {done.stderr[-2000:]}")
    template: Template = json.loads(done.stdout)
    return template


def choices(template: Template) -> Iterator[dict[str, Any]]:
    """Parameters, one set after the other, that together show all that the template can be."""
    yield from (dict(choice) for choice in _CHOICES)
    for seconds in template["Parameters"]["Timeout"]["AllowedValues"]:
        yield {"Timeout": seconds}


def conditions(template: Template, choice: Mapping[str, Any]) -> dict[str, bool]:
    """Each condition's value for a choice of parameters."""
    return _Resolution(template, choice).conditions()


def resolved(template: Template, choice: Mapping[str, Any]) -> Template:
    """Resources and outputs as they are for that choice.

    What refers to another resource stays as it is; in a text it stays `${Resource.Attribute}`.
    """
    return _Resolution(template, choice).whole()


class _Resolution:
    """One choice of parameters, applied to a template."""

    def __init__(self, template: Template, choice: Mapping[str, Any]) -> None:
        self.template = template
        defaults = {
            name: one["Default"] for name, one in template["Parameters"].items() if "Default" in one
        }
        self.values = {**_PSEUDO, **defaults, **CODE, **choice}

    def conditions(self) -> dict[str, bool]:
        return {name: self._is(name) for name in self.template["Conditions"]}

    def whole(self) -> Template:
        sections = ("Resources", "Outputs")
        return {section: self._section(self.template.get(section, {})) for section in sections}

    def _section(self, entries: Template) -> Template:
        return {
            name: self._value(entry)
            for name, entry in entries.items()
            if "Condition" not in entry or self._is(entry["Condition"])
        }

    def _is(self, name: str) -> bool:
        return self._test(self.template["Conditions"][name])

    def _test(self, test: Template) -> bool:
        [(kind, words)] = test.items()
        if kind == "Condition":
            return self._is(words)
        if kind == "Fn::Equals":
            left, right = (str(self._value(word)) for word in words)
            return left == right
        found = [self._test(word) for word in words]
        return {"Fn::Not": not found[0], "Fn::And": all(found), "Fn::Or": any(found)}[kind]

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            made = [self._value(part) for part in value]
            return [part for part in made if part is not _ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(kind, words)] = value.items()
            if kind in _INTRINSICS:
                return _INTRINSICS[kind](self, words)
        pairs = ((name, self._value(part)) for name, part in value.items())
        return {name: part for name, part in pairs if part is not _ABSENT}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _ABSENT
        return self.values.get(name, {"Ref": name})

    def _if(self, words: list[Any]) -> Any:
        name, then, otherwise = words
        return self._value(then if self._is(name) else otherwise)

    def _find_in_map(self, words: list[Any]) -> Any:
        name, first, second = (str(self._value(word)) for word in words)
        return self.template["Mappings"][name][first][second]

    def _sub(self, words: Any) -> str:
        text, own = (words, {}) if isinstance(words, str) else words
        known = {**self.values, **{name: self._value(part) for name, part in own.items()}}

        def replaced(match: re.Match[str]) -> str:
            found = known.get(match[1], match[0])
            if isinstance(found, dict):
                found = reference(found)
            return str(found)

        return re.sub(r"\$\{([^!}][^}]*)\}", replaced, text)

    def _join(self, words: list[Any]) -> str:
        between, parts = words
        return str(between).join(reference(part) for part in self._value(parts))

    def _split(self, words: list[Any]) -> list[str]:
        between, text = words
        return reference(self._value(text)).split(between)

    def _select(self, words: list[Any]) -> Any:
        number, parts = words
        return self._value(parts)[int(number)]

    def _split(self, words: list[Any]) -> list[str]:
        between, text = words
        return str(self._value(text)).split(between)


_INTRINSICS = {
    "Ref": _Resolution._ref,
    "Fn::If": _Resolution._if,
    "Fn::FindInMap": _Resolution._find_in_map,
    "Fn::Sub": _Resolution._sub,
    "Fn::Join": _Resolution._join,
    "Fn::Select": _Resolution._select,
    "Fn::Split": _Resolution._split,
}


def reference(value: Any) -> str:
    """A reference to a resource as text, as `Fn::Sub` writes it; other values as they are."""
    if isinstance(value, dict) and "Ref" in value:
        return f"${{{value['Ref']}}}"
    if isinstance(value, dict) and "Fn::GetAtt" in value:
        words = value["Fn::GetAtt"]
        return "${" + (words if isinstance(words, str) else ".".join(words)) + "}"
    return str(value)
