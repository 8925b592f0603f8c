"""Any JSON as an event: a form, or UnknownEvent; and what it names is scored, or told why not."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lambda_handler import (
    batch_operations,
    distributed_map,
    events,
    handler,
    messages,
    notices,
)
from lambda_handler.direct import Request
from litescore import results
from litescore.errors import LitescoreError, UnknownEvent
from tests.lambda_handler import shapes
from tests.rig import stub_s3
from tests.rig.stub_s3 import StubS3

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)
_BODY = shapes.notification("bucket", "a.png")
_SEEDS = [
    *map(shapes.event, shapes.names()),
    shapes.queued(_BODY, shapes.enveloped(_BODY)),
    shapes.published(_BODY),
    {"objects": ["s3://b/k", {"bucket": "b", "key": "k", "etag": "e", "version": "v"}]},
    {"prefix": "s3://b/in/", "after": "k", "objects": []},
    {"manifest": "s3://b/list.csv", "after": 3},
]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    return [path, *(p for name, one in inner for p in _paths(one, (*path, name)))]


@st.composite
def _mutated(draw: st.DrawFn) -> Any:
    """A real event with one of its parts, or the whole, taken for something else or taken away."""
    event: Any = {"whole": copy.deepcopy(draw(st.sampled_from(_SEEDS)))}
    *way, last = draw(st.sampled_from(_paths(event["whole"], ("whole",))))
    holder = event
    for name in way:
        holder = holder[name]
    if draw(st.booleans()) and way:
        del holder[last]
    else:
        holder[last] = draw(_JSON)
    return event["whole"]


def _read(event: Any) -> object:
    form = events.classify(event)
    if form == events.SQS:
        return messages.messages(event)
    if form == events.BATCH_OPERATIONS:
        return batch_operations.tasks(event)
    if form == events.MAP:
        return distributed_map.items(event)
    return Request(event) if form == events.DIRECT else notices.announced(event)


@settings(max_examples=400, deadline=None)
@given(_JSON | _mutated())
@example({"invocationSchemaVersion": [], "tasks": []})
def test_an_event_is_read_or_refused(event: Any) -> None:
    """What is refused is refused in one short line."""
    reason = ""
    try:
        _read(event)
    except UnknownEvent as error:
        reason = str(error)
    assert "\n" not in reason
    assert len(reason) < 1000


@pytest.fixture(scope="module")
def anything(int8_model: Path) -> Iterator[StubS3]:
    """The handler on a stub that has the buckets of `_SEEDS` and nothing in them: a real server
    would be asked for a thousand buckets.
    """
    with stub_s3.serve() as stub, pytest.MonkeyPatch.context() as patch:
        stub.buckets |= {"b", "bucket"}
        for name, value in stub.environ.items():
            patch.setenv(name, value)
        patch.setenv("LITESCORE_MODEL", str(int8_model))
        patch.setenv("LITESCORE_OUTPUT", "s3://stub/records/")
        yield stub


def _named(**names: Any) -> Any:
    return {"objects": [{"bucket": "b", "key": "k"} | names]}


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(event=_mutated())
@example(event=_named(etag="0\n"))
@example(event=_named(etag="\ud800"))
@example(event=_named(etag="e" * 100_000))
@example(event=_named(version="\n"))
@example(event=_named(version="\ud800"))
@example(event=_named(version="v" * 100_000))
@example(event=_named(key="k" * 100_000))
@example(event=_named(key="/" + "k" * 2000, etag="\ud800"))
def test_an_event_is_answered_or_refused(anything: StubS3, event: Any) -> None:
    """A reply that is JSON, or an error of ours. The stub has nothing to wait for, so nothing is
    passing: no image is to be tried again.
    """
    anything.objects.clear()
    try:
        reply = json.loads(json.dumps(handler(event, None)))
    except LitescoreError:
        return
    assert "continuation" not in reply
    codes = {one["resultCode"] for one in reply.get("results", [])}
    assert codes <= {"Succeeded", "PermanentFailure"}
    assert {record.status for record in results.read("s3://stub/records/")} <= {"failed"}
