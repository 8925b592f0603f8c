"""One process' share of `litescore score`: subjects to records at a place, what is done passed over.

A process that scores all has one share. It does not know of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from litescore import access, batch, output
from litescore.batch import Outcome
from litescore.fetching import Before
from litescore.output import Summary
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.scoring.folder_truth import FolderTruth
from litescore.scoring.progress import Tell
from litescore.scoring.resume import Held
from litescore.settings import Settings, processors

_MODEL = "model.tflite"


@dataclass(frozen=True)
class Job:
    """What each process that scores needs to know, and can be sent to one.

    settings  the environment's, overruled by the command line
    place     folder or s3:// prefix for the records
    form      one of `litescore.packing.FORMS`
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
            version=self.settings.model_version,
            sha256=self.settings.model_sha256,
        )

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
