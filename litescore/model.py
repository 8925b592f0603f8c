"""A model for Python: images in whatever form -> what the model says of them.

    from litescore import Model
    Model("model.tflite").classify("shoe.jpg")

One way with `litescore score`, Lambda and the camera: what they read, decode, resize, batch and
score with is what works here. It writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litescore import given, golden, image
from litescore.batch import Spent, batches
from litescore.classification import Classification, Guess
from litescore.contract import Contract
from litescore.fetched import Decoder, Fetched, read
from litescore.fetching import Deadline, tensors
from litescore.given import Picture
from litescore.golden import Verdict
from litescore.record import Record, Subject, rank, threshold_of
from litescore.scorer import Probabilities, Scorer, read_model
from litescore.settings import Settings

# Pixels a side that a classification keeps of what the model saw.
_SIDE = 96


class Model:
    """A .tflite file with its contract, ready to classify; loaded and checked once.

    model    path, s3:// URL or bytes of the file
    threads  the interpreter uses for one invocation
    runtime  `litert` or `tflite-runtime`; None for LITESCORE_RUNTIME, or the first that works
    version  version id of a model at an s3:// URL; None for the newest
    sha256   refuse any other file

    What becomes of pixels (size, colour, resize, view) is the file's to say. The limits are those
    of the command line: LITESCORE_MAX_BYTES, LITESCORE_MAX_PIXELS, LITESCORE_TOP,
    LITESCORE_THREADS, LITESCORE_BATCH. Threads may share a model.

    Raises ModelError for a file that is no model, ContractError for one without a contract or with
    another's, ConfigurationError for the wrong digest and where no runtime works, UsageError for a
    setting that is none.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        *,
        threads: int = 1,
        runtime: str | None = None,
        version: str | None = None,
        sha256: str | None = None,
    ) -> None:
        self._settings = Settings.read()
        self._name = "the model" if isinstance(model, bytes) else str(model)
        # Kept, since the file may be another by the time that a batch is asked for.
        self._data = model if isinstance(model, bytes) else read_model(self._name, version)
        self._threads, self._runtime = threads, runtime
        self._single = self._scorer(1, sha256)
        budget = image.PixelBudget(self._settings.max_pixels)
        self._decoder = Decoder(self.contract, self._settings, budget)

    def __repr__(self) -> str:
        c = self.contract
        about = f"{len(c.labels)} labels, {c.height} x {c.width} {c.color}"
        return f"Model({self._name!r}: {about}, {self._single.runtime_used})"

    @property
    def contract(self) -> Contract:
        """What the file says of its images and answers."""
        return self._single.contract

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names in the order of a classification's probabilities."""
        return self.contract.labels

    @property
    def height(self) -> int:
        """Of the input, in pixels."""
        return self.contract.height

    @property
    def width(self) -> int:
        """Of the input, in pixels."""
        return self.contract.width

    @property
    def color(self) -> str:
        """`gray` or `rgb`: what images are converted to."""
        return self.contract.color

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the model file, as records bear it."""
        return self._single.digest

    @property
    def runtime(self) -> str:
        """The interpreter's name, `litert` or `tflite-runtime`."""
        return self._single.runtime

    def verify(self) -> Verdict:
        """Replay the file's golden samples: whether this machine computes what the export did.

        Raises ContractError for a file that carries none.
        """
        return golden.replay(self._single, self._data)

    @overload
    def classify(self, images: Picture) -> Classification: ...  # type: ignore[overload-overlap]
    # A text is an iterable of texts to a type checker; here it is a path.
    @overload
    def classify(self, images: Iterable[Picture]) -> Iterator[Classification]: ...
    def classify(
        self, images: Picture | Iterable[Picture]
    ) -> Classification | Iterator[Classification]:
        """One image -> its classification; an iterable of images -> an iterator of theirs.

        An image is encoded bytes (JPEG, PNG, ...); a path, file:// or s3:// URL; an array,
        uint8[h, w], [h, w, 1] or [h, w, 3] with red first; or a PIL image of any mode. The same
        pixels get the same answer in each form. An EXIF orientation is applied, of a PIL image too.

        Of an iterable each image has one classification, in order. They come as they are asked for:
        a batch is read, decoded and scored at a time, and memory does not grow with their number.
        An image that cannot be classified has its `error`; its neighbours go on. What the iterable
        itself raises is raised after the images before it.

        Raises for one image what would be its `error`: PermanentError for one that no other try
        helps, TransientError for one worth another. ConfigurationError for a missing bucket and bad
        credentials ends an iterable too.
        """
        several = given.several(images)
        return self._one(images) if several is None else self._all(several)

    def _one(self, picture: Any) -> Classification:
        one = self._given(picture)
        if one.is_asked:
            one = read(one.subject, self._settings.max_bytes)
        one = self._decoder.decode(one)
        if one.tensor is None:
            raise one.error or RuntimeError("neither tensor nor error")
        seen = one.tensor[None]
        return next(self._told([one], seen, self._single.probabilities(seen)))

    def _all(self, pictures: Iterable[Any]) -> Iterator[Classification]:
        scorer, raised = self._batched, list[Exception]()
        asked = map(self._given, _until_raised(pictures, raised))
        arriving = tensors(
            asked, self.contract, settings=self._settings, batch=scorer.batch, deadline=Deadline()
        )
        for batch in batches(arriving, scorer, Spent()):
            yield from self._told(batch.waiting, batch.tensors, batch.probabilities)
        if raised:
            raise raised[0]

    @cached_property
    def _batched(self) -> Scorer:
        """A scorer for many: one image alone would cost it a whole batch."""
        return self._scorer(self._settings.batch)

    def _scorer(self, batch: int | None, sha256: str | None = None) -> Scorer:
        return Scorer(
            self._data,
            threads=self._threads,
            batch=batch,
            runtime=self._runtime,
            sha256=sha256,
            name=self._name,
        )

    def _given(self, picture: Any) -> Fetched:
        return given.take(picture, self.contract, max_pixels=self._settings.max_pixels)

    def _told(
        self, waiting: Iterable[Fetched], seen: image.Tensor, probabilities: Probabilities
    ) -> Iterator[Classification]:
        """Of images in order; `seen` and `probabilities` are of those without an error."""
        best = rank(probabilities, self._settings.top, threshold_of(self.contract))
        rows = zip(seen, probabilities, best, strict=True)
        for one in waiting:
            if one.error is None:
                yield self._classification(one.subject, *next(rows))
            else:
                source = one.subject.source or None
                yield Classification.failed(one.error, model=self.digest, source=source)

    def _classification(
        self,
        subject: Subject,
        seen: image.Tensor,
        probabilities: NDArray[np.float32],
        best: NDArray[np.intp],
    ) -> Classification:
        record = Record.ranked(
            subject,
            probabilities,
            best,
            labels=self.labels,
            model=self.digest,
            threshold=threshold_of(self.contract),
        )
        return Classification(
            record.label,
            record.score,
            tuple(Guess(**guess) for guess in record.top),
            _kept(probabilities),
            self.digest,
            subject.source or None,
            seen=_kept(_small(seen)),
        )


def _until_raised(pictures: Iterable[Any], raised: list[Exception]) -> Iterator[Any]:
    """The images up to where the iterable raises, which is kept: those before it go on."""
    try:
        yield from pictures
    except Exception as error:  # noqa: BLE001 - it is raised again, whatever it is
        raised.append(error)


def _small(seen: image.Tensor) -> image.Tensor:
    """Of _SIDE pixels a side at most: each pixel the mean of those in its place."""
    factor = -(-max(seen.shape[:2]) // _SIDE)
    if factor == 1:
        return seen
    picture = Image.fromarray(seen[:, :, 0] if seen.shape[2] == 1 else seen).reduce(factor)
    return np.asarray(picture).reshape(picture.height, picture.width, seen.shape[2])


def _kept(values: NDArray[Any]) -> NDArray[Any]:
    """A copy that stays: what it was made of is used again for the next batch."""
    kept = values.copy()
    kept.flags.writeable = False
    return kept
