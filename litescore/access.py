"""One closed object fails alone; when every object is denied, something is wrong with the set-up.

Records would say for ever that images cannot be scored which a policy keeps from us today. It does
not know who reads.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, MutableMapping

from litescore.batch import Outcome
from litescore.errors import ConfigurationError, TransientError
from litescore.store.s3 import is_s3

# s3://bucket -> when something in it could last be read (monotonic, seconds).
Proofs = MutableMapping[str, float]

# Seconds for which that is believed.
_LATELY = 900.0
_DENIED = "forbidden"
# These are told without reading, so they prove nothing.
_UNREAD = (_DENIED, "gone", "unaddressable")


def refuse_all_denied(outcomes: Iterable[Outcome], proofs: Proofs) -> Iterator[Outcome]:
    """Pass outcomes on, holding them back until one of them proves that S3 lets us read.

    Where none does, the denied ones among them are to be tried again; where all are denied, raises
    ConfigurationError. A single image says nothing of its neighbours: it fails alone where
    something in its bucket could be read lately, which `proofs` keep from run to run.
    """
    held: list[Outcome] = []
    proven = False
    for outcome in outcomes:
        if _proves(outcome):
            proofs[_bucket(outcome)] = time.monotonic()
            proven = True
        held.append(outcome)
        if proven:
            yield from held
            held.clear()
    yield from _judged(held, proofs)


def _judged(held: list[Outcome], proofs: Proofs) -> Iterator[Outcome]:
    denied = [outcome for outcome in held if _denied(outcome)]
    if not denied or (len(held) == 1 and _lately(held[0], proofs)):
        yield from held
        return
    if len(denied) == len(held):
        raise ConfigurationError(
            f"every object is denied, {denied[0].asked.source} first ({_why(denied[0])}): grant "
            "s3:GetObject on its bucket to whoever reads it, such as the function's role"
        )
    for outcome in held:
        yield _again(outcome) if _denied(outcome) else outcome


def _again(outcome: Outcome) -> Outcome:
    why = TransientError(f"{_why(outcome)}, and nothing else could be read")
    return Outcome(outcome.asked, retry=why)


def _why(outcome: Outcome) -> str | None:
    return outcome.record.reason if outcome.record else None


def _proves(outcome: Outcome) -> bool:
    if not is_s3(outcome.asked.source):
        return True
    return outcome.record is not None and outcome.record.kind not in _UNREAD


def _denied(outcome: Outcome) -> bool:
    return outcome.record is not None and outcome.record.kind == _DENIED


def _lately(outcome: Outcome, proofs: Proofs) -> bool:
    seen = proofs.get(_bucket(outcome))
    return seen is not None and time.monotonic() - seen < _LATELY


def _bucket(outcome: Outcome) -> str:
    return "/".join(outcome.asked.source.split("/", 3)[:3])
