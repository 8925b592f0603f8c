"""What came out against what had to: every image accounted for, once, and with the right answer."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.soak import log
from benchmarks.soak.bodies import Answer, Body
from benchmarks.soak.job import Course
from benchmarks.soak.log import Invocations
from infra.local.cloud import LocalCloud
from litescore import results
from litescore.record import Record

_SHOWN = 10


@dataclass(frozen=True)
class Verdict:
    """What a soak came to.

    lines      records as they were written; `records` those that are left of equal ids
    rewritten  objects of records that were written more than once
    balance    what `litescore reconcile --json` says
    troubles   sentences, one for each thing that must not be; empty where all is well
    """

    course: Course
    invocations: Invocations
    lines: int
    records: int
    statuses: Mapping[str, int]
    kinds: Mapping[str, int]
    files: int
    rewritten: int
    balance: Mapping[str, Any]
    troubles: tuple[str, ...]


def judge(cloud: LocalCloud, course: Course, folder: Path) -> Verdict:
    """The verdict over a drained cloud; `folder` takes a copy of the records."""
    files = cloud.download(folder)
    records = list(results.read(folder)) if files else []
    invocations, balance = log.read(cloud), reconcile(cloud)
    rewritten = _rewritten(cloud)
    troubles = [
        *_in_balance(balance),
        *_in_records(cloud, course, records),
        *(f"{name} was written more than once" for name in rewritten),
        *(f"an exception that must not be: {entry}" for entry in invocations.unexpected),
        *_in_dead_letters(course),
    ]
    return Verdict(
        course=course,
        invocations=invocations,
        lines=sum(len(gzip.decompress(file.read_bytes()).splitlines()) for file in files),
        records=len(records),
        statuses=Counter(record.status for record in records),
        kinds=Counter(record.kind for record in records if record.kind),
        files=len(files),
        rewritten=len(rewritten),
        balance=balance,
        troubles=tuple(troubles),
    )


def reconcile(cloud: LocalCloud) -> dict[str, Any]:
    """`litescore reconcile` as a user runs it, on the buckets."""
    words = ["reconcile", f"s3://{cloud.input_bucket}/", cloud.output, "--json"]
    command = [sys.executable, "-m", "litescore", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=cloud.environ)
    if done.returncode not in (0, 1):
        return {"balanced": False, "error": done.stderr.strip()}
    balance: dict[str, Any] = json.loads(done.stdout)
    return balance


def _in_balance(balance: Mapping[str, Any]) -> Iterator[str]:
    if not balance["balanced"]:
        names = ("missing_images", "double_images", "error")
        seen = {name: balance[name] for name in names if balance.get(name)}
        yield f"reconcile does not balance: {json.dumps(seen, ensure_ascii=False)[:2000]}"


def _in_records(cloud: LocalCloud, course: Course, records: list[Record]) -> Iterator[str]:
    start = f"s3://{cloud.input_bucket}/"
    found: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        found[record.source.removeprefix(start), record.etag or ""].append(record)
    listed = _listed(cloud)
    if strange := listed - set(course.put):
        yield f"the bucket holds what nobody put there: {sorted(strange)[:_SHOWN]}"
    for name in sorted(set(found) - set(course.put)):
        yield f"records of {name}, which was never put"
    for name, put in course.put.items():
        fits = _whole(put.body, found[name]) if name in listed else _left(put.body, found[name])
        if not fits:
            seen = [(r.member, r.status, r.label, r.score, r.kind) for r in found[name]]
            there = "still there" if name in listed else "overwritten or deleted"
            yield f"{name}, {there}: {seen} instead of {dict(put.body.answers)}"


def _whole(body: Body, records: list[Record]) -> bool:
    """Whether an object that is still there has just the records that it must have."""
    found = [(r.member, Answer.of(r)) for r in records if r.status != "superseded"]
    return len(found) == len(body.answers) and dict(found) == body.answers


def _left(body: Body, records: list[Record]) -> bool:
    """Whether one that was overwritten or deleted is accounted for: as it was, or gone since."""
    gone = Answer(kind="gone")
    return bool(records) and all(
        r.status == "superseded" or Answer.of(r) in (gone, body.answers.get(r.member))
        for r in records
    )


def _in_dead_letters(course: Course) -> Iterator[str]:
    """Whether each message that no event is was kept: once, whatever else is there."""
    kept = Counter(course.dead_at_end)
    for text in course.junk:
        if kept[text] != 1:
            yield f"the message {text!r} is {kept[text]} times among the dead letters"


def _listed(cloud: LocalCloud) -> set[tuple[str, str]]:
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=cloud.input_bucket)
    entries = (entry for page in pages for entry in page.get("Contents", []))
    return {(entry["Key"], entry["ETag"].strip('"')) for entry in entries}


def _rewritten(cloud: LocalCloud) -> list[str]:
    bucket = cloud.stack.outputs["OutputBucket"]
    pages = cloud.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
    versions = Counter(entry["Key"] for page in pages for entry in page.get("Versions", []))
    return [name for name, count in versions.items() if count > 1]
