"""Who may look, at what, and where the preview listens."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from edge.preview.options import PreviewOptions, preview_options
from edge.preview.preview import Preview
from litescore.errors import ConfigurationError, UsageError
from litescore.web.address import Address
from tests.edge.preview.conftest import Show, Shown

TOKEN = "correct-horse.battery_staple~9"
PATHS = ("/", "/snapshot.jpg", "/stream.mjpg", "/events", "/metrics", "/healthz")


@pytest.fixture
def guarded(show: Show) -> Iterator[Shown]:
    with show(token=TOKEN) as one:
        yield one


def test_own_names(shown: Shown) -> None:
    """By whatever name loopback has, and by whatever port a tunnel ends on."""
    for host in ("localhost", "localhost:9000", "127.0.0.1:1", "[::1]:8765"):
        assert shown.ask("/healthz", {"Host": host})[0] == 200


def test_rebound_names(shown: Shown) -> None:
    """A name that somebody pointed here gets nothing: DNS rebinding ends at the Host header."""
    for host in ("evil.example", "127.0.0.1.evil.example:8765", "", "192.168.0.7"):
        for path in PATHS:
            status, body, _ = shown.ask(path, {"Host": host})
            assert (status, b"LITESCORE_PREVIEW_TOKEN" in body) == (403, True)


def test_nothing_without_the_token(guarded: Shown) -> None:
    """Neither pictures nor figures nor health; a wrong token is none, and the right one is not told."""
    for path in PATHS:
        for headers in (
            {},
            {"Authorization": f"Bearer {TOKEN}x"},
            {"Cookie": "litescore_preview="},
        ):
            status, body, answered = guarded.ask(path, headers)
            assert status == 401
            assert answered["WWW-Authenticate"].startswith("Bearer")
            assert TOKEN.encode() not in body
    assert guarded.ask(f"/?token={TOKEN[:-1]}")[0] == 401


def test_bearer(guarded: Shown) -> None:
    """Prometheus sends it in a header; then the name it asks by does not matter."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "camera.example"}
    assert guarded.ask("/metrics", headers)[0] == 200
    assert guarded.ask("/healthz", headers)[0] == 200


def test_cookie(guarded: Shown) -> None:
    """`?token=` becomes a cookie that scripts and other sites do not get, and leaves the address."""
    status, _, headers = guarded.ask(f"/?token={TOKEN}")
    cookie, *attributes = headers["Set-Cookie"].split("; ")
    assert (status, headers["Location"]) == (303, "./")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    # Beside cookies of others, one of which http.cookies would stop at.
    assert guarded.ask("/", {"Cookie": f'a={{"b":1}}; {cookie}; c=d'})[0] == 200
    assert guarded.ask("/snapshot.jpg", {"Cookie": cookie})[0] == 200


def test_unknown_paths(shown: Shown) -> None:
    """404, and nothing of the disk."""
    for path in ("/nothing", "/../../etc/passwd", "/%2e%2e/page.html", "/page.html", "//etc"):
        assert shown.ask(path)[:2] == (404, b"not found\n")


def test_other_methods(shown: Shown) -> None:
    """405, and what is allowed."""
    for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        status, _, headers = shown.ask("/snapshot.jpg", method=method)
        assert (status, headers["Allow"]) == (405, "GET")


def test_a_port_in_use(shown: Shown) -> None:
    """The error names the option, the port and a way out."""
    with pytest.raises(ConfigurationError) as caught:
        shown.reopen()
    assert re.fullmatch(
        rf"--preview-bind 127.0.0.1:{shown.port}: port {shown.port} is in use; "
        r"name another, such as 127\.0\.0\.1:\d+, or 0 for any",
        str(caught.value),
    )


