"""Which of the scored frames are told to the sinks."""

from __future__ import annotations

from typing import Protocol

from edge.scored import Scored


class Emission(Protocol):
    """Says of each frame whether it is emitted."""

    def due(self, scored: Scored) -> bool: ...


class Every:
    """Every frame."""

    def due(self, scored: Scored) -> bool:  # noqa: ARG002 what it says of any
        return True


EVERY = Every()
