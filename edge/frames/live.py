"""A live camera: one thread captures and keeps only the latest frame.

What the loop takes is never older than one frame interval, however long the model needs. It does
not know what kind of camera it is.
"""

from __future__ import annotations

from collections.abc import Generator

from edge.device import Device
from edge.frames import PATIENCE, Frame
from edge.frames.camera import Open
from edge.frames.recovery import Recovery, Say, Supervisor
from edge.frames.slot import Slot
from edge.status import Status
from litescore.contract import Contract


class LiveCamera:
    """A source over a camera, which `open_camera` opens whenever it is needed: at first, and again
    after it was lost or hung.

    Frames are numbered as captured, so that a gap in the numbers tells how many were left out. `say`
    tells a person when the camera is lost, and when it is back.
    """

    def __init__(
        self,
        name: str,
        open_camera: Open,
        device: Device,
        recovery: Recovery | None = None,
        say: Say = lambda _: None,
    ) -> None:
        self.name = name
        self.live = True
        self._slot = Slot(name, device)
        self._supervisor = Supervisor(name, open_camera, self._slot, recovery or Recovery(), say)

    def frames(self) -> Generator[Frame | None, None, None]:
        """Raises ConfigurationError when the camera cannot be opened at the start, unless it is to
        be waited for, or when it left too many threads hanging.
        """
        self._supervisor.start()
        try:
            while True:
                yield self._slot.take(PATIENCE)
        finally:
            self._supervisor.close()

    def expect(self, contract: Contract) -> None:
        """The next picture that is captured is fitted to it, on the capturing thread."""
        self._slot.contract = contract

    def status(self) -> Status:
        """That of the camera, which may be `lost`, `hung` or `opening` again."""
        return self._supervisor.status()
