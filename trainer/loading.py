"""The images of a job, found and decoded: the one way of the command and of Python."""

from __future__ import annotations

from collections.abc import Callable

from trainer.images import splits
from trainer.images.splits import Splits
from trainer.images.survey import Watch, unwatched
from trainer.plan import Job


def load(
    job: Job, *, watch: Watch = unwatched, say: Callable[[str], None] = lambda _: None
) -> Splits:
    """The parts of the job's data set, as its recipe and its options have them. Raises as
    `trainer.images.splits.load`.
    """
    return splits.load(
        job.data.place,
        job.recipe.validation,
        seed=job.seed,
        color=job.color,
        size=job.size,
        view=job.view,
        batch=job.recipe.batch,
        cache=job.cache,
        watch=watch,
        say=say,
    )
