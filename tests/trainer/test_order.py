"""Every image once an epoch, in batches of even size."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.fitting.order import batches, shuffled, spans


@given(count=st.integers(1, 3000), size=st.integers(1, 200), seed=st.integers(0, 2**31 - 1))
def test_batches_hold_every_image_once(count: int, size: int, seed: int) -> None:
    """No image is left out, none comes twice, no batch is larger than asked for."""
    many, few = batches(shuffled(count, seed, epoch=1), size)
    seen = np.concatenate([many.reshape(-1), few.reshape(-1)])
    assert sorted(seen.tolist()) == list(range(count))
    assert many.shape[1] <= size
    assert len(many) >= len(few)


@given(count=st.integers(1, 3000), size=st.integers(1, 200))
def test_batches_are_as_few_and_as_even_as_can_be(count: int, size: int) -> None:
    """No last batch of one image beside full ones."""
    many, few = batches(shuffled(count, 0, epoch=1), size)
    assert len(many) + len(few) == -(-count // size)
    if len(few):
        assert abs(many.shape[1] - few.shape[1]) == 1


def test_each_epoch_has_its_own_order() -> None:
    """The order changes with the epoch and with the seed, and with nothing else."""
    assert (shuffled(100, 1, 2) == shuffled(100, 1, 2)).all()
    assert (shuffled(100, 1, 2) != shuffled(100, 1, 3)).any()
    assert (shuffled(100, 1, 2) != shuffled(100, 2, 2)).any()


@given(steps=st.integers(0, 10_000), most=st.integers(1, 10_000))
def test_spans_cover_every_step(steps: int, most: int) -> None:
    """Spans of one size follow each other without gap or overlap, none empty."""
    found = list(spans(steps, most))
    assert [n for first, last, _ in found for n in range(first, last)] == list(range(steps))
    assert len({size for _, _, size in found}) <= 1
    for first, last, size in found:
        assert 0 < last - first <= size <= most


def test_an_epoch_is_a_few_spans() -> None:
    """Where memory allows, the bar moves some twenty times."""
    assert len(list(spans(1875, 10_000))) == 20
