"""`litescore query` against the template deployed in the local cloud: what the views say is what
`litescore results` reads.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from infra.cloud import account, queries
from infra.cloud.account import Account
from infra.cloud.queries import query
from infra.cloud.queries.command import query as command
from infra.cloud.stack import Stack
from infra.local import state
from infra.local.cloud import LocalCloud
from infra.package.build import Package
from litescore import results
from litescore.errors import ConfigurationError, PermanentError, SupersededError, UsageError
from litescore.record import Record, Subject

MODELS = ("a" * 64, "b" * 64)
# Names that JSON, SQL or a terminal might stumble over; two that look like other types.
LABELS = ("boot", "T-shirt/top", "it's", 'a "b"', "ünï", "2020-01-01", "12")


class Shelf:
    """The records of a stack, put there by a test, and questions about them."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.stack = cloud.stack
        self.account: Account = account.at(cloud.endpoint)
        self.folder = folder
        self._s3 = cloud.client("s3")
        self._place = cloud.output.removeprefix("s3://").split("/", 1)

    def put(self, key: str, lines: list[str]) -> None:
        """An object of records, in the bucket and in the folder."""
        data = gzip.compress("".join(f"{line}\n" for line in lines).encode())
        bucket, prefix = self._place
        self._s3.put_object(Bucket=bucket, Key=prefix + key, Body=data)
        (self.folder / key).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / key).write_bytes(data)

    def clear(self) -> None:
        """Take all of them away."""
        bucket, prefix = self._place
        found = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        for entry in found:
            self._s3.delete_object(Bucket=bucket, Key=entry["Key"])

    def ask(self, question: str, since: str | None = None) -> list[dict[str, Any]]:
        """The rows that a question comes to, by name."""
        text = queries.statement(question)
        answer = query.ask(self.account, self.stack, text, since=since)
        names = [name for name, _ in answer.columns]
        return [dict(zip(names, row, strict=True)) for row in answer.rows]


@pytest.fixture(scope="module")
def deployed(cloud: LocalCloud, built: Package) -> LocalCloud:
    """A stack of its own, of a name with a hyphen in it."""
    return cloud.deploy(built.path, name="a-shelf")


@pytest.fixture
def shelf(deployed: LocalCloud, tmp_path: Path) -> Iterator[Shelf]:
    """That stack's records: none, before and after."""
    made = Shelf(deployed, tmp_path / "records")
    made.folder.mkdir()
    yield made
    made.clear()


def record(number: int, status: str = "scored", **other: Any) -> Record:
    """One of an image."""
    subject = Subject(f"s3://photos/a b/ü{number}.png", etag=f"{number:032x}")
    model = MODELS[number % 2]
    if status == "failed":
        made = Record.failed(subject, PermanentError("corrupt", "no 'image'\n"), model=model)
    elif status == "superseded":
        made = Record.superseded(subject, SupersededError("another by now"), model=model)
    else:
        import numpy as np

        chances = np.random.default_rng(number).random(len(LABELS), np.float32)
        made = Record.scored(subject, chances, labels=LABELS, model=model)
    return made._replace(at=f"2026-11-{1 + number % 28:02d}T00:00:00.{number % 1000:03d}Z", **other)


def delivered(seed: int) -> list[tuple[str, list[Record]]]:
    """What a queue that regroups may have written: objects of records, ids in several of them."""
    draw = random.Random(seed)
    written = []
    for part in range(12):
        lines = []
        for _ in range(25):
            number = draw.randrange(60)
            status = draw.choice(["scored", "failed", "superseded"])
            # Members share their shard's ETag; the time is another with each delivery.
            member = f"{number}.png" if number % 5 == 0 else None
            one = record(number, status)
            named = Subject(one.source, member, one.etag)
            at = f"2026-11-{draw.randrange(1, 29):02d}T00:00:{part:02d}.{draw.randrange(1000):03d}Z"
            lines.append(one._replace(id=named.identity(one.model), member=member, at=at))
        written.append((f"dt=2026-{1 + part % 12:02d}-01/{part:064x}.jsonl.gz", lines))
    return written


def plain(one: Record) -> dict[str, Any]:
    """A record as a row has it; `top` is compared apart, frame and decision are text."""
    row = one._asdict()
    del row["top"]
    for name in ("frame", "decision"):
        row[name] = None if row[name] is None else json.dumps(row[name], separators=(",", ":"))
    return row


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


@pytest.mark.parametrize("seed", range(2))
def test_latest_is_what_results_reads(shelf: Shelf, seed: int) -> None:
    """Of 300 records of 60 images, in 12 objects and 12 partitions, the same ones hold, field for
    field; `records` has all; `daily` counts those that hold.
    """
    for key, lines in delivered(seed):
        shelf.put(key, [one.to_json() for one in lines])
    kept = {one.id: one for one in results.read(shelf.folder)}

    rows = shelf.ask("latest")
    assert len(rows) == len(kept) < 300
    assert {row["id"]: without(row, "top", "dt") for row in rows} == {
        one.id: plain(one) for one in kept.values()
    }
    assert len(shelf.ask("records")) == 300
    days = {row["id"]: row["dt"] for row in rows}
    counted = Counter(
        (days[one.id], one.model, one.status, one.label, one.kind) for one in kept.values()
    )
    daily = shelf.ask("daily")
    assert {tuple(row.values())[:5]: row["images"] for row in daily} == counted


