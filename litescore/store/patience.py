"""How long S3 is waited for: one place for both of its clients."""

from __future__ import annotations

from typing import NamedTuple

# Bytes that any line takes up within the ordinary silence.
_SMALL_UPLOAD = 1_000_000
# Seconds of silence while a bigger one goes up.
_UPLOADING = 60.0


class Patience(NamedTuple):
    """Limits in seconds, for whoever has a deadline and for whoever moves 2 GB over a slow line.

    connect  until a connection stands
    silence  while nothing comes. There is no limit on a transfer that moves: a big shard may take
             minutes. S3 as a rule answers within a fifth of a second, so what was silent for five
             is dead, and another try costs less than waiting on.
    retries  tries after the first
    pause    before the first of them; before each other up to three times the last
    total    after which nothing is tried again: with the last silence, what one dead object can
             cost a function that has two minutes
    """

    connect: float = 5.0
    silence: float = 5.0
    retries: int = 6
    pause: float = 0.1
    total: float = 10.0

    def for_upload(self, size: int) -> Patience:
        """While a body goes up the server is silent."""
        return self if size <= _SMALL_UPLOAD else self._replace(silence=_UPLOADING)


PATIENCE = Patience()
