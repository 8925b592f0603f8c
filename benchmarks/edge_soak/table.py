"""The soak's table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from statistics import median

from benchmarks.edge_soak.process import Health
from benchmarks.edge_soak.soaking import Soak
from benchmarks.edge_soak.verdict import Verdict

_SHOWN = 20
# From here on a process has made its caches, in frames.
WARM = 10_000


def table(soak: Soak, found: Verdict) -> str:
    """What a soak came to, for people: what struck, what came out, what it cost."""
    lines = [f"{name:<28}{value}" for name, value in _rows(soak, found)]
    lines += [f"TROUBLE  {trouble}" for trouble in found.troubles[:_SHOWN]]
    if (more := len(found.troubles) - _SHOWN) > 0:
        lines.append(f"and {more} more")
    return "\n".join(lines)


def _rows(soak: Soak, found: Verdict) -> Iterator[tuple[str, str]]:
    yield "frames told", f"{soak.told:,} (seed {soak.seed}), {len(soak.struck)} faults"
    yield "processes", f"{len(soak.processes)}"
    seconds = defaultdict(list)
    for one in soak.struck:
        seconds[one.name].append(one.seconds)
    for name, took in seconds.items():
        times = f"{len(took)} time" + "s" * (len(took) > 1)
        yield (
            f"  {name}",
            f"{times}, all running again after {median(took):.1f} s (at most {max(took):.1f})",
        )
    ends = [process.seconds for process in soak.processes if process.how == "SIGTERM"]
    yield "SIGTERM to the end", f"{median(ends):.2f} s (at most {max(ends):.2f})"
    yield (
        "records",
        f"{sum(found.records.values()):,} in {found.files} files: {_counts(found.records)}",
    )
    yield "  failed", _counts(found.kinds)
    yield "  of models, of years", f"{found.models}, {', '.join(map(str, found.years))}"
    yield "events arrived", f"{found.events:,} in {found.messages:,} messages"
    yield "kept frames arrived", f"{found.kept:,}"
    for lost in found.lost:
        yield (
            "  lost by a SIGKILL",
            f"{lost.records} records, {lost.events} events, {lost.frames} kept",
        )
    several = looks(soak)
    if several:
        memory = ", ".join(f"{health.rss / 1e6:.1f}" for health in several)
        yield "memory, MB", f"{memory}: {several[-1].rss / several[0].rss:.3f} times"
        yield "threads", ", ".join(str(health.threads) for health in several)
        yield "descriptors", ", ".join(str(health.descriptors) for health in several)
    yield "balance", "does not hold" if found.troubles else "holds"
    yield "seconds", f"{soak.seconds:.0f}"


def looks(soak: Soak) -> list[Health]:
    """The last process after each quarter of its faults, from when it had run for `WARM` frames (of a
    short soak, from its second fault).
    """
    before = sum(process.told for process in soak.processes[:-1])
    own = [one for one in soak.struck if one.at >= before]
    warm = [one for one in own if one.at - before >= WARM] or own[1:]
    return [warm[quarter * (len(warm) - 1) // 4].health for quarter in range(5)] if warm else []


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in Counter(counts).most_common()) or "none"
