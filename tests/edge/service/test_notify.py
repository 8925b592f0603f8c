"""What the running service tells systemd, over real datagram sockets."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edge.service.notify import Notifier
from litescore.errors import ConfigurationError


class Systemd:
    """The other end: a socket under the name that `$NOTIFY_SOCKET` has."""

    def __init__(self, address: str) -> None:
        self.name = address.replace("\0", "@")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        """The messages since it was asked last."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return found

    def environ(self, **more: str) -> dict[str, str]:
        return {"NOTIFY_SOCKET": self.name, **more}


def fill(systemd: Systemd) -> None:
    """Send until nothing more goes in."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                sender.sendto(b"STATUS=x", systemd.name)


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    """Both kinds of socket that systemd may name."""
    path = request.param == "path"
    found = Systemd(str(tmp_path / "notify") if path else f"\0litescore-{uuid.uuid4()}")
    yield found
    found.socket.close()


def test_ready_status_stopping(systemd: Systemd) -> None:
    """Each is one datagram of assignments, a line each."""
    notifier = Notifier.here(systemd.environ())
    notifier.ready("scoring picamera")
    notifier.status("12.3 frames/s")
    notifier.stopping()
    assert systemd.heard() == [
        "READY=1\nSTATUS=scoring picamera",
        "STATUS=12.3 frames/s",
        "STOPPING=1",
    ]


def test_a_status_is_one_line(systemd: Systemd) -> None:
    """What follows a newline would be an assignment of its own."""
    Notifier.here(systemd.environ()).status("lost\nWATCHDOG=trigger")
    assert systemd.heard() == ["STATUS=lost WATCHDOG=trigger"]


def test_alive_is_told_twice_within_the_time_allowed(
    systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once at first, then not before half of WATCHDOG_USEC has passed, however often it is called."""
    clock = [100.0]
    monkeypatch.setattr("edge.service.notify.time.monotonic", lambda: clock[0])
    mine = str(os.getpid())
    notifier = Notifier.here(systemd.environ(WATCHDOG_USEC="30000000", WATCHDOG_PID=mine))
    for now, told in ((100.0, 1), (100.1, 0), (114.9, 0), (115.0, 1), (129.9, 0), (190.0, 1)):
        clock[0] = now
        for _ in range(3):
            notifier.alive()
        assert systemd.heard() == ["WATCHDOG=1"] * told, now


@pytest.mark.parametrize("watchdog", [{}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}])
def test_alive_is_silent_where_nobody_watches(systemd: Systemd, watchdog: dict[str, str]) -> None:
    """Without a watchdog, or with one that is another process's."""
    notifier = Notifier.here(systemd.environ(**watchdog))
    notifier.alive()
    assert systemd.heard() == []
    notifier.status("still told")
    assert systemd.heard() == ["STATUS=still told"]


def test_what_got_lost_is_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign of life that could not be sent is due again soon: systemd may just be starting anew."""
    clock = [100.0]
    monkeypatch.setattr("edge.service.notify.time.monotonic", lambda: clock[0])
    name = str(tmp_path / "notify")
    first = Systemd(name)
    notifier = Notifier.here(first.environ(WATCHDOG_USEC="3600000000"))
    first.socket.close()
    notifier.alive()
    Path(name).unlink()
    clock[0] += 2
    notifier.alive()
    second = Systemd(name)
    clock[0] += 2
    notifier.alive()
    notifier.alive()
    assert second.heard() == ["WATCHDOG=1"]
    second.socket.close()


def test_a_systemd_that_does_not_read_holds_nothing_up(tmp_path: Path) -> None:
    """A full socket costs a moment and no error."""
    deaf = Systemd(str(tmp_path / "notify"))
    fill(deaf)
    Notifier.here(deaf.environ()).status("not heard")
    assert "STATUS=not heard" not in deaf.heard()
    deaf.socket.close()


def test_outside_systemd_nothing_happens() -> None:
    """Without NOTIFY_SOCKET every word is allowed and goes nowhere."""
    notifier = Notifier.here({"WATCHDOG_USEC": "1000"})
    notifier.ready("x")
    notifier.alive()
    notifier.status("x")
    notifier.stopping()
    notifier.close()


def test_after_close_nothing_is_told(systemd: Systemd) -> None:
    """Closed twice is closed once."""
    notifier = Notifier.here(systemd.environ(WATCHDOG_USEC="1000"))
    notifier.close()
    notifier.close()
    notifier.alive()
    notifier.status("x")
    assert systemd.heard() == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"NOTIFY_SOCKET": "vsock:2:1234"}, "NOTIFY_SOCKET='vsock:2:1234'"),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30s"}, "WATCHDOG_USEC='30s'"),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "0"}, "WATCHDOG_USEC='0'"),
    ],
)
def test_what_is_not_understood_is_refused(variables: dict[str, str], words: str) -> None:
    """By name and value: a service that cannot say that it is ready would be killed for it."""
    with pytest.raises(ConfigurationError, match=words):
        Notifier.here(variables)
