"""One connection to an MQTT broker, driven by the thread that has it. The only import of paho.

A lost one is thrown away and the next made anew, so nothing waits inside it: what was not
acknowledged is sent again by whoever keeps it. MQTT 5, since its broker says of each message whether
it refuses it; before that a broker acknowledges what it throws away.
"""

from __future__ import annotations

import re
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from litescore.errors import ConfigurationError, MissingDependency

_TICK = 0.1
# What one may have in flight where the broker names no other number; mosquitto's own default.
_WINDOW = 20
# Of those, what is left to messages of QoS 1 that are no events.
_OTHERS = 4


@dataclass(frozen=True)
class Server:
    """A broker and who one is to it. Files are PEM; `ca` None means the system's authorities."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        """How TLS is done, the host's name checked; None without TLS. Read anew for each
        connection: certificates are renewed within the year.

        Raises ConfigurationError naming a file that cannot be used.
        """
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except OSError as error:
            raise ConfigurationError(f"--mqtt-ca {self.ca}: {_why(error)}") from error
        # Python 3.13 would refuse what authorities made at home leave out, and 3.11 takes.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        try:
            if self.cert is not None:
                # Asked for the password of a key, OpenSSL would wait at the terminal.
                context.load_cert_chain(self.cert, self.key, password="")
        except OSError as error:
            named = f"--mqtt-cert {self.cert}" + (f" --mqtt-key {self.key}" if self.key else "")
            raise ConfigurationError(f"{named}: {_why(error)}") from error
        return context


@dataclass(frozen=True)
class Patience:
    """Seconds.

    connect    for a connection, and again for the broker's answer
    silence    after which a broker that acknowledges nothing is hung; after twice that it is left
    first      before trying again; doubled each time up to `longest`
    steady     a connection that held so long is no failed try
    """

    connect: float = 5.0
    silence: float = 10.0
    first: float = 1.0
    longest: float = 60.0
    steady: float = 30.0


class Message(NamedTuple):
    """What is published. A retained one is kept by the broker for those who come later."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


class Acknowledged(NamedTuple):
    """The broker's word on a message of QoS 1: None, or why it refuses it."""

    number: int
    refusal: str | None


def check_paho() -> None:
    """Raises MissingDependency where paho is not installed."""
    try:
        import paho.mqtt.client  # noqa: F401
    except ImportError:
        raise MissingDependency("paho", extra="edge") from None


class LinkError(Exception):
    """The connection could not be made, or is no more; the message says why."""


class Link:
    """An open connection. Raises LinkError from every method once it is no more.

    window  how many events may wait for their acknowledgement at once
    births  how often something was received on the topic that is listened to, with the payload
            `online`
    """

    def __init__(self, server: Server, client_id: str, will: Message, patience: Patience) -> None:
        self.window = 1
        self.births = 0
        self._server = server
        self._largest: int | None = None
        self._connected = False
        self._trouble: str | None = None
        self._acknowledged: list[Acknowledged] = []
        self._client = self._made(client_id, will, patience)
        try:
            keepalive = max(1, round(patience.silence))
            self._client.connect(server.host, server.port, keepalive=keepalive)
        # ValueError: a host name that IDNA refuses.
        except (OSError, ValueError) as error:
            raise LinkError(f"cannot reach {server}: {_why(error)}") from error
        self._await_answer(patience.connect)

    def _made(self, client_id: str, will: Message, patience: Patience) -> Any:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

        client = Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5
        )
        client.connect_timeout = patience.connect
        if self._server.user is not None:
            client.username_pw_set(self._server.user, self._server.password)
        context = self._server.context()
        if context is not None:
            client.tls_set_context(context)
        client.will_set(will.topic, will.payload, will.qos, will.retain)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_log = self._on_log
        return client

    def _await_answer(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        try:
            while not self._connected:
                if time.monotonic() > end:
                    raise LinkError(f"{self._server} takes the connection and does not answer")
                self._loop(_TICK)
        except LinkError:
            self.drop()
            raise

    def publish(self, message: Message) -> int:
        """Its number, which its acknowledgement will bear."""
        info = self._client.publish(message.topic, message.payload, message.qos, message.retain)
        return int(info.mid)

    def takes(self, message: Message) -> bool:
        """Whether the broker takes a message of its size."""
        size = len(message.payload) + len(message.topic) + 64
        return self._largest is None or size <= self._largest

    @property
    def busy(self) -> bool:
        """Whether the network has not taken yet what was published."""
        return bool(self._client.want_write())

    def listen(self, topic: str) -> None:
        """Count births on it."""
        self._client.subscribe(topic)

    def poll(self, seconds: float) -> list[Acknowledged]:
        """What was acknowledged, waiting up to `seconds` for something to happen."""
        self._loop(seconds)
        found, self._acknowledged = self._acknowledged, []
        return found

    def leave(self) -> None:
        """Take leave, so that the broker does not publish the will."""
        self._client.disconnect()
        self.drop()

    def drop(self) -> None:
        """Close the connection without a word: the broker publishes the will."""
        socket = self._client.socket()
        if socket is not None:
            with suppress(OSError):
                socket.close()
        # The client ends with its last reference, and its wake-up sockets with it.
        for name in ("connect", "disconnect", "publish", "message", "log"):
            setattr(self._client, f"on_{name}", None)

    def _loop(self, seconds: float) -> None:
        from paho.mqtt.client import error_string

        code = self._client.loop(seconds)
        if code or not self._client.socket():
            raise LinkError(self._trouble or error_string(code).rstrip(".").lower())

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, given: Any) -> None:
        if reason.is_failure:
            self._trouble = f"{self._server} refuses: {reason}"
            return
        self._connected = True
        most = min(_WINDOW, getattr(given, "ReceiveMaximum", _WINDOW))
        self.window = max(1, most - _OTHERS)
        self._largest = getattr(given, "MaximumPacketSize", None)

    def _on_disconnect(
        self, _client: Any, _data: Any, flags: Any, reason: Any, _given: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._trouble = f"{self._server} ended it: {reason}"

    def _on_publish(self, _client: Any, _data: Any, number: int, reason: Any, _given: Any) -> None:
        refusal = str(reason) if reason.is_failure else None
        self._acknowledged.append(Acknowledged(number, refusal))

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        self.births += message.payload == b"online"

    def _on_log(self, _client: Any, _data: Any, level: int, text: str) -> None:
        from paho.mqtt.enums import LogLevel

        # Where TLS failed after the handshake, nothing but the log says why.
        if level == LogLevel.MQTT_LOG_ERR and self._trouble is None:
            self._trouble = f"{self._server}: {_bare(text.rpartition('socket: ')[2])}"


def _why(error: OSError | ValueError) -> str:
    verified = getattr(error, "verify_message", None)
    return _bare(str(verified or getattr(error, "strerror", None) or error))


def _bare(text: str) -> str:
    """Without what OpenSSL says to its developers: `[SSL: NAME] why (_ssl.c:1006)`."""
    return re.sub(r"^\[\w+(: \w+)?\] | \(_ssl\.c:\d+\)$", "", text)
