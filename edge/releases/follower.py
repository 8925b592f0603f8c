"""Follows a channel: fetches what it hands out, proves it, has the loop take it, and takes it back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Event, Thread

from edge.device import Device
from edge.releases import fetching
from edge.releases.intake import Fits, Intake, Proven
from edge.releases.lookout import Lookout
from edge.releases.pauses import Pauses
from edge.releases.slots import Held, Slots
from edge.releases.status import ReleaseStatus
from edge.releases.telling import Telling
from edge.releases.terms import FollowTerms
from edge.releases.trial import Tally, Trial
from edge.scored import Scored
from edge.stop import Stopped
from litescore.errors import LitescoreError, ReleaseError, TransientError
from litescore.releases.channel import Channel
from litescore.releases.following import Followed
from litescore.releases.keys import PublicKey
from litescore.releases.proving import Load
from litescore.releases.release import Release
from litescore.scorer import Scorer

# After a crash the first frame waits so long for what may mend it, in seconds; what came is kept.
_LONGEST = 20.0
_WAITED = 0.5  # at the end, in seconds: SIGTERM is given one in all


class Follower:
    """Watches a channel on a thread of its own, and every frame on the loop's.

    load  makes a scorer of a file's bytes
    say   tells a person, one line
    stopping  whether the loop was asked to end: what is fetched then is broken off, and what came kept
    fits  raises a LitescoreError for a release that does not go with what this device has, or was told

    `problem` says why a newer release is not taken; None where nothing is wrong. The slots are this
    one's from `first` until `close`.
    """

    def __init__(
        self,
        followed: Followed,
        slots: Slots,
        trusted: tuple[PublicKey, ...],
        device: Device,
        *,
        load: Load,
        say: Callable[[str], None],
        fits: Fits = lambda _: None,
        stopping: Callable[[], bool] = lambda: False,
        terms: FollowTerms | None = None,
    ) -> None:
        self.name = str(followed)
        self._slots, self._device, self._load = slots, device, load
        self._stopping, self._deadline = stopping, math.inf
        self._take: Callable[[Scorer], None] = _refuse
        self._terms = terms or FollowTerms()
        size = self._terms.max_bytes
        self._intake = Intake(followed.shelf, slots, trusted, load=load, max_bytes=size, fits=fits)
        self._lookout = Lookout(followed, trusted, device.id)
        self._telling = Telling(self.name, slots, say)
        self._pauses = Pauses(self._terms.every)
        self._tally = Tally()
        self._trial: Trial | None = None
        self._running: Release | None = None
        self._scored = False
        self._closing = Event()
        self._thread = Thread(target=self._watch, name=f"follow {self.name}", daemon=True)
        slots.follow(self.name)

    @property
    def problem(self) -> str | None:
        """The failure of a release first; else what is wrong with the slots."""
        return self._slots.state.failure or self._slots.trouble

    @property
    def release(self) -> ReleaseStatus | None:
        """Where it stands; None before it began."""
        state, running, trial = self._slots.state, self._running, self._trial
        if running is None or state.slot is None:
            return None
        left, why = trial.left if trial is not None else None, self.problem
        return ReleaseStatus.of(self.name, state, digest=running.digest, trial=left, failure=why)

    def first(self) -> Scorer:
        """What to begin with: what lies in the slots, else what the channel hands out. After a crash, or
        a loop without a frame, that is asked at once: what ends each loop would never be replaced.

        Raises ReleaseError and company where there is neither, ConfigurationError where another loop
        has the slots, Stopped where the end was asked for meanwhile.
        """
        self._slots.hold()
        state = self._slots.state
        hindered = state.idle or state.begun == self._device.boot
        held = self._slots.begin(self._device.boot)
        begun: list[Scorer] = []
        self._take = begun.append
        if held is None:
            return self._fetched(begun)
        self._running = held.release
        # Not in a trial: what is taken then would lie where the one to go back to does.
        if hindered and state.trial is None and self._slots.state.trial is None:
            self._deadline = time.monotonic() + _LONGEST
            self._look()
            self._deadline = math.inf
        if self._stopping():
            raise Stopped(f"{self.name}: asked to end")
        return begun[-1] if begun else self._loaded(held)

    def _fetched(self, begun: list[Scorer]) -> Scorer:
        """What the channel hands out. Where that cannot be had the loop ends, and did not crash."""
        try:
            seen = self._lookout.read()
            assert seen is not None, "no ETag was given that it could still have"
            if (problem := self._heed(seen.channel)) or not begun:
                raise ReleaseError(problem or f"{self.name} has no release for this device yet")
        except LitescoreError as error:
            if not isinstance(error, Stopped):
                self._telling.failure(str(error), aloud=False)
            self._slots.end()
            raise
        return begun[-1]

    def start(self, take: Callable[[Scorer], None]) -> None:
        """Begin to watch the channel; `take` is given what it hands out, on the watching thread."""
        self._take = take
        self._thread.start()

    def end(self) -> None:
        """The loop ends as it should: what runs is not to blame."""
        self._closing.set()
        self._slots.end(scored=self._scored)

    def close(self) -> None:
        """Stop watching. What is being fetched is not waited for; what came of it is kept."""
        self._closing.set()
        if self._thread.ident is None:
            self._slots.release()
        else:
            self._thread.join(_WAITED)

    def see(self, scored: Scored) -> None:
        """Count a frame."""
        trial, self._scored = self._trial, True
        if trial is not None:
            trial.see(scored)
        else:
            self._tally.add(scored)

    def _loaded(self, held: Held) -> Scorer:
        scorer, lying = self._intake.loaded(held)
        self._running = lying.release
        if lying is not held:
            self._telling.line(f"{self.problem}; release {lying.release.digest[:12]} runs")
        if self._slots.state.trial is not None:
            self._trial = Trial(lying.release.digest, None, self._terms.trial)
        return scorer

    def _watch(self) -> None:
        due = time.monotonic() + self._pauses.first()
        while not self._closing.wait(self._pauses.until(due, on_trial=self._trial is not None)):
            try:
                self._judge()
                if time.monotonic() >= due:
                    due = time.monotonic() + self._look()
            except Exception as error:  # noqa: BLE001 whatever it is, the next look may go well
                self._telling.failure(f"{type(error).__name__}: {error}")
                due = time.monotonic() + self._pauses.ordinary()
        self._slots.release()

    def _look(self) -> float:
        """Read the channel, and take what it hands out; seconds until the next look."""
        seen = None
        try:
            seen = self._lookout.read()
            if seen is not None:
                # Whatever comes of it: an older one is not to be believed any more.
                self._slots.saw(seen.channel.now.number)
                self._lookout.judged(seen.etag, self._heed(seen.channel))
            self._slots.checked(self._slots.state.number, self._lookout.problem)
        except Stopped:
            return self._pauses.retry()
        except TransientError as error:
            self._telling.failure(str(error), aloud=False)
            return self._pauses.retry()
        except LitescoreError as error:
            self._telling.failure(str(error))
            if seen is not None:
                self._lookout.refused(seen.etag, str(error), self._terms.every)
        self._telling.trouble()
        return self._pauses.ordinary()

    def _heed(self, channel: Channel) -> str | None:
        """Take what a channel hands out, if that is another release than runs; why it is not taken
        for good, None where it runs.
        """
        found = self._lookout.wanted(channel, self._slots.state, self._running)
        if found is None:
            if self._running and self._lookout.handed(channel) == self._running.digest:
                self._slots.adopt()
            # Of a process that was killed between its swap and its tidying up.
            fetching.clear(self._slots.folder)
            return self._lookout.why_not(channel, self._slots.state)
        self._intake.check_fit(found)
        other = self._slots.beside() if self._trial is not None else None
        if self._trial is not None and other is not None and other.release.digest == found.digest:
            self._leave(self._trial)
            return self._heed(channel)
        # Before anything is left for it: it may not be to be had.
        proven = self._intake.prove(found, self._between)
        if not self._closing.is_set():
            self._renew(proven, channel.now.number)
        return None

    def _between(self) -> None:
        """Between two pieces of what is fetched: that may take an hour, and what is on trial fail."""
        late = time.monotonic() > self._deadline
        if late or self._closing.is_set() or self._stopping():
            raise Stopped(f"{self.name}: no time to fetch all of it")
        self._judge()

    def _renew(self, proven: Proven, number: int) -> None:
        if self._trial is not None:
            # What is on trial is not to be the one to go back to.
            self._leave(self._trial)
        found, before = proven.release, self._tally
        slot = self._intake.put(proven)
        # Written before it runs: were it after, a release that crashes at once would not be blamed.
        self._slots.swap(slot, number, self._device.boot)
        earlier, self._running = self._running, found
        on_trial = self._slots.state.trial is not None
        self._trial = Trial(found.digest, before, self._terms.trial) if on_trial else None
        try:
            self._take(proven.scorer)
        except LitescoreError as error:
            self._trial, self._running = None, earlier
            self._slots.leave(str(error))
            raise self._intake.unfit(found, str(error)) from error
        self._tally = Tally()
        fetching.clear(self._slots.folder)
        if earlier is not None:
            self._telling.line(f"release {found.digest[:12]} from now on, in slot {slot}")

    def _judge(self) -> None:
        """Whether the release on trial, if one is, stays."""
        if (trial := self._trial) is None:
            return
        if (fault := trial.fault()) is not None:
            self._tally, self._trial = trial.before, None
            self._return(trial.digest, fault)
        elif trial.passed:
            self._slots.settle()
            self._tally, self._trial = trial.tally, None
            self._telling.line("the release has passed its trial")
        self._telling.trouble()

    def _leave(self, trial: Trial) -> None:
        """The channel hands out another while a release is on trial: the one before is run again,
        and nothing is held against this one.
        """
        other = self._slots.beside()
        if other is not None:
            self._take(self._load(other.file))
            self._slots.leave(None)
            self._running = other.release
        else:
            self._slots.settle()
        self._tally, self._trial = trial.before, None

    def _return(self, bad: str, fault: str) -> None:
        """Go back to the release before: the loop first, then what is written of it."""
        other = self._slots.beside()
        try:
            if other is not None:
                self._take(self._load(other.file))
        except LitescoreError as error:
            fault, other = f"{fault}, and the one before does not run: {error}", None
        if other is None:
            self._slots.stay(fault)
            self._telling.line(f"{fault}; there is no release to go back to")
            return
        self._slots.back(fault)
        self._lookout.forget()
        self._running = other.release
        self._telling.line(
            f"back to release {other.release.digest[:12]}, {bad[:12]} is not taken again: {fault}"
        )


def _refuse(_scorer: Scorer) -> None:
    raise AssertionError("nothing is renewed before there is a loop")
