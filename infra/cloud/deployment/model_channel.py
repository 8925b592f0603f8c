"""A channel in S3 that the function follows: which one, and whom it trusts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.cloud import refusals
from infra.cloud.account import Account
from litescore.errors import UsageError
from litescore.releases.following import follow
from litescore.releases.options import trusted
from litescore.releases.shelf import MAX_STATEMENT
from litescore.store import s3 as addresses

# What the template takes: a `*` or `?` in it would open more to the role than the shelf.
_SHELF = re.compile(r"[A-Za-z0-9!_.'()=/-]+")


@dataclass(frozen=True)
class Followed:
    """A channel that is there and signed by somebody who is trusted.

    shelf    bucket and prefix, without s3://
    trust    the trusted keys, as LITESCORE_TRUST has them
    release  digest of what it hands out now
    """

    shelf: str
    channel: str
    trust: str
    release: str

    @property
    def parameters(self) -> dict[str, str]:
        """The template's parameters that say it."""
        return {
            "ModelShelf": self.shelf,
            "ModelChannel": self.channel,
            "ModelTrust": self.trust,
        }

    @property
    def note(self) -> str:
        """For who deploys."""
        return (
            f"the function follows s3://{self.shelf}@{self.channel}, which hands out "
            f"{self.release[:12]} now; it changes its model by itself"
        )


def trust(paths: Sequence[Path]) -> str:
    """The keys in these files, LITESCORE_TRUST's where none is named, as the function reads them.

    Raises ReleaseError where there is none.
    """
    return ":".join(key.text for key in trusted(tuple(paths)))


def look(account: Account, url: str, paths: Sequence[Path]) -> Followed:
    """The channel at an URL such as s3://bucket/models/shoes@stable, read once.

    paths  files of the keys that are trusted; LITESCORE_TRUST's where there are none

    Raises UsageError for what is no channel in S3, ReleaseError for one that no trusted key signed,
    ConfigurationError for one that cannot be read.
    """
    followed = follow(url)
    shelf, name = followed.shelf, followed.channel
    if not addresses.is_s3(shelf.root) or not _SHELF.fullmatch(shelf.root.removeprefix("s3://")):
        raise UsageError(
            f"--model {url!r}: the function follows s3://bucket/prefix@channel, a prefix of "
            "letters, digits and !_.'()=/- only"
        )
    bucket, key = addresses.split(shelf.place("channels", f"{name}.json"))
    what = f"channel {name!r} of {shelf.root}"
    with refusals.told(f"cannot read {what}"):
        body = account.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
        # What is longer than any statement is cut short here, and so is signed by nobody.
        data = body.read(MAX_STATEMENT)
    found, _ = shelf.opened_channel(name, data, trusted(tuple(paths)))
    return Followed(shelf.root.removeprefix("s3://"), name, trust(paths), found.now.release)
