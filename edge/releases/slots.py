"""Two slots for a model on the device's disk: a power cut at any point leaves one that works.

What a slot holds is believed only if its statement is signed by a trusted key and its file is the
one that the statement speaks of: so half of a write, or a bit that fell over, is no release.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from edge.releases import state as states
from edge.releases.state import SLOTS, State, Trial
from litescore.errors import LitescoreError
from litescore.files import write_whole
from litescore.releases import envelope, release
from litescore.releases.keys import PublicKey
from litescore.releases.release import Release


@dataclass(frozen=True)
class Held:
    """A release in a slot, whole and signed."""

    slot: str
    release: Release
    file: bytes


class Slots:
    """The slots in a folder, and the state beside them.

    Each method that changes something has written it when it returns; a crash before leaves what
    was there. Raises ConfigurationError where the disk does not take it.

    channel  that is followed, as `SHELF@CHANNEL`; the turns of another one count anew
    """

    def __init__(
        self, folder: Path, trusted: tuple[PublicKey, ...], channel: str | None = None
    ) -> None:
        self.folder = folder
        self._trusted = trusted
        self._path = folder / "state.json"
        self.state = states.read(self._path)
        if channel is not None:
            known = self.state.channel in (None, channel)
            number, checked = (self.state.number, self.state.checked) if known else (0, None)
            self.state = replace(self.state, channel=channel, number=number, checked=checked)

    def begin(self, boot: str) -> Held | None:
        """What to run from now on; None where nothing was fetched yet.

        A release on trial whose last loop did not end as it should is left for the other slot: it
        crashed, or took the machine down with it more than once.
        """
        trial = self.state.trial
        if trial is not None and trial.has_failed(boot):
            return self.back("the loop crashed with it") or self._any()
        held = self.held(self.state.slot) if self.state.slot else None
        if held is None:
            return self._any()
        if trial is not None:
            self._write(trial=Trial(boot, trial.starts + 1))
        return held

    def held(self, slot: str) -> Held | None:
        """What a slot holds; None where that is nothing to be believed."""
        try:
            sealed = (self.folder / slot / "release.json").read_bytes()
            file = (self.folder / slot / "model.tflite").read_bytes()
            statement, _ = envelope.opened(sealed, release.KIND, self._trusted, what=slot)
            found = Release.from_statement(statement)
            release.check(found, file)
        except (OSError, LitescoreError):
            return None
        return Held(slot, found, file)

    def put(self, sealed: bytes, file: bytes) -> str:
        """Write a release into the slot that does not run; its name."""
        slot = self.state.other
        folder = self.folder / slot
        # Without a statement there is no release, whatever the file.
        with suppress(FileNotFoundError):
            (folder / "release.json").unlink()
        write_whole(folder / "model.tflite", file)
        write_whole(folder / "release.json", sealed)
        return slot

    def swap(self, slot: str, number: int, boot: str) -> None:
        """What lies in this slot runs from now on, on trial."""
        first = self.state.slot is None
        self._write(
            slot=slot,
            number=number,
            trial=None if first else Trial(boot),
            since=_now(),
            checked=_now(),
            failure=None,
        )

    def settle(self) -> None:
        """What runs has shown that it does."""
        self._write(trial=None)

    def back(self, why: str) -> Held | None:
        """Return to the other slot, and do not take again what runs; None where the other slot holds
        nothing: then it goes on with what there is.
        """
        running = self.held(self.state.slot) if self.state.slot else None
        other = self.held(self.state.other)
        if running is not None:
            self.state = self.state.without(running.release.digest, why)
        if other is None:
            self._write(trial=None, failure=why)
            return None
        self._write(slot=other.slot, trial=None, since=_now(), failure=why)
        return other

    def refuse(self, digest: str, why: str) -> None:
        """Do not take this release again."""
        self.state = self.state.without(digest, why)
        self._write(failure=why)

    def checked(self, number: int) -> None:
        """The channel was read, and stands at this turn."""
        self._write(number=max(number, self.state.number), checked=_now(), failure=None)

    def failed(self, why: str) -> None:
        """The channel, or a release, could not be had."""
        if why != self.state.failure:
            self._write(failure=why)

    def end(self) -> None:
        """The loop ends as it should."""
        if self.state.trial is not None:
            self._write(trial=replace(self.state.trial, ended=True))

    def _any(self) -> Held | None:
        """The newer of what the slots hold: the state is lost, or names a slot that is spoiled."""
        found = [held for slot in SLOTS if (held := self.held(slot))]
        good = [held for held in found if held.release.digest not in self.state.bad] or found
        if not good:
            return None
        chosen = max(good, key=lambda held: held.release.made)
        self._write(slot=chosen.slot, trial=None, since=_now())
        return chosen

    def _write(self, **changes: object) -> None:
        state: State = replace(self.state, **changes)  # type: ignore[arg-type]
        states.write(self._path, state)
        self.state = state


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
