"""The options of every command that may state a view; those left out leave a contract's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce, wraps
from typing import Any, TypeVar

import click

from litescore.view import ROTATIONS, View, ViewChanges, format_region, parse_region

_Result = TypeVar("_Result")


def view_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    """Give a command `--rotate`, `--mirror`, `--roi` and `--invert`, and itself the ViewChanges that
    they make as `view`.
    """

    @wraps(command)
    def told(
        *args: Any,
        rotate: str | None,
        mirror: bool | None,
        roi: str | None,
        invert: bool | None,
        **words: Any,
    ) -> _Result:
        stated: dict[str, Any] = {"mirror": mirror, "invert": invert}
        stated["rotate"] = None if rotate is None else int(rotate)
        stated = {name: value for name, value in stated.items() if value is not None}
        if roi is not None:
            stated["region"] = parse_region(roi)
        return command(*args, view=ViewChanges(stated), **words)

    return reduce(lambda made, option: option(made), reversed(_OPTIONS), told)


def view_words(view: View) -> list[str]:
    """The options that state this view."""
    found = ["--rotate", str(view.rotate)] if view.rotate else []
    found += ["--mirror"] if view.mirror else []
    found += ["--roi", format_region(view.region)] if view.region else []
    return found + (["--invert"] if view.invert else [])


_OPTIONS = (
    click.option(
        "--rotate", type=click.Choice([str(one) for one in ROTATIONS]),
        help="Degrees clockwise by which a fixed camera's pictures are turned.",
    ),
    click.option("--mirror/--no-mirror", default=None, help="Swap left and right, once turned."),
    click.option(
        "--roi", metavar="X,Y,W,H",
        help="The region that the model sees of the turned, mirrored picture: pixels (whole "
        "numbers), fractions of it (0.25,0,0.5,0.5), or `whole`.",
    ),
    click.option("--invert/--no-invert", default=None,
                 help="Dark on light becomes light on dark: 255 less each value."),
)  # fmt: skip
