"""What lies in files of JSON lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path


def numbers(text: bytes) -> list[int]:
    return [json.loads(line)["frame"]["number"] for line in text.splitlines()]


def everything(folder: Path) -> list[int]:
    """The frames' numbers of all files, in the order in which the files sort."""
    found: list[int] = []
    for path in sorted(folder.glob("records.*")):
        data = path.read_bytes()
        found += numbers(gzip.decompress(data) if path.suffix == ".gz" else data)
    return found
