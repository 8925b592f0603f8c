"""Keras' own folder, where data sets and ImageNet's weights are kept once downloaded."""

from __future__ import annotations

import os
from pathlib import Path


def folder(given: Path | None = None) -> Path:
    """As given, else where Keras itself looks."""
    return (given or Path(os.environ.get("KERAS_HOME") or "~/.keras")).expanduser()
