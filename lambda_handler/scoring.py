"""Subjects through the floor's pipeline to records at LITESCORE_OUTPUT, within an invocation's time.

It does not know where the subjects come from or what AWS is answered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from lambda_handler import memory
from lambda_handler.checkpoints import Checkpoints
from lambda_handler.deadline import Deadline
from litescore import access, batch, output
from litescore.batch import Outcome, Spent
from litescore.errors import ConfigurationError, LitescoreError
from litescore.fetching import Before
from litescore.output import Summary
from litescore.record import Subject
from litescore.scorer import Scorer, read_model
from litescore.settings import Settings, processors

if TYPE_CHECKING:
    from lambda_handler.following import Follower, Say

Tell = Callable[[Outcome], None]

_MODEL = "model.tflite"
# For as long as the environment lives.
_PROOFS: access.Proofs = {}


@cache
def settings() -> Settings:
    """The environment, read once, with limits that the function's memory holds."""
    return memory.fitted(Settings.read())


@cache
def prepare() -> Scorer:
    """The scorer, loaded once for as long as the environment lives, or until a channel hands out
    another (see `renew`).

    LITESCORE_MODEL is a path or s3:// URL, where LITESCORE_MODEL_VERSION names one version, or a
    channel; without it `model.tflite` beside this package counts,
    where `litescore package` puts it. Raises ConfigurationError at once where LITESCORE_OUTPUT lies
    in LITESCORE_INPUT, whose objects set off the function.
    """
    found = settings()
    if found.input and found.output:
        refuse_loop(found.input)
    follower = following()
    if follower is not None:
        return follower.scorer
    return Scorer(
        model(),
        most_threads=processors(),
        batch=found.batch,
        version=found.model_version,
        sha256=found.model_sha256,
    )


@cache
def following() -> Follower | None:
    """What follows the channel that is named as the model; None for a model that is none."""
    # What a file alone needs none of: it would cost each start some milliseconds.
    if "@" not in model():
        return None
    from lambda_handler.following import open_follower
    from litescore.releases.following import is_channel

    if not is_channel(model()):
        return None
    found = settings()
    return open_follower(
        model(), found, lambda file: Scorer(file, most_threads=processors(), batch=found.batch)
    )


def renew(say: Say) -> None:
    """At the beginning of an invocation, which has one model from here to its end: take what the
    channel hands out by now. `say` writes a line of the log.
    """
    follower = following()
    if follower is not None and follower.renew(say):
        prepare.cache_clear()


def model_file() -> bytes:
    """The bytes of the model's file, read anew."""
    follower = following()
    return read_model(model()) if follower is None else follower.read_file()


def model() -> str:
    """Path, s3:// URL or channel of the model."""
    # By os.path, since pathlib would make the start a millisecond longer.
    root = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120
    return settings().model or os.path.join(root, _MODEL)  # noqa: PTH118


def destination() -> str:
    """Where records go. Raises ConfigurationError where LITESCORE_OUTPUT is not set."""
    place = settings().output
    if not place:
        raise ConfigurationError(
            "LITESCORE_OUTPUT is not set: where records go, s3://bucket/prefix/"
        )
    return f"{place.rstrip('/')}/"


def refuse_loop(prefix: str) -> None:
    """Raises ConfigurationError where records would be written under a prefix that is read."""
    place = destination()
    if place.startswith(prefix):
        raise _loop(f"{place} lies under {prefix}")


def score(
    subjects: Iterable[Subject], deadline: Deadline, tell: Tell, spent: Spent | None = None
) -> Summary:
    """Score until the deadline and write the records; `tell` hears of each outcome.

    Raises ConfigurationError when nothing can be scored at all, or when records themselves were
    named as images.
    """
    place, scorer = destination(), prepare()
    checkpoints = Checkpoints(place, scorer.digest)
    outcomes = batch.run(
        _begun(_not_records(subjects, place), deadline),
        scorer,
        settings=settings(),
        out_of_time=deadline,
        before=Before(begun=checkpoints.begun),
        spent=spent,
    )
    readable = access.refuse_all_denied(checkpoints.watch(outcomes), _PROOFS)
    try:
        summary = output.write_all(_told(readable, deadline, tell), place)
    except BaseException:
        # What came out before is written, and must not be taken for the whole of a shard.
        with suppress(LitescoreError):
            checkpoints.keep_open()
        raise
    checkpoints.keep()
    return summary


def _not_records(subjects: Iterable[Subject], place: str) -> Iterator[Subject]:
    # An event about a record means that records set off the function: an endless circle, which
    # ends here because nothing is written for it.
    for subject in subjects:
        if subject.source.startswith(place):
            raise _loop(f"{subject.source} is one of our records, in {place}")
        yield subject


def _loop(seen: str) -> ConfigurationError:
    return ConfigurationError(
        f"{seen}: records would be read as images, for ever; let LITESCORE_OUTPUT name another "
        "bucket, or a prefix outside the one that sets off the function"
    )


def _begun(subjects: Iterable[Subject], deadline: Deadline) -> Iterator[Subject]:
    for subject in subjects:
        deadline.begun += 1
        yield subject


def _told(outcomes: Iterable[Outcome], deadline: Deadline, tell: Tell) -> Iterator[Outcome]:
    for outcome in outcomes:
        deadline.done += 1
        tell(outcome)
        yield outcome
