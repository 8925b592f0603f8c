"""The options of MQTT, and the sink that they make."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import click

from litescore.errors import ConfigurationError, UsageError
from litescore.options import gathered

if TYPE_CHECKING:
    from edge.device import Device
    from edge.monitor import Snapshots
    from edge.sinks.mqtt import Mqtt
    from edge.sinks.mqtt_link import Server
    from edge.sinks.mqtt_reports import Pictures, Place
    from edge.sinks.spool_options import SpoolOptions

PASSWORD = "LITESCORE_MQTT_PASSWORD"  # noqa: S105 its name
PASSWORD_FILE = "LITESCORE_MQTT_PASSWORD_FILE"  # noqa: S105
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_DISCOVERY = "homeassistant"
_LONGEST_TOPIC = 200


@dataclass(frozen=True)
class MqttOptions:
    """The words of the command line; None where nothing was said. Raises UsageError for a broker
    that cannot be one, for a topic that cannot, and for options that need another.
    """

    mqtt: str | None = None
    mqtt_topic: str | None = None
    mqtt_discovery: str = _DISCOVERY
    mqtt_ca: Path | None = None
    mqtt_cert: Path | None = None
    mqtt_key: Path | None = None
    mqtt_picture: float | None = None

    def __post_init__(self) -> None:
        given = {
            "--mqtt-topic": self.mqtt_topic,
            "--mqtt-ca": self.mqtt_ca,
            "--mqtt-cert": self.mqtt_cert,
            "--mqtt-key": self.mqtt_key,
            "--mqtt-picture": self.mqtt_picture,
        }
        if self.mqtt is None:
            for name, value in given.items():
                if value is not None:
                    raise UsageError(f"{name} {value}: give the broker by --mqtt too")
            return
        tls = self.address.scheme == "mqtts"
        for name in ("--mqtt-ca", "--mqtt-cert", "--mqtt-key"):
            if given[name] is not None and not tls:
                raise UsageError(f"{name} {given[name]}: needs TLS; give --mqtt mqtts://...")
        if self.mqtt_key is not None and self.mqtt_cert is None:
            raise UsageError(f"--mqtt-key {self.mqtt_key}: give its certificate by --mqtt-cert")
        if self.mqtt_topic is not None:
            _check_topic("--mqtt-topic", self.mqtt_topic)
        _check_topic("--mqtt-discovery", self.mqtt_discovery)

    @property
    def address(self) -> Address:
        """What `mqtt` says."""
        assert self.mqtt is not None
        return Address.parse(self.mqtt)


@dataclass(frozen=True)
class Address:
    """What a broker's URL says."""

    scheme: str
    host: str
    port: int
    user: str | None

    @classmethod
    def parse(cls, url: str) -> Address:
        """Raises UsageError for what is none."""
        shape = "give mqtt://[USER@]HOST[:PORT], or mqtts:// for TLS"
        # What may hold a password is not repeated.
        shown = "URL" if "@" in url else url
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            why = "no host and port" if "@" in url else error
            raise UsageError(f"--mqtt {shown}: {why}; {shape}") from None
        if parts.scheme in ("ws", "wss"):
            raise UsageError(f"--mqtt {shown}: MQTT over WebSockets is not spoken; {shape}")
        if parts.scheme not in _PORTS or not parts.hostname:
            raise UsageError(f"--mqtt {shown}: not a broker; {shape}")
        if parts.password is not None:
            raise UsageError(
                f"--mqtt {parts.scheme}://{parts.username}:...@{parts.hostname}: every process can "
                f"read a command line; give the password by {PASSWORD} or {PASSWORD_FILE}"
            )
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise UsageError(f"--mqtt {shown}: nothing follows the port; {shape}")
        user = unquote(parts.username) if parts.username else None
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], user)


