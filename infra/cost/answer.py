"""The answer of `litescore cost`: every way's dollars, and which is cheapest from where on."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from math import floor

from infra.cost import cheapest, ways
from infra.cost.cheapest import Reign
from infra.cost.prices import Prices
from infra.cost.ways import PARTS, Way
from infra.cost.work import ARCHES, Work

_WHO = {"lambda": "Lambda", "batch": "AWS Batch on Fargate Spot", "instance": "always on"}


@dataclass(frozen=True)
class Answer:
    """What so many images cost in a month by each way.

    ways    all of them
    limit   images up to which the cheapest was looked for
    among   the cheapest of all ways, of those for single objects, of those that wait for images
    """

    images: int
    work: Work
    prices: Prices
    ways: tuple[Way, ...]
    limit: int
    among: dict[str, list[Reign]]

    def as_json(self, today: datetime.date) -> dict[str, object]:
        """Everything as plain JSON values; dollars as numbers."""
        work = asdict(self.work)
        return {
            "images": self.images,
            "prices": {
                "date": self.prices.date.isoformat(),
                "region": self.prices.region,
                "source": self.prices.source,
                "old": self.prices.old(today),
            },
            "assumed": work.pop("assumed"),
            "work": work,
            "ways": [self._way(way) for way in self.ways],
            "cheapest": {
                name: [
                    {"from": reign.first, "path": reign.way.path, "machine": reign.way.machine,
                     "arch": reign.way.arch}
                    for reign in found
                ]
                for name, found in self.among.items()
            },
            "looked_up_to": self.limit,
        }  # fmt: skip

    def _way(self, way: Way) -> dict[str, object]:
        parts = {name: float(value) for name, value in way.parts(self.images).items()}
        dollars = float(way.dollars(self.images))
        return {"path": way.path, "machine": way.machine, "arch": way.arch, "parts": parts,
                "dollars": dollars}  # fmt: skip

    def lines(self, today: datetime.date) -> Iterator[str]:
        """The answer for a person, with all that is taken for granted."""
        yield from self.summary(today)
        yield from self._notes()

    def summary(self, today: datetime.date) -> Iterator[str]:
        """Every way's dollars, and which is cheapest from where on."""
        work = self.work
        yield (
            f"{self.images:,} images a month of {work.kilobytes:g} kB, "
            f"{work.milliseconds:.4g} ms each; the function has {work.memory:g} MB"
        )
        yield f"dollars, {self.prices.region}, {self.prices.date}: {self.prices.source}"
        if self.prices.old(today):
            yield "these prices are older than a year: look them up, and give others by --prices"
        yield from self._table()
        for name, found in self.among.items():
            yield from _reigns(name, found, self.limit)

    def _table(self) -> Iterator[str]:
        width = max(len(named(way)) for way in self.ways)
        yield ""
        yield "".join(f"{word:>11}" for word in ("", *PARTS, "in all")).replace(
            " " * 11, " " * (width + 2), 1
        )
        best = min(self.ways, key=lambda way: way.dollars(self.images))
        for way in self.ways:
            parts = way.parts(self.images)
            figures = [*(float(parts[part]) for part in PARTS), float(way.dollars(self.images))]
            mark = "  cheapest" if way is best else ""
            yield f"  {named(way):<{width}}" + "".join(f"{one:>11,.4f}" for one in figures) + mark

    def _notes(self) -> Iterator[str]:
        yield ""
        for arch in dict.fromkeys(way.arch for way in self.ways):
            name, processors = ways.INSTANCES[arch]
            most = floor(ways.images_an_instance(self.work, arch))
            many = -(-self.images // most) if most else self.images
            yield (
                f"one always-on {name.replace('-', '.', 1)} ({processors} vCPU) scores at most {most:,} "
                f"images a month: {many:,} needed"
            )
        yield (
            f"AWS Batch: infra/batch.yaml, {self.work.assumed.shares:g} shares of a manifest; of a "
            "prefix each share pays for a listing of its own"
        )
        kept = self.images * self.work.kilobytes / 1e6 * float(self.prices["s3.gb-month"])
        yield f"keeping the images themselves costs {kept:,.2f} a month, whatever the way: not in it"
        yield "not in it either: free tiers, transfer out of the region, the PUTs that brought them"
        yield ""
        yield "taken for granted (another figure: --assume NAME=NUMBER):"
        yield from (f"  {line}" for line in self.work.assumed.sentences())


def answer(
    images: int, work: Work, prices: Prices, arches: Collection[str] = tuple(ARCHES)
) -> Answer:
    """What so many images a month cost, on these architectures."""
    every = [way for way in ways.all_ways(work, prices) if way.arch in arches]
    limit = cheapest.reach(every)
    groups = {
        "all ways": every,
        "ways for single objects": [way for way in every if way.path != "shards"],
        # Not by order, but as images come.
        "events and an always-on instance": [
            way for way in every if way.path == "events" or way.machine == "instance"
        ],
    }
    among = {name: cheapest.reigns(group, limit) for name, group in groups.items()}
    return Answer(images, work, prices, tuple(every), limit, among)


def named(way: Way) -> str:
    """A way in words."""
    who = _WHO[way.machine]
    if way.machine == "instance":
        who = f"{ways.INSTANCES[way.arch][0].replace('-', '.', 1)} {who}"
    return f"{way.path}, {who}, {way.arch}"


def _reigns(name: str, found: list[Reign], limit: int) -> Iterator[str]:
    yield ""
    yield f"cheapest of {name} (looked at up to {limit:,} images a month):"
    for reign in found:
        count = f"{reign.first:,} image" + ("s" if reign.first > 1 else "")
        yield f"  from {count:>20} on: {named(reign.way)}"
