"""`litescore score`: sources to subjects, outcomes to records, with progress.

The pipeline is that of the Lambda handler; only where subjects come from differs.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from litescore import batch, output, results, store
from litescore.batch import Outcome
from litescore.errors import ConfigurationError, UsageError
from litescore.folder_truth import FolderTruth
from litescore.output import Summary
from litescore.record import Subject
from litescore.s3 import is_s3
from litescore.scorer import Scorer
from litescore.settings import Settings
from litescore.sources import subjects

Tell = Callable[[Outcome], None]

# Tables of ours: a folder may hold others.
_TABLE = re.compile(r"/dt=[0-9-]{10}/[0-9a-f]{12}-[0-9a-f]{64}\.csv$")
_MOST_BYTES = 2**31


@dataclass(frozen=True)
class Images:
    """What to score: see `litescore.sources.subjects`. Iterating lists it anew."""

    sources: tuple[str, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Subject]:
        return subjects(self.sources, self.include, self.exclude)

    def check(self) -> None:
        """Raises what listing a source raises that is missing, closed or empty."""
        for source in self.sources:
            next(subjects([source], self.include, self.exclude))


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


def to_stdout(
    images: Images, scorer: Scorer, settings: Settings, truth: FolderTruth | None = None
) -> int:
    """Print a record an image; 1 when some failed, else 0."""
    code = 0
    for outcome in _judged(batch.run(images, scorer, settings=settings), truth):
        if outcome.record is None:
            raise ConfigurationError(f"cannot read an image: {outcome.retry}")
        code = code if outcome.record.status == "scored" else 1
        sys.stdout.write(outcome.record.to_json() + "\n")
    return code


def to_place(
    images: Images,
    scorer: Scorer,
    settings: Settings,
    place: str,
    *,
    overwrite: bool,
    form: str = "jsonl.gz",
    truth: FolderTruth | None = None,
    tell: Tell = lambda _outcome: None,
) -> Summary:
    """Write the records of all images under a folder or s3:// prefix, in one of `output.FORMS`.

    What the place holds already is not scored again; into `truth` it counts all the same. Raises
    UsageError when that is another model's, unless `overwrite`, which removes it first; nothing is
    removed for sources that are not there.
    """
    if not is_s3(place) and store.local_path(place).is_file():
        raise UsageError(f"{place} is a file: --out names a folder or an s3:// prefix")
    if overwrite:
        images.check()
        _remove(place)
    before = _scored_before(place, scorer.digest)
    skipped = 0

    def done(subject: Subject) -> bool:
        nonlocal skipped
        name = subject.identity(scorer.digest) if before else ""
        if name not in before:
            return False
        skipped += 1
        if truth is not None:
            truth.count(subject.source, subject.member, before[name])
        return True

    outcomes = batch.run(images, scorer, settings=settings, done=done)
    summary = output.write_all(_watched(_judged(outcomes, truth), tell), place, form)
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


def _judged(outcomes: Iterable[Outcome], truth: FolderTruth | None) -> Iterator[Outcome]:
    for outcome in outcomes:
        record = outcome.record
        if truth is not None and record is not None:
            truth.count(record.source, record.member, record.label)
        yield outcome


def _scored_before(place: str, model: str) -> dict[str, str | None]:
    """Id -> label of the records at the place; None of those that failed."""
    found: dict[str, str | None] = {}
    if not _exists(place):
        return found
    for name, other, label in _held(place):
        if other != model:
            raise UsageError(
                f"{place} holds records of another model ({other[:12]}): name another "
                "--out, or --overwrite"
            )
        found[name] = label
    return found


def _held(place: str) -> Iterator[tuple[str, str, str | None]]:
    """Id, model and label of every record at the place."""
    for record in results.read(place):
        yield record.id, record.model, record.label
    for url in _tables(place):
        text = store.read(Subject(url), max_bytes=_MOST_BYTES).data.decode()
        for row in csv.DictReader(io.StringIO(text, newline="")):
            yield row["id"], row["model"], row["label"] or None


def _tables(place: str) -> list[str]:
    listed = store.list_objects(place)
    return [entry.source for entry in listed if _TABLE.search(entry.source)]


def _remove(place: str) -> None:
    if _exists(place):
        for url in (*results.files(place), *_tables(place)):
            store.delete(url)


def _exists(place: str) -> bool:
    return is_s3(place) or store.local_path(place).exists()
