"""What an open camera is to the thread that reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Shot:
    """A camera's picture, uint8[height, width, 3] red first, and when it was taken (monotonic)."""

    pixels: NDArray[np.uint8]
    monotonic: float


class Camera(Protocol):
    """An open camera.

    note  what a person should know of it, where it is not as was asked for; else None
    """

    note: str | None

    def read(self) -> Shot | None:
        """The next picture, never one that waited in a buffer; None when there are no more.

        Raises TimeoutError where it waited for one as long as it may.
        """

    def close(self) -> None:
        """Give the device or connection back; nothing is read any more."""


# Opens a camera; raises ConfigurationError that says why it cannot.
Open = Callable[[], Camera]
