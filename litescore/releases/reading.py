"""What lies on a shelf, for people: its channels with their histories, and the releases in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litescore.releases.channel import Channel
from litescore.releases.keys import PublicKey
from litescore.releases.release import Release
from litescore.releases.shelf import Shelf


@dataclass(frozen=True)
class Shown:
    """The channels by name, and the releases that they hand out or handed out, by digest."""

    model: str
    channels: tuple[Channel, ...]
    releases: dict[str, Release]

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "model": self.model,
            "channels": [channel.as_statement() for channel in self.channels],
            "releases": {digest: found.as_statement() for digest, found in self.releases.items()},
        }


def read(shelf: Shelf, trusted: tuple[PublicKey, ...]) -> Shown:
    """All that is on a shelf. Raises ReleaseError for what no trusted key signed."""
    held = [shelf.read_channel(name, trusted) for name in shelf.channel_names()]
    channels = tuple(one.channel for one in held if one is not None)
    digests = {turn.release for channel in channels for turn in channel.turns}
    found = {digest: shelf.read_release(digest, trusted) for digest in sorted(digests)}
    return Shown(shelf.model, channels, found)
