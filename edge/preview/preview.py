"""The preview as one thing: answers from when it is made until it is closed."""

from __future__ import annotations

import threading

from edge.monitor import Snapshots
from edge.pictures import Pictures
from edge.preview.feed import Feed
from edge.preview.history import History
from edge.preview.pace import Pace
from edge.preview.routes import Routes, Shown
from edge.scored import Scored
from litescore.web.address import Address
from litescore.web.guard import Guard
from litescore.web.server import Server

COOKIE = "litescore_preview"


class Preview:
    """Shows a loop over HTTP, on threads of its own; one of the loop's watchers.

    address  what it listens on, with the port that it got
    token    what viewers must know; None asks for nothing, and answers on loopback only
    fps      pictures a second at most
    silence  seconds without a frame that are no problem yet

    Raises ConfigurationError where the address cannot be had.
    """

    def __init__(
        self,
        address: Address,
        token: str | None,
        *,
        fps: float,
        pictures: Pictures,
        monitor: Snapshots,
        silence: float,
    ) -> None:
        self._history = history = History()
        shown = Shown(
            Guard(token, COOKIE),
            monitor,
            history,
            Feed(monitor, history, silence),
            Pace(pictures, fps),
            silence,
        )
        self._server = Server(
            address,
            type("Bound", (Routes,), {"shown": shown, "guard": shown.guard}),
            "--preview-bind",
        )
        self._has_token = token is not None
        # Its loop looks up ten times a second, for overdue connections and the end.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="preview", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> Address:
        """What it listens on, with the port that it got."""
        return self._server.address

    @property
    def url(self) -> str:
        """Where to look; `?token=...` is to be added where there is one, and is not told here."""
        return self.address.url

    def see(self, scored: Scored) -> None:
        """Note the frame."""
        self._history.see(scored)

    def close(self) -> None:
        """End within a second, with every stream."""
        self._server.close()
        self._thread.join()
