"""Files and folders that hold no Keras model: each refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from litescore.errors import LitescoreError

Tensorflow = Callable[..., Any]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.keras", None, "no model at .*none.keras"),
        ("text.keras", b"hello", "it is no .keras archive"),
        ("text.h5", b"hello", "cannot load .*text.h5"),
        ("model.pb", b"hello", "its name ends in neither .keras nor .h5"),
    ],
)
def test_files_that_are_no_model(
    tensorflow: Tensorflow,
    tmp_path: Path,
    name: str,
    content: bytes | None,
    said: str,
) -> None:
    """Each is named, in one line."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(LitescoreError, match=said) as refused:
        tensorflow(read, tmp_path / name)
    assert "\n" not in str(refused.value)


def test_folders_that_are_no_model(tensorflow: Tensorflow, tmp_path: Path) -> None:
    """An empty folder, and a SavedModel that says nothing."""
    with pytest.raises(LitescoreError, match=r"lacks saved_model\.pb"):
        tensorflow(read, tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"hello")
    with pytest.raises(LitescoreError, match="cannot load") as refused:
        tensorflow(read, tmp_path)
    assert "\n" not in str(refused.value)


def read(path: Path) -> None:
    """Load the model at `path`."""
    from export.loading import load

    load(path)
