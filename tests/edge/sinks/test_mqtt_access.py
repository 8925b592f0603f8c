"""Who is let in by a real mosquitto: users and passwords, access lists, certificates both ways."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge.sinks.mqtt import Mqtt
from edge.sinks.mqtt_link import Server
from tests.edge.sinks.sinking import TOPIC, ids, write
from tests.rig.broker import Broker, Certificates, Listener, make_certificates
from tests.rig.process import HOST
from tests.rig.waiting import wait_until

USER = ("camera", "secret")


@pytest.mark.parametrize("user", [("camera", "wrong"), None])
def test_wrong_password(
    user: tuple[str, str] | None,
    tmp_path: Path,
    telling: Callable[..., Mqtt],
    said: list[str],
) -> None:
    """A broker that refuses is named with its reason, tried again, and not in a tight loop."""
    strict = Broker(tmp_path / "strict", user=USER)
    with strict.running():
        sink = telling(server=Server(HOST, strict.port, False, *(user or ())))
        write(sink, range(3))
        wait_until(lambda: sink.status().reason)
        time.sleep(1)
        assert "Not authorized" in str(sink.status().reason)
        assert sink.status().state == "opening"
        assert sink.status().counts["waiting"] == 3
        assert len(said) == 1
        tries = (tmp_path / "strict" / "mosquitto.log").read_text().count("not authorised")
        assert 2 <= tries < 15


def test_right_password(tmp_path: Path, telling: Callable[..., Mqtt]) -> None:
    """User and password let it in."""
    strict = Broker(tmp_path / "strict", user=USER)
    with strict.running(), Listener(strict, f"{TOPIC}/event", user=USER) as listener:
        sink = telling(server=Server(HOST, strict.port, False, *USER))
        told = write(sink, range(3))
        wait_until(lambda: ids(listener) == told)


def test_event_that_is_refused(tmp_path: Path, telling: Callable[..., Mqtt]) -> None:
    """A broker that lets in and refuses events is named with the topic's reason; they stay."""
    strict = Broker(
        tmp_path / "strict",
        user=USER,
        rules=f"user {USER[0]}\ntopic readwrite {TOPIC}/availability\n",
    )
    with strict.running():
        sink = telling(server=Server(HOST, strict.port, False, *USER))
        write(sink, range(3))
        wait_until(lambda: "refuses events: Not authorized" in str(sink.status().reason))
        assert sink.status().counts["waiting"] == 3
        assert sink.status().counts["delivered"] == 0


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_client_certificate(
    host: str, tmp_path: Path, certificates: Certificates, telling: Callable[..., Mqtt]
) -> None:
    """TLS both ways: the broker's certificate is verified, and it takes ours."""
    secure = Broker(tmp_path / "secure", certificates=certificates)
    with secure.running():
        files = (certificates.authority, *certificates.client)
        sink = telling(server=Server(host, secure.port, True, None, None, *files))
        write(sink, range(3))
        wait_until(lambda: sink.status().counts["delivered"] == 3)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("no certificate", "certificate required"),
        ("stranger", "unknown ca"),
        ("other authorities", "self-signed certificate in certificate chain"),
        ("other host", "IP address mismatch, certificate is not valid for '127.0.0.1'"),
    ],
)
def test_bad_certificate(
    fault: str,
    reason: str,
    tmp_path: Path,
    certificates: Certificates,
    telling: Callable[..., Mqtt],
) -> None:
    """Whoever refuses whom, the status says why, and no event leaves."""
    ca: Path | None = certificates.authority
    own: tuple[Path, ...] = certificates.client
    if fault == "no certificate":
        own = ()
    elif fault == "stranger":
        own = certificates.stranger
    elif fault == "other authorities":
        ca = None
    else:
        certificates = replace(certificates, server=certificates.elsewhere)
    secure = Broker(tmp_path / "secure", certificates=certificates)
    with secure.running():
        sink = telling(server=Server(HOST, secure.port, True, None, None, ca, *own))
        write(sink, range(3))
        wait_until(lambda: reason in str(sink.status().reason))
        counts = sink.status().counts
        assert (sink.status().state, counts["delivered"]) == ("opening", 0)
