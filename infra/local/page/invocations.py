"""What the function's log tells: a line of metrics for each invocation, and the lines between."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

# Kept in memory, however long the cloud runs.
_INVOCATIONS, _LINES = 240, 120
# Milliseconds that are asked for again: invocations end at the same time and are logged in turn.
_OVERLAP = 3000
# Of the platform, about each invocation; the metrics say it better.
_PLATFORM = ("START RequestId", "END RequestId", "REPORT RequestId")


class Log:
    """Reads the log on from where it was."""

    def __init__(self, logs: Any, group: str) -> None:
        self._logs, self._group = logs, group
        self._since = 0
        self._seen: set[tuple[int, str, str]] = set()
        self._invocations: deque[dict[str, Any]] = deque(maxlen=_INVOCATIONS)
        self._lines: deque[dict[str, Any]] = deque(maxlen=_LINES)
        self._totals = {"invocations": 0, "cold": 0, "images": 0, "failed": 0, "left": 0}

    def read(self) -> dict[str, Any]:
        """Invocations and lines, the oldest first, and totals of all."""
        for event in self._new():
            self._take(event)
        return {
            "invocations": sorted(self._invocations, key=lambda one: one["at"]),
            "totals": dict(self._totals),
            "lines": list(self._lines),
        }

    def _new(self) -> list[dict[str, Any]]:
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self._group, startTime=max(0, self._since - _OVERLAP)
        )
        keys = {_key(event): event for page in pages for event in page["events"]}
        fresh = [event for key, event in keys.items() if key not in self._seen]
        self._since = max([self._since, *(event["timestamp"] for event in fresh)])
        self._seen = {key for key in self._seen | set(keys) if key[0] >= self._since - _OVERLAP}
        return sorted(fresh, key=lambda event: int(event["timestamp"]))

    def _take(self, event: dict[str, Any]) -> None:
        message = event["message"].rstrip()
        if not message or message.startswith(_PLATFORM):
            return
        try:
            line = json.loads(message)
        except ValueError:
            line = None
        if isinstance(line, dict) and "_aws" in line:
            self._count(_invocation(line))
        elif isinstance(line, dict):
            self._lines.append(_told(line))
        else:
            level = "ERROR" if "Traceback" in message or "[ERROR]" in message else ""
            self._lines.append({"at": event["timestamp"] / 1000, "level": level, "text": message})

    def _count(self, one: dict[str, Any]) -> None:
        self._invocations.append(one)
        self._totals["invocations"] += 1
        for name in ("cold", "images", "failed", "left"):
            self._totals[name] += one[name]


def _key(event: dict[str, Any]) -> tuple[int, str, str]:
    # ministack logs each invocation into a stream of its own.
    return event["timestamp"], event["logStreamName"], event["message"]


def _invocation(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": line["_aws"]["Timestamp"] / 1000,
        "form": line.get("form", ""),
        "images": line.get("images", 0),
        "failed": line.get("failed", 0),
        "left": line.get("left", 0),
        "ms": line.get("milliseconds", 0),
        "rate": line.get("images_per_second", 0),
        "cold": int(bool(line.get("cold_start"))),
    }


def _told(line: dict[str, Any]) -> dict[str, Any]:
    head = ("time", "level", "request", "message")
    rest = " ".join(f"{name}={value}" for name, value in line.items() if name not in head and value)
    text = f"{line.get('message', '')} {rest}".strip()
    return {"at": line.get("time", ""), "level": str(line.get("level") or ""), "text": text}
