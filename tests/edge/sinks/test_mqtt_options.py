"""The options of MQTT: what is refused, and where secrets come from."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from edge.sinks.mqtt import Mqtt
from edge.sinks.mqtt_options import Address, MqttOptions, mqtt_options, open_mqtt
from edge.sinks.spool_options import SpoolOptions, spool_options
from litescore.errors import ConfigurationError, LitescoreError, UsageError
from tests.edge.sinks.shown import DEVICE, Snapped, shown
from tests.rig.broker import Broker, Listener
from tests.rig.needs import needs
from tests.rig.process import HOST, free_ports
from tests.rig.waiting import wait_until


@click.command()
@mqtt_options
@spool_options
def command(mqtt: MqttOptions, spool: SpoolOptions) -> None:
    click.echo(f"{mqtt} {spool}")


def opened(state: Path, environ: dict[str, str] | None = None, **options: Any) -> Mqtt | None:
    return open_mqtt(
        MqttOptions(**options),
        SpoolOptions(),
        device=DEVICE,
        state=state,
        pictures=None,
        monitor=Snapped(),
        say=lambda _: None,
        environ=environ or {},
    )


def test_options() -> None:
    """The command line fills both groups; nothing said is no broker."""
    done = CliRunner().invoke(command, ["--mqtt", "mqtt://me@host", "--spool-bytes", "100000"])
    assert done.exit_code == 0, done.output
    assert "mqtt='mqtt://me@host'" in done.output
    assert "spool_bytes=100000, spool_keep='oldest'" in done.output
    assert CliRunner().invoke(command, ["--spool-keep", "some"]).exit_code == 2
    text = CliRunner().invoke(command, ["--help"]).output
    assert "LITESCORE_MQTT_PASSWORD" in text


def test_none(tmp_path: Path) -> None:
    """Without a broker there is no sink, and no spool."""
    assert opened(tmp_path) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://host", Address("mqtt", "host", 1883, None)),
        ("mqtts://host", Address("mqtts", "host", 8883, None)),
        ("mqtt://me@host:1234", Address("mqtt", "host", 1234, "me")),
        ("mqtt://me%40home@[::1]", Address("mqtt", "::1", 1883, "me@home")),
    ],
)
def test_address(url: str, address: Address) -> None:
    """The port's default depends on TLS; the user may hold anything, percent-encoded."""
    assert Address.parse(url) == address


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mqtt": "ws://host"}, "WebSockets is not spoken"),
        ({"mqtt": "host"}, "not a broker; give mqtt://"),
        ({"mqtt": "mqtt://"}, "not a broker"),
        ({"mqtt": "mqtt://host:port"}, "give mqtt://"),
        ({"mqtt": "mqtt://host:70000"}, "give mqtt://"),
        ({"mqtt": "mqtt://host/topic"}, "nothing follows the port"),
        ({"mqtt": "mqtt://me:hidden@host"}, "LITESCORE_MQTT_PASSWORD"),
        ({"mqtt": "mqtt://me:hid/hidden@host"}, "URL: no host and port; give mqtt://"),
        ({"mqtt": "mqtt://me:hid#hidden@host"}, "URL: no host and port; give mqtt://"),
        ({"mqtt_topic": "a"}, "give the broker by --mqtt"),
        ({"mqtt": "mqtt://host", "mqtt_topic": "a/#"}, "--mqtt-topic 'a/#'"),
        ({"mqtt": "mqtt://host", "mqtt_topic": "/a"}, "single slashes"),
        ({"mqtt": "mqtt://host", "mqtt_topic": "$SYS"}, "--mqtt-topic"),
        ({"mqtt": "mqtt://host", "mqtt_topic": "a" * 300}, "200 characters"),
        ({"mqtt": "mqtt://host", "mqtt_discovery": "+"}, "--mqtt-discovery"),
        ({"mqtt": "mqtt://host", "mqtt_ca": Path("x")}, "needs TLS"),
        ({"mqtt": "mqtts://host", "mqtt_key": Path("x")}, "--mqtt-cert"),
    ],
)
def test_refused(options: dict[str, Any], message: str) -> None:
    """Wrong words are named with the fix, and no password is repeated."""
    with pytest.raises(UsageError) as raised:
        MqttOptions(**options)
    assert message in str(raised.value)
    assert "hid" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_spool_refused() -> None:
    """A spool too small for anything is refused."""
    with pytest.raises(UsageError, match="--spool-bytes 10: give at least 65536"):
        SpoolOptions(10)


