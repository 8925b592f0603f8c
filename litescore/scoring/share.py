"""One process' share of `litescore score`: subjects to records at a place, what is done passed over.

A process that scores all has one share. It does not know of the others: those of --jobs are handed
theirs, those of --share each take their own from the same listing.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from litescore import access, batch, output
from litescore.batch import Outcome
from litescore.errors import UsageError
from litescore.fetching import Before
from litescore.output import Summary
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.scoring import inverted
from litescore.scoring.folder_truth import FolderTruth
from litescore.scoring.progress import Tell
from litescore.scoring.resume import Held
from litescore.settings import Settings, processors

_MODEL = "model.tflite"
_ARRAY = "array"
# What AWS Batch tells each process of an array job.
_INDEX, _SIZE = "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"


@dataclass(frozen=True)
class Share:
    """The `index`-th, from 0, of `count` shares of what a job is to score.

    All shares together are everything, and no two have an image in common. Raises UsageError for
    a share that there is not.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise UsageError(
                f"share {self.index}/{self.count}: of {self.count} shares the first is 0, the "
                f"last {self.count - 1}"
            )

    @classmethod
    def parse(cls, words: str, environ: Mapping[str, str] | None = None) -> Share:
        """`I/N`, or of an array job of AWS Batch `array/N` or `array`.

        Raises UsageError for anything else, outside of an array job, and in one of another size:
        images would be left out.
        """
        told = os.environ if environ is None else environ
        first, _, size = words.partition("/")
        if first == _ARRAY:
            first = _told(told, _INDEX, words)
            size = size or _told(told, _SIZE, words)
            if told.get(_SIZE, size) != size:
                raise UsageError(f"--share {words}: this array job has {told[_SIZE]} shares")
        if not (re.fullmatch("[0-9]+", first) and re.fullmatch("[0-9]+", size)):
            raise UsageError(f"--share {words}: I/N as 0/64, or array/N in a job of AWS Batch")
        return cls(int(first), int(size))

    def by_position(self) -> Callable[[Subject], bool]:
        """Whether a subject is in this share, asked of each in turn: shares of equal size.

        For a list that stays the same while the shares are at work: a manifest.
        """
        number = count()
        return lambda _subject: next(number) % self.count == self.index

    def by_name(self, subject: Subject) -> bool:
        """Whether a subject is in this share, whatever else is listed: about equal shares.

        For a folder or prefix: what is put there meanwhile moves nothing to another share.
        """
        name = subject.source.encode("utf-8", "surrogatepass")
        return zlib.crc32(name) % self.count == self.index


def _told(environ: Mapping[str, str], name: str, words: str) -> str:
    if not environ.get(name):
        raise UsageError(f"--share {words}: {name} is not set, as in an array job of AWS Batch")
    return environ[name]


@dataclass(frozen=True)
class Job:
    """What each process that scores needs to know, and can be sent to one.

    settings  the environment's, overruled by the command line
    place     folder or s3:// prefix for the records
    form      one of `litescore.packing.FORMS`
    labels    class names of a model without a contract
    evaluate  whether folders are held against labels
    invert    whether the model sees pictures inverted, which its contract does not say
    """

    settings: Settings
    place: str = ""
    form: str = "jsonl.gz"
    labels: tuple[str, ...] | None = None
    evaluate: bool = False
    invert: bool = False

    def scorer(self, processes: int = 1) -> Scorer:
        """The model, loaded for one of so many processes. Raises what `Scorer` raises."""
        model = self.settings.model or _MODEL
        source: dict[str, Any] = {
            "labels": self.labels,
            "version": self.settings.model_version,
            "sha256": self.settings.model_sha256,
        }
        most, batch = max(1, processors() // processes), self.settings.batch
        if self.invert:
            return Scorer(inverted.read(model, **source), most_threads=most, batch=batch)
        return Scorer(model, most_threads=most, batch=batch, **source)

    def truth(self, scorer: Scorer) -> FolderTruth | None:
        """The count of labels against folders, where it is asked for."""
        return FolderTruth(scorer.contract.labels) if self.evaluate else None


def score(
    subjects: Iterable[Subject],
    job: Job,
    scorer: Scorer,
    before: Held,
    tell: Tell,
    *,
    alone: bool = False,
) -> tuple[Summary, FolderTruth | None]:
    """Score these subjects, all (`alone`) or what one process of several is handed, and write
    their records.

    That may be a single closed object, so only of all, or of a --share, it is an error when all are
    denied.
    """
    truth, skipped = job.truth(scorer), 0

    def done(subject: Subject) -> bool:
        nonlocal skipped
        if not before:
            return False
        name = bytes.fromhex(subject.identity(scorer.digest))
        if name not in before:
            return False
        skipped += 1
        if truth is not None:
            truth.count(subject.source, subject.member, before[name])
        return True

    outcomes = batch.run(subjects, scorer, settings=job.settings, before=Before(done))
    if alone:
        outcomes = access.refuse_all_denied(outcomes, {})
    summary = output.write_all(_watched(judged(outcomes, truth), tell), job.place, job.form)
    summary.skipped = skipped
    return summary, truth


def judged(outcomes: Iterable[Outcome], truth: FolderTruth | None) -> Iterator[Outcome]:
    """Pass outcomes on, counting each against the folder it lies in, where that is asked for."""
    for outcome in outcomes:
        record = outcome.record
        if truth is not None and record is not None:
            truth.count(record.source, record.member, record.label)
        yield outcome


def _watched(outcomes: Iterable[Outcome], tell: Tell) -> Iterator[Outcome]:
    for outcome in outcomes:
        tell(1, outcome.record is None or outcome.record.status != "scored")
        yield outcome
