"""SIGTERM as Ctrl-C: what is scored is written before the process ends.

A container's machine is taken away with a SIGTERM first, and as process 1 Python would not hear it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def asked_politely() -> Iterator[None]:
    """Within it a SIGTERM raises KeyboardInterrupt; outside of the main thread nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
