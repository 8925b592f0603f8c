"""Fetching one file over HTTP, giving up soon where there is no network.

Knows nothing of data sets.
"""

from __future__ import annotations

import http.client
import queue
import threading
import urllib.request
from typing import Any

from litescore.errors import DataError

# Looking up a name can hang longer than any socket's timeout, so the whole of connecting, up to
# the answer's header, is given this long; and later each read.
PATIENCE_SECONDS = 5.0

_FAILURES = (OSError, http.client.HTTPException, ValueError)


def fetch(url: str, *, patience: float = PATIENCE_SECONDS) -> bytes:
    """The content behind an http(s) URL; proxies are taken from the environment as urllib does.

    Raises DataError, within `patience` seconds where nothing answers.
    """
    answer = _open(url, patience)
    try:
        with answer:
            return bytes(answer.read())
    except _FAILURES as error:
        raise _failed(url, error) from error


def _open(url: str, patience: float) -> Any:
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    asker = threading.Thread(target=_ask, args=(url, patience, answers), daemon=True)
    asker.start()
    try:
        # The socket's own timeout is the same: let it speak first, it knows more.
        answer = answers.get(timeout=patience)
    except queue.Empty:
        raise _failed(url, TimeoutError(f"no answer within {patience:g} s")) from None
    if isinstance(answer, Exception):
        raise _failed(url, answer) from answer
    return answer


def _ask(url: str, patience: float, answers: queue.SimpleQueue[Any]) -> None:
    # urlopen would keep the proxies of its first call for as long as the process lives.
    opener = urllib.request.build_opener()
    try:
        answers.put(opener.open(url, timeout=patience * 0.9))
    except _FAILURES as error:
        answers.put(error)


def _failed(url: str, error: Exception) -> DataError:
    reason = getattr(error, "reason", None) or error
    return DataError(f"cannot download {url}: {reason}")
