"""The command `litescore audit`: parses words and prints lines. The work is elsewhere."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from litescore.files import check_place
from litescore.terminal import printable

if TYPE_CHECKING:
    from trainer.audit.findings import Finding
    from trainer.audit.manifest import Kept
    from trainer.audit.whole import Audit

_SHOWN, _NAMED = 3, 1000


@click.command()
@click.argument("source")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Page with the pictures (HTML)."
)
@click.option(
    "--manifest",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a cleaned manifest (*.csv or *.jsonl) for `train --data`.",
)
@click.option(
    "--near",
    type=click.Choice(["keep", "drop"]),
    default="keep",
    show_default=True,
    help="What the manifest does with images that only look alike.",
)
@click.option(
    "--threshold",
    metavar="BITS",
    type=click.IntRange(0, 64),
    default=12,
    show_default=True,
    help="Bits of 256 in which the hashes of images that look alike may differ.",
)
@click.option(
    "--size",
    type=click.IntRange(1, 16384),
    help="Pixels a side of the model's input.  [default: 224]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def audit(
    source: str,
    out: Path | None,
    manifest: Path | None,
    near: str,
    threshold: int,
    size: int | None,
    as_json: bool,
) -> int:
    """Find what is wrong with a data set before a model learns it.

    SOURCE is anything that `train --data` takes. Nothing in it is changed or deleted.
    Looked for are images that cannot be read, the same picture in two splits, under two labels or
    twice (equal, or alike to the eye), images of one colour, odd sizes and colour modes, tiny and
    uneven classes. Exit code 1: something that spoils a training was found.

    \b
    Example:
      litescore audit photos/ --out audit.html
      litescore audit photos/ --manifest clean.csv --near drop
      litescore train --data clean.csv
    """
    from trainer.audit import manifest as cleaned
    from trainer.audit import whole
    from trainer.audit.findings import findings

    started = time.monotonic()
    parts = whole.parts_of(source)
    if manifest:
        cleaned.check(manifest, next(iter(parts.values())))
    for place in filter(None, (out, manifest)):
        check_place(place)
    audited = _audited(parts, threshold)
    found = findings(audited, size=size)
    kept = cleaned.keep(audited, near=near == "keep") if manifest else None
    if manifest and kept:
        cleaned.write(audited, kept, manifest)
    if out:
        from trainer.audit import page

        page.make(audited, found).write(out)
    if as_json:
        click.echo(json.dumps(_facts(audited, found, kept, time.monotonic() - started), indent=2))
    else:
        _say(audited, found)
        _say_files(out, manifest, kept, near)
    return int(any(one.spoils for one in found))


def _audited(parts: dict[str, Any], threshold: int) -> Audit:
    from tqdm import tqdm

    from trainer.audit.whole import audit as run

    total = sum(len(part) for part in parts.values())
    with tqdm(
        total=total, unit="img", unit_scale=True, leave=False, disable=None, file=sys.stderr
    ) as bar:
        return run(parts, bits=threshold, done=bar.update)


def _say(audited: Audit, found: tuple[Finding, ...]) -> None:
    held = ", ".join(f"{len(part):,} {split}" for split, part in audited.parts.items())
    click.echo(f"{audited.name}: {held} images, {len(audited.labels)} classes")
    for note in audited.notes:
        click.echo(f"note: {printable(note)}")
    for one in found:
        click.echo(printable(f"{'BAD ' if one.spoils else '    '}{one.text}"))
        for example in _examples(audited, one, _SHOWN):
            click.echo(printable(f"       {example}"))
        click.echo(f"       -> {printable(one.fix)}")
    bad = sum(one.spoils for one in found)
    click.echo(verdict(len(found), bad))


def verdict(found: int, bad: int) -> str:
    """What the findings come to: `bad` of `found` spoil a training."""
    if bad:
        findings = "finding" if found == 1 else "findings"
        return f"{bad} of {found} {findings} {'spoils' if bad == 1 else 'spoil'} a training"
    return "nothing that spoils a training" if found else "nothing found"


def _examples(audited: Audit, one: Finding, most: int) -> list[str]:
    """A line each of the first images or pairs, and how many more there are."""
    lines = [
        f"{_named(audited, first)} = {_named(audited, second)}" for first, second in one.pairs
    ][:most]
    lines += [_named(audited, number) for number in one.images[:most]]
    more = max(len(one.pairs), len(one.images)) - most
    return [*lines, f"and {more:,} more"] if more > 0 else lines


def _named(audited: Audit, number: int) -> str:
    one = audited.seen[number]
    reason = getattr(one, "reason", "")
    where = f"{audited.where(number)} ({audited.split(number)}, {audited.label(number)})"
    return f"{where}: {reason}" if reason else where


def _say_files(out: Path | None, manifest: Path | None, kept: Kept | None, near: str) -> None:
    if manifest and kept:
        gone = ", ".join(f"{count:,} {why}" for why, count in kept.dropped.items()) or "none"
        alike = "" if near == "drop" else "; those that only look alike are kept (--near drop)"
        click.echo(f"{manifest}: {len(kept.numbers):,} images, left out: {gone}{alike}")
    if out:
        click.echo(f"page: {out}")


def _facts(
    audited: Audit, found: tuple[Finding, ...], kept: Kept | None, seconds: float
) -> dict[str, Any]:
    return {
        "name": audited.name,
        "images": {split: len(part) for split, part in audited.parts.items()},
        "classes": {
            label: {split: int(audited.counts(split)[number]) for split in audited.parts}
            for number, label in enumerate(audited.labels)
        },
        "notes": list(audited.notes),
        "findings": [
            {
                "kind": one.kind,
                "spoils": one.spoils,
                "count": one.count,
                "text": one.text,
                "fix": one.fix,
                "examples": _examples(audited, one, _NAMED),
            }
            for one in found
        ],
        "manifest": {"images": len(kept.numbers), "left_out": kept.dropped} if kept else None,
        "seconds": round(seconds, 2),
    }
