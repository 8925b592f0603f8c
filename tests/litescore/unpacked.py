"""Pictures for shards, and what a shard then holds."""

from __future__ import annotations

import numpy as np

from litescore import shards
from litescore.errors import PermanentError
from litescore.settings import Settings
from tests.litescore.conftest import picture_bytes

PICTURES = {f"{name}/{n} é+%.png": picture_bytes(n) for n, name in enumerate(("a", "b", "../../c"))}
ARRAY = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


def contents(name: str, data: bytes, **limits: int) -> dict[str | None, object]:
    """Member -> bytes, pixels as a list, or `kind: reason`."""
    found: dict[str | None, object] = {}
    for member in shards.members(name, data, Settings(**limits)):  # type: ignore[arg-type]
        content = member.content
        found[member.name] = (
            content.tolist()
            if isinstance(content, np.ndarray)
            else str(content)
            if isinstance(content, PermanentError)
            else content
        )
    return found
