"""Reading what changed and writing over what did not, in a folder and in a real S3."""

from __future__ import annotations

from pathlib import Path

import pytest

from litescore.errors import ConfigurationError, PermanentError
from litescore.store import conditional
from tests.rig.seaweed import S3

LIMIT = 10_000


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of something that is not there yet."""
    if request.param == "folder":
        return str(tmp_path / "new" / "a.json")
    server: S3 = request.getfixturevalue("s3")
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    return f"s3://{server.make_bucket()}/new/a.json"


def read(url: str) -> tuple[bytes, str]:
    blob = conditional.read_changed(url, None, max_bytes=LIMIT)
    assert blob is not None
    assert blob.etag is not None
    return blob.data, blob.etag


def test_what_did_not_change_is_not_read(url: str) -> None:
    """The second time it answers None, until it is another."""
    assert conditional.replace(url, b"one", None)
    data, etag = read(url)
    assert data == b"one"
    assert conditional.read_changed(url, etag, max_bytes=LIMIT) is None
    assert conditional.replace(url, b"two", etag)
    blob = conditional.read_changed(url, etag, max_bytes=LIMIT)
    assert blob is not None
    assert (blob.data, blob.etag == etag) == (b"two", False)


def test_who_comes_second_does_not_write(url: str) -> None:
    """Neither over a new one nor over a changed one."""
    assert conditional.replace(url, b"one", None)
    assert not conditional.replace(url, b"other", None)
    _, etag = read(url)
    assert conditional.replace(url, b"two", etag)
    assert not conditional.replace(url, b"other", etag)
    assert read(url)[0] == b"two"


def test_what_is_not_there(url: str) -> None:
    """It is neither read nor written over."""
    with pytest.raises(PermanentError, match=r"^gone: "):
        conditional.read_changed(url, None, max_bytes=LIMIT)
    assert not conditional.replace(url, b"one", "0123")


def test_what_is_too_large(url: str) -> None:
    """It is not read."""
    assert conditional.replace(url, b"x" * (LIMIT + 1), None)
    with pytest.raises(PermanentError, match=r"^too-large: "):
        conditional.read_changed(url, None, max_bytes=LIMIT)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """Named, with the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot write .*file/a\.json"):
        conditional.replace(str(tmp_path / "file" / "a.json"), b"one", None)
