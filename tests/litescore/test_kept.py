"""What failed images leave in memory: nothing, long before Python looks for cycles."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from litescore import batch
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.settings import Settings
from tests.litescore.packed import zip_of

SIZE = 200_000


@pytest.mark.parametrize("shard", [False, True])
def test_failed_images_are_let_go(small_model: Path, tmp_path: Path, shard: bool) -> None:
    """A hundred that are no images, by themselves and in a zip: while the last of their outcomes is
    awaited fewer are held than a batch and a window have, and afterwards none.
    """
    scorer, settings = Scorer(small_model, batch=4), Settings(threads=1)
    files = {f"{number:03}.png": bytes([number + 1]) * SIZE for number in range(100)}
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    (tmp_path / "s.zip").write_bytes(zip_of(files))
    names = ["s.zip"] if shard else list(files)
    asked = [Subject(str(tmp_path / name)) for name in names]
    kept = []
    list(batch.run(asked[:1], scorer, settings=settings))  # what Pillow loads at its first image
    gc.disable()
    tracemalloc.start()
    try:
        for outcome in batch.run(asked, scorer, settings=settings):
            assert outcome.record is not None
            assert outcome.record.kind == "unsupported"
            kept.append(tracemalloc.get_traced_memory()[0])
        kept.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
        gc.enable()
    assert len(kept) == len(files) + 1
    assert max(kept) < 50 * SIZE
    assert kept[-1] < 10 * SIZE
