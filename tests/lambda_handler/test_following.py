"""The function follows a channel: real releases on a real S3, real invocations, time moved by hand."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lambda_handler import following, handler, scoring
from lambda_handler.following import Follower
from litescore import results, store
from litescore.errors import ConfigurationError
from litescore.record import Record, Subject
from litescore.releases import envelope, keys, proving, publishing, release
from litescore.releases.channel import Channel, Turn, place_of
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.lambda_handler import shapes
from tests.lambda_handler.conftest import upload
from tests.litescore.packed import zip_of
from tests.releases.conftest import key, key_file, make_model
from tests.rig.emulator import Emulator
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import Fault, StubS3

__all__ = ["key", "key_file"]

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


def test_what_is_published_is_taken_within_minutes(function: Function) -> None:
    """Not before they are over; and what is rolled back is. Each record names the model."""
    first = function.publish(1)
    assert function.invoke() == first
    second = function.publish(2)
    assert function.invoke(after=4.9) == first
    assert function.invoke(after=0.2) == second
    publishing.rollback(function.publisher, "stable")
    assert function.invoke(after=4.9) == second
    assert function.invoke(after=0.2) == first
    assert {record.model for record in records()} == {first, second}
    told = [message.partition(": ")[2] for _, message in function.said]
    assert told == [f"release {one[:12]} from now on" for one in (second, first)]


def test_an_invocation_has_one_model(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is published in the middle of it waits for the next."""
    monkeypatch.setenv("LITESCORE_MODEL_CHECK", "0")
    first, second = function.publish(1), ""

    def announced(event: Any) -> Any:
        nonlocal second
        second = function.publish(2)
        return (Subject(function.image),)

    monkeypatch.setattr("lambda_handler.notices.announced", announced)
    handler(shapes.notification("any", "any"), CONTEXT)
    assert [record.model for record in records()] == [first]
    assert function.invoke() == second


def test_a_clock_that_was_set_back_is_no_excuse(function: Function) -> None:
    """The channel is looked at at once."""
    function.publish(1)
    function.invoke()
    second = function.publish(2)
    assert function.invoke(after=-100_000) == second


def _differing(function: Function) -> None:
    function.force(make_model(9, wrong=20))


def _other_labels(function: Function) -> None:
    function.force(make_model(9, labels=("ant", "bee", "dog")))


def _older(function: Function) -> None:
    function.force(make_model(9), made="2001-01-01T00:00:00Z")


def _cut(function: Function) -> None:
    _spoiled(function, lambda file: file[:-100])


def _flipped(function: Function) -> None:
    _spoiled(function, lambda file: bytes([*file[:500], file[500] ^ 1, *file[501:]]))


def _longer(function: Function) -> None:
    _spoiled(function, lambda file: file + b"x")


def _gone(function: Function) -> None:
    """The statement is there, the file is not."""
    found = release.describe(make_model(9), model="shoes", made="2099-01-01T00:00:00Z")
    sealed = envelope.seal(release.KIND, found.as_statement(), function.publisher.key)
    store.put(function.publisher.shelf.place(found.digest, "release.json"), sealed)
    function.turn(found.digest, function.publisher.key)


def _strange_release(function: Function) -> None:
    function.force(make_model(9), function.stranger)


def _strange_channel(function: Function) -> None:
    function.turn(function.force(make_model(9)), function.stranger)


def _unsigned(function: Function) -> None:
    digest = function.force(make_model(9))
    place = function.publisher.shelf.place(digest, "release.json")
    held = json.loads(store.read(Subject(place), max_bytes=10**6).data) | {"signatures": []}
    store.put(place, json.dumps(held).encode())


def _spoiled(function: Function, spoil: Callable[[bytes], bytes]) -> None:
    file = make_model(9)
    store.put(function.publisher.shelf.file(function.force(file)), spoil(file))


FAULTS: dict[Callable[[Function], None], str] = {
    _differing: "its golden samples are different",
    _other_labels: "has other labels than",
    _older: "is older than",
    _cut: "bytes, .* came",
    _flipped: "is another file",
    _longer: r"[0-9,]+ bytes, the limit is",
    _gone: "no object",
    _strange_release: "release .* is not signed by a key that is trusted here",
    _strange_channel: "channel 'stable' of shoes is not signed by a key that is trusted here",
    _unsigned: "release .* is not signed",
}


