"""The model of a function that follows a channel: what it begins with, and when another takes over.

All of it is in memory: an environment that starts anew asks the channel anew. It scores nothing, and
renews nothing while an invocation is under way.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from lambda_handler import memory
from litescore.errors import ConfigurationError, LitescoreError, PermanentError, ReleaseError
from litescore.releases import keys, proving, release
from litescore.releases.channel import Channel
from litescore.releases.following import Followed, Running, follow, wanted
from litescore.releases.keys import PublicKey
from litescore.releases.proving import Load
from litescore.releases.release import Release
from litescore.releases.shelf import Held
from litescore.scorer import Scorer
from litescore.settings import Settings
from litescore.store import conditional

# Level, message and fields of a line of the log.
Say = Callable[..., None]


@dataclass(frozen=True)
class Terms:
    """How a channel is followed.

    who      whose place in a roll-out counts: the same in all environments of a function
    every    seconds between two looks
    largest  bytes of a model's file
    """

    who: str
    every: float
    largest: int


class Follower:
    """Follows a channel for as long as the environment lives.

    load   makes a scorer of a file's bytes
    clock  seconds, on and on while the environment is frozen between two invocations

    Raises ConfigurationError where nothing can be taken to begin with. Where the channel's own
    release cannot be, that before it is: a bad release must not stop what starts anew while what
    runs goes on without it.
    """

    def __init__(
        self,
        followed: Followed,
        trusted: tuple[PublicKey, ...],
        terms: Terms,
        *,
        load: Load,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = str(followed)
        self._shelf, self._channel, self._trusted = followed.shelf, followed.channel, trusted
        self._terms, self._load, self._clock = terms, load, clock
        # Digests of releases that failed here.
        self._bad: set[str] = set()
        self._etag: str | None = None
        self._problem: str | None = None
        self._told: str | None = None
        self._looked = clock()
        try:
            self.release, self.scorer, self._number = self._first()
        except LitescoreError as error:
            raise ConfigurationError(
                f"{self.name} gives no model to begin with: {error}"
            ) from error

    def renew(self, say: Say) -> bool:
        """Look at the channel where it is time to; whether another release is the one from now on.

        Where it cannot be had, or must not be taken, what runs goes on. `say` is told so, once.
        """
        taken = self._is_due() and self._look()
        if self._problem != self._told:
            self._told = self._problem
            if self._problem:
                running = f"release {self.release.digest[:12]} goes on"
                say("WARNING", f"{self.name}: {self._problem}; {running}")
        if taken:
            say("INFO", f"{self.name}: release {self.release.digest[:12]} from now on")
        return taken

    def read_file(self) -> bytes:
        """The file of the release that runs, anew."""
        return self._file(self.release)

    def _is_due(self) -> bool:
        return not 0 <= self._clock() - self._looked < self._terms.every

    def _look(self) -> bool:
        self._looked, self._problem = self._clock(), None
        try:
            held = self._read()
            if held is None:
                return False
            running = Running(self.release, self._number)
            # Whatever comes of it: an older statement is not to be believed any more.
            self._number = max(self._number, held.channel.now.number)
            found = self._wanted(held.channel, running)
            if found is not None:
                self.scorer = self._proven(found)
                self.release = found
        except LitescoreError as error:
            self._problem = str(error)
            return False
        self._etag = held.etag
        return found is not None

    def _first(self) -> tuple[Release, Scorer, int]:
        held = self._read()
        assert held is not None, "no ETag was given that it could still have"
        channel = held.channel
        try:
            found = self._wanted(channel, Running(None))
            if found is None:
                raise ReleaseError(f"it has no release for {self._terms.who} yet")
            return found, self._proven(found), channel.now.number
        except LitescoreError as error:
            turn = channel.turn_for(self._terms.who)
            before = channel.behind(turn.release if turn else None)
            if before is None:
                raise
            self._problem = str(error)
            found = self._shelf.read_release(before.release, self._trusted)
            return found, self._proven(found), channel.now.number

    def _read(self) -> Held | None:
        return self._shelf.read_channel(self._channel, self._trusted, etag=self._etag)

    def _wanted(self, channel: Channel, running: Running) -> Release | None:
        return wanted(
            channel,
            running,
            device=self._terms.who,
            bad=self._bad,
            read=lambda digest: self._shelf.read_release(digest, self._trusted),
        )

    def _proven(self, found: Release) -> Scorer:
        """The scorer of a release that has proven itself here."""
        name, largest = f"release {found.digest[:12]}", self._terms.largest
        if found.size > largest:
            raise ReleaseError(f"{name} has {found.size:,} bytes, this function takes {largest:,}")
        file = self._file(found)
        try:
            return proving.proven(file, self._load)
        except LitescoreError as error:
            # It would fail again, at each look and for the price of its file.
            self._bad.add(found.digest)
            raise ReleaseError(f"{name}: {error}") from error

    def _file(self, found: Release) -> bytes:
        """The file of a release, whole and the one that was meant; what is larger is not read."""
        try:
            blob = conditional.read_changed(
                self._shelf.file(found.digest), None, max_bytes=found.size
            )
        except PermanentError as error:
            raise ReleaseError(f"release {found.digest[:12]}: {error.reason}") from error
        assert blob is not None, "no ETag was given that it could still have"
        release.check(found, blob.data)
        return blob.data


def open_follower(model: str, settings: Settings, load: Load) -> Follower:
    """The follower of the channel that is named as the model, with a release to begin with.

    Raises ConfigurationError where a file is pinned beside it, no key is trusted, or nothing can be
    taken; UsageError for a channel or shelf without a name.
    """
    pins = {
        "LITESCORE_MODEL_VERSION": settings.model_version,
        "LITESCORE_MODEL_SHA256": settings.model_sha256,
    }
    for pin, value in pins.items():
        if value:
            raise ConfigurationError(
                f"LITESCORE_MODEL={model} follows a channel, and {pin}={value} pins one file: "
                "unset one of them"
            )
    terms = Terms(
        # A name that all environments of the function share: they change together.
        who=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "function"),
        every=60.0 * settings.model_check,
        largest=memory.largest_model(),
    )
    trusted = keys.trusted((), settings.trust or "")
    return Follower(follow(model), trusted, terms, load=load)
