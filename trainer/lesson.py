"""The trainer step by step from Python, as a notebook goes: images, untrained model, training.

    import trainer

    lesson = trainer.begin("fashion-basic")
    model = lesson.untrained()
    run = lesson.train(print)
    trainer.save(run)

The steps are those of `litescore train`. Prints nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.images.splits import Splits
from trainer.loading import load
from trainer.plan import Job, Request, plan

if TYPE_CHECKING:
    from trainer.run import Run


@dataclass(frozen=True)
class Lesson:
    """What is to be trained on which images.

    images  `.train`, `.validation` (or None) and `.test`, each with `.tensors` uint8[n, h, w, c] of
            0..255 and `.classes` int64[n]
    """

    job: Job
    images: Splits

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names in the order of the model's outputs."""
        return self.images.contract.labels

    @property
    def origin(self) -> str:
        """Where the images were found, in a sentence."""
        return self.job.data.origin

    def untrained(self) -> Any:
        """The keras.Model before its first step: the very weights that `train` begins with."""
        from trainer import models
        from trainer.backend import keras

        keras.utils.set_random_seed(self.job.seed)
        return models.build(
            self.job.recipe.architecture, self.images.contract, keras_home=self.job.keras_home
        )

    def train(self, say: Callable[[str], None] | None = None) -> Run:
        """Train and measure. `say` is told the untrained loss and each epoch, a line each."""
        from trainer import run
        from trainer.fitting.progress import watching

        with watching(self.job.recipe.epochs, say) as watcher:
            return run.train(self.job, self.images, watcher, say or (lambda _line: None))


def begin(
    preset: str | None = None,
    *,
    model: str | None = None,
    data: str | Path | None = None,
    out: str | Path | None = None,
    **words: Any,
) -> Lesson:
    """Find and decode the images of a preset, or of one's own `data` for a `model`.

    The arguments are the options of `litescore train` (see `trainer.plan.Request`), as `epochs=5`.
    Raises as `trainer.plan.plan` and `trainer.images.splits.load`.
    """
    request = Request(
        preset=preset,
        model=model,
        data=None if data is None else str(data),
        out=None if out is None else Path(out),
        **words,
    )
    job = plan(request)
    return Lesson(job, load(job))


def train(preset: str | None = None, say: Callable[[str], None] | None = None, **words: Any) -> Run:
    """`begin` and train at once: a run with `.model`, `.test`, `.train`, `.fitted` and the rest."""
    return begin(preset, **words).train(say)


def save(run: Run) -> dict[str, Any]:
    """Write the folder of a run, which `litescore export` reads; the facts of its run.json.

    Raises ConfigurationError naming the file that cannot be written.
    """
    from trainer import folder

    return folder.write(run)
