"""Pictures for all viewers at one pace: who asks within one beat gets one and the same."""

from __future__ import annotations

import threading
import time

from edge.pictures import Picture, Pictures


class Pace:
    """At most `fps` pictures a second, for all viewers together."""

    def __init__(self, pictures: Pictures, fps: float) -> None:
        self._pictures = pictures
        self._fps = fps
        self._lock = threading.Lock()
        self._beat = -1
        self._picture: Picture | None = None

    def current(self) -> Picture | None:
        """The picture of this beat; None before the first frame."""
        with self._lock:
            beat = int(time.monotonic() * self._fps)
            if beat != self._beat:
                self._beat, self._picture = beat, self._pictures.latest()
            return self._picture

    def after(self, serial: int, seconds: float) -> Picture | None:
        """The first picture above `serial`; None where none comes within `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            picture = self.current()
            if picture is not None and picture.serial > serial:
                return picture
            time.sleep(self._rest())
        return None

    def _rest(self) -> float:
        """Seconds until the next beat."""
        return (1 - time.monotonic() * self._fps % 1) / self._fps
