"""A record: its identity, its numbers, and its one line of JSON."""

from __future__ import annotations

import itertools
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from litescore.errors import PERMANENT_KINDS, ConfigurationError, PermanentError, SupersededError
from litescore.record import Record, Subject, moment
from tests.litescore.numpy2 import run_under_numpy2

MODEL = "ab" * 32
LABELS = ("ant", "bee", "cat", "dog")
SUBJECT = Subject("s3://bucket/a b/ü+%20.png", "inner/1.png", "0f-3", "v1")
ROW = np.array([0.1, 0.2, 0.6, 0.1], np.float32)
# Values whose shortest decimals are short, long, tiny, and at the ends.
HARD = [0.0, 1.0, 0.1, 1 / 3, 0.99999994, 1e-7, 1.1754944e-38, 1e-45, 255 / 256, 0.30000001]


def scored(probabilities: Any = ROW, **changes: Any) -> Record:
    """A scored record of SUBJECT."""
    return Record.scored(SUBJECT, probabilities, **({"labels": LABELS, "model": MODEL} | changes))


def failed(kind: str = "corrupt") -> Record:
    """A failed record of SUBJECT."""
    return Record.failed(SUBJECT, PermanentError(kind, "0 bytes"), model=MODEL)


def test_a_scored_record() -> None:
    """Best first; the subject's words as they are; nothing about a failure."""
    record = scored()
    assert (record.status, record.label, record.score) == ("scored", "cat", 0.6)
    assert record.top == (
        {"label": "cat", "score": 0.6},
        {"label": "bee", "score": 0.2},
        {"label": "ant", "score": 0.1},
    )
    assert (record.kind, record.reason, record.frame) == (None, None, None)
    assert Subject(record.source, record.member, record.etag, record.version) == SUBJECT
    assert record.model == MODEL


def test_a_failed_record() -> None:
    """Kind and reason, no label and no score."""
    record = failed()
    assert (record.status, record.kind, record.reason) == ("failed", "corrupt", "0 bytes")
    assert (record.label, record.score, record.top) == (None, None, ())


def test_a_superseded_record() -> None:
    """Neither scored nor failed; the reason says what was found instead."""
    record = Record.superseded(SUBJECT, SupersededError("is 99 by now"), model=MODEL)
    assert (record.status, record.reason, record.kind) == ("superseded", "is 99 by now", None)


def test_a_tie_goes_to_the_lowest_index() -> None:
    """At the top and below it."""
    record = scored(np.array([0.25, 0.25, 0.25, 0.25], np.float32), top=4)
    assert [one["label"] for one in record.top] == list(LABELS)
    many = scored(np.tile(np.array([0.0, 0.01], np.float32), 100), labels=range(200), top=200)
    assert [one["label"] for one in many.top] == [*range(1, 200, 2), *range(0, 200, 2)]
    record = scored(np.array([0.0, 0.5, 0.0, 0.5], np.float32), top=4)
    assert [one["label"] for one in record.top] == ["bee", "dog", "ant", "cat"]


@pytest.mark.parametrize(("top", "count"), [(1, 1), (3, 3), (4, 4), (99, 4)])
def test_top_is_how_many_are_listed(top: int, count: int) -> None:
    """At most as many as there are classes."""
    record = scored(top=top)
    assert len(record.top) == count
    assert record.top[0] == {"label": record.label, "score": record.score}


def test_the_time_is_utc_and_now() -> None:
    """RFC 3339 with a Z."""
    at = scored().at
    assert at.endswith("Z")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(at)) < timedelta(minutes=1)


@pytest.mark.parametrize("record", [scored(), failed(), scored(frame={"number": 7, "at": 1.5})])
def test_json_and_back(record: Record) -> None:
    """One line, as it was, from text and from bytes."""
    line = record.to_json()
    assert "\n" not in line
    assert Record.from_json(line) == record
    assert Record.from_json(line.encode()) == record


def test_the_lines_fields() -> None:
    """The fields of the schema in their order, `frame` only where there is one."""
    fields = ["v", "id", "source", "member", "etag", "version", "status", "label", "score"]
    fields += ["top", "kind", "reason", "model", "at"]
    held = json.loads(scored().to_json())
    assert list(held) == fields
    assert held["v"] == 1
    assert list(json.loads(scored(frame={"number": 1}).to_json())) == [*fields, "frame"]


def test_text_is_readable_in_the_line() -> None:
    """Keys of other scripts stay as they are, and the key is never percent-encoded."""
    assert "s3://bucket/a b/ü+%20.png" in scored().to_json()


