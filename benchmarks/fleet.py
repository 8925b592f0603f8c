"""A fleet of devices on one machine: a release goes to a share of them, then to all.

Each device is a real `litescore edge run` with an id, a state folder and records of its own, started again
whenever it ends. The shelf lies in a real S3 server. One device is cut off from it once it runs, and one
crashes with the new release, always. In the end: what ran where, counted in the records.

    python -m benchmarks.fleet [--devices 20] [--share 20]

Exits with 1 where a device did not do as it should.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.kills.processes import pictures
from edge.releases import state as states
from edge.releases.state import State
from litescore.releases import keys
from litescore.releases.channel import place_of
from tests.releases.conftest import make_model
from tests.rig import proxy, seaweed
from tests.rig.supervised import Supervised

MODEL = "shoes"
# After so many frames the release takes the crashing device down.
_FRAMES = 30
_PATIENCE = 300.0


@dataclass(frozen=True)
class Unit:
    """A device: its id, its folder, the loop that runs on it, and what is wrong with it."""

    name: str
    folder: Path
    loop: Supervised
    fate: str

    @property
    def place(self) -> float:
        """Where it stands in a roll-out: 0 <= place < 100."""
        return place_of(MODEL, self.name)

    @property
    def state(self) -> State:
        return states.read(self.folder / "releases" / MODEL / "state.json")

    def runs(self) -> str | None:
        """The digest that its state names; None before the first."""
        slot = self.state.slot
        if slot is None:
            return None
        path = self.folder / "releases" / MODEL / slot / "model.tflite"
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def settled(self, digest: str) -> bool:
        """Whether it runs this release, and that has passed its trial."""
        return self.state.trial is None and self.runs() == digest


class Fleet:
    """Devices `line-01` and on; a shelf at `root`, whose channel `stable` they follow."""

    def __init__(
        self, folder: Path, root: str, environ: Mapping[str, str], *, interval: float
    ) -> None:
        self.folder, self.root, self.environ = folder, root, environ
        self.interval = interval
        self.units: list[Unit] = []
        self.models = []
        for number in (1, 2):
            model = make_model(number)
            (folder / f"{number}.tflite").write_bytes(model)
            self.models.append(hashlib.sha256(model).hexdigest())
        keys.create(folder / "factory.key")
        pictures(folder / "frames", 20_000)

    def say(self, *words: object) -> None:
        """A command of the publisher's."""
        command = [sys.executable, "-m", "litescore", *map(str, words)]
        command += ["--key", str(self.folder / "factory.key")]
        subprocess.run(command, env=dict(self.environ), check=True, stdout=subprocess.DEVNULL)

    @contextmanager
    def running(self, count: int, cut: str, crashing: str, closed: str) -> Iterator[None]:
        """`count` devices until the block ends; `cut` has its S3 at the endpoint `closed`."""
        with ExitStack() as stack:
            for number in range(count):
                name = f"line-{number + 1:02}"
                fate = "cut off" if name == cut else "crashes" if name == crashing else ""
                loop = self._loop(name, fate, closed)
                self.units.append(Unit(name, self.folder / name, stack.enter_context(loop), fate))
            yield
            for unit in self.units:
                unit.loop.ask_to_end()

    def _loop(self, name: str, fate: str, closed: str) -> Supervised:
        program = ["litescore", "edge"]
        if fate == "crashes":
            program = ["tests.rig.crashing", self.models[1], str(_FRAMES)]
        words = ["run", "--model", f"{self.root}@stable", "--device", name]
        words += ["--trust", self.folder / "factory.key.pub", "--source", self.folder / "frames"]
        words += ["--state", self.folder / name, "--out", self.records / f"{name}.jsonl"]
        words += ["--interval", self.interval, "--check-every", "2", "--trial", "3"]
        environ = dict(self.environ) | {"OMP_NUM_THREADS": "1"}
        if fate == "cut off":
            environ |= {"AWS_ENDPOINT_URL": closed}
        return Supervised(
            [sys.executable, "-m", *program, *map(str, words)],
            self.folder / f"{name}.log",
            environ=environ,
            pause=5.0,
        )

    @property
    def records(self) -> Path:
        folder = self.folder / "records"
        folder.mkdir(exist_ok=True)
        return folder


