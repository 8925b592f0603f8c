"""A Keep of every frame, and what tests ask of the frames that it kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.keeping.keep import Keep
from edge.keeping.options import KeepOptions, open_keep
from edge.sinks.spool_options import SpoolOptions
from tests.edge.scored_frame import CONTRACT, DEVICE, scored
from tests.rig.waiting import wait_until

ALL = {"keep_when": ("every:1",), "keep_per_day": 0, "keep_at_most_every": 0.0}


class Kept:
    """A Keep of every frame, its state in `folder`, and what it said."""

    def __init__(
        self, folder: Path, place: object, *, spool: SpoolOptions | None = None, **options: object
    ) -> None:
        self.said: list[str] = []
        self.spool = spool or SpoolOptions()
        self.folder, self.place, self.options = folder, str(place), options

    def open(self) -> Keep:
        keep = open_keep(
            KeepOptions(self.place, **{**ALL, **self.options}),  # type: ignore[arg-type]
            device=DEVICE,
            labels=CONTRACT.labels,
            state=self.folder / "state",
            spool=self.spool,
            say=self.said.append,
        )
        assert keep is not None
        return keep

    @contextmanager
    def running(self) -> Iterator[Keep]:
        keep = self.open()
        try:
            yield keep
        finally:
            keep.close()


def show(keep: Keep, *numbers: int, pixels: NDArray[np.uint8] | None = None) -> list[str]:
    """Show it frames, none faster than it takes them; their ids."""
    frames = [scored(number, pixels=pixels) for number in numbers]
    for frame in frames:
        wait_until(lambda: keep._queue.empty())
        keep.see(frame)
    return [frame.record.id for frame in frames]


def ids(names: list[str]) -> set[str]:
    """Of the frames of which both objects are there."""
    found = [Path(name) for name in names]
    pictures = {path.stem for path in found if path.suffix != ".json"}
    assert pictures >= {path.stem for path in found if path.suffix == ".json"}
    return pictures & {path.stem for path in found if path.suffix == ".json"}


def noise(height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
