"""Any JSON as an event: a form, or UnknownEvent; never another exception."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambda_handler import batch_operations, distributed_map, events, messages, notices
from lambda_handler.direct import Request
from litescore.errors import UnknownEvent
from tests.lambda_handler import shapes

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
