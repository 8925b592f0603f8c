"""What a zip holds, as a bill of materials: CycloneDX 1.6, JSON.

Made of the contents alone, without a clock or a chance number: the same zip, the same bill.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any

from infra.package.bytecode import Interpreter
from infra.package.contents import MODEL_NAME, Part
from infra.package.target import Target

_ROOT = "function.zip"
_OURS = "litescore"


def document(
    parts: Sequence[Part], *, digest: str, target: Target, interpreter: Interpreter | None
) -> bytes:
    """The bill of the zip whose SHA-256 is `digest`.

    A component is a distribution (with the hash of its wheel), litescore, or the model; the files of
    each are components in it, by their places in the zip.
    """
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_OID, digest).urn,
        "version": 1,
        "metadata": {"component": _root(digest, target, interpreter)},
        "components": [_component(part) for part in sorted(parts, key=lambda part: part.name)],
        "dependencies": [{"ref": _ROOT, "dependsOn": sorted(map(_ref, parts))}],
    }
    return json.dumps(bill, indent=1, ensure_ascii=False).encode() + b"\n"


def _root(digest: str, target: Target, interpreter: Interpreter | None) -> dict[str, Any]:
    properties = {
        "litescore:architecture": target.arch,
        "litescore:python": target.python,
        "litescore:compiled-by": f"CPython {interpreter.version}" if interpreter else "none",
    }
    return {
        "type": "application",
        "bom-ref": _ROOT,
        "name": _ROOT,
        "hashes": _hashes(digest),
        "properties": [{"name": name, "value": value} for name, value in properties.items()],
    }


def _component(part: Part) -> dict[str, Any]:
    component: dict[str, Any] = {"type": _type(part), "bom-ref": _ref(part), "name": part.name}
    if part.version:
        component["version"] = part.version
    if part.sha256:
        component["hashes"] = _hashes(part.sha256)
    if part.licence:
        component["licenses"] = [_licence(*part.licence)]
    if _type(part) == "library":
        component["purl"] = _ref(part)
    if part.name != MODEL_NAME:
        component["components"] = [_file(name, part.files[name]) for name in sorted(part.files)]
    return component


def _type(part: Part) -> str:
    return {MODEL_NAME: "machine-learning-model", _OURS: "application"}.get(part.name, "library")


def _ref(part: Part) -> str:
    return part.name if _type(part) != "library" else f"pkg:pypi/{part.name}@{part.version}"


def _licence(kind: str, words: str) -> dict[str, Any]:
    return {"expression": words} if kind == "expression" else {"license": {"name": words}}


def _file(name: str, data: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    return {"type": "file", "bom-ref": f"file:{name}", "name": name, "hashes": _hashes(digest)}


def _hashes(digest: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digest}]
