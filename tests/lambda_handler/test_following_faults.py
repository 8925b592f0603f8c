"""What the function that follows a channel must not take, cannot read, or cannot begin with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lambda_handler import following, scoring
from lambda_handler.following import Follower
from litescore import store
from litescore.errors import ConfigurationError
from litescore.record import Subject
from litescore.releases import envelope, proving, release
from litescore.releases.channel import place_of
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.lambda_handler.followed import (
    Function,
    function,
    records,
    stranger,
)
from tests.releases.conftest import key, key_file, make_model
from tests.rig.pngs import Pngs
from tests.rig.stub_s3 import Fault, StubS3

__all__ = ["function", "key", "key_file", "stranger"]


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


def test_what_was_seen_is_not_forgotten(function: Function) -> None:
    """A turn whose release could not be had counts: the one before is not played back."""
    first = function.publish(1)
    assert function.invoke() == first
    function.publish(2)
    second = function.statement()
    _gone(function)
    assert function.invoke(after=5) == first
    function.state(second)
    assert function.invoke(after=5) == first
    assert "channel 'stable' was seen at turn 3" in function.warnings()[-1]


def test_a_start_outside_the_share(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one before is that of this function's own turn, not of the canary's."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", _outside(20))
    first = function.publish(1)
    function.force(make_model(9, wrong=20))
    function.turn(first, function.publisher.key, share=20)
    assert function.invoke() == first


def _outside(share: int) -> str:
    names = (f"function-{number}" for number in range(100))
    return next(name for name in names if place_of("shoes", name) > share)
