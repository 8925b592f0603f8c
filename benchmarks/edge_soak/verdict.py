"""What came out against what was told: each record once, each event and each kept frame arrived."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.edge_soak.process import Process
from benchmarks.edge_soak.site import KEPT_EVERY, Site
from benchmarks.edge_soak.soaking import Soak
from litescore.record import Record
from tests.rig.seaweed import Server

# What a SIGKILL may cost: of the file, what waits in the outbox, the one in hand and the one being
# put there; of the broker and S3 also what was not yet on disk, which is what was captured in the
# last moments.
OUTBOX = 34
LAST_MOMENTS = 2.0


@dataclass(frozen=True)
class Lost:
    """What a SIGKILL cost: told frames that no file has, records of the file that never arrived."""

    records: int
    events: int
    frames: int


@dataclass(frozen=True)
class Verdict:
    """What a soak came to.

    records   in all files, by status; `kinds` of those that failed
    arrived   messages, and the ids in them
    kept      frames in the bucket
    years     that the records say they were made in
    lost      by each SIGKILL
    troubles  sentences, one for each thing that must not be; empty where all is well
    """

    records: Mapping[str, int]
    kinds: Mapping[str, int]
    files: int
    models: int
    years: Sequence[int]
    messages: int
    events: int
    kept: int
    lost: Sequence[Lost]
    troubles: tuple[str, ...]


def judge(soak: Soak) -> Verdict:
    """The verdict over a soak that has run."""
    files = sorted(soak.site.disk.glob("records*"))
    records, troubles = _read(files)
    runs = _runs(soak.processes, records, troubles)
    events = _events(soak.site, troubles)
    kept = _kept(soak.site, troubles)
    lost = []
    for process, ones in zip(soak.processes, runs, strict=True):
        found = _lost(process, ones, events, kept, troubles)
        if process.how == "SIGKILL":
            lost.append(found)
    ids = {record.id for record in records}
    kills = len(lost)
    troubles += _strangers("events", set(events) - ids, kills)
    troubles += _strangers("kept frames", kept - ids, kills)
    troubles += _models(soak.site, records)
    troubles += [f"{p.number}: exit code {p.code}: {_tail(p)}" for p in soak.processes if p.how == "SIGTERM" and p.code not in (0, 1)]  # fmt: skip
    return Verdict(
        Counter(record.status for record in records),
        Counter(record.kind for record in records if record.kind),
        len(files),
        len({record.model for record in records}),
        sorted({int(record.at[:4]) for record in records}),
        sum(events.values()),
        len(events),
        len(kept),
        lost,
        tuple(troubles),
    )


def _read(files: Sequence[Path]) -> tuple[list[Record], list[str]]:
    records, troubles, seen = [], [], set()
    for path in files:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    record = Record.from_json(line)
                except ValueError as error:
                    troubles.append(f"{path.name}:{number} is no record: {error}: {line[:60]!r}")
                    continue
                if record.id in seen:
                    troubles.append(f"{path.name}:{number} is there twice")
                seen.add(record.id)
                records.append(record)
    return records, troubles


def _frame(record: Record) -> Mapping[str, Any]:
    assert record.frame is not None
    return record.frame


def _runs(
    processes: Sequence[Process], records: Sequence[Record], troubles: list[str]
) -> list[list[Record]]:
    """The records of each process, in the order of their frames."""
    of_run = defaultdict(list)
    for record in records:
        of_run[_frame(record)["run"]].append(record)
    if len(of_run) != len(processes):
        troubles.append(f"{len(processes)} processes, and records of {len(of_run)}")
    runs = [sorted(of_run[run], key=lambda r: int(_frame(r)["number"])) for run in sorted(of_run)]
    return (runs + [[]] * len(processes))[: len(processes)]


def _lost(
    process: Process,
    records: Sequence[Record],
    events: Mapping[str, int],
    kept: set[str],
    troubles: list[str],
) -> Lost:
    """What is missing of a process; troubles where that is more than its end may cost."""
    wanted = [r for r in records[KEPT_EVERY - 1 :: KEPT_EVERY] if r.status == "scored"]
    missing = {
        "events": [record for record in records if record.id not in events],
        "kept frames": [record for record in wanted if record.id not in kept],
    }
    unwritten = process.told - len(records)
    was_killed = process.how == "SIGKILL"
    if not 0 <= unwritten <= (OUTBOX if was_killed else 0):
        troubles.append(f"{process.number}: {process.told} told, {len(records)} in files")
    for what, ones in missing.items():
        late = [r for r in ones if process.ended - float(_frame(r)["monotonic"]) < LAST_MOMENTS]
        if gone := len(ones) - (len(late) if was_killed else 0):
            troubles.append(f"{process.number}, {process.how}: {gone} {what} never arrived")
    return Lost(unwritten, len(missing["events"]), len(missing["kept frames"]))


def _events(site: Site, troubles: list[str]) -> Mapping[str, int]:
    """How often each id arrived at the subscriber."""
    found: Counter[str] = Counter()
    for _, payload, _ in site.listener.messages:
        try:
            found[Record.from_json(payload).id] += 1
        except ValueError as error:
            troubles.append(f"a message is no record: {error}: {payload[:60]!r}")
    return found


def _kept(site: Site, troubles: list[str]) -> set[str]:
    """The ids of kept frames whose picture and record can be read."""
    assert isinstance(site.s3.server, Server)
    client = site.s3.server.s3.client
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=site.bucket, Prefix="kept/")
    keys = {one["Key"] for page in pages for one in page.get("Contents", [])}
    found = set()
    for key in sorted(keys):
        if not key.endswith(".json"):
            continue
        try:
            record = json.loads(_object(client, site, key))
            picture = key.rpartition("/")[0] + "/" + record["frame"]["kept"]["picture"]
            Image.open(io.BytesIO(_object(client, site, picture))).load()
            found.add(record["id"])
        except Exception as error:  # noqa: BLE001 any of them is a trouble
            troubles.append(f"s3://{site.bucket}/{key} cannot be read: {error}")
    return found


def _object(client: Any, site: Site, key: str) -> bytes:
    data: bytes = client.get_object(Bucket=site.bucket, Key=key)["Body"].read()
    return data


def _strangers(what: str, strange: set[str], kills: int) -> list[str]:
    """Only what a SIGKILL kept from its file can be elsewhere and in none."""
    if len(strange) <= kills * OUTBOX:
        return []
    return [f"{len(strange)} {what} have no record in a file"]


def _models(site: Site, records: Sequence[Record]) -> Iterator[str]:
    good = {hashlib.sha256(model).hexdigest() for model in site.models.good}
    for model in {record.model for record in records} - good:
        yield f"records of model {model[:12]}, which must not be taken"


def _tail(process: Process) -> str:
    return process.log.read_text(errors="replace")[-500:]
