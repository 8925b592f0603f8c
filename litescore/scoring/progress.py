"""A progress bar on a terminal's standard error: images, images a second, failures, the time left."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from litescore import shards
from litescore.errors import LitescoreError
from litescore.record import Subject

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

# Hears how many images have come out since it was last told, and how many of those were not scored.
Tell = Callable[[int, int], None]

# Seconds between two pictures of the bar.
_PAUSE = 0.1


@contextmanager
def watching(images: Iterable[Subject]) -> Iterator[Tell]:
    """What is to be told of each image; silent where standard error is no terminal.

    `images` are listed once more meanwhile, to know how many there are; where shards are among them
    that is not known, and the bar has no end.
    """
    if not sys.stderr.isatty():
        yield lambda _images, _failed: None
        return
    bar = _Bar()
    threading.Thread(target=bar.count, args=[images], daemon=True).start()
    try:
        yield bar.tell
    finally:
        bar.close()


class _Bar:
    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown = 0.0
        self._images = self._failed = self._waiting = 0
        self._closed = False
        # Of a map nobody can say how long it is: nor can we, until the images are counted.
        self._bar: ProgressBar[str] = click.progressbar(
            map(str, ()),
            file=sys.stderr,
            show_pos=True,
            # Its own takes the first, slow second for as long as seven.
            show_eta=False,
            item_show_func=lambda words: words,
        )

    def count(self, images: Iterable[Subject]) -> None:
        total = 0
        # What is wrong with the listing is the run's own to say.
        with suppress(LitescoreError):
            for subject in images:
                if self._closed or shards.is_shard(subject.source):
                    return
                total += 1
            self._bar.length, self._bar.show_percent = total, True

    def tell(self, images: int, failed: int) -> None:
        self._images += images
        self._failed += failed
        self._waiting += images
        now = time.monotonic()
        if now - self._shown > _PAUSE:
            self._shown = now
            rate = self._images / max(now - self._start, 1e-9)
            self._bar.update(
                self._waiting, f"{rate:,.0f}/s, {self._failed:,} failed{self._left(rate)}"
            )
            self._waiting = 0

    def _left(self, rate: float) -> str:
        if not self._bar.length or not rate:
            return ""
        return f", {timedelta(seconds=round((self._bar.length - self._images) / rate))} left"

    def close(self) -> None:
        self._closed = True
        # As the bar itself would end, but on the line where it stood.
        sys.stderr.write("\r\x1b[K\x1b[?25h")
        sys.stderr.flush()
