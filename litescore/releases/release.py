"""A release: what a published model file is, so that it can be judged before it is fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from litescore import contract as contracts
from litescore.errors import ContractError, ReleaseError

KIND = "application/vnd.litescore.release+json"
VERSION = 1


@dataclass(frozen=True)
class Release:
    """What a file is, as its publisher says.

    model     the name it is published under
    digest    SHA-256 of the whole file, 64 hexadecimal digits
    size      of the whole file, in bytes
    made      when it was published: UTC, RFC 3339. Devices hold these against each other, never
              against their own clocks
    labels    class names in output order
    color, height, width  of the input, as the contract has them
    variant   how it is quantized; None where nobody knows
    smallest_runtime  the oldest TensorFlow Lite that loads it, as `2.3.0`; None where nobody knows
    accuracy  what it scored: `float`, `exported` by runtime, `n`, `agreement`; what it answered to
              those images (litescore.answered), which older releases lack; may be empty
    note      the publisher's words
    """

    model: str
    digest: str
    size: int
    made: str
    labels: tuple[str, ...]
    color: str
    height: int
    width: int
    variant: str | None
    smallest_runtime: str | None
    accuracy: Mapping[str, Any]
    note: str = ""

    def as_statement(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"version": VERSION} | asdict(self) | {"labels": list(self.labels)}

    @classmethod
    def from_statement(cls, statement: Mapping[str, Any]) -> Release:
        """What `as_statement` made. Raises ReleaseError for another version or other fields."""
        values = dict(statement)
        version = values.pop("version", None)
        if version != VERSION:
            raise ReleaseError(
                f"release version {version!r} is not known: this litescore reads version {VERSION}"
            )
        try:
            return cls(**values | {"labels": tuple(values["labels"])})
        except (TypeError, KeyError) as error:
            raise ReleaseError(f"the release has other fields than version {VERSION}") from error

    @property
    def measured(self) -> float | None:
        """The lowest accuracy (0..1) that any runtime scored; None where none is known."""
        found = dict(self.accuracy.get("exported") or {}).values()
        return min(found, default=None)


def describe(file: bytes, *, model: str, made: str, note: str = "") -> Release:
    """The release of a model file. Raises ContractError for one without a contract."""
    contract = contracts.read(file)
    if contract is None:
        raise ContractError(
            "the model has no contract: give it one with `litescore describe`, or export it again"
        )
    return Release(
        model=model,
        digest=hashlib.sha256(file).hexdigest(),
        size=len(file),
        made=made,
        labels=contract.labels,
        color=contract.color,
        height=contract.height,
        width=contract.width,
        variant=contract.variant,
        smallest_runtime=contract.smallest_runtime,
        accuracy=dict(contract.accuracy),
        note=note,
    )


def check(release: Release, file: bytes) -> None:
    """Raises ReleaseError for bytes that are not this release's."""
    if len(file) != release.size:
        raise ReleaseError(
            f"release {release.digest[:12]} has {release.size:,} bytes, {len(file):,} came"
        )
    digest = hashlib.sha256(file).hexdigest()
    if digest != release.digest:
        raise ReleaseError(
            f"what came for release {release.digest[:12]} is another file: {digest[:12]}"
        )
