"""The self-test of a local cloud: a job of a few images, every part of the cloud asked once.

What it puts there it takes away again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.cloud import account, stack
from infra.local import cloud as clouds
from infra.local.selftest.steps import STEPS, NotRun, Step
from infra.local.selftest.trial import Trial
from infra.local.state import Running
from litescore.errors import LitescoreError

OK, FAILED, NOT_RUN = "ok", "failed", "not run"
_MARKS = {OK: "ok", FAILED: "FAILED", NOT_RUN: "not run"}


@dataclass(frozen=True)
class Result:
    """What became of a step: `state` is OK, FAILED or NOT_RUN, `note` what was found or why."""

    step: str
    state: str
    note: str
    seconds: float


def started(
    package: Path, *, say: Callable[[str], None], tell: Callable[[str], None]
) -> list[Result]:
    """In a cloud that is started for it, with this zip; `tell` hears a line for each step."""
    with (
        clouds.running(package, say=say) as cloud,
        closing(Trial(cloud.account, cloud.stack)) as it,
    ):
        return _run(it, STEPS, tell)


def running(found: Running, *, tell: Callable[[str], None]) -> list[Result]:
    """In the one that runs; `tell` hears a line for each step."""
    where = account.at(found.endpoint)
    with closing(Trial(where, stack.find(where, found.stack))) as it:
        return _run(it, STEPS, tell)


def good(results: Iterable[Result]) -> bool:
    """Whether no step failed."""
    return all(one.state != FAILED for one in results)


def as_json(results: Iterable[Result]) -> list[dict[str, Any]]:
    """For a machine."""
    return [asdict(one) for one in results]


def summary(results: list[Result]) -> str:
    """One line for people."""
    counts = {state: sum(one.state == state for one in results) for state in _MARKS}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return f"{told} in {sum(one.seconds for one in results):.0f} s"


def _run(trial: Trial, steps: Iterable[Step], tell: Callable[[str], None]) -> list[Result]:
    results: list[Result] = []
    for step in steps:
        result = _tried(trial, step)
        tell(f"{_MARKS[result.state]:<8}{result.step:<46}{result.note}")
        results.append(result)
    return results


def _tried(trial: Trial, step: Step) -> Result:
    from botocore.exceptions import BotoCoreError, ClientError

    begun = time.monotonic()
    try:
        state, note = OK, step.run(trial)
    except NotRun as reason:
        state, note = NOT_RUN, str(reason)
    except (LitescoreError, BotoCoreError, ClientError, OSError) as error:
        state, note = FAILED, str(error)
    return Result(step.name, state, note, round(time.monotonic() - begun, 3))
