"""Follows a channel: fetches what it hands out, proves it, has the loop take it, and takes it back."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread

from edge.device import Device
from edge.releases import fetching
from edge.releases.slots import Held, Slots
from edge.releases.status import ReleaseStatus
from edge.releases.trial import Tally, Terms, Trial
from edge.scored import Scored
from litescore import golden
from litescore.errors import ConfigurationError, LitescoreError, ReleaseError, TransientError
from litescore.releases.channel import Channel
from litescore.releases.following import Followed, Running, wanted
from litescore.releases.keys import PublicKey
from litescore.releases.release import Release
from litescore.scorer import Scorer
from litescore.tflite import operations, opversions

Load = Callable[[bytes], Scorer]
Fits = Callable[[Sequence[str]], None]
# Of the time between two looks: forty devices that were switched on together do not ask together.
_JITTER = 0.2
# While a release is on trial it is judged so often, in seconds.
_JUDGED = 1.0
# Between two tries at what broke off; each time twice as long, up to the ordinary time.
_FIRST_RETRY = 5.0


@dataclass(frozen=True)
class FollowTerms:
    """How a channel is followed.

    every      seconds between two looks
    max_bytes  of a model's file
    trial      what a release must show
    """

    every: float = 60.0
    max_bytes: int = 256 * 2**20
    trial: Terms = field(default_factory=Terms)


class Follower:
    """Watches a channel on a thread of its own, and every frame on the loop's.

    load  makes a scorer of a file's bytes
    say   tells a person, one line
    fits  raises a LitescoreError for labels that do not go with what else this device was told

    `problem` says why a newer release is not taken; None where nothing is wrong.
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
        terms: FollowTerms | None = None,
    ) -> None:
        self.name = str(followed)
        self._followed, self._slots, self._trusted = followed, slots, trusted
        self._device, self._load, self._say = device, load, say
        self._fits = fits
        self._take: Callable[[Scorer], None] = _refuse
        self._terms = terms or FollowTerms()
        self._etag: str | None = None
        self._retry = _FIRST_RETRY
        self._tally = Tally()
        self._trial: Trial | None = None
        self._held: Held | None = None
        self._closing = Event()
        self._thread = Thread(target=self._watch, name=f"follow {self.name}", daemon=True)

    @property
    def problem(self) -> str | None:
        return self._slots.state.failure

    @property
    def release(self) -> ReleaseStatus | None:
        """Where it stands; None before it began."""
        held, trial = self._held, self._trial
        if held is None:
            return None
        return ReleaseStatus.of(
            self.name,
            self._slots.state,
            slot=held.slot,
            digest=held.release.digest,
            trial=trial.left if trial else None,
        )

    def first(self) -> Scorer:
        """What to begin with: what lies in the slots, else what the channel hands out.

        Raises ReleaseError and company where there is neither.
        """
        held = self._slots.begin(self._device.boot)
        if held is not None:
            self._held = held
            if self._slots.state.trial is not None:
                self._trial = Trial(held.release.digest, None, self._terms.trial)
            return self._load(held.file)
        found, channel = self._wanted()
        if found is None:
            raise ReleaseError(f"{self.name} has no release for this device yet")
        scorer, _ = self._fetched(found, channel)
        return scorer

    def start(self, take: Callable[[Scorer], None]) -> None:
        """Begin to watch. `take` is given each new scorer, on the watching thread, and may refuse it
        by a LitescoreError.
        """
        self._take = take
        self._thread.start()

    def end(self) -> None:
        """The loop ends as it should: what runs is not to blame."""
        self._slots.end()

    def close(self) -> None:
        """Stop watching. What is being fetched is not waited for; what came of it is kept."""
        self._closing.set()

    def see(self, scored: Scored) -> None:
        """Count a frame."""
        trial = self._trial
        if trial is not None:
            trial.see(scored)
        else:
            self._tally.add(scored)

    def _watch(self) -> None:
        pause = self._pause(self._terms.every / 10)
        while not self._closing.wait(pause):
            pause = self._judge() if self._trial is not None else self._look()

    def _pause(self, seconds: float) -> float:
        return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 no secret

    def _look(self) -> float:
        """Read the channel, and take what it hands out; seconds until the next look."""
        try:
            found, channel = self._wanted()
            if found is not None and channel is not None:
                self._renew(found, channel)
        except TransientError as error:
            self._slots.failed(str(error))
            pause, self._retry = self._retry, min(2 * self._retry, self._terms.every)
            return self._pause(pause)
        except LitescoreError as error:
            self._tell_failure(error)
        self._retry = _FIRST_RETRY
        return self._pause(self._terms.every)

    def _wanted(self) -> tuple[Release | None, Channel | None]:
        shelf = self._followed.shelf
        held = shelf.read_channel(self._followed.channel, self._trusted, etag=self._etag)
        state = self._slots.state
        if held is None:
            self._slots.checked(state.number)
            return None, None
        running = Running(self._held.release if self._held else None, state.number)
        found = wanted(
            held.channel,
            running,
            device=self._device.id,
            bad=state.bad,
            read=lambda digest: shelf.read_release(digest, self._trusted),
        )
        if found is None:
            self._etag = held.etag
            self._slots.checked(held.channel.now.number)
        return found, held.channel

    def _renew(self, found: Release, channel: Channel) -> None:
        before, held = self._tally, self._held
        scorer, slot = self._fetched(found, channel)
        if self._closing.is_set():
            return
        try:
            self._take(scorer)
        except LitescoreError as error:
            self._held = self._slots.back(str(error)) or self._held
            raise ReleaseError(f"release {found.digest[:12]}: {error}") from error
        self._tally = Tally()
        self._trial = Trial(found.digest, before, self._terms.trial) if held else None
        self._say(f"{self.name}: release {found.digest[:12]} from now on, in slot {slot}")

    def _fetched(self, found: Release, channel: Channel | None) -> tuple[Scorer, str]:
        """A scorer of a release that has proven itself and lies in its slot."""
        assert channel is not None, "a release was found in it"
        self._check_fit(found)
        file = fetching.fetch(
            self._followed.shelf, found, self._slots.folder, max_bytes=self._terms.max_bytes
        )
        try:
            scorer = self._proven(file)
        except LitescoreError as error:
            self._slots.refuse(found.digest, str(error))
            raise ReleaseError(f"release {found.digest[:12]}: {error}") from error
        sealed = self._followed.shelf.read_sealed(found.digest)
        slot = self._slots.put(sealed, file)
        self._held = self._slots.held(slot)
        if self._held is None:
            raise ConfigurationError(
                f"slot {slot} in {self._slots.folder} does not keep what is written"
            )
        self._slots.swap(slot, channel.now.number, self._device.boot)
        fetching.clear(self._slots.folder)
        return scorer, slot

    def _check_fit(self, found: Release) -> None:
        """Before it is fetched; and not for ever: whoever changes the options starts the loop anew."""
        try:
            self._fits(found.labels)
        except LitescoreError as error:
            raise ReleaseError(f"release {found.digest[:12]}: {error}") from error

    def _proven(self, file: bytes) -> Scorer:
        scorer = self._load(file)
        refused = opversions.refusal(operations.read(file), scorer.runtime)
        if refused:
            raise ReleaseError(refused)
        verdict = golden.replay(scorer, file)
        if not verdict.proven:
            raise ReleaseError(f"its golden samples are {verdict.verdict} on {verdict.runtime}")
        return scorer

    def _judge(self) -> float:
        """Whether the release on trial stays; seconds until it is judged again."""
        assert self._trial is not None
        fault = self._trial.fault()
        try:
            if fault is not None:
                self._return(fault)
            elif self._trial.passed:
                self._slots.settle()
                self._tally, self._trial = self._trial.tally, None
                self._say(f"{self.name}: the release has passed its trial")
        except LitescoreError as error:
            self._tell_failure(error)
        return _JUDGED

    def _return(self, fault: str) -> None:
        """Go back to the release before."""
        assert self._trial is not None
        bad, self._trial = self._trial.digest, None
        held = self._slots.back(fault)
        if held is None:
            self._say(f"{self.name}: {fault}; there is no release to go back to")
            return
        self._held = held
        self._take(self._load(held.file))
        self._say(
            f"{self.name}: back to release {held.release.digest[:12]}, {bad[:12]} is not taken "
            f"again: {fault}"
        )

    def _tell_failure(self, error: LitescoreError) -> None:
        if str(error) != self._slots.state.failure:
            self._say(f"{self.name}: {error}; what runs goes on")
        try:
            self._slots.failed(str(error))
        except ConfigurationError as full:
            self._say(f"{self.name}: {full}")


def _refuse(_scorer: Scorer) -> None:
    raise AssertionError("nothing is renewed before there is a loop")
