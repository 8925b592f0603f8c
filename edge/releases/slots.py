"""Two slots for a model on the device's disk: a power cut at any point leaves one that works.

What a slot holds is believed only if its statement is signed by a trusted key and its file is the
one that the statement speaks of: so half of a write, or a bit that fell over, is no release.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from edge.releases import state as states
from edge.releases.state import SLOTS, Proof, State, Trial
from litescore import lock
from litescore.errors import ConfigurationError, LitescoreError
from litescore.files import write_whole
from litescore.releases import envelope, release
from litescore.releases.keys import PublicKey
from litescore.releases.release import Release

# Held by a loop that runs, and gone with it.
LOCK = "lock"
_TRIES, _PAUSE = 5, 0.05
CRASHED = "the loop crashed, or was killed, while it was on trial"


@dataclass(frozen=True)
class Held:
    """A release in a slot, whole and signed."""

    slot: str
    release: Release
    file: bytes


class Slots:
    """The slots in a folder, and the state beside them. May be used on several threads.

    What makes a device take a release is written before it holds, and raises ConfigurationError
    where the disk does not take it: `put`, `swap`, `prove`. All else holds at once: a full disk is no
    reason to go on with a bad release. `trouble` says why it is not written; each later change
    tries again.
    """

    def __init__(self, folder: Path, trusted: tuple[PublicKey, ...]) -> None:
        self.folder = folder
        self.trouble: str | None = None
        self._trusted = trusted
        self._path = folder / "state.json"
        self._lock = Lock()
        self._held = ExitStack()
        self._over = False
        self.state = states.read(self._path)

    def follow(self, channel: str) -> None:
        """Whose turns are counted from now on: `SHELF@CHANNEL`."""
        self.state = self.state.following(channel)

    def hold(self) -> None:
        """Keep other processes away until `release`, or the end of this one; and remove what one that
        was killed had begun to write.

        Raises ConfigurationError where another has them.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            alone = self._alone()
        except OSError:
            # A disk that takes nothing takes nothing from another loop either, and is no reason
            # not to run what lies there.
            return
        if not alone:
            raise ConfigurationError(
                f"another loop follows releases in {self.folder}: give this one a --state of its own"
            )
        for folder in (self.folder, *(self.folder / slot for slot in SLOTS)):
            for part in folder.glob(".*.part"):
                with suppress(OSError):
                    part.unlink()

    def _alone(self) -> bool:
        """Whether the lock is held. Who only looks whether it is has it too, for a moment."""
        for _ in range(_TRIES):
            if self._held.enter_context(lock.held_if_free(self.folder / LOCK)):
                return True
            time.sleep(_PAUSE)
        return False

    def release(self) -> None:
        """Let other processes have them."""
        self._held.close()

    def begin(self, boot: str) -> Held | None:
        """What to run from now on; None where nothing was fetched yet.

        A release on trial whose last loop did not end as it should is left for the other slot: it
        crashed, or took the machine down with it more than once.
        """
        trial = self.state.trial
        if self.state.has_failed(boot):
            held = self.back(CRASHED) or self._any(boot)
        else:
            held = self.held(self.state.slot) if self.state.slot else None
            if held is None:
                held = self._any(boot)
            elif trial is not None:
                self._note(trial=Trial(boot, 1 if trial.ended else trial.starts + 1))
        self._note(begun=boot)
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

    def beside(self) -> Held | None:
        """What the slot holds that does not run; None as `held`."""
        return self.held(self.state.other)

    def prove(self, digest: str) -> int:
        """A release is about to be loaded; how often that was begun before and never ended."""
        before = self.state.proof
        tries = before.tries if before and before.digest == digest else 0
        self._write(proof=Proof(digest, tries + 1))
        return tries

    def proved(self) -> None:
        """It was loaded, or could not be: the process is still there."""
        self._note(proof=None)

    def put(self, sealed: bytes, file: bytes) -> str:
        """Write a release into the slot that does not run; its name."""
        slot = self.state.other
        folder = self.folder / slot
        # Without a statement there is no release, whatever the file.
        try:
            (folder / "release.json").unlink(missing_ok=True)
        except OSError as error:
            raise ConfigurationError(f"cannot write {folder}: {error.strerror or error}") from error
        write_whole(folder / "model.tflite", file)
        write_whole(folder / "release.json", sealed)
        return slot

    def swap(self, slot: str, number: int, boot: str) -> None:
        """What lies in this slot runs from now on, on trial."""
        first = self.state.slot is None
        self._write(
            slot=slot,
            number=number,
            origin=self.state.channel,
            trial=None if first else Trial(boot),
            proof=None,
            since=_now(),
            checked=_now(),
            failure=None,
        )

    def settle(self) -> None:
        """What runs has shown that it does."""
        self._note(trial=None)

    def back(self, why: str) -> Held | None:
        """Return to the other slot, and do not take again what runs; None where the other slot holds
        nothing: then it goes on with what there is.
        """
        return self._other(why, self._blaming(why))

    def leave(self, why: str | None) -> Held | None:
        """Return to the other slot, without a word against what runs; None as `back`."""
        return self._other(why, self.state.bad)

    def stay(self, why: str) -> None:
        """What runs is bad, and goes on: there is nothing else. It is not taken again."""
        self._note(trial=None, bad=self._blaming(why), failure=why)

    def refuse(self, digest: str, why: str) -> None:
        """Do not take this release again."""
        self._note(bad=self.state.without(digest, why).bad, proof=None, failure=why)

    def adopt(self) -> None:
        """The channel hands out what runs, wherever that came from."""
        if self.state.origin != self.state.channel:
            self._note(origin=self.state.channel)

    def saw(self, number: int) -> None:
        """The channel was read, and stands at this turn; what comes of it is told later."""
        self._note(number=max(number, self.state.number), checked=_now())

    def checked(self, number: int, failure: str | None = None) -> None:
        """The channel was read, and stands at this turn.

        failure  why what it hands out is not taken; None where it runs
        """
        self._note(number=max(number, self.state.number), checked=_now(), failure=failure)

    def failed(self, why: str) -> None:
        """The channel, or a release, could not be had."""
        if why != self.state.failure or self.trouble:
            self._note(failure=why)

    def end(self, *, scored: bool = True) -> None:
        """The loop ends as it should: whatever is taken from here on is not to blame.

        scored  it had a frame; one that had none may be hindered by what runs
        """
        self._over = True
        self._note(begun=None, idle=not scored)

    def _blaming(self, why: str) -> Mapping[str, str]:
        """The bad ones, and what runs among them."""
        running = self.held(self.state.slot) if self.state.slot else None
        return self.state.without(running.release.digest, why).bad if running else self.state.bad

    def _other(self, why: str | None, bad: Mapping[str, str]) -> Held | None:
        other = self.beside()
        if other is None:
            self._note(trial=None, bad=bad, failure=why)
            return None
        self._note(slot=other.slot, trial=None, bad=bad, since=_now(), failure=why)
        return other

    def _any(self, boot: str) -> Held | None:
        """The newer of what the slots hold: the state is lost, or names a slot that is spoiled.

        Whether it had passed is not known: where there is another it is on trial.
        """
        found = [held for slot in SLOTS if (held := self.held(slot))]
        good = [held for held in found if held.release.digest not in self.state.bad] or found
        if not good:
            return None
        chosen = max(good, key=lambda held: held.release.made)
        trial = Trial(boot) if len(good) > 1 else None
        self._note(slot=chosen.slot, trial=trial, since=_now())
        return chosen

    def _write(self, **changes: object) -> None:
        with self._lock:
            state = self._changed(changes)
            states.write(self._path, state)
            self.state, self.trouble = state, None

    def _note(self, **changes: object) -> None:
        with self._lock:
            self.state = self._changed(changes)
            try:
                states.write(self._path, self.state)
                self.trouble = None
            except ConfigurationError as error:
                self.trouble = str(error)

    def _changed(self, changes: dict[str, object]) -> State:
        state: State = replace(self.state, **changes)  # type: ignore[arg-type]
        if self._over and state.trial is not None:
            state = replace(state, trial=replace(state.trial, ended=True))
        return state


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
