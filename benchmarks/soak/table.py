"""The soak's table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks.soak.verdict import Verdict

_SHOWN = 20


def table(objects: int, seed: int, found: Verdict) -> str:
    """What a soak came to, for people: what was done, what struck, what came out."""
    lines = [f"{name:<26}{value}" for name, value in _rows(objects, seed, found)]
    lines += [f"TROUBLE  {trouble}" for trouble in found.troubles[:_SHOWN]]
    if (more := len(found.troubles) - _SHOWN) > 0:
        lines.append(f"and {more} more")
    return "\n".join(lines)


def _rows(objects: int, seed: int, found: Verdict) -> Iterator[tuple[str, str]]:
    course, calls, balance = found.course, found.invocations, found.balance
    yield "objects", f"{objects:,} (seed {seed})"
    yield "put again, deleted", f"{course.puts - objects:,}, {len(course.deleted):,}"
    yield "announced again, no event", f"{course.announced:,}, {len(course.junk):,}"
    yield "invocations", f"{calls.total:,}"
    yield "  killed", f"{calls.killed:,} of {course.kills:,} kills struck one at work"
    yield "  raised", _counts(calls.raised)
    yield "faults of S3", _counts(course.faults)
    yield "redelivered", f"{calls.handed_back:,} messages handed back, {calls.lost:,} whole batches"
    yield "dead letters", f"{course.dead_letters:,}, after the redrive {len(course.dead_at_end):,}"
    yield "records", f"{found.records:,} in {found.files:,} files: {_counts(found.statuses)}"
    yield "  failed", _counts(found.kinds)
    yield "  of equal id, merged", f"{found.lines - found.records:,}"
    yield "  files written twice", f"{found.rewritten:,}"
    if "error" in balance:
        yield "reconcile", balance["error"]
    else:
        yield (
            "reconcile",
            ", ".join(
                f"{balance[name]:,} {name}"
                for name in ("listed", "missing", "double", "superseded", "unlisted")
            ),
        )
    yield "balance", "does not hold" if found.troubles else "holds"
    yield "seconds", f"{course.seconds:.0f}"


def _counts(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda one: -one[1])
    return ", ".join(f"{count:,} {name}" for name, count in ordered) or "none"
