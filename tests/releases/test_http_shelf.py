"""A shelf behind a real web server: read with ETags and ranges, never written, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from litescore import store
from litescore.errors import (
    LitescoreError,
    PermanentError,
    ReleaseError,
    TransientError,
    UsageError,
)
from litescore.record import Subject
from litescore.releases import publishing
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import Shelf, open_shelf
from litescore.store import http, resume
from litescore.store.patience import PATIENCE
from tests.releases.conftest import make_model
from tests.rig.web import Web, certify, serve


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    (tmp_path / "served").mkdir()
    with serve(tmp_path / "served") as one:
        yield one


@pytest.fixture
def there(web: Web, key: PrivateKey) -> Publisher:
    """Who publishes into the folder that is served."""
    return Publisher(open_shelf(str(web.folder / "models" / "shoes")), key)


@pytest.fixture
def shelf(web: Web) -> Shelf:
    """The same shelf from outside."""
    return open_shelf(f"{web.url}/models/shoes")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PATIENCE", PATIENCE._replace(silence=0.3))


def big(web: Web) -> tuple[str, bytes]:
    """A file that comes in many pieces; its URL and content."""
    content = bytes(range(256)) * 4000
    (web.folder / "big").write_bytes(content)
    return f"{web.url}/big", content


def test_it_is_read(there: Publisher, shelf: Shelf) -> None:
    """Channel, release and file, as in the folder itself."""
    file = make_model(1)
    found = publishing.publish(there, file, "stable").release
    held = shelf.read_channel("stable", there.believed)
    assert held is not None
    assert held.channel.now.release == found.digest
    assert shelf.read_release(found.digest, there.believed) == found
    assert shelf.read_file(found) == file


@pytest.mark.parametrize("etags", [True, False])
def test_what_did_not_change(web: Web, there: Publisher, shelf: Shelf, etags: bool) -> None:
    """By its ETag without a body; of a server that sends none, by what is in it."""
    web.etags = etags
    publishing.publish(there, make_model(1), "stable")
    held = shelf.read_channel("stable", there.believed)
    assert held is not None
    assert shelf.read_channel("stable", there.believed, etag=held.etag) is None
    assert web.asked[-1][2] == (held.etag if etags else None)
    publishing.publish(there, make_model(2), "stable")
    assert shelf.read_channel("stable", there.believed, etag=held.etag) is not None


def test_nothing_is_written_there(shelf: Shelf, there: Publisher, web: Web) -> None:
    """Publishing is refused before anything is asked for, and so is listing."""
    with pytest.raises(UsageError, match="is only read: publish into the folder or bucket"):
        Publisher(shelf, there.key)
    with pytest.raises(UsageError, match="lists no channels"):
        shelf.channel_names()
    assert web.asked == []


def test_images_are_not_read(web: Web) -> None:
    """What reads images takes no web address, though one lies behind it."""
    url, _ = big(web)
    with pytest.raises(PermanentError, match="no such file"):
        store.read(Subject(url), max_bytes=10**7)
    assert web.asked == []


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_transfer_goes_on(web: Web, tmp_path: Path, ranges: bool) -> None:
    """From the byte where it broke off; of a server without ranges, with the beginning passed over."""
    url, content = big(web)
    part = tmp_path / "part"
    web.ranges, web.cut = ranges, 300_000
    with pytest.raises(TransientError, match="broke off at 300,000 of 1,024,000 bytes"):
        resume.complete(url, part, len(content))
    assert part.stat().st_size == 300_000
    web.cut = None
    resume.complete(url, part, len(content))
    assert part.read_bytes() == content
    assert web.asked[-1][1] == "bytes=300000-1023999"


def test_a_file_that_is_shorter(web: Web, tmp_path: Path) -> None:
    """Than was signed: what there is comes, and asking behind its end is no error."""
    (web.folder / "small").write_bytes(b"0123456789")
    url, part = f"{web.url}/small", tmp_path / "part"
    resume.complete(url, part, 20)
    resume.complete(url, part, 20)
    assert part.read_bytes() == b"0123456789"


def test_a_stalled_transfer(web: Web, tmp_path: Path, impatient: None) -> None:
    """What came is kept."""
    url, content = big(web)
    web.stall = 1000
    with pytest.raises(TransientError, match=r"nothing came for 0\.3 s"):
        resume.complete(url, tmp_path / "part", len(content))
    assert (tmp_path / "part").read_bytes() == content[:1000]


def test_a_transfer_that_drips(
    web: Web, tmp_path: Path, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never silent, and would take a week."""
    monkeypatch.setattr(http, "_AT_FIRST", 0.5)
    url, content = big(web)
    web.drip = 0.02
    with pytest.raises(TransientError, match=r"too slow: \d+ bytes in \d+ s"):
        resume.complete(url, tmp_path / "part", len(content))
    assert content.startswith((tmp_path / "part").read_bytes())


