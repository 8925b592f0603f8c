"""A camera that is opened again whenever it is lost, hangs or refuses.

Each opening is a life with a thread of its own; the supervisor waits for its end, or for too long a
silence, and begins the next after a pause that grows. It does not know what becomes of frames.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread

from edge.frames.camera import Camera, Open
from edge.frames.slot import Slot
from edge.status import Status
from litescore.errors import ConfigurationError, LitescoreError, MissingDependency, UsageError

Say = Callable[[str], None]


@dataclass(frozen=True)
class Recovery:
    """How a camera is brought back; all in seconds but the last.

    hung_after     a camera is hung that gives no frame for so long
    open_within    it may take so long to open
    wait_at_start  whether a camera that is not there at the start is waited for, too
    first_pause    before the second opening; each further pause is twice as long
    longest_pause  and no longer than this; a camera that ran for so long starts with the first anew
    farewell       so much longer a camera may take that notices it itself
    parting        so long a camera is waited for that is closed: a part of the one second in all
    stuck_for      with one thread stuck in a driver and no frame for so long, it is given up
    most_stuck     no more threads than so many are left stuck
    """

    hung_after: float = 10.0
    open_within: float = 15.0
    wait_at_start: bool = False
    first_pause: float = 0.25
    longest_pause: float = 30.0
    farewell: float = 0.5
    parting: float = 0.2
    stuck_for: float = 60.0
    most_stuck: int = 4


class Life:
    """One opening of a camera, on a thread of its own, which calls `runs` when it has a first shot.

    shots   how many it gave, the first of them at `opened`
    sign    when it last gave a sign of life, monotonic seconds like the others
    is_open whether it is past its opening
    ended   set at its end; `error` then says why, or `silent` that the camera gave up waiting
    """

    def __init__(self, name: str, open_camera: Open, slot: Slot, runs: Callable[[], None]) -> None:
        self.began = self.opened = self.sign = time.monotonic()
        self.shots = 0
        self.note: str | None = None
        self.error: LitescoreError | None = None
        self.silent = False
        self.is_open = False
        self.ended = Event()
        self._name = name
        self._open = open_camera
        self._slot = slot
        self._runs = runs
        # A thread that hangs inside a driver cannot be ended; it dies with the process.
        self._thread = Thread(target=self._run, name=f"capture {name}", daemon=True)

    def begin(self) -> None:
        """Open the camera and read it, on the life's own thread."""
        self._slot.give_to(self)
        self._thread.start()

    def _run(self) -> None:
        try:
            camera = self._open()
            try:
                self._read(camera)
            finally:
                camera.close()
        except TimeoutError:
            self.silent = True
        except LitescoreError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 whatever a driver raises ends this life, no more
            words = " ".join(f"{type(error).__name__}: {error}".split())
            self.error = ConfigurationError(f"{self._name}: {words}")
        finally:
            self.ended.set()

    def _read(self, camera: Camera) -> None:
        self.note = camera.note
        self.sign = time.monotonic()
        self.is_open = True
        while (shot := camera.read()) is not None:
            # Before it is taken: who has a frame is to be told that the camera runs.
            self.sign = time.monotonic()
            self.opened = self.opened if self.shots else self.sign
            self.shots += 1
            if not self._slot.put(self, shot):
                return
            if self.shots == 1:
                self._runs()
        self.error = ConfigurationError(
            f"{self._name} gives no more frames (after {self.shots}): is it still connected?"
        )


