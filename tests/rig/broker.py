"""mosquitto, a real MQTT broker: killed, stopped, started again; with passwords or certificates."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import psutil

from tests.rig.needs import needs
from tests.rig.process import HOST, free_ports, listens, running
from tests.rig.waiting import wait_until

_CONFIG = """
listener {port} {host}
user root
persistence true
persistence_location {folder}/
autosave_interval 1800
connection_messages true
max_inflight_messages 0
"""


@dataclass(frozen=True)
class Certificates:
    """PEM files: an authority; a server of `localhost` and 127.0.0.1; one of another host; a client;
    and a client of another authority.
    """

    authority: Path
    server: tuple[Path, Path]
    elsewhere: tuple[Path, Path]
    client: tuple[Path, Path]
    stranger: tuple[Path, Path]


class Broker:
    """A broker that may run, be killed and run again: the same port, what it saved still there.

    user          name and password that it asks for; None lets anyone in
    certificates  it speaks TLS and asks for a client's certificate; None for plain TCP
    rules         lines of an access control list; None lets everyone do everything
    """

    def __init__(
        self,
        folder: Path,
        *,
        user: tuple[str, str] | None = None,
        certificates: Certificates | None = None,
        rules: str | None = None,
    ) -> None:
        needs("mosquitto", "mosquitto_passwd")
        self.port = free_ports(1)[0]
        self._folder = folder
        self._process: psutil.Process | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lines = [_CONFIG.format(port=self.port, host=HOST, folder=folder)]
        lines += ["allow_anonymous false" if user else "allow_anonymous true"]
        if user:
            passwords = folder / "passwords"
            subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, *user], check=True)
            lines += [f"password_file {passwords}"]
        if rules:
            (folder / "rules").write_text(rules)
            lines += [f"acl_file {folder / 'rules'}"]
        if certificates:
            cert, key = certificates.server
            lines += [f"cafile {certificates.authority}", f"certfile {cert}", f"keyfile {key}"]
            lines += ["require_certificate true"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Entered once it listens; killed with -9 at the end of the block, or by `kill`."""
        with running(
            ["mosquitto", "-c", self._folder / "mosquitto.conf"],
            log=self._folder / "mosquitto.log",
            ready=lambda: listens(self.port),
        ) as child:
            self._process = psutil.Process(child.pid).children()[0]
            try:
                yield
            finally:
                self.kill()

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def stop(self) -> None:
        """SIGSTOP: its connections stay open, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def save(self) -> None:
        """Have it write sessions and retained messages to its disk."""
        saved = self._folder / "mosquitto.db"
        before = saved.stat().st_mtime_ns if saved.exists() else 0
        self._signal(signal.SIGUSR1)
        wait_until(lambda: saved.exists() and saved.stat().st_mtime_ns != before)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


class Listener:
    """A subscriber, whose session the broker keeps while it is away.

    messages  what came, in order: (topic, payload, whether it was a retained one)
    """

    def __init__(
        self,
        broker: Broker,
        *topics: str,
        name: str = "listener",
        user: tuple[str, str] | None = None,
    ) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.messages: list[tuple[str, bytes, bool]] = []
        self._mutex = Lock()
        self._subscribed = False
        self._topics = topics
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        if user is not None:
            self._client.username_pw_set(*user)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._broker = broker

    def register(self) -> None:
        """Have a broker that is not running know it: what comes once that runs is kept for it."""
        with self._broker.running():
            with self:
                pass
            self._broker.save()

    def __enter__(self) -> Listener:
        self._subscribed = False
        self._client.connect_async(HOST, self._broker.port)
        self._client.loop_start()
        wait_until(lambda: self._subscribed)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def of(self, topic: str) -> list[bytes]:
        """The payloads that came on a topic."""
        with self._mutex:
            return [payload for name, payload, _ in self.messages if name == topic]

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def _on_connect(self, client: Any, *_: Any) -> None:
        client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(self, *_: Any) -> None:
        self._subscribed = True

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        with self._mutex:
            self.messages.append((message.topic, message.payload, message.retain))


def make_certificates(folder: Path) -> Certificates:
    """Certificates of a day, made by openssl."""
    needs("openssl")
    authority = _authority(folder, "authority")
    other = _authority(folder, "other")
    return Certificates(
        authority[0],
        _signed(folder, "server", authority, "DNS:localhost,IP:127.0.0.1"),
        _signed(folder, "elsewhere", authority, "DNS:elsewhere"),
        _signed(folder, "client", authority),
        _signed(folder, "stranger", other),
    )


def _authority(folder: Path, name: str) -> tuple[Path, Path]:
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    _openssl("req", "-x509", *_NEW_KEY, "-keyout", key, "-out", cert, "-subj", f"/CN={name}")
    return cert, key


def _signed(
    folder: Path, name: str, by: tuple[Path, Path], hosts: str = "DNS:client"
) -> tuple[Path, Path]:
    cert, key, asked = (folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
    _openssl("req", *_NEW_KEY, "-keyout", key, "-out", asked, "-subj", f"/CN={name}")
    names = folder / f"{name}.names"
    names.write_text(f"subjectAltName={hosts}\n")
    words = ["x509", "-req", "-in", asked, "-out", cert, "-days", "1", "-extfile", names]
    _openssl(*words, "-CA", by[0], "-CAkey", by[1], "-CAcreateserial")
    return cert, key


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