def test_a_statement_that_is_too_large(web: Web) -> None:
    """Before it is read."""
    url, _ = big(web)
    with pytest.raises(PermanentError, match="1,024,000 bytes, the limit is 1,000"):
        http.read_changed(url, None, max_bytes=1000)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (404, ReleaseError, "channel 'stable' of shoes: no such file"),
        (403, ReleaseError, "channel 'stable' of shoes: not allowed to read"),
        (429, TransientError, "429"),
        (503, TransientError, "503"),
        (302, ReleaseError, "302"),
    ],
)
def test_what_a_server_says(
    web: Web, shelf: Shelf, key: PrivateKey, status: int, kind: type[LitescoreError], said: str
) -> None:
    """What passes is worth another try; the rest is told."""
    web.status = status
    with pytest.raises(kind, match=said):
        shelf.read_channel("stable", (key.public,))


def test_nobody_answers(web: Web, key: PrivateKey) -> None:
    """A port where nothing listens."""
    with pytest.raises(TransientError, match="Connection refused"):
        open_shelf("http://127.0.0.1:9/models/shoes").read_channel("stable", (key.public,))


def test_redirects(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From http to another place, and to https; from https never to http. A certificate that nobody
    vouches for is not believed.
    """
    url, content = big(web)
    certificate = certify(tmp_path / "server.pem")
    with serve(web.folder, certificate) as secure:
        safe = f"{secure.url}/big"
        with pytest.raises(TransientError, match="certificate is not believed"):
            http.read_changed(safe, None, max_bytes=10**7)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        web.status, web.location = 302, safe
        found = http.read_changed(url, None, max_bytes=10**7)
        assert found is not None
        assert found.data == content
        web.status, (secure.status, secure.location) = None, (302, url)
        with pytest.raises(PermanentError, match=r"leads to http://.*: not followed"):
            http.read_changed(safe, None, max_bytes=10**7)
        secure.location = "file:///etc/passwd"
        with pytest.raises(PermanentError, match="is not allowed"):
            http.read_changed(safe, None, max_bytes=10**7)


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("https://me:secret@host/models/shoes", "no user and password in a web address: host/models"),
        ("https://host/", "is a whole web server"),
        ("https:///models/shoes", "is no web address"),
        ("https://host:x/models/shoes", "is no web address"),
        ("https://host/models/my shoes", "with %20 for a space"),
        ("https://host/models/shoes?x=1", "without . and #"),
    ],
)  # fmt: skip
def test_an_address_that_is_none(root: str, said: str) -> None:
    """Refused before anything is asked for, without a password in the message."""
    with pytest.raises(UsageError, match=said) as refused:
        open_shelf(root)
    assert "secret" not in str(refused.value)


def test_the_proxy_of_the_day(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies are those of the environment at each request."""
    url, _ = big(web)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with pytest.raises(TransientError, match="refused"):
        http.read_changed(url, None, max_bytes=10**7)
    monkeypatch.setenv("http_proxy", web.url)
    with pytest.raises(PermanentError, match="no such file"):
        http.read_changed(url, None, max_bytes=10**7)
    assert web.asked[-1][0] == url


def test_a_name_with_a_space(web: Web, key: PrivateKey) -> None:
    """Is written as addresses are, and is the model's all the same."""
    publisher = Publisher(open_shelf(str(web.folder / "my shoes")), key)
    digest = publishing.publish(publisher, make_model(1), "stable").release.digest
    held = open_shelf(f"{web.url}/my%20shoes").read_channel("stable", publisher.believed)
    assert held is not None
    assert held.channel.now.release == digest
