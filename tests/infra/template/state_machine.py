"""The state machine of the template as AWS gets it, and AWS's rules by which its Maps make batches."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import yaml

from infra.cloud.deployment import deploy

MAPS = ["Objects", "Inventory", "Manifest"]
# What a state takes in or gives out, and what the rest of Lambda's answer may take of it.
STATE_BYTES, ANSWER_BYTES = 256 * 1024, 8 * 1024
VALUES = {
    "AWS::Partition": "aws",
    "AWS::StackName": "shoes",
    "Function.Arn": "arn:aws:lambda:eu-west-1:123456789012:function:shoes-Function-X",
    "OutputBucket": "shoes-output",
    "MaximumConcurrency": "7",
    "InputPrefix": "in/",
    "NightlyMaximumImages": "100000",
    "Bucket": "shoes-input",
}


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags: `!Sub x` as {"Sub": "x"}."""


def tagged(loader: Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    """One tag and what it is on."""
    if isinstance(node, yaml.ScalarNode):
        return {tag: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {tag: loader.construct_sequence(node, deep=True)}
    return {tag: loader.construct_mapping(node, deep=True)}


yaml.add_multi_constructor("!", tagged, Loader)


@cache
def template() -> dict[str, Any]:
    """The template as it is written."""
    found: dict[str, Any] = yaml.load(deploy.TEMPLATE.read_text(), Loader)
    return found


def filled(text: Any, values: dict[str, str]) -> str:
    """A text or a Sub of one, with its `${names}` filled in."""
    plain = text["Sub"] if isinstance(text, dict) else text
    return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], plain)


@cache
def definition() -> dict[str, Any]:
    """The state machine's definition, as CloudFormation hands it on."""
    machine = template()["Resources"]["Backfill"]["Properties"]
    text, parts = machine["DefinitionString"]["Fn::Sub"]
    found: dict[str, Any] = json.loads(
        filled(text, VALUES | {name: filled(part, VALUES) for name, part in parts.items()})
    )
    return found


def machines() -> Iterator[dict[str, Any]]:
    """The whole, and the one inside of each Map."""
    yield definition()
    for name in MAPS:
        yield definition()["States"][name]["ItemProcessor"]


def following(state: dict[str, Any]) -> set[str]:
    """The states that may come after one."""
    found = {state[name] for name in ("Next", "Default") if name in state}
    for name in ("Choices", "Catch"):
        found |= {entry["Next"] for entry in state.get(name, [])}
    return found


def tasks() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state that calls something."""
    for machine in machines():
        for name, state in machine["States"].items():
            if state["Type"] == "Task":
                yield name, state


def selected(name: str, value: dict[str, Any]) -> Any:
    """An item as a Map's ItemSelector makes it of what its ItemReader read."""
    given = {"bucket": "shoes-input", "prefix": "", "manifest": {}, "max_images": 1}

    def at(path: str) -> Any:
        held: Any = {"Map": {"Item": {"Value": value}}} if path.startswith("$$.") else given
        for part in path.lstrip("$").strip(".").split("."):
            held = held[part]
        return held

    selector = definition()["States"][name].get("ItemSelector")
    if selector is None:
        return value
    return {
        key.removesuffix(".$"): at(path) if key.endswith(".$") else path
        for key, path in selector.items()
    }


def batched(name: str, items: Sequence[Any]) -> list[dict[str, Any]]:
    """Items in batches, each with as many as both limits of the ItemBatcher let in."""
    batcher = definition()["States"][name]["ItemBatcher"]
    empty = size({"BatchInput": batcher["BatchInput"], "Items": []})
    batches: list[list[Any]] = []
    room = 0
    for item in items:
        room -= size(item) + 1
        if room < 0 or len(batches[-1]) == batcher["MaxItemsPerBatch"]:
            batches.append([])
            room = batcher["MaxInputBytesPerBatch"] - empty - size(item) - 1
        batches[-1].append(item)
    return [{"BatchInput": batcher["BatchInput"], "Items": batch} for batch in batches]


def size(thing: Any) -> int:
    return len(json.dumps(thing, separators=(",", ":"), ensure_ascii=False).encode())


READ = {
    "Objects": lambda key: {
        "Etag": '"9bb58f26192e4ba00f01e2e7b136bbd8"',
        "Key": key,
        "LastModified": 1772600767.0,
        "Size": 394,
        "StorageClass": "STANDARD",
    },
    # An inventory encodes each byte of a key that is no letter, all values are texts.
    "Inventory": lambda key: {
        "Bucket": "shoes-input",
        "Key": "".join(f"%{byte:02X}" for byte in key.encode()),
        "VersionId": "QUpfdndhfd8438MNFDN93jdnJFkdmqnh893",
        "IsLatest": "true",
        "IsDeleteMarker": "false",
        "Size": "394",
        "LastModifiedDate": "2026-03-04T05:06:07.000Z",
        "ETag": "9bb58f26192e4ba00f01e2e7b136bbd8",
    },
    "Manifest": lambda key: {
        "Bucket": "shoes-input",
        "Key": key,
        "Etag": "9bb58f26192e4ba00f01e2e7b136bbd8",
    },
}