class Supervisor:
    """Keeps a camera alive, from `start` to `close`.

    say  tells a person when it is lost, and when it is back, in one line each
    """

    def __init__(
        self, name: str, open_camera: Open, slot: Slot, recovery: Recovery, say: Say
    ) -> None:
        self._name = name
        self._say = say
        self._open = open_camera
        self._slot = slot
        self._recovery = recovery
        self._closing = Event()
        self._thread = Thread(target=self._supervise, name=f"source {name}", daemon=True)
        self._life: Life | None = None
        self._stuck: list[Life] = []
        self._lives = 0
        self._failures = 0
        self._trouble = Status("opening")
        self._last_shot = time.monotonic()

    def start(self) -> None:
        """Begin to open the camera, on a thread of its own; once only."""
        self._thread.start()

    def close(self) -> None:
        """End the life at hand. A camera that is silent is not waited for: what is to be handed on at
        the end needs that time.
        """
        self._closing.set()
        self._slot.give_to(None)
        life = self._life
        if life is None or time.monotonic() - life.sign < self._recovery.farewell:
            self._thread.join(self._recovery.parting)

    def status(self) -> Status:
        """How the camera is doing; may be asked on any thread."""
        life, trouble = self._life, self._trouble
        runs = life is not None and life.shots > 0
        counts = {
            "captured": self._slot.captured,
            "dropped": self._slot.dropped,
            "reopened": max(0, self._lives + runs - 1),
            "stuck": sum(not stuck.ended.is_set() for stuck in self._stuck),
        }
        if runs:
            assert life is not None
            return Status("running", life.note, since=life.opened, counts=counts)
        return Status(trouble.state, trouble.reason, trouble.since, counts)

    def _supervise(self) -> None:
        while not self._closing.is_set():
            self._life = life = Life(self._name, self._open, self._slot, self._is_back)
            life.begin()
            hung = self._hangs(life)
            if self._closing.is_set():
                return
            self._slot.give_to(None)
            self._note(life, hung)
            if error := self._verdict(life):
                self._slot.fail(error)
                return
            self._closing.wait(self._pause(life))

    def _hangs(self, life: Life) -> bool:
        """Wait for the end of a life, or for a silence longer than the camera itself may keep;
        whether it was silent.
        """
        while not life.ended.wait(max(0.0, self._deadline(life) - time.monotonic())):
            if self._closing.is_set():
                return False
            if time.monotonic() >= self._deadline(life):
                self._stuck.append(life)
                return True
        return life.silent

    def _deadline(self, life: Life) -> float:
        recovery = self._recovery
        patience = recovery.hung_after if life.is_open else recovery.open_within
        return life.sign + patience + recovery.farewell

    def _note(self, life: Life, hung: bool) -> None:
        if life.shots:
            self._lives += 1
            self._last_shot = life.sign
        state = "opening" if not self._lives else "hung" if hung else "lost"
        reason = self._silence(life) if hung else str(life.error)
        goes_on = not life.shots and state == self._trouble.state
        since = self._trouble.since if goes_on else time.monotonic()
        first, self._trouble = self._trouble.reason is None, Status(state, reason, since)
        self._life = None
        if state != "opening" and not goes_on:
            self._tell(f"is {state}, and opened again: {reason}")
        elif state == "opening" and first and self._recovery.wait_at_start:
            self._tell(f"is waited for: {reason}")

    def _is_back(self) -> None:
        if self._lives:
            seconds = time.monotonic() - self._last_shot
            self._tell(f"runs again, after {seconds:.1f} s")
        elif self._trouble.reason is not None:
            self._tell("runs")

    def _tell(self, what: str) -> None:
        # A terminal that went away is no reason for a camera to end.
        with suppress(OSError):
            self._say(f"{self._name} {what}")

    def _silence(self, life: Life) -> str:
        if life.is_open:
            return f"no frame for {self._recovery.hung_after:g} s"
        return f"not open within {self._recovery.open_within:g} s"

    def _verdict(self, life: Life) -> LitescoreError | None:
        """What ends the source for good."""
        if isinstance(life.error, MissingDependency | UsageError):
            return life.error
        if not self._lives and not self._recovery.wait_at_start:
            return life.error or ConfigurationError(f"{self._name}: {self._trouble.reason}")
        self._stuck = [stuck for stuck in self._stuck if not stuck.ended.is_set()]
        if self._is_blocked() or len(self._stuck) > self._recovery.most_stuck:
            return ConfigurationError(
                f"{self._name}: {len(self._stuck)} threads hang in its driver, "
                "and only a new process gets rid of them: start litescore again"
            )
        return None

    def _is_blocked(self) -> bool:
        """Whether one and the same thread is stuck for too long, and no frame came since. Many may be
        for a while, one after the other, as where a name is slow to resolve.
        """
        earliest = min((life.sign for life in self._stuck), default=math.inf)
        return time.monotonic() - max(earliest, self._last_shot) > self._recovery.stuck_for

    def _pause(self, life: Life) -> float:
        """Seconds until the next opening; not the same on every device that lost the same camera."""
        first, longest = self._recovery.first_pause, self._recovery.longest_pause
        if life.shots and life.sign - life.opened >= longest:
            self._failures = 0
        pause = min(longest, first * 2.0 ** min(self._failures, 60))
        self._failures += 1
        return random.uniform(0.5, 1.0) * pause  # noqa: S311 no secret
