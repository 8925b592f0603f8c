"""What a service tells systemd over `$NOTIFY_SOCKET`: sd_notify(3), in the few words needed here."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from math import inf

from litescore.errors import ConfigurationError

# systemd reads at once; a frame must not wait for one that does not, and not each frame.
_PATIENCE = 0.5
_AGAIN = 1.0


class Notifier:
    """Tells systemd how the service is; does nothing where systemd did not ask.

    address   the socket's, as the kernel takes it: an abstract one begins with a zero byte
    interval  seconds between two signs of life, None when nobody watches

    What cannot be sent is left out: of a service that stays silent systemd thinks for itself.
    """

    def __init__(self, address: str | None = None, interval: float | None = None) -> None:
        self._address = address
        self._interval = interval
        watched = address is not None and interval is not None
        self._due = -inf if watched else inf
        self._socket: socket.socket | None = None
        if address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.settimeout(_PATIENCE)

    @classmethod
    def here(cls, environ: Mapping[str, str] | None = None) -> Notifier:
        """The notifier that `environ` (the process's own by default) asks for.

        Raises ConfigurationError for a socket or a watchdog that is not as sd_notify(3) and
        sd_watchdog_enabled(3) have it.
        """
        environ = os.environ if environ is None else environ
        return cls(_address(environ.get("NOTIFY_SOCKET", "")), _interval(environ))

    def ready(self, status: str) -> None:
        """The service works from now on; `status` is what `systemctl status` shows."""
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def alive(self) -> None:
        """The loop still turns. To be called each frame: sends twice within the time allowed."""
        now = time.monotonic()
        if now < self._due or self._interval is None:
            return
        told = self._send("WATCHDOG=1")
        self._due = now + (self._interval if told else min(self._interval, _AGAIN))

    def status(self, text: str) -> None:
        """What `systemctl status` shows from now on."""
        self._send(f"STATUS={_line(text)}")

    def stopping(self) -> None:
        """The service ends of its own accord, or as it was asked to."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Give the socket back; nothing is told any more."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._due = None, inf

    def _send(self, message: str) -> bool:
        # By address each time: the socket is another one after systemd was started anew.
        if self._socket is None or self._address is None:
            return False
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError:
            return False
        return True


def _address(text: str) -> str | None:
    if not text:
        return None
    if text[0] not in "/@" or len(text) == 1:
        raise ConfigurationError(
            f"NOTIFY_SOCKET={text!r} is neither a path nor an abstract socket (@...)"
        )
    return "\0" + text[1:] if text[0] == "@" else text


def _interval(environ: Mapping[str, str]) -> float | None:
    """Half of the time after which systemd takes this process for hung, in seconds."""
    text = environ.get("WATCHDOG_USEC", "")
    if not text or environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    if not text.isdecimal() or int(text) == 0:
        raise ConfigurationError(f"WATCHDOG_USEC={text!r} is not microseconds")
    return int(text) / 2e6


def _line(text: str) -> str:
    # A line of its own would be an assignment of its own.
    return " ".join(text.split())
