"""The thread that brings what waits in the spool to the broker, and tries again when it is away.

An event leaves the spool once the broker acknowledged it. After a reconnect all that was not
acknowledged is sent again, in order: each arrives at least once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from threading import Event, Thread

from edge.sinks.homeassistant import status_topic
from edge.sinks.mqtt_link import Acknowledged, Link, LinkError, Message, Patience, Server
from edge.sinks.mqtt_reports import Place, Reports
from edge.sinks.spool import Spool
from edge.status import Status
from litescore.errors import LitescoreError

_TICK = 0.1
# So many acknowledgements, or those of so many seconds, make one write to the disk.
_MANY, _OFTEN = 256, 1.0
# Of the time there is at the end, what is kept for saying goodbye, in seconds.
_GOODBYE = 0.2


class Delivery:
    """Runs from `start` to `stop`.

    delivered  events that the broker acknowledged
    say        is told of each change of state, in a line
    """

    def __init__(
        self,
        server: Server,
        client_id: str,
        place: Place,
        spool: Spool,
        reports: Reports,
        say: Callable[[str], None],
        patience: Patience,
    ) -> None:
        self.delivered = 0
        self._server, self._client_id, self._place = server, client_id, place
        self._spool, self._reports, self._say, self._patience = spool, reports, say, patience
        self._availability = f"{place.topic}/availability"
        self._status = Status("opening")
        self._was_connected = False
        self._said: set[str] = set()
        self._closing = Event()
        self._deadline = 0.0
        self._sent: dict[int, int] = {}
        self._topics: dict[int, str] = {}
        self._last_sent = 0
        self._arrived: list[int] = []
        self._written_at = self._heard_at = 0.0
        self._births = 0
        self._thread = Thread(target=self._run, name="mqtt delivery", daemon=True)

    def start(self) -> None:
        """Connect and deliver from now on, on a thread of its own; once only."""
        self._thread.start()

    def status(self) -> Status:
        """How the connection is."""
        return self._status

    def stop(self, deadline: float) -> None:
        """Deliver what can be until the monotonic time `deadline`, and take leave.

        A thread that hangs in the network is left to die with the process.
        """
        self._deadline = deadline
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        pause = self._patience.first
        while not self._closing.is_set():
            begun = time.monotonic()
            try:
                self._connected()
            except (LinkError, LitescoreError) as error:
                self._became("lost", str(error))
            except Exception as error:  # noqa: BLE001 a loop that runs for a year outlives a bug of a client's
                self._became("lost", repr(error))
            if time.monotonic() - begun > self._patience.steady:
                pause = self._patience.first
            # Devices that lost their broker together do not come back all at once.
            self._closing.wait(pause * random.uniform(0.8, 1.2))  # noqa: S311
            pause = min(2 * pause, self._patience.longest)

    def _connected(self) -> None:
        """One connection, from its begin to its end or the wish to close."""
        will = Message(self._availability, b"offline", qos=1, retain=True)
        link = Link(self._server, self._client_id, will, self._patience)
        try:
            self._begin(link)
            while not self._closing.is_set():
                self._step(link, _TICK)
            self._end(link)
        finally:
            self._write_off()
            link.drop()

    def _begin(self, link: Link) -> None:
        self._sent.clear()
        self._topics.clear()
        self._last_sent = self._births = 0
        self._heard_at = time.monotonic()
        self._publish(link, Message(self._availability, b"online", qos=1, retain=True))
        if self._place.discovery is not None:
            link.listen(status_topic(self._place.discovery))
        self._reports.renew()
        self._became("running", None)

    def _step(self, link: Link, seconds: float) -> None:
        self._send_events(link)
        if link.births != self._births:
            self._births = link.births
            self._reports.renew()
        # Of a network that takes no more, each report would fill the memory.
        if not link.busy:
            self._report(link)
        self._hear(link.poll(seconds))
        if len(self._arrived) >= _MANY or time.monotonic() - self._written_at >= _OFTEN:
            self._write_off()

    def _send_events(self, link: Link) -> None:
        room = link.window - len(self._sent)
        if room <= 0 or self._spool.waiting <= len(self._sent) + len(self._arrived):
            return
        if not self._sent:
            self._heard_at = time.monotonic()
        for event in self._spool.oldest(room, after=self._last_sent):
            number = link.publish(Message(f"{self._place.topic}/event", event.body, qos=1))
            self._sent[number] = self._last_sent = event.key

    def _report(self, link: Link) -> None:
        try:
            reports = list(self._reports.due())
        except Exception as error:  # noqa: BLE001 events are not held up by what is told beside them
            self._once(f"mqtt: nothing to report: {error!r}")
            return
        for report in reports:
            self._publish(link, report)

    def _publish(self, link: Link, message: Message) -> int | None:
        if not link.takes(message):
            return None
        number = link.publish(message)
        if message.qos:
            self._topics[number] = message.topic
        return number

    def _hear(self, acknowledged: list[Acknowledged]) -> None:
        now = time.monotonic()
        for number, refusal in acknowledged:
            key, topic = self._sent.get(number), self._topics.pop(number, None)
            if key is not None:
                if refusal is not None:
                    raise LinkError(f"{self._server} refuses events: {refusal}")
                del self._sent[number]
                self._arrived.append(key)
                self.delivered += 1
            elif topic is None:  # of QoS 0: sent, and nobody's word on it
                continue
            elif refusal is not None:
                self._once(f"mqtt: {self._server} refuses {topic}: {refusal}")
            self._heard_at = now
        silent = now - self._heard_at if self._sent else 0.0
        if silent < self._patience.silence:
            self._became("running", None)
            return
        self._became("hung", f"{self._server} acknowledges nothing")
        if silent > 2 * self._patience.silence:
            raise LinkError(f"{self._server} acknowledged nothing for {silent:.0f} s")

    def _write_off(self) -> None:
        """Take out of the spool what arrived."""
        arrived, self._arrived = self._arrived, []
        self._written_at = time.monotonic()
        self._spool.done(arrived)

    def _end(self, link: Link) -> None:
        while (
            self._spool.waiting > len(self._arrived)
            and time.monotonic() < self._deadline - _GOODBYE
        ):
            self._step(link, 0.02)
        number = self._publish(link, Message(self._availability, b"offline", qos=1, retain=True))
        while number in self._topics and time.monotonic() < self._deadline:
            self._hear(link.poll(0.02))
        # Without the acknowledgement the will says the same.
        if number not in self._topics:
            link.leave()

    def _became(self, state: str, reason: str | None) -> None:
        if state == "lost" and not self._was_connected:
            state = "opening"
        if (state, reason) == (self._status.state, self._status.reason):
            return
        before, self._status = self._status, Status(state, reason)
        self._was_connected |= state == "running"
        if self._closing.is_set():
            return
        waiting = f"{self._spool.waiting} events waiting"
        if state != "running":
            self._once(f"mqtt: {state}: {reason}", waiting)
            return
        if before.state == "hung":
            self._say(f"mqtt: {self._server} acknowledges again; {waiting}")
        else:
            self._said.clear()
            self._say(f"mqtt: connected to {self._server}; {waiting}")

    def _once(self, line: str, *details: str) -> None:
        """Say what may take turns with others, a single time until the next connection."""
        if line not in self._said:
            self._said.add(line)
            self._say("; ".join((line, *details)))
