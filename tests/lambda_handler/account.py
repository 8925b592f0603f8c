"""What was delivered held against what was written: for tests that kill, repeat and disturb."""

from __future__ import annotations

import gzip
import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from lambda_handler import scoring
from litescore import results, store
from litescore.record import Record, Subject
from litescore.results.reconcile import Balance, balance
from tests.lambda_handler.conftest import upload
from tests.litescore.packed import zip_of
from tests.rig.emulator import Emulator
from tests.rig.pngs import Pngs
from tests.rig.proxy import Proxy
from tests.rig.seaweed import S3

# What an invocation answers: HTTP status, and the reply.
Answer = tuple[int, Any]
PATIENCE = 30.0


@dataclass(frozen=True)
class Account:
    """The records so far, held against a listing.

    balance  of the listing and the records
    records  each id once
    files    the objects that hold them
    lines    records written in all, those written twice too
    """

    balance: Balance
    records: list[Record]
    files: list[str]
    lines: int


def place() -> str:
    """Where records go."""
    return str(scoring.settings().output)


def under(prefix: str) -> tuple[Subject, ...]:
    """What lies under an s3:// prefix."""
    return tuple(entry.subject for entry in store.list_objects(prefix))


def settle(bucket: str, *listed: Subject) -> Account:
    """The account of a bucket of images, or of what was `listed` in it before. Nothing is missing
    and nothing double.
    """
    named = listed or under(f"s3://{bucket}/")
    records, files = list(results.read(place())), results.objects(place())
    lines = sum(
        len(gzip.decompress(store.read(Subject(url), max_bytes=10**7).data).splitlines())
        for url in files
    )
    held = balance(named, records)
    assert held.holds, (held.sentence(), held.first_missing, held.first_double)
    return Account(held, records, files, lines)


def stock(s3: S3, bucket: str, pngs: Pngs) -> list[str]:
    """Five images and a zip of three more, put into a bucket: eight records. Their keys."""
    keys = upload(s3, bucket, pngs)
    packed = zip_of({path.name: path.read_bytes() for path in pngs.paths[5:8]})
    s3.client.put_object(Bucket=bucket, Key="more.zip", Body=packed)
    return [*keys[:2], "more.zip", *keys[2:]]


def environ(proxy: Proxy | None = None, **more: str) -> dict[str, str]:
    """The function's environment: this process's settings, S3 by way of `proxy` where there is one."""
    own = {n: v for n, v in os.environ.items() if n.startswith(("AWS_", "LITESCORE_"))}
    return (proxy.environ(own) if proxy else own) | more


def sent(function: Emulator, event: Any) -> Future[Answer]:
    """An invocation under way: its answer is waited for no longer than PATIENCE."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(function.invoke, event, patience=PATIENCE)
    pool.shutdown(wait=False)
    return future