def roll_out(fleet: Fleet, share: int, told: Callable[[str], None]) -> list[str]:
    """A canary, then all; what went otherwise than it should."""
    older, newer = fleet.models
    sound = [unit for unit in fleet.units if not unit.fate]
    (crashing,) = (unit for unit in fleet.units if unit.fate == "crashes")
    canary = [unit for unit in sound if unit.place < share]
    fleet.say("publish", fleet.folder / "2.tflite", fleet.root, "--share", share)
    _wait(lambda: all(unit.settled(newer) for unit in canary))
    _wait(lambda: newer in crashing.state.bad)
    told(f"{share} % have it: {len(canary)} devices run it, {crashing.name} has left it again")
    early = [unit.name for unit in sound if unit not in canary and unit.runs() != older]
    fleet.say("promote", "stable", "stable", "--at", fleet.root)
    _wait(lambda: all(unit.settled(newer) for unit in sound))
    told(f"all have it: {len(sound)} devices run it")
    time.sleep(5)
    return [
        *(f"{name} took it before its turn" for name in early),
        *(f"{unit.name} does not run the old one" for unit in fleet.units
          if unit.fate and unit.runs() != older),
        *(f"{unit.name} blames a release" for unit in sound if unit.state.bad),
        *(f"{unit.name} was started again {len(unit.loop.codes)} times" for unit in fleet.units
          if len(unit.loop.codes) != (unit.fate == "crashes")),
    ]  # fmt: skip


def ran(records: Path) -> dict[str, Counter[str]]:
    """Device -> digest of a model -> images, counted in the records of a folder."""
    found: dict[str, Counter[str]] = {}
    for path in sorted(records.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            record = json.loads(line)
            found.setdefault(record["frame"]["device"], Counter())[record["model"]] += 1
    return found


def table(fleet: Fleet) -> str:
    """What ran where."""
    counted = ran(fleet.records)
    older, newer = fleet.models
    lines = [
        f"| device | place | images by {older[:12]} | by {newer[:12]} | starts | what it says |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for unit in sorted(fleet.units, key=lambda unit: unit.place):
        images = counted.get(unit.name, Counter())
        said = (unit.state.failure or "").replace(newer[:12], "it")
        lines.append(
            f"| {unit.name} | {unit.place:.0f} | {images[older]} | {images[newer]} "
            f"| {1 + len(unit.loop.codes)} | {said[:90]} |"
        )
    total: Counter[str] = sum(counted.values(), Counter())
    lines.append(f"| all | | {total[older]} | {total[newer]} | | |")
    return "\n".join(lines)


def _wait(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {_PATIENCE:g} s")
        time.sleep(0.2)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--devices", type=click.IntRange(3, 99), default=20, show_default=True)
@click.option("--share", type=click.IntRange(1, 99), default=20, show_default=True,
              help="Percent of the devices that get the release first.")  # fmt: skip
@click.option("--interval", type=float, default=0.1, show_default=True,
              help="Seconds between two frames of a device.")  # fmt: skip
def main(devices: int, share: int, interval: float) -> None:
    """Roll a release out to DEVICES processes, and print what ran where."""
    names = sorted((f"line-{n + 1:02}" for n in range(devices)), key=lambda n: place_of(MODEL, n))
    # The first to get the new release is the one that crashes with it.
    crashing, cut = names[0], names[-1]
    if place_of(MODEL, crashing) >= share:
        raise click.UsageError(f"no device is among the first {share} %: choose more")
    begun = time.monotonic()

    def told(text: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {text}", flush=True)

    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "s3").mkdir()
        s3 = stack.enter_context(seaweed.serve(folder / "s3"))
        line = ExitStack()
        closed = line.enter_context(proxy.serve(s3.endpoint)).endpoint
        root = f"s3://{s3.make_bucket()}/models/{MODEL}"
        fleet = Fleet(folder, root, os.environ | s3.environ, interval=interval)
        with stack.enter_context(line), fleet.running(devices, cut, crashing, closed):
            fleet.say("publish", folder / "1.tflite", root)
            _wait(lambda: all(unit.settled(fleet.models[0]) for unit in fleet.units))
            told(f"{devices} devices run {fleet.models[0][:12]}")
            line.close()
            troubles = roll_out(fleet, share, told)
        print(table(fleet))
    for trouble in troubles:
        print(trouble)
    sys.exit(1 if troubles else 0)


if __name__ == "__main__":
    main()
