"""A device that kills itself before step k of an update, for every k.

A step is what changes the disk: a file opened to be written, synced, renamed or removed, a folder made.
At a sync there are two kills: with all of the file there, and with half of it, as a power cut leaves it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.kills.device import BOOT, FRAMES, Frames, device, follower
from benchmarks.kills.site import LEFT_OVER, Ledger, Site, UntrueError, check_start
from edge.loop import Loop
from edge.stop import Stop

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
Run = Callable[[Site, Path], None]


@dataclass
class Steps:
    """Counts what changes the disk below `root` in this process, and kills it before step `last`.

    torn  of a file that is being synced only half is there
    told  the names of the steps so far
    """

    root: Path
    last: int = sys.maxsize
    torn: bool = False
    told: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """From now on, for as long as this process lives."""
        sys.addaudithook(self._audit)
        os.fsync = lambda file: self._step("sync", int(file))  # type: ignore[arg-type,call-overload]

    def _audit(self, event: str, words: tuple[Any, ...]) -> None:
        if event not in ("open", "os.rename", "os.remove", "os.mkdir"):
            return
        path = str(words[0])
        if event == "open" and not words[2] & _WRITES:
            return
        if path.startswith(str(self.root)):
            self._step(f"{event} {Path(path).name}")

    def _step(self, name: str, file: int | None = None) -> None:
        if len(self.told) == self.last:
            if file is not None and self.torn:
                os.ftruncate(file, os.fstat(file).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        self.told.append(name)


def takes(site: Site, state: Path) -> None:
    """A device runs what it has, takes what is handed out, and that passes its trial."""
    _update(site, state, torn=False)


def takes_first(site: Site, state: Path) -> None:
    """A device that has nothing yet."""
    _update(site, state, torn=False)


def takes_back(site: Site, state: Path) -> None:
    """As `takes`, but the new release's frames fail: it goes back to what it had."""
    _update(site, state, torn=True)


def _update(site: Site, state: Path, *, torn: bool) -> None:
    # What the follower's thread does, one after the other: so step k is the same each time.
    found = follower(site, state, every=1000)
    loop = Loop(found.first(), device(), watchers=[found])
    found._take = loop.replace
    before = loop.scorer.digest
    loop.run(Frames(2 * FRAMES), Stop())
    found._look()
    loop.run(Frames(1), Stop())
    loop.run(Frames(FRAMES, torn=torn and loop.scorer.digest != before), Stop())
    found._judge()
    found.end()
    found.close()


@dataclass(frozen=True)
class Outcome:
    """kills: how many there were, of so many steps; each left what it should."""

    steps: int
    kills: int


def every_step(folder: Path, run: Run) -> Outcome:
    """Kill a device at every step of `run`. Raises UntrueError for the first that leaves it without a
    release, with another than it should run, or with a state that is not so.
    """
    site, before = Site.made(folder), folder / "before"
    site.publish(1)
    if run is takes_first:
        before.mkdir()
    else:
        _forked(lambda: takes(site, before))
    newer = site.publish(2)
    faulty = {newer} if run is takes_back else set()
    names = _names(site, before, folder / "dry", run)
    planned = [*_planned(names, run)]
    for number, torn in planned:
        state = folder / f"step-{number}-{torn}"
        shutil.copytree(before, state)
        try:
            _kill_once(site, state, run, number, torn)
            if (slots := site.slots(state)).state.slot or run is not takes_first:
                check_start(slots, Ledger(BOOT, faulty=faulty))
            _check_rest(site, state, newer)
        except UntrueError as error:
            raise UntrueError(f"step {number}, {names[number]}, torn {torn}: {error}") from error
        shutil.rmtree(state)
    return Outcome(len(names), len(planned))


def _planned(names: list[str], run: Run) -> Iterator[tuple[int, bool]]:
    """The steps to kill at, and whether with half of a file."""
    # Until it is in its slot the one that is taken back is as any other.
    put = max(number for number, name in enumerate(names) if "release.json" in name)
    for number, name in enumerate(names):
        if number >= put or run is not takes_back:
            yield number, False
            if name == "sync":
                yield number, True


def _names(site: Site, before: Path, state: Path, run: Run) -> list[str]:
    """The steps of a run that is not killed."""
    shutil.copytree(before, state)
    said = state.with_suffix(".steps")

    def dry() -> None:
        steps = Steps(state)
        steps.watch()
        run(site, state)
        said.write_text("\n".join(steps.told))

    _forked(dry)
    return said.read_text().splitlines()


def _kill_once(site: Site, state: Path, run: Run, last: int, torn: bool) -> None:
    def killed() -> None:
        Steps(state, last, torn).watch()
        run(site, state)

    if _forked(killed) != -signal.SIGKILL:
        raise UntrueError("it was not killed: the steps are not the same each time")


def _check_rest(site: Site, state: Path, newer: str) -> None:
    """Left alone, the device gets to where the channel points, and leaves nothing behind."""
    _forked(lambda: takes(site, state))
    slots = site.slots(state)
    held = slots.held(str(slots.state.slot))
    if held is None or (held.release.digest == newer) == (newer in slots.state.bad):
        raise UntrueError(f"left alone it did not go on: {slots.state}")
    if slots.state.trial or slots.state.proof or slots.state.begun:
        raise UntrueError(f"left alone it did not come to an end: {slots.state}")
    if left := [path for glob in LEFT_OVER for path in slots.folder.glob(glob)]:
        raise UntrueError(f"left behind: {left}")


def _forked(function: Callable[[], None]) -> int:
    """The exit code of a fork that runs it; negative for the signal that killed it. Raises
    UntrueError where it raised.
    """
    child = os.fork()
    if child == 0:
        try:
            # A kill loses nothing that the kernel has: syncing would only take its time.
            os.fsync = lambda _: None
            function()
            os._exit(0)
        except BaseException:  # noqa: BLE001 the fork must not go on as its parent
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(99)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 99:
        raise UntrueError("it raised, see above")
    return code
