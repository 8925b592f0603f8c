"""Ways to do a thing, measured in turns; ratios within a round, and whether they hold."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import truediv

ROUNDS = 7
# Images, and what is done with them.
Way = tuple[int, Callable[[], object]]


@dataclass(frozen=True)
class Cost:
    """Microseconds an image: processor time of this process with all its threads, and on the clock."""

    cpu: float
    wall: float

    @property
    def rate(self) -> float:
        """Images a second."""
        return 1e6 / self.wall


Rounds = Mapping[str, Sequence[Cost]]


def measure(ways: Mapping[str, Way], rounds: int = ROUNDS) -> dict[str, list[Cost]]:
    """The cost of each way in every round; the rounds of all interleaved, so that a ratio within
    one round compares things that met the same machine.
    """
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, (count, work) in ways.items():
            cpu, wall = time.process_time(), time.perf_counter()
            work()
            cost = Cost(
                (time.process_time() - cpu) * 1e6 / count,
                (time.perf_counter() - wall) * 1e6 / count,
            )
            if number:  # the first round warms connections and caches
                found[name].append(cost)
    return found


def cpu(rounds: Rounds, *names: str) -> list[float]:
    """Each round's processor time of some ways, added up."""
    return [
        sum(cost.cpu for cost in costs)
        for costs in zip(*map(rounds.__getitem__, names), strict=True)
    ]


def rate(rounds: Rounds, name: str) -> list[float]:
    """Each round's images a second."""
    return [cost.rate for cost in rounds[name]]


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Each round's ratio."""
    return list(map(truediv, over, under))


def print_costs(title: str, rounds: Rounds) -> None:
    """What each way costs, the medians."""
    print(f"\n{title}")
    for name in rounds:
        middle = statistics.median(cpu(rounds, name))
        images = statistics.median(rate(rounds, name))
        print(f"  {name:<38}{middle:>10,.0f} us CPU{images:>10,.0f} images/s")


def print_ratio(
    what: str,
    over: Sequence[float],
    under: Sequence[float],
    *,
    most: float | None = None,
    least: float | None = None,
) -> bool:
    """One row: the median of the rounds' ratios, their range, and whether the median holds."""
    found = ratios(over, under)
    middle = statistics.median(found)
    form = ".0f" if middle >= 20 else ".2f" if middle >= 0.2 else ".3f"
    low, high = (format(value, form) for value in (min(found), max(found)))
    met = (most is None or middle <= most) and (least is None or middle >= least)
    hold = (
        f"<= {most:.3g} x" if most is not None else f">= {least:g} x" if least is not None else ""
    )
    verdict = ("met" if met else "NOT MET") if hold else ""
    row = f"  {what:<58}{middle:>8{form}} x ({low} to {high})"
    print(f"{row:<92}{hold:<11}{verdict}".rstrip(), flush=True)
    return met
