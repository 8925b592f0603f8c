"""The options of the commands about releases, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from litescore.errors import UsageError
from litescore.options import gathered
from litescore.settings import Settings

if TYPE_CHECKING:
    from litescore.releases.keys import PublicKey
    from litescore.releases.publishing import Publisher
    from litescore.releases.shelf import Shelf

_FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class TrustOptions:
    """Whom to believe.

    trust  files of public keys
    """

    trust: tuple[Path, ...]

    def keys(self) -> tuple[PublicKey, ...]:
        """The keys that are named; LITESCORE_TRUST's where none is.

        Raises ReleaseError where that names none either.
        """
        return trusted(self.trust)


@dataclass(frozen=True)
class SigningOptions:
    """Who signs, and what is said with it.

    key    file of the private key
    trust  files of further public keys
    """

    key: Path | None
    trust: tuple[Path, ...]
    note: str

    def publisher(self, at: str | None) -> Publisher:
        """Who signs on the shelf `at`, or LITESCORE_RELEASES.

        Raises UsageError where no key or shelf is named.
        """
        from litescore.releases import keys
        from litescore.releases.publishing import Publisher

        settings = Settings.read()
        path = self.key or settings.signing_key
        if path is None:
            raise UsageError("no key to sign with: name it with --key or LITESCORE_SIGNING_KEY")
        key = keys.read_private(Path(path), settings.signing_passphrase)
        others = tuple(map(keys.read_public, self.trust)) or keys.named(settings.trust or "")
        return Publisher(shelf_at(at), key, others, self.note)


def shelf_at(at: str | None) -> Shelf:
    """The shelf that is named, or LITESCORE_RELEASES. Raises UsageError where neither is."""
    from litescore.releases.shelf import open_shelf

    root = at or Settings.read().releases
    if not root:
        raise UsageError("no releases named: a folder or s3:// prefix, or LITESCORE_RELEASES")
    return open_shelf(root)


def trusted(paths: tuple[Path, ...]) -> tuple[PublicKey, ...]:
    """The keys in these files; LITESCORE_TRUST's where none is named.

    Raises ReleaseError where that names none either.
    """
    from litescore.releases import keys

    return keys.trusted(paths, Settings.read().trust or "")


def trusted_if_any(paths: tuple[Path, ...]) -> tuple[PublicKey, ...] | None:
    """The same; None where no key is named anywhere."""
    return trusted(paths) if paths or Settings.read().trust else None


TRUST = click.option(
    "--trust",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="A public key that may have signed; more than once for more.  [default: LITESCORE_TRUST]",
)
trust_options: Callable[..., Any] = gathered("trusting", TrustOptions, TRUST)
signing_options: Callable[..., Any] = gathered(
    "signing",
    SigningOptions,
    click.option(
        "--key",
        type=_FILE,
        metavar="FILE",
        help="The private key to sign with.  [default: LITESCORE_SIGNING_KEY]",
    ),
    TRUST,
    click.option("--note", default="", help="Words that go into the history."),
)