@pytest.mark.parametrize("spoil", FAULTS, ids=lambda spoil: spoil.__name__.strip("_"))
def test_what_must_not_be_taken_is_not(
    function: Function, spoil: Callable[[Function], None]
) -> None:
    """What runs goes on, and the log says why: once, however often it is looked at."""
    first = function.publish(1)
    assert function.invoke() == first
    spoil(function)
    for _ in range(3):
        assert function.invoke(after=6) == first
    (said,) = function.warnings()
    assert re.search(FAULTS[spoil], said)
    assert said.endswith(f"; release {first[:12]} goes on")
    assert {record.model for record in records()} == {first}


def test_a_file_that_is_too_large_is_not_fetched(function: Function) -> None:
    """Too large for the function's memory."""
    first = function.publish(1)
    function.invoke()
    second = function.publish(2)
    size = function.publisher.shelf.read_release(second, function.publisher.believed).size
    follower = scoring.following()
    assert follower is not None
    follower._terms = replace(follower._terms, largest=size - 1)
    assert function.invoke(after=6) == first
    assert f"has {size:,} bytes, this function takes {size - 1:,}" in function.warnings()[0]


def test_a_bad_release_is_fetched_once(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the one after it is taken."""
    function.publish(1)
    function.invoke()
    loaded: list[bytes] = []
    proven = proving.proven

    def counted(file: bytes, load: Any) -> Any:
        loaded.append(file)
        return proven(file, load)

    monkeypatch.setattr(proving, "proven", counted)
    function.force(make_model(9, wrong=20), made="2026-12-01T00:00:00Z")
    for _ in range(3):
        function.invoke(after=6)
    assert len(loaded) == 1
    third = function.force(make_model(3))
    assert function.invoke(after=6) == third


def test_an_old_statement_is_not_played_back(function: Function) -> None:
    """The channel's file of yesterday, put over that of today: seen at the start, or taken since."""
    function.publish(1)
    first = function.statement()
    second = function.publish(2)
    assert function.invoke() == second
    now = function.statement()
    function.state(first)
    assert function.invoke(after=6) == second
    function.state(now)
    third = function.publish(3)
    assert function.invoke(after=6) == third
    function.state(now)
    assert function.invoke(after=6) == third
    told = [said.partition("was seen at ")[2].partition(":")[0] for said in function.warnings()]
    assert told == ["turn 2, and what came is turn 1", "turn 3, and what came is turn 2"]


def test_a_share_counts_the_function_as_one(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All environments of a function are in a roll-out or none is: its name decides."""
    first = function.publish(1)
    second = function.publish(2, share=50)
    names = [f"shoes-{n}" for n in range(8)]
    inside = {name for name in names if place_of("shoes", name) < 50}
    assert 0 < len(inside) < 8
    for name in names:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", name)
        function.start()
        assert scoring.prepare().digest == (second if name in inside else first)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(status=403), "403|denied|forbidden|not allowed"),
        (Fault(status=503), "503"),
        (Fault(cut=10), "broke|connection|error"),
    ],
    ids=["forbidden", "away", "broken off"],
)
@pytest.mark.parametrize("what", ["channel", "release", "file"])
def test_a_shelf_that_cannot_be_read(
    stub: StubS3,
    key: PrivateKey,
    stranger: PrivateKey,
    pngs: Pngs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: Fault,
    why: str,
    what: str,
) -> None:
    """What runs goes on, the log says why, and once the shelf can be read the next is taken. A stub,
    for a real server does not refuse one object among others.
    """
    for variable, value in stub.environ.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("LITESCORE_OUTPUT", "s3://stub/records/")
    stub.objects["stub", "a.png"] = pngs.paths[0].read_bytes()
    shelf = open_shelf(str(tmp_path / "models" / "shoes"))
    function = Function(Publisher(shelf, key), stranger, "s3://stub/a.png", capsys)
    monkeypatch.setenv("LITESCORE_MODEL", "s3://stub/models/shoes@stable")
    monkeypatch.setenv("LITESCORE_TRUST", key.public.text)
    monkeypatch.setattr(following, "Follower", partial(Follower, clock=function.clock))
    scoring.settings.cache_clear()

    def carry() -> None:
        for path in Path(shelf.root).rglob("*.*"):
            if not path.name.startswith("."):
                name = f"models/shoes/{path.relative_to(shelf.root).as_posix()}"
                stub.objects["stub", name] = path.read_bytes()

    first = function.publish(1)
    carry()
    assert function.invoke() == first
    second = function.publish(2)
    carry()
    kept = {"channel": "channels/stable.json", "release": f"{second}/release.json"}
    name = kept.get(what, f"{second}/model.tflite")
    stub.faults = [replace(fault, key=f"models/shoes/{name}")]
    for _ in range(2):
        assert function.invoke(after=6) == first
    (said,) = function.warnings()
    assert re.search(why, said)
    stub.faults = []
    assert function.invoke(after=6) == second


def test_a_start_with_a_bad_release_takes_the_one_before(function: Function) -> None:
    """As the environments that run keep it; the first invocation tells, and the next is taken."""
    first = function.publish(1)
    function.force(make_model(9, wrong=20), made="2026-12-01T00:00:00Z")
    assert function.invoke() == first
    (said,) = function.warnings()
    assert "its golden samples are different" in said
    assert said.endswith(f"release {first[:12]} goes on")
    third = function.force(make_model(3))
    assert function.invoke(after=6) == third


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_strange_channel, "channel 'stable' of shoes is not signed by a key that is trusted here"),
        (_differing, "its golden samples are different"),
        (_strange_release, "release .* is not signed by a key that is trusted here"),
    ],
    ids=["strange channel", "differing", "strange release"],
)
def test_a_start_without_a_release(
    function: Function, spoil: Callable[[Function], None], why: str
) -> None:
    """An error that names the channel and what is wrong with it."""
    with pytest.raises(
        ConfigurationError, match=r"no model to begin with: channel 'stable'.*no obj"
    ):
        scoring.prepare()
    spoil(function)
    with pytest.raises(ConfigurationError, match=rf"@stable gives no model to begin with: .*{why}"):
        scoring.prepare()


@pytest.mark.parametrize("pin", ["LITESCORE_MODEL_VERSION", "LITESCORE_MODEL_SHA256"])
def test_a_channel_is_not_pinned(
    function: Function, monkeypatch: pytest.MonkeyPatch, pin: str
) -> None:
    """One cannot have both."""
    monkeypatch.setenv(pin, "a" * 64)
    scoring.settings.cache_clear()
    with pytest.raises(ConfigurationError, match=f"follows a channel, and {pin}=aaaa.* pins one"):
        scoring.prepare()


def test_somebody_must_be_trusted(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key nothing is believed; a key cut short is none."""
    function.publish(1)
    for value, why in {
        "": "no key is trusted",
        function.publisher.key.public.text[:-4]: "is no public key",
    }.items():
        monkeypatch.setenv("LITESCORE_TRUST", value)
        scoring.settings.cache_clear()
        with pytest.raises(ConfigurationError, match=why):
            scoring.prepare()


def test_the_release_that_runs_proves_itself(function: Function) -> None:
    """`verify` asks the model that is followed."""
    digest = function.publish(1)
    reply = handler({"verify": True}, CONTEXT)
    assert (reply["model"], reply["verdict"]) == (digest, "identical")


def test_a_shard_that_another_model_began_is_begun_anew(
    function: Function, s3: S3, bucket: str, pngs: Pngs
) -> None:
    """How far one came says nothing of the other's records: each has all that it answers for."""
    packed = zip_of({path.name: path.read_bytes() for path in pngs.paths[:4]})
    s3.client.put_object(Bucket=bucket, Key="four.zip", Body=packed)
    event = {"objects": [f"s3://{bucket}/four.zip"]}
    first = function.publish(1)
    [shard] = [entry.subject for entry in store.list_objects(f"s3://{bucket}/four.zip")]
    place = f"{scoring.destination()}_begun/{shard.identity(first)}.json"
    store.put(place, b'{"members": 3}')
    assert handler(event, CONTEXT)["scored"] == 1
    second = function.publish(2)
    function.clock.now += 6 * MINUTES
    assert handler(event, CONTEXT)["scored"] == 4
    assert Counter(record.model for record in records()) == {first: 1, second: 4}


def test_an_environment_of_lambda(
    function: Function,
    emulator: Callable[..., AbstractContextManager[Emulator]],
) -> None:
    """Where AWS's own runtime calls it: the next release is taken by the environment that runs, and
    one that trusts another key does not start.
    """
    event = {"objects": [function.image]}
    environ = {n: v for n, v in os.environ.items() if n.startswith(("AWS_", "LITESCORE_"))}
    environ["LITESCORE_MODEL_CHECK"] = "0"
    first = function.publish(1)
    with emulator(environ=environ) as running:
        running.invoke(event)
        second = function.publish(2)
        running.invoke(event)
        log = running.log.read_text()
    assert {record.model for record in records()} == {first, second}
    assert f"release {second[:12]} from now on" in log
    environ["LITESCORE_TRUST"] = function.stranger.public.text
    with emulator(environ=environ) as running:
        _, reply = running.invoke(event)
    assert reply["errorType"] == "ConfigurationError"
    assert "channel 'stable' of shoes is not signed by a key that is trusted" in str(reply)