@pytest.mark.parametrize(
    ("environ", "options", "message"),
    [
        (
            {"LITESCORE_MQTT_PASSWORD_FILE": "/no/file"},
            {"mqtt": "mqtt://me@h"},
            "/no/file: No such",
        ),
        ({"LITESCORE_MQTT_PASSWORD": "x"}, {"mqtt": "mqtt://h"}, "a password of no user"),
        (
            {"LITESCORE_MQTT_PASSWORD": "x", "LITESCORE_MQTT_PASSWORD_FILE": "y"},
            {"mqtt": "mqtt://me@h"},
            "are both set",
        ),
        ({}, {"mqtt": "mqtts://h", "mqtt_ca": Path("/no/ca")}, "--mqtt-ca /no/ca: No such file"),
        ({}, {"mqtt": "mqtts://h", "mqtt_cert": Path("/no/c")}, "--mqtt-cert /no/c: No such file"),
    ],
)
def test_cannot_open(
    environ: dict[str, str], options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    """What cannot be read at the start ends it there, before a spool is made."""
    with pytest.raises(LitescoreError) as raised:
        opened(tmp_path, environ, **options)
    assert message in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_key_with_a_password(tmp_path: Path) -> None:
    """A key that needs a password is refused, not asked for at the terminal."""
    needs("openssl")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-passout", "pass:secret"]
    made += ["-subj", "/CN=camera", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(made, check=True, capture_output=True)
    code = (
        "import fcntl, sys, termios\n"
        "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "from pathlib import Path\n"
        "from edge.sinks.mqtt_link import Server\n"
        "Server('h', 1, True, cert=Path(sys.argv[1]), key=Path(sys.argv[2])).context()\n"
    )
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, cert, key],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            start_new_session=True,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert f"ConfigurationError: --mqtt-cert {cert} --mqtt-key {key}: " in done.stderr


def test_second_of_one_topic(tmp_path: Path) -> None:
    """Two sinks of one topic and state folder are refused, two of two topics are not."""
    url = f"mqtt://{HOST}:{free_ports(1)[0]}"
    first = opened(tmp_path, mqtt=url)
    assert first is not None
    with closing(first):
        with pytest.raises(ConfigurationError, match="in use by process"):
            opened(tmp_path, mqtt=url)
        other = opened(tmp_path, mqtt=url, mqtt_topic="home/door")
        assert other is not None
        other.close()


@pytest.mark.parametrize("by", ["LITESCORE_MQTT_PASSWORD", "LITESCORE_MQTT_PASSWORD_FILE"])
def test_password(by: str, tmp_path: Path) -> None:
    """The password reaches the broker, from the variable or from the file that one names."""
    user = ("camera", "a secret")
    file = tmp_path / "password"
    file.write_text(user[1] + "\n")
    broker = Broker(tmp_path / "broker", user=user)
    environ = {by: str(file) if by.endswith("FILE") else user[1]}
    topic = f"litescore/{DEVICE.id}/event"
    with broker.running(), Listener(broker, topic, user=user) as listener:
        sink = opened(tmp_path, environ, mqtt=f"mqtt://camera@{HOST}:{broker.port}")
        assert sink is not None
        with closing(sink):
            sink.write(shown(1))
            wait_until(lambda: listener.of(topic))
