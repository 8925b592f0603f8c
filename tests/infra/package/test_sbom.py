"""The bill of materials: valid, whole, and made of the contents alone."""

from __future__ import annotations

import hashlib
import json
import zipfile
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from infra.package import lock
from infra.package.build import Package
from infra.package.target import DEFAULT
from litescore import __version__


@pytest.fixture(scope="module")
def bill(deployable: Package) -> dict[str, Any]:
    """As it lies beside the zip."""
    read: dict[str, Any] = json.loads(deployable.sbom.read_text(encoding="utf-8"))
    return read


def sha256(component: dict[str, Any]) -> str:
    """The one hash that it has."""
    [found] = component["hashes"]
    assert found["alg"] == "SHA-256"
    digest: str = found["content"]
    return digest


def test_it_is_cyclonedx(deployable: Package) -> None:
    """By CycloneDX's own validator, which does object to what is wrong; and its library reads it."""
    text = deployable.sbom.read_text(encoding="utf-8")
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"SHA-256"', '"SHA-255"', 1)) is not None
    assert len(Bom.from_json(json.loads(text)).components) == 6  # type: ignore[attr-defined]


def test_every_file_is_told_with_its_hash(deployable: Package, bill: dict[str, Any]) -> None:
    """Those of the zip, all of them, and no others."""
    told = {
        file["name"]: sha256(file)
        for component in bill["components"]
        for file in component.get("components", [])
    }
    told |= {one["name"]: sha256(one) for one in bill["components"] if "components" not in one}
    with zipfile.ZipFile(deployable.path) as archive:
        held = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert told == held


def test_distributions_are_told_by_their_wheels(bill: dict[str, Any]) -> None:
    """Name, version, package URL, licence, and the hash that the lock pins."""
    components = {one["name"]: one for one in bill["components"] if one["type"] == "library"}
    pins = {pin.name: pin for pin in lock.read(DEFAULT)}
    assert components.keys() == pins.keys()
    for name, pin in pins.items():
        assert components[name]["version"] == pin.version
        assert components[name]["purl"] == f"pkg:pypi/{name}@{pin.version}"
        assert sha256(components[name]) == pin.sha256
    assert components["pillow"]["licenses"] == [{"expression": "MIT-CMU"}]
    litert = {"license": {"name": "Apache Software License"}}
    assert components["ai-edge-litert"]["licenses"] == [litert]


def test_model_and_litescore_are_components(deployable: Package, bill: dict[str, Any]) -> None:
    """The model by its digest, which records name too; litescore by its version and licence."""
    components = {one["name"]: one for one in bill["components"]}
    model = components["model.tflite"]
    assert model["type"] == "machine-learning-model"
    assert sha256(model) == deployable.model_sha256
    assert components["litescore"]["version"] == __version__
    assert components["litescore"]["licenses"] == [{"expression": "Apache-2.0"}]
    assert len(components["litescore"]["components"]) > 100


def test_it_is_of_this_zip_and_of_no_day(deployable: Package, bill: dict[str, Any]) -> None:
    """The zip's digest, from which the serial number comes; what it is for; no time."""
    root = bill["metadata"]["component"]
    assert sha256(root) == deployable.digest
    told = {one["name"]: one["value"] for one in root["properties"]}
    assert told["litescore:architecture"] == "x86_64"
    assert told["litescore:python"] == "3.13"
    assert bill["metadata"].keys() == {"component"}
    [needs] = bill["dependencies"]
    assert needs["dependsOn"] == sorted(one["bom-ref"] for one in bill["components"])
