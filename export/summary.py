"""What an export found, as lines for a terminal and as plain values for a machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from export import choose
from export.exported import Exported
from export.proof import Reading
from export.reference import ReferenceResult
from export.trial import Trial
from litescore.bench.latency import Latency


def verdict(exported: Exported, trial: Trial) -> str:
    """`chosen`, `passes`, or what keeps it from passing."""
    if trial is exported.choice.trial:
        return "chosen"
    order = exported.order
    return "; ".join(choose.misses(trial, exported.exam, order.limits, order.target)) or "passes"


def table(exported: Exported) -> list[list[str]]:
    """The names of the columns, then a row for each trial; latencies are at one image and at the
    pipeline's batch. Columns without a value are left out.
    """
    every = [_header(exported), *(_row(exported, trial) for trial in exported.trials)]
    filled = [n for n in range(len(every[0])) if any(row[n] for row in every[1:])]
    return [[row[n] for n in filled] for row in every]


def _header(exported: Exported) -> tuple[str, ...]:
    at = f" at {' / '.join(map(str, _batches(exported)))}"
    names = ("variant", "kB", "accuracy", "worst class", "as Keras")
    return (*names, f"p50 ms{at}", f"images/s{at}", "MB", "")


def _batches(exported: Exported) -> list[int]:
    """How many images an invocation took, in any measurement."""
    return sorted({batch for trial in exported.trials for batch in trial.latency})


def lines(exported: Exported) -> list[str]:
    """The table, the choice and the test images, for a terminal."""
    exam, tested = exported.exam, exported.tested
    found = [f"Keras has {exam.accuracy:.2%} on {len(exam.classes):,} validation images", ""]
    found += [*_columns(table(exported)), "", f"{exported.choice.why}."]
    if tested is not None:
        found.append(f"{len(tested.exam.classes):,} test images, Keras {tested.exam.accuracy:.2%}:")
        found += [f"  {reading!s:<22}{_tested(reading)}" for reading in tested.readings]
        found.append(_calibration(exported.ece))
    if exported.reference is not None:
        found += _reference(exported.reference)
    if exported.path is not None:
        found.append(
            f"Wrote {exported.path} ({exported.chosen.candidate}, {exported.size:,} bytes)"
        )
    return found


def as_json(exported: Exported) -> dict[str, Any]:
    """The whole comparison. Accuracies and recalls are 0..1, drops percentage points."""
    exam, order = exported.exam, exported.order
    return {
        "path": str(exported.path) if exported.path else None,
        "target": order.target.name if order.target else None,
        "chosen": str(exported.choice.trial.candidate) if exported.choice.trial else None,
        "why": exported.choice.why,
        "limits": asdict(order.limits),
        "validation": {"float": exam.accuracy, "n": len(exam.classes)},
        "candidates": [_trial(exported, trial) for trial in exported.trials],
        "notes": list(exported.source.notes),
        "layers": [asdict(cost) for cost in exported.layer_costs],
        "temperature": exported.temperature,
        "reference": asdict(exported.reference) if exported.reference else None,
        **_written(exported),
    }


def _calibration(ece: Mapping[str, float]) -> str:
    before = f", without its temperature {ece['before']:.2%}" if "before" in ece else ""
    return f"  expected calibration error {ece['after']:.2%}{before}"


def reference_text(found: ReferenceResult) -> str:
    """How the file agrees with someone's own predictions, and why it does not."""
    text = (
        f"{found.agreement:.2%} of {found.n:,} predictions are the file's too "
        f"(Keras as described: {found.keras:.2%})"
    )
    if found.unknown:
        text += f"; {len(found.unknown):,} name no picture of the data, first {found.unknown[0]!r}"
    return f"{text}. Likeliest cause: {found.cause}." if found.cause else f"{text}."


def reference_rows(found: ReferenceResult) -> list[tuple[str, ...]]:
    """File, their class, the file's class; with scores where there are any."""
    return [
        (one.file, _scored(one.theirs, one.their_score), _scored(one.ours, one.our_score))
        for one in found.first
    ]


def _scored(label: str, score: float | None) -> str:
    return label if score is None else f"{label} {score:.1%}"


