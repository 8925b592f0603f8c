"""What an invocation tells its log: JSON lines, the last of them metrics for CloudWatch.

The metrics are in CloudWatch's Embedded Metric Format: a line of the log that CloudWatch reads
numbers from, without a call and without a library. No line holds content of an image.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from itertools import chain, repeat
from typing import Any

from litescore.batch import Outcome, Spent
from litescore.record import now

NAMESPACE = "litescore"
# Failed images that are named in the log; the records hold them all.
_NAMED = 5
# True for the first invocation of an execution environment only.
_COLD = chain([True], repeat(False))


class Report:
    """Counts outcomes, and writes lines where there is a Lambda context to say whose they are."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._cold = next(_COLD)
        self._start = time.monotonic()
        self._statuses: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self.spent = Spent()

    def count(self, outcome: Outcome) -> None:
        """Take note of one outcome; the first few failures are told."""
        record = outcome.record
        status = record.status if record else "left"
        self._statuses[status] += 1
        if record and record.kind:
            self._kinds[record.kind] += 1
        if status != "scored" and self._statuses[status] <= _NAMED:
            # A failure's reason may quote the file's first bytes: it stays in the record.
            why = record.kind or "superseded" if record else str(outcome.retry)
            member = record.member if record else None
            self.say("WARNING", why, source=outcome.asked.source, member=member, status=status)

    def say(self, level: str, message: object, **fields: object) -> None:
        """One line: time, level, request and message, then `fields`."""
        request = getattr(self._context, "aws_request_id", None)
        head = {"time": now(), "level": level, "request": request, "message": str(message)}
        self._write(head | fields)

    def close(self, form: str) -> None:
        """The line of metrics."""
        values = self._values()
        function = getattr(self._context, "function_name", None)
        metrics = [{"Name": name, "Unit": _unit(name)} for name in values]
        directive = {"Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": metrics}
        head = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
        about = {"function": str(function), "form": form}
        request = {"request": getattr(self._context, "aws_request_id", None)}
        self._write({"_aws": head} | about | request | values)

    def _values(self) -> dict[str, float]:
        seconds = time.monotonic() - self._start
        images = self._statuses.total() - self._statuses["left"]
        counts = {name: self._statuses[name] for name in ("scored", "failed", "superseded", "left")}
        return {
            "images": images,
            **counts,
            **{f"failed_{kind}": count for kind, count in sorted(self._kinds.items())},
            "milliseconds": _milliseconds(seconds),
            "fetch_milliseconds": _milliseconds(self.spent.fetching),
            "decode_milliseconds": _milliseconds(self.spent.decoding),
            "invoke_milliseconds": _milliseconds(self.spent.invoking),
            "images_per_second": round(images / max(seconds, 1e-9), 3),
            "cold_start": int(self._cold),
        }

    def _write(self, line: dict[str, object]) -> None:
        if self._context is not None:
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


def _unit(name: str) -> str:
    if name.endswith("milliseconds"):
        return "Milliseconds"
    return "Count/Second" if name.endswith("per_second") else "Count"


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
