"""Where records go. A sink takes what is emitted; whether it arrives is its own to make sure.

    lines.py      JSON lines to standard output or a file
    rotation.py   a file that is set aside when it is full
    spool.py      a bounded queue on disk for what cannot be delivered now; spool_file.py: its file
    mqtt.py       to a broker, by way of a spool: mqtt_delivery.py brings it there over mqtt_link.py,
                  the only import of paho; mqtt_reports.py is what is told besides the events
    homeassistant.py  how the device shows up there by itself

It does not know how frames are scored, nor when one is worth telling.
"""

from __future__ import annotations

from typing import Protocol

from edge.scored import Scored
from edge.status import Status


class Sink(Protocol):
    """Takes emitted frames one after the other, on the outbox's thread.

    name  one word for the status page and the metrics, such as `mqtt`
    """

    name: str

    def write(self, scored: Scored) -> None:
        """Take one. Returns at once; what cannot be handed on now is kept, and tried again later.

        Raises BrokenPipeError where the only reader left.
        """

    def status(self) -> Status:
        """How the sink is doing; may be asked on any thread."""

    def close(self) -> None:
        """Hand on, or keep on disk, what is left: within a second. Raises ConfigurationError where
        something is lost.
        """
