"""How a channel is followed: how often, what is fetched at most, what a release must show."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.releases.trial import Terms


@dataclass(frozen=True)
class FollowTerms:
    """How a channel is followed.

    every      seconds between two looks
    max_bytes  of a model's file
    trial      what a release must show
    """

    every: float = 60.0
    max_bytes: int = 256 * 2**20
    trial: Terms = field(default_factory=Terms)
