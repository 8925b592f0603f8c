"""One thing that grows with the number of images, done in this process: its CPU, time and memory.

    python -m benchmarks.scale.work list|keep|cli WORDS...

The last line of standard error is a JSON object. `list` counts a prefix; `keep` makes a backfill's
manifest of a list; `cli` is a command of litescore's.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any


def main() -> None:
    start = time.perf_counter()
    _WAYS[sys.argv[1]](sys.argv[2:])
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open("/proc/self/status") as status:  # noqa: PTH123 no file of ours
        peak = next(line for line in status if line.startswith("VmHWM")).split()[1]
    found = {
        "cpu": used.ru_utime + used.ru_stime,
        "wall": time.perf_counter() - start,
        # `ru_maxrss` would count the parent's, from before this process began.
        "megabytes": int(peak) * 1024 / 1e6,
    }
    print(json.dumps(found), file=sys.stderr)


def _list(words: Sequence[str]) -> None:
    from litescore import store

    print(sum(1 for _ in store.list_objects(words[0])))


def _keep(words: Sequence[str]) -> None:
    """A list, the bucket that it is of, and the bucket that keeps the manifest."""
    from infra.cloud.account import Account
    from infra.cloud.backfills import lists
    from infra.cloud.stack import Stack

    named, bucket, output = words
    account = Account(_client, "this machine", "0" * 12, "us-east-1", local=True)
    kept = lists.keep(
        account, Stack("scale", {"InputBucket": bucket, "OutputBucket": output}), named
    )
    head = _client("s3").head_object(Bucket=kept.bucket, Key=kept.key)
    print(kept.images, head["ContentLength"])


def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(service, config=Config(s3={"addressing_style": "path"}))


def _cli(words: Sequence[str]) -> None:
    from litescore.cli import litescore

    # What did not go well is no figure.
    if code := litescore.main([*words], standalone_mode=False):
        raise SystemExit(code)


_WAYS: dict[str, Callable[[Sequence[str]], None]] = {"list": _list, "keep": _keep, "cli": _cli}


if __name__ == "__main__":
    main()
