"""Events to an MQTT broker, each at least once, and beside them what Home Assistant shows.

The loop's thread only appends to a queue in memory. One thread moves the queue into the spool, a
few times a second at most; another (`mqtt_delivery`) brings the spool's events to the broker.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Event, Lock, Thread

from edge.monitor import Snapshots
from edge.scored import Scored
from edge.sinks.mqtt_delivery import Delivery
from edge.sinks.mqtt_link import Patience, Server
from edge.sinks.mqtt_reports import Pictures, Place, Reports
from edge.sinks.spool import Spool
from edge.status import Status

# Events that one write to the disk takes, at 30 a second: those of so many seconds.
_LINGER = 0.25
_QUEUE = 4096
# What `close` may take, in seconds, and what of it for the network.
_LEAVE = 0.6


class Mqtt:
    """A sink and a watcher.

    place     where things are published
    spool     where events wait; closed with this
    pictures  where the picture of `picture_every` comes from
    say       is told of each change of state, in a line
    """

    name = "mqtt"

    def __init__(
        self,
        server: Server,
        place: Place,
        spool: Spool,
        *,
        device: str,
        monitor: Snapshots,
        pictures: Pictures | None = None,
        picture_every: float | None = None,
        say: Callable[[str], None] = lambda _: None,
        patience: Patience | None = None,
    ) -> None:
        self._spool = spool
        self._queue: deque[tuple[str, bytes]] = deque()
        self._came, self._closing, self._moving = Event(), Event(), Lock()
        self._overflow = 0
        self._full_since: float | None = None
        self._reports = Reports(place, monitor, self._counts, pictures, picture_every)
        client_id = _client_id(device, place, spool)
        self._delivery = Delivery(
            server, client_id, place, spool, self._reports, say, patience or Patience()
        )
        self._thread = Thread(target=self._keep_moving, name="mqtt spool", daemon=True)
        self._thread.start()
        self._delivery.start()

    def see(self, scored: Scored) -> None:
        """Note the newest decision for the reports; nothing is sent here."""
        self._reports.see(scored)

    def write(self, scored: Scored) -> None:
        """Put its record in the queue; what does not fit is dropped and counted."""
        if len(self._queue) >= _QUEUE:
            self._overflow += 1
            return
        record = scored.record
        self._queue.append((record.id, record.to_json().encode()))
        self._came.set()

    def status(self) -> Status:
        """That of the delivery; `full` while events are dropped because the spool has no room."""
        status, full, trouble = self._delivery.status(), self._full_since, self._spool.trouble
        if full is not None and status.state != "running":
            status = Status("full", f"the spool has no room; {status.reason}", full)
        elif trouble is not None:
            reason = f"events wait in memory: {trouble}"
            joined = reason if status.reason is None else f"{status.reason}; {reason}"
            status = replace(status, reason=joined)
        return replace(status, counts=self._counts())

    def close(self) -> None:
        """Put the queue in the spool, deliver what can be within 0.6 s, leave the rest in it."""
        deadline = time.monotonic() + _LEAVE
        self._closing.set()
        self._came.set()
        self._move()
        self._delivery.stop(deadline)
        self._spool.close()

    def _counts(self) -> Mapping[str, int]:
        return {
            "delivered": self._delivery.delivered,
            "waiting": self._spool.waiting + len(self._queue),
            "dropped": self._spool.dropped + self._overflow,
        }

    def _keep_moving(self) -> None:
        while not self._closing.is_set():
            self._came.wait()
            self._came.clear()
            self._move()
            self._closing.wait(_LINGER)

    def _move(self) -> None:
        """Put what is in the queue in the spool, in one transaction."""
        with self._moving:
            events = [self._queue.popleft() for _ in range(len(self._queue))]
            if not events:
                return
            dropped = self._spool.dropped
            self._spool.add_all(events)
            if self._spool.dropped == dropped:
                self._full_since = None
            elif self._full_since is None:
                self._full_since = time.monotonic()


def _client_id(device: str, place: Place, spool: Spool) -> str:
    """The same after every start; another for each topic and spool of a device, of which two with
    one id would end each other's connections in turn.
    """
    digest = hashlib.sha256(f"{place.topic}\n{spool.path}".encode()).hexdigest()
    return f"litescore-{device}-{digest[:8]}"
