"""The options of `litescore export`, by what they are about; and what their words mean."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypeAlias

import click

from export.targets import TARGETS
from litescore.contract import INTERPOLATIONS, RESIZES
from litescore.errors import UsageError

_Command: TypeAlias = Callable[..., Any]
_PATH = click.Path(path_type=Path)
_UNITS = {"": 1, "b": 1, "kb": 1000, "mb": 1_000_000}


class Bytes(click.ParamType):  # type: ignore[type-arg]
    """A size: `300000`, `300kB` or `1.5MB` (a kB is 1,000 bytes)."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)", str(value).strip())
        if found is None or found[2].lower() not in _UNITS:
            self.fail(f"{value!r} is no size: write it as 300000, 300kB or 1.5MB", param, ctx)
        return int(float(found[1]) * _UNITS[found[2].lower()])


class Size(click.ParamType):  # type: ignore[type-arg]
    """Pixels: `224` for a square, or width and height as `320x240`."""

    name = "PIXELS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """(height, width)."""
        found = re.fullmatch(r"([1-9]\d{0,4})(?:x([1-9]\d{0,4}))?", str(value))
        if found is None:
            self.fail(f"{value!r} is no size: write it as 224, or as 320x240", param, ctx)
        width = int(found[1])
        return int(found[2] or width), width


def _finite(_ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """Refuses `nan`, which no comparison would."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number to hold anything to", param=param)
    return value


def _all(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


what = _all(
    click.option(
        "--quantize", "variant", default="int8", show_default=True, metavar="VARIANT",
        help="f32, f16, dynamic (weights as int8), int8 (all of it; uint8 pixels in), "
        "int8-float-io, int16x8, or auto: the best of all for --target.",
    ),
    click.option("--out", type=_PATH, default=Path("model.tflite"), show_default=True,
                 help="The file to write."),
    click.option("--data", help="Labelled images.  [default: those the run was trained on]"),
    click.option("--batch", metavar="N|dynamic",
                 help="Images the model takes at once, fixed; or left open.  [default: dynamic]"),
    click.option("--calibrate-confidence", is_flag=True,
                 help="Fit a temperature on the validation images and put it into the graph."),
)  # fmt: skip

where = _all(
    click.option("--target", metavar="|".join(TARGETS),
                 help="Where the file will run; one that would not load there is refused."),
    click.option("--measured", type=_PATH, metavar="BENCH.JSON",
                 help="What `litescore bench --json` said of the --keep files on the target."),
    click.option("--keep", type=_PATH, metavar="FOLDER", help="Keep every candidate here."),
)  # fmt: skip

gates = _all(
    click.option("--max-drop", type=click.FloatRange(min=0), callback=_finite, default=1.0, show_default=True,
                 help="Points of accuracy that the file may have lost to the Keras model."),
    click.option("--max-class-drop", type=click.FloatRange(min=0), callback=_finite, default=5.0, show_default=True,
                 help="Points of recall that any class may lose; one image is always forgiven."),
    click.option("--max-size", type=Bytes(), help="Refuse larger files, such as 300kB."),
    click.option("--max-latency-ms", "max_latency", type=click.FloatRange(min=0, min_open=True),
                 callback=_finite,
                 help="Refuse slower files: the median of an invocation on the target."),
)  # fmt: skip

foreign = _all(
    click.option("--labels", type=_PATH, help="Class names, one a line."),
    click.option("--preprocess", metavar="none|unit|tf|torch|caffe",
                 help="How its training scaled pixels 0..255: not at all (or in the graph), to "
                 "0..1, or as keras.applications' three modes."),
    click.option("--mean", metavar="R,G,B", help="Instead of --preprocess: (pixel - mean) / std."),
    click.option("--std", metavar="R,G,B", help="In the same 0..255 units as --mean."),
    click.option("--resize", type=click.Choice(RESIZES), help="How pictures reach the model's size: squashed, cut to its shape, or padded to it.  "
                 "[default: squash]"),
    click.option("--antialias/--no-antialias", default=None,
                 help=f"{' or '.join(INTERPOLATIONS)}; Keras' image_dataset_from_directory "
                 "resizes without."),
    click.option("--size", type=Size(), help="224 or 320x240, for a model that takes any size."),
    click.option("--output", metavar="softmax|sigmoid|multilabel",
                 help="What the model's output means, logits included, where that cannot be seen."),
    click.option("--threshold", type=click.FloatRange(0, 1, min_open=True, max_open=True),
                 help="From which probability on a label of multilabel holds.  [default: 0.5]"),
    click.option("--convert-color", is_flag=True,
                 help="Take gray pictures for an rgb model, or the other way round."),
    click.option("--reference", type=_PATH, metavar="PREDICTIONS.CSV",
                 help="Your own predictions (file,label): compared image by image."),
)  # fmt: skip


def batch(text: str | None) -> int | None:
    """`--batch` as a number; None for an open one. Raises UsageError for other words."""
    if text is None or text == "dynamic":
        return None
    if not text.isdigit() or not 1 <= int(text) <= 4096:
        raise UsageError(f"--batch {text!r} is neither a number 1..4096 nor `dynamic`")
    return int(text)


def numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    """`--mean` and `--std`: one number, or three. Raises UsageError for other words."""
    if text is None:
        return None
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) not in (1, 3) or not all(map(math.isfinite, values)):
        raise UsageError(f"--{name} {text!r} is not one number or three, such as 123.7,116.8,103.9")
    return values