def test_no_records_are_no_rows(shelf: Shelf) -> None:
    """A stack that was just deployed has its views."""
    for view in queries.NAMES:
        assert shelf.ask(view) == []
    assert shelf.ask("SELECT count(*) AS n FROM latest") == [{"n": 0}]


def test_only_failures_have_the_same_columns(shelf: Shelf) -> None:
    """No line has a label, a score, a member or anything in `top`."""
    shelf.put("dt=1970-01-01/x.jsonl.gz", [record(n, "failed").to_json() for n in range(3)])
    rows = shelf.ask("SELECT label, score, member, top, kind, frame FROM latest")
    assert [without(row, "top") for row in rows] == 3 * [
        {"label": None, "score": None, "member": None, "kind": "corrupt", "frame": None}
    ]
    [row] = shelf.ask("SELECT dt, kind, sum(images) AS images FROM daily GROUP BY dt, kind")
    assert (row["dt"], row["kind"]) == ("1970-01-01", "corrupt")


def test_a_value_that_comes_late_has_its_type(shelf: Shelf) -> None:
    """ministack looks at some files to learn the types; a label met first behind these is a text
    like any other.
    """
    for n in range(40):
        status = "failed" if n < 39 else "scored"
        shelf.put(f"dt=2026-01-{1 + n % 28:02d}/{n:03}.jsonl.gz", [record(n, status).to_json()])
    [row] = shelf.ask(
        "SELECT label, score, top[1].label AS first FROM latest WHERE label IS NOT NULL"
    )
    expected = record(39)
    assert (row["label"], row["first"]) == (expected.label, expected.label)
    assert row["score"] == expected.score


def test_a_cameras_records_are_read_too(shelf: Shelf) -> None:
    """Beside others that have no frame; frame and decision are JSON as text."""
    frame = {"camera": "door", "number": 3, "at": {"x": 1.5}}
    camera = record(1, frame=frame, decision={"label": "boot", "sure": True})
    shelf.put("dt=2026-01-01/x.jsonl.gz", [record(0).to_json(), camera.to_json()])
    found = {row["id"]: row for row in shelf.ask("latest")}
    assert found[record(0).id]["frame"] is None
    assert json.loads(found[camera.id]["frame"]) == frame
    assert json.loads(found[camera.id]["decision"]) == {"label": "boot", "sure": True}


def test_since_reads_no_earlier_dates(shelf: Shelf) -> None:
    """The day itself counts; a query without names none but those that there are."""
    for day in range(1, 31):
        shelf.put(f"dt=2026-11-{day:02d}/x.jsonl.gz", [record(day).to_json()])
    assert {row["dt"] for row in shelf.ask("latest", "2026-11-28")} == {
        "2026-11-28",
        "2026-11-29",
        "2026-11-30",
    }
    assert len(shelf.ask("latest")) == 30
    assert shelf.ask("latest", "2027-01-01") == []


def test_what_lies_beside_the_dates_is_no_record(shelf: Shelf) -> None:
    """Checkpoints of shards and marks of nightly runs are hidden by their underscore."""
    shelf.put("dt=2026-01-01/x.jsonl.gz", [record(0).to_json()])
    shelf.put("_begun/x.json", ['{"members": 3}'])
    assert len(shelf.ask("records")) == 1


def test_a_statement_may_have_tables_of_its_own(shelf: Shelf) -> None:
    """WITH, comments, and a semicolon at the end."""
    shelf.put("dt=2026-01-01/x.jsonl.gz", [record(n).to_json() for n in range(3)])
    text = """-- how many
    WITH few AS (SELECT * FROM latest LIMIT 2)
    /* of them */ SELECT count(*) AS n, max(dt) AS day FROM few;
    """
    assert shelf.ask(text) == [{"n": 2, "day": "2026-01-01"}]


def test_an_error_is_one_line(shelf: Shelf) -> None:
    """Athena's own reason, without the text of the views around it."""
    with pytest.raises(ConfigurationError, match=r"^Athena: .*colour") as caught:
        shelf.ask("SELECT colour FROM latest")
    assert "\n" not in str(caught.value)


def test_an_interrupted_query_is_stopped(shelf: Shelf) -> None:
    """Whoever asked is gone: it would go on reading, and costing."""

    def interrupt(_seconds: float, _bytes: int) -> None:
        raise KeyboardInterrupt

    slow = "SELECT sum(range * 2) FROM range(400000000)"
    with pytest.raises(KeyboardInterrupt):
        query.ask(shelf.account, shelf.stack, slow, tell=interrupt)
    athena = shelf.account.client("athena")
    group = shelf.stack.outputs["WorkGroup"]
    newest = athena.list_query_executions(WorkGroup=group)["QueryExecutionIds"][-1]
    found = athena.get_query_execution(QueryExecutionId=newest)["QueryExecution"]
    assert found["Status"]["State"] == "CANCELLED"


