"""The web page of a local cloud: what is in it, what it does, and what came out.

On 127.0.0.1 only. It reads the cloud through boto3, and changes nothing in it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from infra.cloud.account import Account
from infra.cloud.stack import Stack
from infra.local.page.overview import Overview
from infra.local.page.server import Server


@contextmanager
def shown(account: Account, stack: Stack, port: int = 0) -> Iterator[str]:
    """The page is served on a port of 127.0.0.1, 0 for any, until the block ends; its URL.

    Raises ConfigurationError where the port is in use.
    """
    server = Server(port, Overview(account, stack))
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="page", daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.server_close()


__all__ = ["shown"]
