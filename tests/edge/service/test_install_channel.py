"""`litescore edge install` of a service that follows a channel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from litescore.releases import keys, publishing
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.edge.service.installed import ETC, STATE, Install, mode, refusal
from tests.releases.conftest import key, key_file, make_model
from tests.rig.seaweed import S3
from tests.rig.web import Web, serve

__all__ = ["key", "key_file"]


@pytest.fixture
def published(tmp_path: Path, key: PrivateKey) -> Publisher:
    """A shelf below the temporary folder with a release whose labels are red, green and blue."""
    publisher = Publisher(open_shelf(str(tmp_path / "shelf" / "colors")), key)
    publishing.publish(publisher, make_model(1, labels=("red", "green", "blue")), "stable")
    return publisher


@pytest.fixture
def web(published: Publisher, tmp_path: Path) -> Iterator[Web]:
    with serve(tmp_path / "shelf") as one:
        yield one


def test_a_channel(install: Install, root: Path, web: Web, key: PrivateKey, key_file: Path) -> None:
    """It is what the service follows, with the trusted key where any user can read it, and no copy of
    a model.
    """
    channel = f"{web.url}/colors@stable"
    before = os.umask(0o077)
    try:
        done = install(
            "--model", channel, "--trust", f"{key_file}.pub", "--", "--check-every", "60"
        )
    finally:
        os.umask(before)
    assert done.exception is None, done.output
    assert mode(root / ETC) == 0o755
    assert mode(root / ETC / "litescore-edge.env") == 0o600
    settings = (root / ETC / "litescore-edge.env").read_text()
    assert f"LITESCORE_MODEL={channel}\n" in settings
    trusted = ETC / f"litescore-edge.{key.public.id}.pub"
    assert f"LITESCORE_TRUST=/{trusted}\n" in settings
    assert (root / trusted).read_bytes() == key.public.to_pem()
    assert mode(root / trusted) == 0o644
    assert not (root / STATE).exists()
    assert "AWS_" not in settings
    again = install("--model", channel, LITESCORE_TRUST=f"{key_file}.pub")
    assert "is there and differs" in refusal(again)  # of the option after --, and of nothing else


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--min-confidence x=0.7", "the model has no label 'x' (it has red, green, blue)"),
        ("--keep kept --keep-when label:x", "--keep-when label:x: the model has no such label"),
        ("--trust {key} ", "all of them before --"),
        ("--check-every x", "'x' is not a valid number of seconds"),
    ],
)
def test_options_of_a_channel(
    install: Install, web: Web, key_file: Path, root: Path, words: str, message: str
) -> None:
    """They are held against what it hands out now."""
    readable = "/var/lib/litescore-edge/a.pub"
    line = ["--model", f"{web.url}/colors@stable", "--trust", f"{key_file}.pub", "--"]
    done = install(*line, *words.format(key=readable).split())
    assert message in str(done.exception)
    assert not (root / "etc").exists()


def test_a_channel_that_is_away(install: Install, web: Web, root: Path, key_file: Path) -> None:
    """A service may be written without a network: that its labels were not looked at is said. A wrong
    option of another kind is still refused.
    """
    web.status = 503
    line = ["--model", f"{web.url}/colors@stable", "--trust", f"{key_file}.pub", "--"]
    assert "--emit never" in refusal(install(*line, "--emit", "never"))
    done = install(*line, "--min-confidence", "x=0.7")
    assert done.exception is None
    assert "503 Service Unavailable: the options are not held against its labels" in done.output
    assert (root / ETC / "litescore-edge.env").exists()
    stick = install("--overwrite", "--model", "/media/stick/colors@stable", *line[2:])
    assert stick.exception is None
    assert "/media/stick/colors is not there now" in stick.output


def test_a_channel_that_no_service_could_follow(
    install: Install, published: Publisher, web: Web, key_file: Path, root: Path, tmp_path: Path
) -> None:
    """Not signed by who is trusted, without a key, in a folder that it does not see, by a path that
    begins here; and a key for a file.
    """
    channel, trust = f"{web.url}/colors@stable", ("--trust", f"{key_file}.pub")
    keys.create(tmp_path / "other.key")
    other = ("--trust", tmp_path / "other.key.pub")
    assert "not signed by a key that is trusted" in refusal(install("--model", channel, *other))
    assert "no key is trusted" in refusal(install("--model", channel, LITESCORE_TRUST=""))
    assert "is a private key" in refusal(install("--model", channel, "--trust", key_file))
    folder = f"{published.shelf.root}@stable"
    assert "does not see" in refusal(install("--model", folder, *trust))
    assert "give the whole path" in refusal(install("--model", "shelf/colors@stable", *trust))
    assert "no such file" in refusal(install("--model", f"{web.url}/colors@nosuch", *trust))
    assert "goes with a channel" in refusal(install(*trust))
    assert "does not see" in refusal(install("--model", channel, "--", *trust))
    assert not (root / "etc").exists()


def test_a_channel_in_s3(
    install: Install,
    root: Path,
    s3: S3,
    key: PrivateKey,
    key_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The service has the keys of whoever installs it, in the file that root alone reads; those of a
    session are not written down.
    """
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    shelf = open_shelf(f"s3://{s3.make_bucket()}/colors")
    publishing.publish(
        Publisher(shelf, key), make_model(1, labels=("red", "green", "blue")), "stable"
    )
    line = ["--model", f"{shelf.root}@stable", "--trust", f"{key_file}.pub"]
    assert install(*line).exception is None
    settings = root / ETC / "litescore-edge.env"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        assert f"{name}={s3.environ[name]}\n" in settings.read_text()
    assert (
        s3.environ["AWS_SECRET_ACCESS_KEY"] not in install("--overwrite", "--print", *line).output
    )


def test_a_session_s_keys(install: Install, web: Web, key_file: Path, root: Path) -> None:
    """Would work until tonight."""
    done = install(
        "--model", "s3://bucket/colors@stable", "--trust", f"{key_file}.pub",
        AWS_SESSION_TOKEN="t", AWS_ACCESS_KEY_ID="hidden", AWS_SECRET_ACCESS_KEY="hidden",
        AWS_REGION="us-east-1", AWS_ENDPOINT_URL="http://127.0.0.1:9",
    )  # fmt: skip
    assert done.exception is None
    assert "are a session's" in " ".join(done.output.split())
    assert "hidden" not in (root / ETC / "litescore-edge.env").read_text()
