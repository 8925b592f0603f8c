"""A shelf: the folder or S3 prefix in which the releases of one model lie.

It knows where things lie and reads and writes them; what they say is not its business.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import unquote, urlsplit

from litescore import store
from litescore.errors import PermanentError, ReleaseError, UsageError
from litescore.record import Subject
from litescore.releases import channel as channels
from litescore.releases import envelope, release
from litescore.releases.channel import Channel
from litescore.releases.keys import PrivateKey, PublicKey
from litescore.releases.release import Release
from litescore.store import conditional, http
from litescore.store.http import is_http
from litescore.store.s3 import is_s3, split

# A statement is a few kilobytes; what claims to be one and is larger is not read.
MAX_STATEMENT = 4 * 2**20
MAX_MODEL = 2**31


@dataclass(frozen=True)
class Held:
    """A channel as it lies there: what it says, who signed it, and its ETag."""

    channel: Channel
    signer: str
    etag: str


@dataclass(frozen=True)
class Shelf:
    """Where the releases of a model lie.

    root   `s3://bucket/models/shoes`, a folder, or a web address to read from only; without a `/` at
           its end
    """

    root: str

    @property
    def model(self) -> str:
        """The model's name: the last part of where it lies."""
        name = self.root.rpartition("/")[2]
        return unquote(name) if is_http(self.root) else name

    def place(self, *parts: str) -> str:
        """The URL or path of something on the shelf."""
        return "/".join((self.root, *parts))

    def file(self, digest: str) -> str:
        """The URL or path of a release's model file."""
        return self.place(digest, "model.tflite")

    def read_file(self, found: Release) -> bytes:
        """The model file of a release, whole and the one that was meant.

        Raises ReleaseError for one that is missing or another.
        """
        try:
            file = _read(self.file(found.digest), MAX_MODEL)
        except PermanentError as error:
            raise ReleaseError(f"release {found.digest[:12]}: {error.reason}") from error
        release.check(found, file)
        return file

    def has_release(self, digest: str) -> bool:
        """Whether a release of this digest is there, whatever is said of it."""
        return store.exists(self.place(digest, "release.json"))

    def read_release(self, digest: str, trusted: tuple[PublicKey, ...]) -> Release:
        """What was signed of a release. Raises ReleaseError for one that is not there, not signed by
        a trusted key, or of another file or model.
        """
        what = f"release {digest[:12]} of {self.model}"
        try:
            sealed = _read(self.place(digest, "release.json"), MAX_STATEMENT)
        except PermanentError as error:
            raise ReleaseError(f"{what}: {error.reason}") from error
        statement, _ = envelope.opened(sealed, release.KIND, trusted, what=what)
        found = Release.from_statement(statement)
        if (found.digest, found.model) != (digest, self.model):
            raise ReleaseError(f"{what} speaks of {found.model} {found.digest[:12]}")
        return found

    def read_sealed(self, digest: str) -> bytes:
        """What is said of a release, as it lies there: whoever keeps it can look at the signature
        later. Raises ReleaseError for one that is not there.
        """
        try:
            return _read(self.place(digest, "release.json"), MAX_STATEMENT)
        except PermanentError as error:
            what = f"release {digest[:12]} of {self.model}"
            raise ReleaseError(f"{what}: {error.reason}") from error

    def check_writable(self) -> None:
        """Raises UsageError for a shelf that can only be read."""
        if is_http(self.root):
            raise UsageError(
                f"{self.root}: a shelf on a web server is only read: publish into the folder or bucket "
                "that it serves"
            )

    def add(self, found: Release, file: bytes, key: PrivateKey) -> None:
        """Put a release there, unless it is there already. The file comes before what speaks of it.

        Raises ReleaseError where another file lies in its place.
        """
        self.check_writable()
        if not store.create(self.file(found.digest), file):
            self.read_file(found)
        sealed = envelope.seal(release.KIND, found.as_statement(), key)
        store.create(self.place(found.digest, "release.json"), sealed)

    def read_channel(
        self, name: str, trusted: tuple[PublicKey, ...], *, etag: str | None = None
    ) -> Held | None:
        """A channel; None where it still has this ETag, if one is given.

        Raises ReleaseError for one that is not there, not signed by a trusted key, or of another
        name or model.
        """
        what = f"channel {name!r} of {self.model}"
        url = self.place("channels", f"{channels.check_name(name)}.json")
        try:
            blob = conditional.read_changed(url, etag, max_bytes=MAX_STATEMENT)
        except PermanentError as error:
            raise ReleaseError(f"{what}: {error.reason}") from error
        if blob is None:
            return None
        channel, signer = self.opened_channel(name, blob.data, trusted)
        return Held(channel, signer, str(blob.etag))

    def opened_channel(
        self, name: str, sealed: bytes, trusted: tuple[PublicKey, ...]
    ) -> tuple[Channel, str]:
        """The channel of this name in what lies there for it, and who signed it.

        Raises ReleaseError for one that is not signed by a trusted key, or of another name or model.
        """
        what = f"channel {name!r} of {self.model}"
        statement, signer = envelope.opened(sealed, channels.KIND, trusted, what=what)
        channel = Channel.from_statement(statement)
        if (channel.name, channel.model) != (name, self.model):
            raise ReleaseError(f"{what} speaks of {channel.name!r} of {channel.model}")
        return channel, signer

    def has_channel(self, name: str) -> bool:
        """Whether a channel of this name is there, whatever it says."""
        return store.exists(self.place("channels", f"{channels.check_name(name)}.json"))

    def channel_names(self) -> list[str]:
        """The channels that are there, sorted. Raises UsageError behind a web address."""
        if is_http(self.root):
            raise UsageError(f"{self.root}: a web server lists no channels: name the shelf itself")
        folder = self.place("channels") + "/"
        if not is_s3(folder) and not store.exists(folder):
            return []
        listed = (PurePath(one.source).name for one in store.list_objects(folder))
        return sorted(
            name.removesuffix(".json")
            for name in listed
            if name.endswith(".json") and not name.startswith(".")
        )

    def move(self, channel: Channel, etag: str | None, key: PrivateKey) -> bool:
        """Write a channel in the place of the one with this ETag (None: of none); False where
        another publisher was faster. Raises UsageError for one that would be too long to be read.
        """
        self.check_writable()
        sealed = envelope.seal(channels.KIND, channel.as_statement(), key)
        if len(sealed) > MAX_STATEMENT:
            raise UsageError(
                f"channel {channel.name!r} with its notes has {len(sealed):,} bytes, "
                f"{MAX_STATEMENT:,} are read: give a shorter --note"
            )
        url = self.place("channels", f"{channel.name}.json")
        return conditional.replace(url, sealed, etag)


def open_shelf(root: str) -> Shelf:
    """The shelf at an s3:// prefix, in a folder or behind a web address.

    Raises UsageError for a place without a name, and for a web address that is none.
    """
    if is_http(root):
        http.check(root)
        if not urlsplit(root).path.strip("/"):
            raise UsageError(
                f"{root} is a whole web server: name the model behind it, as {root}/shoes"
            )
    if is_s3(root) and not split(root)[1].strip("/"):
        raise UsageError(f"{root} is a whole bucket: name the model behind it, as {root}/shoes")
    if not is_http(root) and not is_s3(root):
        # On Windows too the last part is the name.
        root = PurePath(root.removeprefix("file://")).as_posix()
    shelf = Shelf(root.rstrip("/"))
    if shelf.model in ("", ".", ".."):
        raise UsageError(f"{root!r} has no name: releases lie in a folder named after the model")
    return shelf


def _read(place: str, max_bytes: int) -> bytes:
    """All that lies at a place; `litescore.store.read` takes no web addresses, since images are read
    by it.
    """
    if not is_http(place):
        return store.read(Subject(place), max_bytes=max_bytes).data
    blob = http.read_changed(place, None, max_bytes=max_bytes)
    assert blob is not None, "no ETag was named"
    return blob.data
