"""Showing how training goes: a bar that moves within an epoch, and a line for each epoch done.

The only place that knows tqdm. The bar is on stderr, and only where that is a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from trainer.fitting.history import Epoch, Unwatched, Watcher


@contextmanager
def watching(epochs: int, say: Callable[[str], None] | None) -> Iterator[Watcher]:
    """A Watcher for a training of `epochs` that tells `say` each epoch; silent without `say`."""
    if say is None:
        yield Unwatched()
        return
    bar = Bar(epochs, say)
    try:
        yield bar
    finally:
        bar.close()


class Bar:
    """A Watcher (see trainer.fitting.history) that shows a bar of all epochs with the time left."""

    def __init__(self, epochs: int, say: Callable[[str], None]) -> None:
        self._epochs, self._say = epochs, say
        self._bar: tqdm[Any] | None = None

    def batches(self, epoch: int, done: int, of: int, loss: float, accuracy: float) -> None:
        bar = self._bar = self._bar or self._open(of)
        bar.set_description(f"epoch {epoch}/{self._epochs}", refresh=False)
        bar.set_postfix_str(f"loss {loss:.4f}, accuracy {100 * accuracy:.1f} %", refresh=False)
        bar.update((epoch - 1) * of + done - bar.n)

    def epoch(self, epoch: Epoch) -> None:
        if self._bar is not None:
            self._bar.clear()
        self._say(describe(epoch, self._epochs))

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _open(self, images: int) -> tqdm[Any]:
        return tqdm(
            total=self._epochs * images,
            unit="img",
            unit_scale=True,
            leave=False,
            # None: disabled where stderr is no terminal.
            disable=None,
            file=sys.stderr,
        )


def describe(epoch: Epoch, of: int) -> str:
    """One epoch as a line."""
    words = f"epoch {epoch.number}/{of}: loss {epoch.loss:.4f}, accuracy {_percent(epoch.accuracy)}"
    if epoch.val_loss is None or epoch.val_accuracy is None:
        return words
    return f"{words}; validation loss {epoch.val_loss:.4f}, accuracy {_percent(epoch.val_accuracy)}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


@contextmanager
def pictures_watched(shown: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each pass over pictures, with the time left: a Watch of trainer.images.survey."""
    bars: dict[str, tqdm[Any]] = {}

    def watch(doing: str, done: int, of: int) -> None:
        bar = bars.get(doing)
        if bar is None or bar.total != of:
            bar = bars[doing] = _open(doing, of, shown)
        bar.update(done - bar.n)
        if done >= of:
            bars.pop(doing).close()

    try:
        yield watch
    finally:
        for bar in bars.values():
            bar.close()


def _open(doing: str, pictures: int, shown: bool) -> tqdm[Any]:
    disable = None if shown else True
    return tqdm(
        total=pictures, desc=doing, unit="img", leave=False, disable=disable, file=sys.stderr
    )
