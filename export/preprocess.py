"""What a training did to raw pixels before its model saw them, so that the graph can do it too.

Plain arithmetic on numpy arrays; `export.graph` builds the layers. It knows no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.errors import UsageError


@dataclass(frozen=True)
class Preprocess:
    """pixels * scale + offset, after red and blue changed places where `bgr` says so.

    scale, offset  one value for all channels or one a channel, in the order the model sees them
    """

    name: str
    scale: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)
    bgr: bool = False

    def apply(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32[..., channels] of pixels 0..255, red first -> what the model was trained on."""
        values: NDArray[np.float32] = pixels[..., ::-1] if self.bgr else pixels
        return values * self._scale + self._offset

    def undo(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The pixels, not rounded, from which `apply` makes these values."""
        pixels: NDArray[np.float32] = (values - self._offset) / self._scale
        return pixels[..., ::-1] if self.bgr else pixels

    @property
    def _scale(self) -> NDArray[np.float32]:
        return np.asarray(self.scale, np.float32)

    @property
    def _offset(self) -> NDArray[np.float32]:
        return np.asarray(self.offset, np.float32)

    def to_facts(self) -> dict[str, Any]:
        """As the contract's `origin` tells it."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Preprocess:
        """What `to_facts` told."""
        scale, offset = tuple(facts["scale"]), tuple(facts["offset"])
        return cls(facts["name"], scale, offset, facts["bgr"])


# The last three are keras.applications' preprocess_input in its three modes.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PREPROCESSES = {
    one.name: one
    for one in (
        Preprocess("none"),
        Preprocess("unit", (1 / 255,)),
        Preprocess("tf", (1 / 127.5,), (-1.0,)),
        Preprocess(
            "torch",
            tuple(1 / (255 * std) for std in _STD),
            tuple(-mean / std for mean, std in zip(_MEAN, _STD, strict=True)),
        ),
        Preprocess("caffe", (1.0,), (-103.939, -116.779, -123.68), bgr=True),
    )
}


def chosen(
    name: str | None,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    *,
    channels: int,
) -> Preprocess | None:
    """The preprocessing of that name, or of mean and std in grey levels; None where nothing is said.

    Raises UsageError for an unknown name, for both at once, and for values that do not fit a
    picture of so many channels.
    """
    if mean is None and std is None:
        return None if name is None else _named(name, channels)
    if name is not None:
        raise UsageError("--preprocess and --mean, --std say the same thing: give one of them")
    return _standardized(mean or (0.0,), std or (1.0,), channels)


def _named(name: str, channels: int) -> Preprocess:
    if name not in PREPROCESSES:
        raise UsageError(f"unknown --preprocess {name!r}: one of {', '.join(PREPROCESSES)}")
    found = PREPROCESSES[name]
    if channels == 1 and len(found.offset) == 3:
        raise UsageError(f"--preprocess {name} is for colour pictures, the model takes gray ones")
    return found


def _standardized(mean: tuple[float, ...], std: tuple[float, ...], channels: int) -> Preprocess:
    for option, values in (("--mean", mean), ("--std", std)):
        if len(values) not in (1, channels):
            raise UsageError(f"{option} has {len(values)} values, the model {channels} channels")
        if not np.isfinite(values).all():
            raise UsageError(f"{option} {_words(values)} is no finite number")
    if min(std) <= 0:
        raise UsageError(f"--std {_words(std)} is not above 0")
    if min(std) < 1:
        raise UsageError(
            f"--std {_words(std)} is below one grey level: --mean and --std are in grey levels "
            f"0..255, so multiply both by 255 (--std {_words([255 * one for one in std])})"
        )
    count = max(len(mean), len(std))
    means, stds = np.broadcast_to(mean, count), np.broadcast_to(std, count)
    return Preprocess(
        "mean and std",
        tuple(float(1 / one) for one in stds),
        tuple(float(-m / s) for m, s in zip(means, stds, strict=True)),
    )


def _words(values: list[float] | tuple[float, ...]) -> str:
    return ",".join(f"{value:g}" for value in values)
