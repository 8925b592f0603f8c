"""The figures as tables in docs/CHOOSE.md, each between `<!-- NAME: made -->` and `<!-- end -->`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.choose.models import BATCHES, VARIANTS
from benchmarks.choose.rounds import THREADS
from litescore.settings import RUNTIMES

PAGE = Path(__file__).parents[2] / "docs" / "CHOOSE.md"
FIGURES = Path(__file__).with_name("figures.json")
# About what a busy Linux lets a process run at once.
_UNDISTURBED_MS = 3
_MARKED = re.compile(r"(<!-- (\w+): made -->\n).*?(<!-- end -->)", re.DOTALL)


def write(held: Mapping[str, Any]) -> None:
    """Put the figures into the page, whose words stay."""
    PAGE.write_text(rendered(PAGE.read_text(), held))


def rendered(text: str, held: Mapping[str, Any]) -> str:
    """The page with these figures between its marks."""
    parts = {"machine": _machine, "files": _files, "runtimes": _runtimes, "aws": _aws}
    return _MARKED.sub(
        lambda found: f"{found[1]}\n{chr(10).join(parts[found[2]](held))}\n\n{found[3]}", text
    )


def _machine(held: Mapping[str, Any]) -> Iterator[str]:
    machine = held["machine"]
    vnni = "with VNNI" if machine["vnni"] else "without VNNI"
    yield (
        f"{machine['cpu']} ({machine['machine']}, {vnni}), {machine['cores']} processors, "
        f"Python {machine['python']}; {held['rounds']} rounds; load {machine['load']:g} before."
    )
    if _busy(held):
        yield (
            "Other work kept the processors busy. So two threads are left out below, and an invocation "
            f"of more than {_UNDISTURBED_MS} ms is a dash: each was interrupted."
        )


def _busy(held: Mapping[str, Any]) -> bool:
    machine = held["machine"]
    return bool(machine["load"] >= machine["cores"])


def _files(held: Mapping[str, Any]) -> Iterator[str]:
    names = list(held["models"])
    yield "| variant | " + " | ".join(f"{name}: kB | drop, points" for name in names) + " |"
    yield "|---|" + "---|---|" * len(names)
    for place, variant in enumerate(VARIANTS):
        cells = []
        for name in names:
            file = held["models"][name]["files"][place]
            drops = file["drop"].values()
            cells += [f"{file['bytes'] / 1000:,.0f}", f"{max(drops):+.2f}" if drops else "–"]
        yield f"| {variant} | " + " | ".join(cells) + " |"


def _runtimes(held: Mapping[str, Any]) -> Iterator[str]:
    for place, (name, model) in enumerate(held["models"].items()):
        if place:
            yield ""
        rows = {
            (one["variant"], one["runtime"], one["batch"], one["threads"]): one
            for one in model["costs"]
            if "refused" not in one
        }
        base = rows["f32", "litert", 1, 1]
        versions = {runtime: version for (_, runtime, *_), version in _versions(rows)}
        yield f"**{name}**: 1.00 is {_milliseconds(base['ms'])}"
        yield ""
        threads = THREADS[:1] if _busy(held) else THREADS
        columns = list(product(RUNTIMES, BATCHES, threads))
        yield "| | " + " | ".join(_column(*one, versions) for one in columns) + " | MB |"
        yield "|---|" + "---|" * (len(columns) + 1)
        for variant in VARIANTS:
            cells = [_ratio(rows.get((variant, *one)), _busy(held)) for one in columns]
            yield f"| {variant} | " + " | ".join(cells) + f" | {_memory(rows, variant)} |"


def _versions(rows: Mapping[tuple[str, str, int, int], Any]) -> Iterator[tuple[Any, str]]:
    return ((place, row["version"]) for place, row in rows.items())


def _column(runtime: str, batch: int, threads: int, versions: Mapping[str, str]) -> str:
    short = "LiteRT" if runtime == "litert" else runtime
    many = f", {threads} threads" if threads > 1 else ""
    return f"{short} {versions.get(runtime, '')}, {batch}{many}"


def _ratio(row: Mapping[str, Any] | None, busy: bool) -> str:
    if row is None:
        return "refused"
    disturbed = busy and row["ms"] * row["batch"] > _UNDISTURBED_MS
    return "–" if disturbed else f"{row['ratio']:.2f}"


def _memory(rows: Mapping[Any, Any], variant: str) -> str:
    small, large = (rows[variant, "litert", batch, 1]["mb"] for batch in BATCHES)
    return "–" if small is None else f"{small:.1f}, {large:.1f}"


def _milliseconds(number: float) -> str:
    return f"{1000 * number:.1f} us an image" if number < 0.1 else f"{number:.2f} ms an image"


def _aws(held: Mapping[str, Any]) -> Iterator[str]:
    for place, case in enumerate(dict.fromkeys(row["case"] for row in held["aws"])):
        if place:
            yield ""
        yield f"**{case}**, a million a month"
        yield ""
        yield "| | ms an image, x86 | dollars, x86 | Arm | in shards, x86 | Arm |"
        yield "|---|---|---|---|---|---|"
        rows = [row for row in held["aws"] if row["case"] == case]
        for machine in dict.fromkeys(row["machine"] for row in rows):
            x86, arm = (row for row in rows if row["machine"] == machine)
            shards = [f"{one['shard_dollars']:.2f}" if "shard_dollars" in one else "–" for one in (x86, arm)]  # fmt: skip
            yield (
                f"| {machine} | {x86['ms']:.3g} | {x86['dollars']:.2f} | {arm['dollars']:.2f} | "
                + " | ".join(shards)
                + " |"
            )
