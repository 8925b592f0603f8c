"""The options of following a channel, and what they open."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from litescore.options import gathered
from litescore.releases.options import TRUST, trusted

if TYPE_CHECKING:
    from edge.device import Device
    from edge.releases.follower import Follower
    from edge.releases.intake import Fits
    from litescore.releases.proving import Load

_DAY = 86_400


@dataclass(frozen=True)
class FollowOptions:
    """How the channel that is named as the model is followed.

    trust        files of public keys; () for LITESCORE_TRUST's
    check_every  seconds between two looks at the channel
    trial        seconds that a release must run well for
    """

    trust: tuple[Path, ...] = ()
    check_every: float = 60.0
    trial: float = 120.0


class Seconds(click.FloatRange):
    """A time that a clock can wait for: nan is in no range, and click's own lets it pass."""

    name = "number of seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return seconds


follow_options = gathered(
    "follow",
    FollowOptions,
    TRUST,
    click.option(
        "--check-every",
        type=Seconds(0.1, _DAY),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="Of a channel: how often it is looked at, give or take a fifth.",
    ),
    click.option(
        "--trial",
        type=Seconds(0, 30 * _DAY),
        default=120.0,
        show_default=True,
        metavar="SECONDS",
        help="Of a new release: for how long it is watched, and left for the old one where it fails.",
    ),
)


def open_follower(
    options: FollowOptions,
    model: str | None,
    device: Device,
    state: Path,
    *,
    load: Load,
    say: Callable[[str], None],
    fits: Fits = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Follower | None:
    """What follows the channel that is named as the model; None for a model that is none.

    fits  raises a LitescoreError for a release that does not go with what this device has, or was told
    stopping  whether the loop was asked to end

    Raises UsageError for a shelf or a channel without a name, ReleaseError where no key is trusted.
    """
    from litescore.releases.following import follow, is_channel

    if model is None or not is_channel(model):
        return None
    from edge.releases.follower import Follower
    from edge.releases.slots import Slots
    from edge.releases.terms import FollowTerms
    from edge.releases.trial import Terms

    followed, keys = follow(model), trusted(options.trust)
    slots = Slots(folder_of(state) / followed.shelf.model, keys)
    terms = FollowTerms(options.check_every, trial=Terms(seconds=options.trial))
    return Follower(
        followed, slots, keys, device, load=load, say=say, fits=fits, stopping=stopping, terms=terms
    )


def folder_of(state: Path) -> Path:
    """Where the followed models lie in a state folder, each in a folder of its name."""
    return state / "releases"
