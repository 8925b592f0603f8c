"""What a person hears of a follower: each thing once, in one line."""

from __future__ import annotations

from collections.abc import Callable

from edge.releases.slots import Slots


class Telling:
    """Of the follower of the channel `name`; `say` takes the lines."""

    def __init__(self, name: str, slots: Slots, say: Callable[[str], None]) -> None:
        self._name, self._slots, self._say = name, slots, say
        self._trouble: str | None = None

    def line(self, text: str) -> None:
        """Say it."""
        self._say(f"{self._name}: {text}")

    def failure(self, why: str, *, aloud: bool = True) -> None:
        """What runs goes on, and the state says why; said aloud unless it was said last."""
        if aloud and why != self._slots.state.failure:
            self.line(f"{why}; what runs goes on")
        self._slots.failed(why)

    def trouble(self) -> None:
        """Say why the state is not on disk, where it is not and that is news."""
        earlier, self._trouble = self._trouble, self._slots.trouble
        if self._trouble is not None and self._trouble != earlier:
            self.line(self._trouble)
