"""`litescore score`: sources to subjects, outcomes to records, with progress.

The pipeline is that of the Lambda handler; only where subjects come from differs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from litescore import batch, image, output, results, store
from litescore.batch import Outcome
from litescore.errors import ConfigurationError, UsageError
from litescore.output import Summary
from litescore.record import Subject
from litescore.s3 import is_s3
from litescore.scorer import Scorer
from litescore.settings import Settings

Tell = Callable[[Outcome], None]


def settings_with(
    *,
    model: str | None = None,
    threads: int | None = None,
    batch: int | None = None,
    top: int | None = None,
) -> Settings:
    """The environment's settings, overruled by what is given here."""
    found = Settings.read()
    return replace(
        found,
        model=model or found.model,
        threads=threads or found.threads,
        batch=batch or found.batch,
        top=top or found.top,
    )


def subjects(sources: Sequence[str]) -> Iterator[Subject]:
    """The images that sources name: a file whatever its name, the pictures of folders and prefixes.

    Raises UsageError for a source that names none.
    """
    for source in sources:
        whole = not is_s3(source) and store.local_path(source).is_file()
        empty = True
        for entry in store.list_objects(source):
            if whole or entry.source == source or _is_picture(entry.source):
                empty = False
                yield entry.subject
        if empty:
            raise UsageError(
                f"no images at {source}: files ending in {', '.join(image.SUFFIXES[:4])}, ..."
            )


def to_stdout(sources: Sequence[str], scorer: Scorer, settings: Settings) -> int:
    """Print a record an image; 1 when some failed, else 0."""
    code = 0
    for outcome in batch.run(subjects(sources), scorer, settings=settings):
        if outcome.record is None:
            raise ConfigurationError(f"cannot read an image: {outcome.retry}")
        code = code if outcome.record.status == "scored" else 1
        sys.stdout.write(outcome.record.to_json() + "\n")
    return code


def to_place(
    sources: Sequence[str],
    scorer: Scorer,
    settings: Settings,
    place: str,
    *,
    overwrite: bool,
    tell: Tell = lambda _outcome: None,
) -> Summary:
    """Write the records of all sources under a folder or s3:// prefix.

    What the place holds already is not scored again. Raises UsageError when that is another
    model's, unless `overwrite`, which removes it first; nothing is removed for sources that are
    not there.
    """
    if not is_s3(place) and store.local_path(place).is_file():
        raise UsageError(f"{place} is a file: --out names a folder or an s3:// prefix")
    if overwrite:
        for source in sources:
            next(subjects([source]))
    done = _scored_before(place, scorer.digest, overwrite=overwrite)
    skipped = 0

    def fresh() -> Iterator[Subject]:
        nonlocal skipped
        for subject in subjects(sources):
            if subject.identity(scorer.digest) in done:
                skipped += 1
            else:
                yield subject

    outcomes = batch.run(fresh(), scorer, settings=settings)
    summary = output.write_all(_watched(outcomes, tell), place)
    summary.skipped = skipped
    return summary


@contextmanager
def progress() -> Iterator[Tell]:
    """A line on a terminal's standard error: images, images a second, failures."""
    start, images, failed, shown = time.monotonic(), 0, 0, 0.0

    def tell(outcome: Outcome) -> None:
        nonlocal images, failed, shown
        images += 1
        failed += outcome.record is None or outcome.record.status != "scored"
        now = time.monotonic()
        if now - shown > 0.2:
            shown = now
            rate = images / max(now - start, 1e-9)
            sys.stderr.write(f"\r{images:,} images, {rate:,.0f}/s, {failed:,} failed ")
            sys.stderr.flush()

    if not sys.stderr.isatty():
        yield lambda _outcome: None
        return
    try:
        yield tell
    finally:
        sys.stderr.write("\r\x1b[K")


def _watched(outcomes: Iterable[Outcome], tell: Tell) -> Iterator[Outcome]:
    for outcome in outcomes:
        tell(outcome)
        yield outcome


def _scored_before(place: str, model: str, *, overwrite: bool) -> frozenset[str]:
    """Ids of the records at the place."""
    if not is_s3(place) and not store.local_path(place).exists():
        return frozenset()
    if overwrite:
        for url in results.files(place):
            store.delete(url)
        return frozenset()
    ids = set()
    for record in results.read(place):
        if record.model != model:
            raise UsageError(
                f"{place} holds records of another model ({record.model[:12]}): name another "
                "--out, or --overwrite"
            )
        ids.add(record.id)
    return frozenset(ids)


def _is_picture(source: str) -> bool:
    name = source.rpartition("/")[2]
    return not name.startswith(".") and Path(name).suffix.lower() in image.SUFFIXES
