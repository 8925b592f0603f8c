"""A follower with what it took and said, and frames for it to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edge.device import Device
from edge.releases.follower import Follower
from edge.releases.slots import Slots
from edge.releases.terms import FollowTerms
from edge.releases.trial import Terms
from edge.scored import Scored
from litescore.errors import PermanentError
from litescore.releases import publishing
from litescore.releases.following import follow
from litescore.releases.publishing import Publisher
from litescore.scorer import Scorer
from tests.edge.scored_frame import scored
from tests.releases.conftest import make_model
from tests.rig.waiting import wait_until

DEVICE = Device("0123456789ab", "boot 1", 1)
TERMS = FollowTerms(every=0.05, trial=Terms(seconds=0.0, frames=8, slower=5.0))
# A trial that no test is long enough for.
ENDLESS = replace(TERMS, trial=Terms(seconds=1000.0, frames=8, slower=5.0))
NEXT_BOOT = replace(DEVICE, boot="boot 2")


class Followed:
    """A follower with what it took and said, and frames for it to see."""

    def __init__(
        self,
        publisher: Publisher,
        slots: Slots,
        terms: FollowTerms = TERMS,
        device: Device = DEVICE,
        load: Callable[[bytes], Scorer] = Scorer,
        channel: str = "stable",
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.taken: list[Scorer] = []
        self.said: list[str] = []
        self.slots = Slots(slots.folder, publisher.believed)
        self.follower = Follower(
            follow(f"{publisher.shelf.root}@{channel}"),
            self.slots,
            publisher.believed,
            device,
            load=load,
            say=self.said.append,
            stopping=stopping,
            terms=terms,
        )

    def begin(self) -> str:
        """The digest of what it begins with."""
        scorer = self.follower.first()
        self.follower.start(self.take)
        return scorer.digest

    def take(self, scorer: Scorer) -> None:
        """What the loop does with a new model."""
        self.taken.append(scorer)

    def wait(self, digest: str) -> None:
        """Until it has taken this one."""
        wait_until(lambda: self.taken and self.taken[-1].digest == digest, 30)

    def show(self, count: int, *, seconds: float = 0.01, failed: bool = False) -> None:
        """Let it see frames of what it took last."""
        for _ in range(count):
            self.follower.see(self._frame(seconds, failed))

    def end(self) -> None:
        """As it should, after a frame."""
        self.show(1)
        self.follower.end()
        self.follower.close()

    def _frame(self, seconds: float, failed: bool) -> Scored:
        frame = scored(pixels=PermanentError("corrupt", "torn") if failed else None)
        frame.model = self.taken[-1].digest if self.taken else "0" * 64
        frame.model_seconds = None if failed else seconds
        return frame


Start = Callable[..., Followed]


def publish(publisher: Publisher, number: int, **words: object) -> str:
    moved = publishing.publish(publisher, make_model(number), "stable", **words)  # type: ignore[arg-type]
    return moved.release.digest


def restarted(start: Start, device: Device = DEVICE, **words: object) -> Followed:
    """The loop after a crash: nothing was told of its end."""
    return start(device=device, **words)
