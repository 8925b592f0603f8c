"""The function follows a channel: real releases on a real S3, real invocations, time moved by hand."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from lambda_handler import handler, scoring
from litescore import store
from litescore.errors import ConfigurationError
from litescore.record import Subject
from litescore.releases import publishing
from litescore.releases.channel import place_of
from tests.lambda_handler import shapes
from tests.lambda_handler.followed import (
    CONTEXT,
    MINUTES,
    Function,
    function,
    records,
    stranger,
)
from tests.litescore.packed import zip_of
from tests.releases.conftest import key, key_file
from tests.rig.emulator import Emulator
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3

__all__ = ["function", "key", "key_file", "stranger"]


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
