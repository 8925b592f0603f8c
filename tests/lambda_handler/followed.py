"""A function that follows a channel of a real shelf, who publishes to it, and the time, moved by hand."""

from __future__ import annotations

import json
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from lambda_handler import following, handler, scoring
from lambda_handler.following import Follower
from litescore import results, store
from litescore.record import Record, Subject
from litescore.releases import keys, publishing, release
from litescore.releases.channel import Channel, Turn
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.lambda_handler.conftest import upload
from tests.releases.conftest import make_model
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3

MINUTES = 60.0
CONTEXT = SimpleNamespace(
    aws_request_id="1", function_name="shoes", get_remaining_time_in_millis=lambda: 60_000
)


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Function:
    """A function whose model is the channel `stable`, and who publishes to it."""

    def __init__(
        self,
        publisher: Publisher,
        stranger: PrivateKey,
        image: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.publisher, self.stranger, self.image, self._capsys = publisher, stranger, image, capsys
        self.clock = Clock()
        self.said: list[tuple[str, str]] = []

    def publish(self, number: int, **words: Any) -> str:
        """A model of this number, to all; its digest."""
        moved = publishing.publish(self.publisher, make_model(number), "stable", **words)
        return moved.release.digest

    def force(self, file: bytes, signer: PrivateKey | None = None, **turn: Any) -> str:
        """As `publish`, whatever the file: what a publisher would have refused."""
        shelf, signer = self.publisher.shelf, signer or self.publisher.key
        found = release.describe(file, model="shoes", made=turn.pop("made", "2099-01-01T00:00:00Z"))
        shelf.add(found, file, signer)
        self.turn(found.digest, self.publisher.key, **turn)
        return found.digest

    def turn(self, digest: str, signer: PrivateKey, **words: Any) -> None:
        """One more turn of the channel, by this signer."""
        shelf = self.publisher.shelf
        channel, etag = Channel("shoes", "stable", ()), None
        if shelf.has_channel("stable"):
            held = shelf.read_channel("stable", self.publisher.believed)
            assert held is not None
            channel, etag = held.channel, held.etag
        chosen = {"action": "publish", "share": 100, "relabel": False} | words
        one = Turn(channel.next_number, digest, at="2099-01-01T00:00:00Z", **chosen)
        assert shelf.move(channel.turned(one), etag, signer)

    def statement(self) -> bytes:
        """The channel's file."""
        place = self.publisher.shelf.place("channels", "stable.json")
        return store.read(Subject(place), max_bytes=10**6).data

    def state(self, data: bytes) -> None:
        """Write the channel's file."""
        store.put(self.publisher.shelf.place("channels", "stable.json"), data)

    def invoke(self, *, after: float = 0.0) -> str:
        """Score the image once more, so many minutes later; the model that did."""
        self.clock.now += MINUTES * after
        reply = handler({"objects": [self.image]}, CONTEXT)
        assert reply["scored"] == 1
        lines = map(json.loads, self._capsys.readouterr().out.splitlines())
        self.said += [(line["level"], line["message"]) for line in lines if "level" in line]
        return scoring.prepare().digest

    def warnings(self) -> list[str]:
        return [message for level, message in self.said if level == "WARNING"]

    def start(self) -> None:
        """A new environment."""
        self.said.clear()
        scoring.following.cache_clear()
        scoring.prepare.cache_clear()


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    """A key that nobody here trusts."""
    path = tmp_path_factory.mktemp("strangers") / "stranger.key"
    keys.create(path)
    return keys.read_private(path)


@pytest.fixture
def function(
    s3: S3,
    bucket: str,
    key: PrivateKey,
    stranger: PrivateKey,
    pngs: Pngs,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Function:
    """With an empty shelf; a look at most every five minutes."""
    (name,) = upload(s3, bucket, pngs, 1)
    for variable, value in s3.environ.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("LITESCORE_OUTPUT", f"s3://{s3.make_bucket()}/records/")
    shelf = open_shelf(f"s3://{s3.make_bucket()}/models/shoes")
    monkeypatch.setenv("LITESCORE_MODEL", f"{shelf.root}@stable")
    monkeypatch.setenv("LITESCORE_TRUST", key.public.text)
    made = Function(Publisher(shelf, key), stranger, f"s3://{bucket}/{name}", capsys)
    monkeypatch.setattr(following, "Follower", partial(Follower, clock=made.clock))
    scoring.settings.cache_clear()
    return made


def records() -> list[Record]:
    """All that were written."""
    return list(results.read(scoring.destination()))
