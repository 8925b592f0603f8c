"""`litescore score`: sources to subjects, outcomes to records, with progress.

The pipeline is that of the Lambda handler; only where subjects come from differs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from litescore import access, batch, output, resume, store
from litescore.batch import Outcome
from litescore.errors import ConfigurationError, UsageError
from litescore.fetching import Before
from litescore.folder_truth import FolderTruth
from litescore.output import Summary
from litescore.record import Subject
from litescore.resume import Held
from litescore.s3 import is_s3
from litescore.scorer import Scorer
from litescore.settings import Settings, processors
from litescore.sources import subjects

# Hears how many images have come out since it was last told, and how many of those were not scored.
Tell = Callable[[int, int], None]

_MODEL = "model.tflite"


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


@dataclass(frozen=True)
class Job:
    """What each process that scores needs to know, and can be sent to one.

    settings  the environment's, overruled by the command line
    place     folder or s3:// prefix for the records
    form      one of `output.FORMS`
    labels    class names of a model without a contract
    evaluate  whether folders are held against labels
    """

    settings: Settings
    place: str = ""
    form: str = "jsonl.gz"
    labels: tuple[str, ...] | None = None
    evaluate: bool = False

    def scorer(self, processes: int = 1) -> Scorer:
        """The model, loaded for one of so many processes. Raises what `Scorer` raises."""
        return Scorer(
            self.settings.model or _MODEL,
            threads=max(1, processors() // processes),
            batch=self.settings.batch,
            labels=self.labels,
            sha256=self.settings.model_sha256,
        )

    def truth(self, scorer: Scorer) -> FolderTruth | None:
        """The count of labels against folders, where it is asked for."""
        return FolderTruth(scorer.contract.labels) if self.evaluate else None


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


def to_stdout(images: Images, job: Job) -> tuple[int, FolderTruth | None]:
    """Print a record an image; 1 when some failed, else 0."""
    scorer, code = job.scorer(), 0
    truth = job.truth(scorer)
    for outcome in _judged(batch.run(images, scorer, settings=job.settings), truth):
        if outcome.record is None:
            raise ConfigurationError(f"cannot read an image: {outcome.retry}")
        code = code if outcome.record.status == "scored" else 1
        sys.stdout.write(outcome.record.to_json() + "\n")
    return code, truth


def to_place(
    images: Images,
    job: Job,
    *,
    processes: int = 1,
    overwrite: bool = False,
    tell: Tell = lambda _images, _failed: None,
) -> tuple[Summary, FolderTruth | None]:
    """Write the records of all images under the job's place.

    What the place holds already is not scored again; against folders it counts all the same. Raises
    UsageError when that is another model's, unless `overwrite`, which removes it first; nothing is
    removed for sources that are not there. With several `processes` each runs the whole pipeline on
    a share of the images.
    """
    place = job.place
    if not is_s3(place) and store.local_path(place).is_file():
        raise UsageError(f"{place} is a file: --out names a folder or an s3:// prefix")
    scorer = job.scorer(processes)
    if overwrite:
        images.check()
        resume.remove(place)
    before = resume.held(place, scorer.digest)
    if processes == 1:
        return share(images, job, scorer, before, tell, alone=True)
    from litescore import jobs

    return jobs.run(images, job, before, processes, tell)


def share(
    subjects: Iterable[Subject],
    job: Job,
    scorer: Scorer,
    before: Held,
    tell: Tell,
    *,
    alone: bool = False,
) -> tuple[Summary, FolderTruth | None]:
    """Score these subjects, all (`alone`) or one process' share, and write their records.

    A share may be a single closed object, so only of all it is an error when all are denied.
    """
    truth, skipped = job.truth(scorer), 0

    def done(subject: Subject) -> bool:
        nonlocal skipped
        name = bytes.fromhex(subject.identity(scorer.digest)) if before else b""
        if name not in before:
            return False
        skipped += 1
        if truth is not None:
            truth.count(subject.source, subject.member, before[name])
        return True

    outcomes = batch.run(subjects, scorer, settings=job.settings, before=Before(done))
    if alone:
        outcomes = access.refuse_all_denied(outcomes, {})
    summary = output.write_all(_watched(_judged(outcomes, truth), tell), job.place, job.form)
    summary.skipped = skipped
    return summary, truth


@contextmanager
def progress() -> Iterator[Tell]:
    """A line on a terminal's standard error: images, images a second, failures."""
    start, images, failed, shown = time.monotonic(), 0, 0, 0.0

    def tell(more: int, not_scored: int) -> None:
        nonlocal images, failed, shown
        images += more
        failed += not_scored
        now = time.monotonic()
        if now - shown > 0.2:
            shown = now
            rate = images / max(now - start, 1e-9)
            sys.stderr.write(f"\r{images:,} images, {rate:,.0f}/s, {failed:,} failed ")
            sys.stderr.flush()

    if not sys.stderr.isatty():
        yield lambda _images, _failed: None
        return
    try:
        yield tell
    finally:
        sys.stderr.write("\r\x1b[K")


def _watched(outcomes: Iterable[Outcome], tell: Tell) -> Iterator[Outcome]:
    for outcome in outcomes:
        tell(1, outcome.record is None or outcome.record.status != "scored")
        yield outcome


def _judged(outcomes: Iterable[Outcome], truth: FolderTruth | None) -> Iterator[Outcome]:
    for outcome in outcomes:
        record = outcome.record
        if truth is not None and record is not None:
            truth.count(record.source, record.member, record.label)
        yield outcome
