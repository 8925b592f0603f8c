"""`litescore score`: sources to subjects, outcomes to records.

The pipeline is that of the Lambda handler; only where subjects come from differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from litescore import batch, store
from litescore.errors import ConfigurationError, UsageError
from litescore.output import Summary
from litescore.record import Subject
from litescore.scoring import resume, share
from litescore.scoring.folder_truth import FolderTruth
from litescore.scoring.progress import Tell
from litescore.scoring.share import Job, Share
from litescore.settings import Settings
from litescore.sources import is_manifest, subjects
from litescore.store.s3 import is_s3


@dataclass(frozen=True)
class Images:
    """What to score: see `litescore.sources.subjects`. Iterating lists it anew.

    Of a `share` only what is in it; a shard is in one as a whole.
    """

    sources: tuple[str, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    share: Share | None = None

    def __iter__(self) -> Iterator[Subject]:
        if self.share is None:
            return subjects(self.sources, self.include, self.exclude)
        return self._of(self.share)

    def _of(self, share: Share) -> Iterator[Subject]:
        in_turn = share.by_position()
        for source in self.sources:
            mine = in_turn if is_manifest(source) else share.by_name
            yield from filter(mine, subjects([source], self.include, self.exclude))

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
    return found._replace(
        model=model or found.model,
        threads=threads or found.threads,
        batch=batch or found.batch,
        top=top or found.top,
    )


def to_stdout(images: Images, job: Job) -> tuple[int, FolderTruth | None]:
    """Print a record an image; 1 when some failed, else 0."""
    scorer, code = job.scorer(), 0
    truth = job.truth(scorer)
    for outcome in share.judged(batch.run(images, scorer, settings=job.settings), truth):
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
    a share of the images. Of a share of all images other processes write to the place too.
    """
    place = job.place
    if overwrite and images.share is not None:
        raise UsageError(f"--overwrite would remove what other shares wrote: empty {place} before")
    if not is_s3(place) and store.local_path(place).is_file():
        raise UsageError(f"{place} is a file: --out names a folder or an s3:// prefix")
    scorer = job.scorer(processes)
    if overwrite:
        images.check()
        resume.remove(place)
    before = resume.held(place, scorer.digest)
    if processes == 1:
        return share.score(images, job, scorer, before, tell, alone=True)
    from litescore.scoring import jobs

    return jobs.run(images, job, before, processes, tell)
