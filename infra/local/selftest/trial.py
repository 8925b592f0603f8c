"""A few images of the self-test in a cloud, and what came of them."""

from __future__ import annotations

import gzip
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from infra.cloud.account import Account
from infra.cloud.stack import Stack
from litescore import image
from litescore.errors import GateError
from litescore.record import Record

IMAGES = 6
BROKEN = "broken.png"
_SIDE = 64
_PATIENCE = 60.0
_PAUSE = 0.2


class Trial:
    """Under a prefix of its own, so that nothing of the user's is taken for it. To be closed.

    leftovers  prefixes in the output bucket that are to go at the end, too
    """

    def __init__(self, account: Account, stack: Stack) -> None:
        self.account, self.stack = account, stack
        self.prefix = f"{self.out('InputPrefix')}litescore-check/{secrets.token_hex(4)}/"
        self.leftovers: list[str] = []
        self._s3 = account.client("s3")
        # Output objects never change: what is in them is read once.
        self._read: dict[str, list[Record]] = {}
        for entry in self._listed(self.out("OutputBucket"), ""):
            self._read[entry["Key"]] = []

    def out(self, name: str) -> str:
        """An output of the stack; "" where it has none of that name."""
        return self.stack.outputs.get(name, "")

    @property
    def images(self) -> list[str]:
        """Keys of those that can be scored."""
        return [f"{self.prefix}{number}.png" for number in range(IMAGES)]

    def put(self) -> None:
        """The images, and one that is broken."""
        bucket = self.out("InputBucket")
        for number, key in enumerate(self.images):
            self._s3.put_object(Bucket=bucket, Key=key, Body=_png(number))
        self._s3.put_object(Bucket=bucket, Key=self.prefix + BROKEN, Body=b"\x89PNG and no more")

    def records(self) -> dict[str, Record]:
        """Key below the prefix -> record, of all that came so far; the best of those with one id."""
        for entry in self._listed(self.out("OutputBucket"), ""):
            if entry["Key"] not in self._read:
                self._read[entry["Key"]] = self._records(entry["Key"])
        found: dict[str, Record] = {}
        for record in sorted(self._all(), key=lambda one: one.rank):
            found[record.source.removeprefix(self._source)] = record
        return found

    def wait(self, what: str, found: Callable[[], Any]) -> Any:
        """The first true answer of `found`. Raises GateError when none comes in a minute."""
        limit = time.monotonic() + _PATIENCE
        while not (answer := found()):
            if time.monotonic() > limit:
                raise GateError(f"no {what} within {_PATIENCE:.0f} s")
            time.sleep(_PAUSE)
        return answer

    @contextmanager
    def clearing(self, prefix: str) -> Iterator[None]:
        """What appears meanwhile under the prefix of the output bucket is to go at the end, too."""
        before = {entry["Key"] for entry in self._listed(self.out("OutputBucket"), prefix)}
        yield
        after = {entry["Key"] for entry in self._listed(self.out("OutputBucket"), prefix)}
        self.leftovers += after - before

    def event(self, key: str) -> str:
        """The message that S3 sends about an object below the prefix."""
        thing = {"key": self.prefix + key, "eTag": secrets.token_hex(16)}
        what = {"bucket": {"name": self.out("InputBucket")}, "object": thing}
        record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": what}
        return json.dumps({"Records": [record]})

    def close(self) -> None:
        """Take away the images, and the records that are of them alone."""
        self.records()
        bucket, output = self.out("InputBucket"), self.out("OutputBucket")
        self._delete(bucket, self.prefix)
        for prefix in self.leftovers:
            self._delete(output, prefix)
        for key, records in self._read.items():
            if records and all(one.source.startswith(self._source) for one in records):
                self._delete(output, key)

    @property
    def _source(self) -> str:
        return f"s3://{self.out('InputBucket')}/{self.prefix}"

    def _all(self) -> list[Record]:
        records = (record for part in self._read.values() for record in part)
        return [record for record in records if record.source.startswith(self._source)]

    def _listed(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [entry for page in pages for entry in page.get("Contents", ())]

    def _records(self, key: str) -> list[Record]:
        if not key.endswith(".jsonl.gz"):
            return []
        data = self._s3.get_object(Bucket=self.out("OutputBucket"), Key=key)["Body"].read()
        return [Record.from_json(line) for line in gzip.decompress(data).splitlines()]

    def _delete(self, bucket: str, prefix: str) -> None:
        pages = self._s3.get_paginator("list_object_versions").paginate(
            Bucket=bucket, Prefix=prefix
        )
        for page in pages:
            for one in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                self._s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


def _png(number: int) -> bytes:
    """A stripe on a ground, each another: the same number makes the same picture."""
    pixels = np.full((_SIDE, _SIDE, 3), 20 * number, np.uint8)
    pixels[8 * number : 8 * number + 12] = (250, 128, 10 * number)
    return image.encode_png(pixels)
