"""Showing how training goes: a bar that moves within an epoch, and a line for each epoch done.

The only place that knows tqdm. The bar is on stderr, and only where that is a terminal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from litescore.terminal import printable
from trainer.fitting.history import Epoch, Unwatched, Watcher

# Seconds left.
_WORTH_TELLING = 60.0


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
        self._begun: tuple[float, float] | None = None

    def batches(self, epoch: int, done: int, of: int, loss: float, accuracy: float) -> None:
        """Opened here, when the number of images is first known."""
        bar = self._bar = self._bar or self._open(of, (epoch - 1) * of)
        # A training that goes on from a checkpoint begins in its middle.
        self._begun = self._begun or (time.monotonic(), epoch - 1 + done / of)
        bar.set_description(f"epoch {epoch}/{self._epochs}", refresh=False)
        bar.set_postfix_str(f"loss {loss:.4f}, accuracy {100 * accuracy:.1f} %", refresh=False)
        bar.update((epoch - 1) * of + done - bar.n)

    def epoch(self, epoch: Epoch) -> None:
        """A line above the bar, with the time left."""
        if self._bar is not None:
            self._bar.clear()
        self._say(describe(epoch, self._epochs) + self._left(epoch.number))

    def stopping(self) -> None:
        """A line at once, though the bar stands still until all is saved."""
        self._say("stopping: saving first, which may take a moment; once more stops at once")

    def _left(self, done: int) -> str:
        """The time left and the hour of the end, where that is worth a word; validation included."""
        if self._begun is None or done <= self._begun[1]:
            return ""
        began, first = self._begun
        seconds = (time.monotonic() - began) / (done - first) * (self._epochs - done)
        if seconds < _WORTH_TELLING:
            return ""
        end = time.strftime("%H:%M", time.localtime(time.time() + seconds))
        return f"; at most {duration(seconds)} left, until {end}"

    def close(self) -> None:
        """Take the bar off the terminal; the lines stay."""
        if self._bar is not None:
            self._bar.close()

    def _open(self, images: int, first: int) -> tqdm[Any]:
        return tqdm(
            total=self._epochs * images,
            initial=first,
            unit="img",
            unit_scale=True,
            leave=False,
            # None: disabled where stderr is no terminal.
            disable=None,
            file=sys.stderr,
        )


def warn(text: str) -> None:
    """A line on stderr, above a bar where there is one."""
    tqdm.write(f"warning: {printable(text)}", file=sys.stderr)


def duration(seconds: float) -> str:
    """As `90 s`, `12 min` or `3 h 05 min`."""
    minutes = round(seconds / 60)
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


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