def test_results_go_where_the_work_group_says(shelf: Shelf) -> None:
    """Into the output bucket, beside the records."""
    shelf.ask("daily")
    bucket = shelf.stack.outputs["OutputBucket"]
    listed = shelf.account.client("s3").list_objects_v2(Bucket=bucket, Prefix="athena/")
    assert listed["KeyCount"] >= 1


def test_a_stack_without_views_says_what_to_do(shelf: Shelf) -> None:
    """One that was deployed before there were any."""
    outputs = {k: v for k, v in shelf.stack.outputs.items() if k != "WorkGroup"}
    with pytest.raises(ConfigurationError, match="no WorkGroup for Athena: deploy it again"):
        query.ask(shelf.account, Stack("old", outputs), "SELECT 1")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("dayly", "no view 'dayly': records, latest, daily, or a SELECT"),
        ("", "no view ''"),
        ("DROP TABLE written", "begins with SELECT or WITH, not 'DROP'"),
        ("-- x\nDELETE FROM latest", "not 'DELETE'"),
        ("; SELECT 1", "not ';"),
    ],
)
def test_what_is_no_question_is_refused(asked: str, said: str) -> None:
    """Before anything is asked of the cloud."""
    with pytest.raises(UsageError, match=said):
        queries.statement(asked)


@contextmanager
def as_local(shelf: Shelf, folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which `--local` finds the shelf's cloud."""
    endpoint = shelf.account.client("s3").meta.endpoint_url
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(folder)
    try:
        with state.announced(state.Running(endpoint, shelf.stack.name, os.getpid())):
            yield {"XDG_STATE_HOME": str(folder)}
    finally:
        del os.environ["XDG_STATE_HOME"]
        if before is not None:
            os.environ["XDG_STATE_HOME"] = before


def litescore_query(shelf: Shelf, tmp_path: Path, *words: str) -> Result:
    with as_local(shelf, tmp_path) as environ:
        options = ["--local", "--stack", "a-shelf"]
        return CliRunner().invoke(command, [*words, *options], env=environ, catch_exceptions=False)


def test_the_command_prints_a_table(shelf: Shelf, tmp_path: Path) -> None:
    """As many rows as asked for, without letters that move a cursor, and what it read."""
    lines = [record(n).to_json() for n in range(4)]
    odd = record(5)._replace(source="s3://photos/\x1b[2Jgone.png", at="2027-01-01T00:00:00.000Z")
    shelf.put("dt=2026-01-01/x.jsonl.gz", [*lines, odd.to_json()])
    done = litescore_query(shelf, tmp_path, "latest", "--since", "2026-01-01", "--limit", "2")
    assert done.exit_code == 0
    head, first, _ = done.stdout.splitlines()
    assert head.split() == ["source", "member", "status", "label", "score", "kind", "at"]
    assert first.startswith("s3://photos/\N{REPLACEMENT CHARACTER}[2Jgone.png")
    assert "the first 2 rows" in done.stderr
    assert " read" in done.stderr
    days = litescore_query(shelf, tmp_path, "daily", "--limit", "1").stdout.splitlines()
    assert days[0].split() == ["dt", "model", "status", "label", "kind", "images", "mean_score"]
    assert days[1].split()[:2] == ["2026-01-01", MODELS[0][:12]]


def test_the_command_prints_json_and_csv(shelf: Shelf, tmp_path: Path) -> None:
    """All columns and rows, numbers as numbers; local queries cost nothing."""
    shelf.put("dt=2026-01-01/x.jsonl.gz", [record(n).to_json() for n in range(3)])
    told = json.loads(litescore_query(shelf, tmp_path, "latest", "--json").stdout)
    assert {row["source"]: row["score"] for row in told["rows"]} == {
        record(n).source: record(n).score for n in range(3)
    }
    assert told["columns"][0] == {"name": "v", "type": "integer"}
    assert told["dollars"] == 0
    text = litescore_query(shelf, tmp_path, "SELECT v, label FROM latest", "--csv").stdout
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["v", "label"]
    assert Counter(row[1] for row in rows[1:]) == Counter(record(n).label for n in range(3))


def test_one_form_at_a_time(shelf: Shelf, tmp_path: Path) -> None:
    """Which of both would be meant?"""
    with pytest.raises(UsageError, match="either --json or --csv"):
        litescore_query(shelf, tmp_path, "daily", "--json", "--csv")


def test_aws_is_asked_for_the_table_as_it_is(shelf: Shelf) -> None:
    """Glue's types hold there, so nothing is cast; ten megabytes are the least that AWS counts, 5
    dollars are a terabyte.
    """
    shelf.put("dt=2026-01-01/x.jsonl.gz", [record(0, frame={"n": 1}, decision={"n": 1}).to_json()])
    aws = replace(shelf.account, local=False)
    answer = query.ask(aws, shelf.stack, "SELECT dt, images FROM daily")
    assert list(answer.rows) == [("2026-01-01", 1)]
    assert answer.dollars == pytest.approx(0.00005)