def _reference(found: ReferenceResult) -> list[str]:
    rows = reference_rows(found)[:5]
    return [
        reference_text(found),
        *(f"  {file}: yours {theirs}, the file's {ours}" for file, theirs, ours in rows),
    ]


def _written(exported: Exported) -> dict[str, Any]:
    if exported.contract is None or exported.tested is None:
        return {}
    return {
        "variant": exported.contract.variant,
        "bytes": exported.size,
        "smallest_runtime": exported.contract.smallest_runtime,
        "drop": exported.tested.drop,
        "ece": exported.ece,
        **exported.contract.accuracy,
    }


def _trial(exported: Exported, trial: Trial) -> dict[str, Any]:
    values: dict[str, Any] = {
        "variant": trial.candidate.variant,
        "batch": trial.candidate.batch,
        "bytes": trial.size,
        "verdict": verdict(exported, trial),
        "latency": [asdict(latency) for latency in trial.latency.values()],
        "runtimes": [_reading(reading) for reading in trial.readings],
    }
    if trial.read:
        worst = trial.class_drop(exported.exam)
        values |= {"accuracy": trial.accuracy, "drop": trial.drop(exported.exam)}
        values |= {"agreement": trial.agreement, "worst_class": asdict(worst)}
    return values


def _reading(reading: Reading) -> dict[str, Any]:
    found = reading.comparison
    if found is None:
        return {"runtime": str(reading), "refused": reading.refused}
    return {
        "runtime": str(reading),
        "accuracy": reading.accuracy,
        "agreement": found.agreement,
        "ties": found.ties,
        "farthest": found.farthest,
    }


# Columns of a trial that was not read, between its size and its verdict.
_BETWEEN = 6


def _row(exported: Exported, trial: Trial) -> tuple[str, ...]:
    name, said = str(trial.candidate), verdict(exported, trial)
    if not trial.read:
        size = f"{trial.size / 1000:,.1f}" if trial.size else ""
        return (name, size, *[""] * _BETWEEN, said)
    worst = trial.class_drop(exported.exam)
    costs = [trial.latency.get(batch) for batch in _batches(exported)]
    return (
        name,
        f"{trial.size / 1000:,.1f}",
        f"{trial.accuracy:.2%}",
        f"{-worst.points:.1f} {worst.label}" if worst.points > 0.05 else "",
        f"{trial.agreement:.2%}",
        _each(costs, lambda cost: f"{cost.p50:.3g}"),
        _each(costs, lambda cost: f"{cost.images_per_second:,.0f}"),
        _memory(max((cost.memory or 0 for cost in costs if cost), default=0)),
        said,
    )


def _each(costs: Sequence[Latency | None], text: Callable[[Latency], str]) -> str:
    """A figure for each batch, `-` where it is not known; nothing where none is."""
    return " / ".join(text(cost) if cost else "-" for cost in costs) if any(costs) else ""


def latency_rows(exported: Exported) -> Iterator[tuple[object, ...]]:
    """Candidate, batch, p50, p90, p99 (ms), images/s and peak memory (MB), one a measurement."""
    for trial in exported.trials:
        for batch, cost in trial.latency.items():
            yield (trial.candidate, cost.runtime, batch, *_milliseconds(cost), *_rest(cost))


def _milliseconds(cost: Latency) -> tuple[str, ...]:
    return tuple(f"{value:.3f}" for value in (cost.p50, cost.p90, cost.p99))


def _rest(cost: Latency) -> tuple[str, ...]:
    return f"{cost.images_per_second:,.0f}", _memory(cost.memory)


def _memory(megabytes: float | None) -> str:
    return f"{megabytes:.1f}" if megabytes else ""


def _tested(reading: Reading) -> str:
    if reading.comparison is None:
        return f"does not load it: {reading.refused}"
    same = reading.comparison.agreement
    return f"{reading.accuracy:.2%}, {same:.2%} the same top-1 as Keras"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as text, the first column and the last set to the left."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    found = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:], strict=True)]
        found.append("  ".join([*cells, row[-1]]).rstrip())
    return found
