"""Up to when a bucket was looked through for changes, by model: marks beside the records.

A mark is an object named by its time, `_changes/<model>-<digest of bucket and prefix>/<time>.json`,
and the newest counts: no run can move it back, however many there are at once.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from litescore import store

TIME = "%Y%m%dT%H%M%S.%fZ"


def name(model: str, url: str) -> str:
    """What tells the marks of a model (its SHA-256) and an s3:// prefix from others'."""
    return f"{model[:12]}-{hashlib.sha256(url.encode()).hexdigest()[:16]}"


def newest(place: str, model: str, url: str) -> datetime | None:
    """When the last complete run over a prefix began; None for a model that had none.

    `place` is where records go.
    """
    folder = _folder(place, model, url)
    names = (entry.source.removeprefix(folder) for entry in store.list_objects(folder))
    times = [_time(one.removesuffix(".json")) for one in names]
    return max((time for time in times if time), default=None)


def make(place: str, model: str, url: str, time: datetime) -> None:
    """Note that all that was there at a time is scored."""
    store.create(f"{_folder(place, model, url)}{time.astimezone(UTC).strftime(TIME)}.json", b"{}")


def _folder(place: str, model: str, url: str) -> str:
    return f"{place}_changes/{name(model, url)}/"


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
