"""Whether the loop is well: its source runs, and frames are scored."""

from __future__ import annotations

import time

from edge.monitor import Snapshot
from edge.preview.history import Seen


def problem(snapshot: Snapshot, newest: Seen | None, silence: float) -> str | None:
    """What is wrong, in one line; None where nothing is.

    silence  seconds without a frame that are no problem yet

    A sink whose broker is away is none of it: it keeps what it has, and a restart helps nobody.
    """
    source = snapshot.source
    if source.state != "running":
        reason = f": {source.reason}" if source.reason else ""
        return f"source {snapshot.source_name} is {source.state}{reason}"
    since = snapshot.since if newest is None else newest.monotonic
    silent = time.monotonic() - since
    return f"no frame for {silent:.0f} s" if silent > silence else None
