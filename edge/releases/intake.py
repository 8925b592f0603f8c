"""A release on its way into a slot: fetched, proven on this device, written down.

It does not know which release is wanted, nor what the loop makes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.releases import fetching
from edge.releases.slots import Held, Slots
from litescore import golden
from litescore.errors import ConfigurationError, LitescoreError, ReleaseError
from litescore.releases import envelope, proving, release
from litescore.releases.keys import PublicKey
from litescore.releases.proving import Load
from litescore.releases.release import Release
from litescore.releases.shelf import Shelf
from litescore.scorer import Scorer

Fits = Callable[[Release], None]
# A release whose loading takes the process down is not loaded at every start for ever. Once may be
# by chance: somebody pulled the plug.
_MOST_TRIES = 2


@dataclass(frozen=True)
class Proven:
    """A release with its signed statement, its file, and a scorer of that."""

    release: Release
    sealed: bytes
    file: bytes
    scorer: Scorer


class Intake:
    """Takes releases from a shelf into slots.

    load       makes a scorer of a file's bytes
    max_bytes  of a model's file
    fits       raises a LitescoreError for a release that does not go with what this device has, or was told
    """

    def __init__(
        self,
        shelf: Shelf,
        slots: Slots,
        trusted: tuple[PublicKey, ...],
        *,
        load: Load,
        max_bytes: int,
        fits: Fits = lambda _: None,
    ) -> None:
        self._shelf, self._slots, self._trusted = shelf, slots, trusted
        self._load, self._max_bytes, self._fits = load, max_bytes, fits
        # With another runtime, or other words, it may do: so not beyond this process.
        self._unfit: dict[str, str] = {}

    def check_fit(self, found: Release) -> None:
        """Before it is fetched; not for ever, since whoever changes the options starts the loop anew."""
        try:
            self._fits(found)
        except LitescoreError as error:
            raise self.unfit(found, str(error)) from error

    def prove(self, found: Release, between: Callable[[], None]) -> Proven:
        """A release that is here and has proven itself. No slot is written to.

        between  is called after each piece that is fetched, and may end it by what it raises

        Raises ReleaseError for one that is not whole, not for this device, or answers otherwise than
        recorded: the last is not taken again.
        """
        if found.digest in self._unfit:
            raise ReleaseError(self._unfit[found.digest])
        sealed = self._sealed(found)
        folder, size = self._slots.folder, self._max_bytes
        file = fetching.fetch(self._shelf, found, folder, max_bytes=size, between=between)
        return Proven(found, sealed, file, self._proven(found, file))

    def put(self, proven: Proven) -> str:
        """Write it into the slot that does not run; its name."""
        slot = self._slots.put(proven.sealed, proven.file)
        if self._slots.held(slot) is None:
            folder = self._slots.folder
            raise ConfigurationError(f"slot {slot} in {folder} does not keep what is written")
        return slot

    def loaded(self, held: Held) -> tuple[Scorer, Held]:
        """A scorer of what lies in a slot, and that; of the other slot's where that does not load."""
        try:
            return self._load(held.file), held
        except LitescoreError as error:
            other = self._slots.beside()
            if other is None:
                raise
            scorer = self._load(other.file)
            return scorer, self._slots.leave(
                f"release {held.release.digest[:12]}: {error}"
            ) or other

    def unfit(self, found: Release, why: str) -> ReleaseError:
        """The error for a release that does not go with this device as it is set up now; it is not
        tried again before the next start.
        """
        said = self._unfit[found.digest] = f"release {found.digest[:12]}: {why}"
        return ReleaseError(said)

    def _sealed(self, found: Release) -> bytes:
        """Its signed statement as it lies there: the very one that was judged."""
        what = f"release {found.digest[:12]} of {found.model}"
        sealed = self._shelf.read_sealed(found.digest)
        statement, _ = envelope.opened(sealed, release.KIND, self._trusted, what=what)
        if Release.from_statement(statement) != found:
            raise ReleaseError(f"{what} was changed while it was being read")
        return sealed

    def _proven(self, found: Release, file: bytes) -> Scorer:
        if self._slots.prove(found.digest) >= _MOST_TRIES:
            why = f"the process ended {_MOST_TRIES} times while it was being loaded and proven"
            self._slots.refuse(found.digest, why)
            raise ReleaseError(f"release {found.digest[:12]}: {why}")
        try:
            scorer, verdict = proving.tried(file, self._load)
        except LitescoreError as error:
            raise self.unfit(found, str(error)) from error
        finally:
            self._slots.proved()
        if verdict.proven:
            return scorer
        why = f"its golden samples are {verdict.verdict} on {verdict.runtime}"
        if verdict.verdict == golden.NOT_RECORDED:
            raise self.unfit(found, why)
        self._slots.refuse(found.digest, why)
        raise ReleaseError(f"release {found.digest[:12]}: {why}")