def test_an_address_of_another_machine(shown: Shown) -> None:
    """192.0.2.1 is nobody's (RFC 5737)."""
    with pytest.raises(ConfigurationError, match=r"this machine has no address 192\.0\.2\.1"):
        Preview(
            Address("192.0.2.1", 0),
            TOKEN,
            fps=15,
            pictures=shown.pictures,
            monitor=shown.monitor,
            silence=30,
        )


def test_ipv6(show: Show) -> None:
    """It listens on ::1 as on 127.0.0.1."""
    with show(host="::1") as shown:
        assert shown.preview.url == f"http://[::1]:{shown.port}/"
        assert shown.ask("/healthz")[:2] == (200, b"ok\n")


def test_all_addresses(show: Show) -> None:
    """Bound to all, it is this machine's name that a browser is to call."""
    with show(host="0.0.0.0", token=TOKEN) as shown:
        assert re.fullmatch(rf"http://[^/]+:{shown.port}/", shown.preview.url)
        assert "0.0.0.0" not in shown.preview.url
        assert shown.ask("/healthz")[0] == 401


@pytest.mark.parametrize(
    "text", ["8765", "localhost", "example.org:80", "1.2.3.4:99999", "::1:80", "[1.2.3.4]:80", ""]
)
def test_bad_addresses(text: str) -> None:
    """Refused with what it may be."""
    with pytest.raises(UsageError, match="an IP address and a port"):
        Address.parse(text, "--preview-bind")


@pytest.mark.parametrize("bind", ["0.0.0.0:8765", "[::]:8765", "192.168.1.20:8765"])
def test_wider_needs_a_token(bind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one it does not start; a token to set is offered, another each time."""
    monkeypatch.delenv("LITESCORE_PREVIEW_TOKEN", raising=False)
    offered = set()
    for _ in range(2):
        with pytest.raises(UsageError, match="set LITESCORE_PREVIEW_TOKEN") as caught:
            PreviewOptions(preview=True, preview_bind=bind).token()
        offered.add(str(caught.value).split()[-1])
    assert len(offered) == 2
    monkeypatch.setenv("LITESCORE_PREVIEW_TOKEN", offered.pop())
    assert PreviewOptions(preview=True, preview_bind=bind).token()
    for short in ("fifteen-letters", "with spaces in it, and quotes", "x" * 129):
        monkeypatch.setenv("LITESCORE_PREVIEW_TOKEN", short)
        with pytest.raises(UsageError, match="16 to 128 letters") as caught:
            PreviewOptions(preview=True)
        assert short not in str(caught.value)


def test_options_of_a_preview_that_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused, not ignored."""
    with pytest.raises(UsageError, match=r"--preview-bind .*: goes with --preview only"):
        PreviewOptions(preview_bind="127.0.0.1:80")
    with pytest.raises(UsageError, match="--preview-fps 5: goes with --preview only"):
        PreviewOptions(preview_fps=5)
    # A token that is set for another time does no harm.
    monkeypatch.setenv("LITESCORE_PREVIEW_TOKEN", "short")
    assert PreviewOptions().preview is False


def test_the_options_of_a_command() -> None:
    """A command takes them as one value; its help names the token's variable."""

    @click.command()
    @preview_options
    def command(preview: PreviewOptions) -> None:
        click.echo(f"{preview.preview} {preview.address} {preview.preview_fps}")

    run = CliRunner().invoke
    assert run(command, []).output == "False 127.0.0.1:8765 None\n"
    words = ["--preview", "--preview-bind", "[::1]:80", "--preview-fps", "4"]
    assert run(command, words).output == "True [::1]:80 4.0\n"
    assert "LITESCORE_PREVIEW_TOKEN" in run(command, ["--help"]).output


def test_no_preview() -> None:
    """Without --preview nothing is opened, nor imported that only a server needs."""
    code = """
import sys
from edge.preview.options import PreviewOptions, open_preview
assert open_preview(PreviewOptions(), pictures=None, monitor=None) is None
print(*sorted({"http.server", "cv2", "numpy", "PIL"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")
