"""What lies on a shelf, for people: its channels with their histories, and the releases in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litescore.errors import ReleaseError
from litescore.releases.channel import Channel
from litescore.releases.keys import PublicKey
from litescore.releases.release import Release
from litescore.releases.shelf import Shelf


@dataclass(frozen=True)
class Shown:
    """The channels by name, the releases that they hand out or handed out, by digest, and why one of
    them cannot be read.
    """

    model: str
    channels: tuple[Channel, ...]
    releases: dict[str, Release]
    problems: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "model": self.model,
            "channels": [channel.as_statement() for channel in self.channels],
            "releases": {digest: found.as_statement() for digest, found in self.releases.items()},
            "problems": self.problems,
        }


def read(shelf: Shelf, trusted: tuple[PublicKey, ...]) -> Shown:
    """All that is on a shelf. Raises ReleaseError for a channel that no trusted key signed."""
    held = [shelf.read_channel(name, trusted) for name in shelf.channel_names()]
    channels = tuple(one.channel for one in held if one is not None)
    digests = {turn.release for channel in channels for turn in channel.turns}
    found, problems = {}, {}
    for digest in sorted(digests):
        # One that is lost, or of a key that was given up, hides no history.
        try:
            found[digest] = shelf.read_release(digest, trusted)
        except ReleaseError as error:
            problems[digest] = str(error)
    return Shown(shelf.model, channels, found, problems)