def test_a_file_name_that_is_no_text() -> None:
    """Linux allows any bytes: the line is still valid UTF-8 and JSON, and reads back."""
    subject = Subject(os.fsdecode(b"photos/\xff\xfe.png"))
    record = Record.failed(subject, PermanentError("corrupt", "0 bytes"), model=MODEL)
    line = record.to_json().encode()
    assert Record.from_json(line) == record
    assert os.fsencode(Record.from_json(line).source) == b"photos/\xff\xfe.png"


@given(st.text(), st.none() | st.text())
def test_any_text_survives(source: str, member: str | None) -> None:
    """Newlines, quotes and zeros in names stay inside their line."""
    record = Record.failed(Subject(source, member), PermanentError("gone", source), model=MODEL)
    (line,) = record.to_json().split("\n")
    assert Record.from_json(line) == record


@given(st.floats(0, 1, width=32))
def test_a_score_is_its_float32(value: float) -> None:
    """The shortest decimal that gives the same float32 back, through JSON too."""
    record = scored(np.array([value, 0, 0, 0], np.float32), labels=LABELS)
    listed = {one["label"]: one["score"] for one in json.loads(record.to_json())["top"]}
    assert np.float32(listed["ant"]) == np.float32(value)
    assert len(repr(listed["ant"])) <= len("1.17549435e-38")


def test_scores_are_the_same_under_both_numpys() -> None:
    """NumPy 2 writes its floats differently: the records must not."""
    script = (
        "import json, numpy as np\n"
        "from litescore.record import Record, Subject\n"
        f"for value in {HARD}:\n"
        "    row = np.array([value, 0], np.float32)\n"
        "    print(Record.scored(Subject('x'), row, labels='ab', model='m').top)\n"
    )
    rows = [np.array([value, 0], np.float32) for value in HARD]
    here = [str(Record.scored(Subject("x"), row, labels="ab", model="m").top) for row in rows]
    assert run_under_numpy2(script).splitlines() == here
    assert "'score': 0.33333334" in here[3]


def test_the_id_is_pinned() -> None:
    """SHA-256 of the JSON list [model, source, member, etag]: other programs compute it too."""
    assert Subject("s3://b/ü.png", None, "e").identity("m") == (
        "a0dfaa0174a599935a2dd47f178df27ce5f1b5f980ac26efaefe07169f2ad5c1"
    )


def test_the_id_depends_on_four_things_and_nothing_else() -> None:
    """Model, source, member and ETag; not the version, the result or the time."""
    assert scored().id == failed().id == SUBJECT.identity(MODEL)
    assert SUBJECT._replace(version="v2").identity(MODEL) == SUBJECT.identity(MODEL)
    others = [
        SUBJECT.identity("cd" * 32),
        SUBJECT._replace(source="s3://bucket/other").identity(MODEL),
        SUBJECT._replace(member=None).identity(MODEL),
        SUBJECT._replace(etag="0f-4").identity(MODEL),
        SUBJECT._replace(etag=None).identity(MODEL),
    ]
    assert len({SUBJECT.identity(MODEL), *others}) == 6


def test_what_stands_in_one_place_is_not_moved_to_another() -> None:
    """Neighbouring parts cannot run into each other, and None is not the word."""
    pairs = [
        ("a", "bc", None),
        ("ab", "c", None),
        ("a", None, "bc"),
        ("a", "b", "c"),
        ("a", "None", None),
    ]
    assert len({Subject(*pair).identity(MODEL) for pair in pairs}) == len(pairs)


def test_rank() -> None:
    """Scored beats failed beats superseded, whatever the time; of equals the latest."""
    early, late = "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"
    order = [("superseded", early), ("superseded", late), ("failed", early), ("failed", late)]
    order += [("scored", early), ("scored", late)]
    records = [scored()._replace(status=status, at=at) for status, at in order]
    for lower, higher in itertools.pairwise(records):
        assert lower.rank < higher.rank


def line(**changes: Any) -> str:
    """A record's line with some values replaced."""
    return json.dumps(json.loads(scored().to_json()) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{}",
        "[]",
        "3",
        '{"v": 1}',
        line(v=2),
        line(status="done"),
        line(top=None),
        line(extra=1),
        scored().to_json()[:-9],
        b"\xff\xfe",
    ],
)
def test_other_lines_are_refused(text: str | bytes) -> None:
    """Text, half a line, another schema, an unknown status or field: no record."""
    with pytest.raises(ConfigurationError, match="not a litescore record of schema 1"):
        Record.from_json(text)


@pytest.mark.parametrize("kind", PERMANENT_KINDS)
def test_every_kind_of_failure_has_its_record(kind: str) -> None:
    """As the error says it."""
    assert failed(kind).kind == kind


def test_a_moment_is_told_to_the_millisecond() -> None:
    """Seconds since 1970, in UTC; the digits after the point are always three."""
    assert moment(0.0) == "1970-01-01T00:00:00.000Z"
    assert moment(1795639974.0075) == "2026-11-25T20:52:54.007Z"
