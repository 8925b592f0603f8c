"""The records of a stack, put there by a test, and questions about them."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

from infra.cloud import account, queries
from infra.cloud.account import Account
from infra.cloud.queries import query
from infra.local.cloud import LocalCloud
from litescore.errors import PermanentError, SupersededError
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