mqtt_options = gathered(
    "mqtt",
    MqttOptions,
    click.option(
        "--mqtt",
        metavar="URL",
        help="Tell events to this broker, mqtt://[USER@]HOST[:PORT] or mqtts:// for TLS; the "
        f"password comes from {PASSWORD}, or from the file that {PASSWORD_FILE} names.",
    ),
    click.option(
        "--mqtt-topic",
        metavar="TOPIC",
        help="Publish below it.  [default: litescore/DEVICE]",
    ),
    click.option(
        "--mqtt-discovery",
        default=_DISCOVERY,
        show_default=True,
        metavar="PREFIX",
        help="Show up in Home Assistant, whose discovery has this prefix; `none` does not.",
    ),
    click.option(
        "--mqtt-picture",
        type=click.FloatRange(0.5, 86_400),
        metavar="SECONDS",
        help="Publish the annotated picture so often, and when the decision changes.",
    ),
    click.option(
        "--mqtt-ca",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Trust the authorities in it, in place of the system's.",
    ),
    click.option(
        "--mqtt-cert",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Show the broker this certificate.",
    ),
    click.option(
        "--mqtt-key",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Its private key, where it is not in the same file.",
    ),
)


def open_mqtt(
    options: MqttOptions,
    spool: SpoolOptions,
    *,
    device: Device,
    state: Path,
    pictures: Pictures | None,
    monitor: Snapshots,
    say: Callable[[str], None],
    environ: Mapping[str, str] | None = None,
) -> Mqtt | None:
    """The sink that the options ask for; None where they name no broker.

    Its spool lies in the folder `state`. A broker that is away is waited for. Raises
    ConfigurationError for a certificate or a password file that cannot be read and for a spool that
    another process has, MissingDependency without paho, UsageError for a password without a user.
    """
    if options.mqtt is None:
        return None
    from edge.sinks.mqtt import Mqtt
    from edge.sinks.mqtt_link import check_paho
    from edge.sinks.spool import Spool

    server = server_of(options, os.environ if environ is None else environ)
    check_paho()
    server.context()
    place = _place(options, device)
    name = hashlib.sha256(place.topic.encode()).hexdigest()[:8]
    kept = Spool(
        state / f"mqtt-{name}.spool",
        max_bytes=spool.spool_bytes,
        keep=spool.spool_keep,
        say=say,
    )
    return Mqtt(
        server,
        place,
        kept,
        device=device.id,
        monitor=monitor,
        pictures=pictures,
        picture_every=options.mqtt_picture,
        say=say,
    )


def _place(options: MqttOptions, device: Device) -> Place:
    from edge.sinks.mqtt_reports import Place

    own = f"litescore/{device.id}"
    topic = options.mqtt_topic or own
    object_id = f"litescore_{device.id}"
    if topic != own:
        # Two loops on one device are two devices to Home Assistant.
        object_id += "_" + hashlib.sha256(topic.encode()).hexdigest()[:6]
    prefix = None if options.mqtt_discovery == "none" else options.mqtt_discovery
    return Place(topic, prefix, object_id)


def server_of(options: MqttOptions, environ: Mapping[str, str]) -> Server:
    """The broker that the options name, with the environment's password.

    Raises UsageError for a password without a user, ConfigurationError for a password file that
    cannot be read.
    """
    from edge.sinks.mqtt_link import Server

    address = options.address
    password = _password(environ)
    if password is not None and address.user is None:
        raise UsageError(
            f"{PASSWORD}: a password of no user; give --mqtt {address.scheme}://USER@..."
        )
    return Server(
        address.host,
        address.port,
        address.scheme == "mqtts",
        address.user,
        password,
        options.mqtt_ca,
        options.mqtt_cert,
        options.mqtt_key,
    )


def _password(environ: Mapping[str, str]) -> str | None:
    password, file = environ.get(PASSWORD), environ.get(PASSWORD_FILE)
    if not file:
        return password or None
    if password:
        raise UsageError(f"{PASSWORD} and {PASSWORD_FILE} are both set: leave one out")
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not text"
        raise ConfigurationError(f"{PASSWORD_FILE} {file}: {why}") from error


def _check_topic(option: str, topic: str) -> None:
    levels = topic.split("/")
    if (
        not all(levels)
        or set(topic) & set("+#\0")
        or topic.startswith("$")
        or len(topic) > _LONGEST_TOPIC
        or not topic.isprintable()
    ):
        raise UsageError(
            f"{option} {topic!r}: give levels divided by single slashes, such as home/door, "
            f"without + and #, of at most {_LONGEST_TOPIC} characters"
        )
