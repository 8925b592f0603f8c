"""The view: what a model sees of a fixed camera's picture, by how the camera hangs and looks.

It knows numbers only; the pixels are `litescore.image`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeGuard

from litescore.errors import ContractError, PermanentError, UsageError

Size: TypeAlias = tuple[int, int]  # width, height
Box: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom
Region: TypeAlias = tuple[float, float, float, float]  # x, y, width, height

ROTATIONS = (0, 90, 180, 270)
# The region that is none, in words.
WHOLE_PICTURE = "whole"
# No picture is as wide.
_FAR = 1e9


@dataclass(frozen=True)
class View:
    """Turned, then mirrored, then cut to the region; brought to the model's size; inverted.

    rotate  degrees clockwise, one of ROTATIONS
    mirror  left and right are swapped, after turning
    region  x, y, width, height in the turned and mirrored picture, or None for all of it. Four
            whole numbers are pixels, whatever their type; otherwise all four are fractions 0..1 of
            the picture. Zeros and ones alone, which could be either, are refused
    invert  each value becomes 255 less itself, as for a digit drawn dark on white paper; the
            contract's padding stays as it is

    Raises ContractError for a value outside these.
    """

    rotate: int = 0
    mirror: bool = False
    region: Region | None = None
    invert: bool = False

    def __post_init__(self) -> None:
        if type(self.rotate) is not int or self.rotate not in ROTATIONS:
            known = ", ".join(map(str, ROTATIONS))
            raise ContractError(f"unknown rotate {self.rotate!r} in the view: one of {known}")
        for name in ("mirror", "invert"):
            if not isinstance(getattr(self, name), bool):
                value = getattr(self, name)
                raise ContractError(f"{name} {value!r} in the view is neither true nor false")
        if self.region is not None:
            try:
                object.__setattr__(self, "region", _region(self.region))
            except ValueError as error:
                raise ContractError(f"region {self.region!r} in the view {error}") from None

    def __str__(self) -> str:
        """As a person reads it: `rotate 90, mirror, region 0,40,200,160, invert`."""
        parts = [f"rotate {self.rotate}"] if self.rotate else []
        parts += ["mirror"] if self.mirror else []
        parts += [f"region {format_region(self.region)}"] if self.region else []
        parts += ["invert"] if self.invert else []
        return ", ".join(parts) or "whole picture"

    def to_json(self) -> dict[str, Any]:
        """What differs from the default, as plain values; {} for the whole picture as it is."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        if self.region is not None:
            values["region"] = list(self.region)
        return {name: value for name, value in values.items() if value != getattr(WHOLE, name)}

    @classmethod
    def from_json(cls, values: object) -> View:
        """The view that `to_json` wrote. Raises ContractError for anything else."""
        if not isinstance(values, Mapping):
            raise ContractError(f"view {values!r} in the contract is not an object of facts")
        unknown = sorted(set(values) - {one.name for one in fields(cls)})
        if unknown:
            raise ContractError(f"unknown field in the contract's view: {', '.join(unknown)}")
        return cls(**values)

    def turned(self, size: Size) -> Size:
        """(width, height) of a picture of that size once it is turned."""
        return size if self.rotate in (0, 180) else (size[1], size[0])

    def box(self, size: Size) -> Box:
        """The region in whole pixels of a turned picture of that size; at least a pixel.

        Raises PermanentError `unsupported` for a region in pixels that lies outside.
        """
        if self.region is None:
            return (0, 0, *size)
        x, y, width, height = self.region
        if not _is_whole(self.region):
            left, right = _edges(x, width, size[0])
            top, bottom = _edges(y, height, size[1])
            return left, top, right, bottom
        if x + width > size[0] or y + height > size[1]:
            raise PermanentError(
                "unsupported",
                f"the region {format_region(self.region)} reaches to {x + width} x {y + height} "
                f"pixels, the turned picture has {size[0]} x {size[1]}; fractions fit any size",
            )
        return int(x), int(y), int(x + width), int(y + height)


WHOLE = View()


class ViewChanges(NamedTuple):
    """The fields of a View that were stated, by name; false where none was."""

    stated: Mapping[str, Any] = MappingProxyType({})

    def __bool__(self) -> bool:
        return bool(self.stated)

    def apply(self, view: View = WHOLE) -> View:
        """That view with what was stated. Raises ContractError as View does."""
        return replace(view, **self.stated)


UNCHANGED = ViewChanges()


def parse_region(text: str) -> Region | None:
    """`x,y,w,h`, in pixels or fractions as View takes them; None for `whole`.

    Raises UsageError for other words.
    """
    if text.strip() == WHOLE_PICTURE:
        return None
    try:
        return _region(_numbers(text))
    except ValueError as error:
        raise UsageError(
            f"the region {text!r} {error}: write x,y,width,height in pixels as 40,0,400,400, in "
            f"fractions of the picture as 0.1,0,0.5,0.8, or `{WHOLE_PICTURE}`"
        ) from None


def format_region(region: Region | None) -> str:
    """The text that `parse_region` reads."""
    return WHOLE_PICTURE if region is None else ",".join(map(str, region))


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        return ()


def _region(values: object) -> Region:
    """Four ints (pixels) or four floats (fractions). Raises ValueError with what is wrong."""
    given = values if isinstance(values, list | tuple) else ()
    found = [value for value in given if _is_number(value)]
    if len(found) != 4 or len(given) != 4:
        raise ValueError("is not four numbers")
    x, y, width, height = found
    if min(x, y) < 0 or min(width, height) <= 0:
        raise ValueError("begins before the picture or has no size")
    if _is_whole(found):
        if max(found) <= 1:
            raise ValueError("may be one pixel or the whole picture")
        return int(x), int(y), int(width), int(height)
    if x + width > 1 or y + height > 1:
        raise ValueError("is neither whole pixels nor fractions within 0..1")
    return float(x), float(y), float(width), float(height)


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _FAR  # which nan is not


def _is_whole(numbers: Iterable[float]) -> bool:
    return all(number == int(number) for number in numbers)


def _edges(start: float, length: float, size: int) -> tuple[int, int]:
    first = min(round(start * size), size - 1)
    return first, max(first + 1, round((start + length) * size))
