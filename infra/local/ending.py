"""Ending a local cloud from another terminal."""

from __future__ import annotations

import os
import signal
import time
from urllib.parse import urlsplit

from infra.local import ministack, state
from infra.local.state import Running
from litescore.errors import ConfigurationError

_PATIENCE = 90.0


def end(found: Running) -> None:
    """Ask it to end, as Ctrl-C would, and wait until it has: a kept one writes its state first.

    Raises ConfigurationError where it is another user's or does not end.
    """
    try:
        os.kill(found.pid, signal.SIGTERM)
    except OSError as error:
        raise ConfigurationError(f"cannot end process {found.pid}: {error.strerror}") from error
    limit = time.monotonic() + _PATIENCE
    port = urlsplit(found.endpoint).port or 0
    while found in state.everyone() or not ministack.is_free(port):
        if time.monotonic() > limit:
            raise ConfigurationError(
                f"process {found.pid} has not ended within {_PATIENCE:.0f} s: kill -9 {found.pid}"
            )
        time.sleep(0.1)
