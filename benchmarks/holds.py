"""What each figure is held against: the one place of these numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hold:
    """A figure may be `most` at most, or must be `least` at least; one of the two."""

    most: float | None = None
    least: float | None = None

    def __post_init__(self) -> None:
        if (self.most is None) == (self.least is None):
            raise ValueError("a hold has `most` or `least`")

    def met(self, figure: float) -> bool:
        """Whether it holds; the limit itself does."""
        if self.most is not None:
            return figure <= self.most
        return self.least is not None and figure >= self.least


PARTS = Hold(most=1.15)
KERAS_SMALL, KERAS_PHOTOS = Hold(least=100), Hold(least=20)
ONE_IMAGE = Hold(most=0.2)
ZIP, NPZ = Hold(most=1 / 2), Hold(most=1 / 3)
BARE, BOTO3 = Hold(most=3.5), Hold(most=0.45)
PEAK = Hold(most=1.1)
TWO = Hold(least=1.7)
LARGE_LOOP, SMALL_LOOP = Hold(most=1.05), Hold(most=1.2)
LATENCY = Hold(most=1.0)
VIEWER = Hold(most=2.0)
FRAMES = Hold(most=1.02)
FILE, DROP = Hold(most=0.30), Hold(most=0.5)
SWEEP = Hold(most=120)
TRAINING = Hold(most=0.3)
SAME_ACCURACY = Hold(least=-0.5)
EQUAL, ONE_STEP = Hold(most=0), Hold(most=1)
OVERHEAD = Hold(most=1.05)
VERIFY = Hold(most=1.0)
HALF = Hold(least=0.9)
