"""What the demo asks of the deployed stack beside events: a backfill, and Athena's views."""

from __future__ import annotations

from dataclasses import dataclass

from infra.cloud.backfills import following, runs
from infra.cloud.backfills.scope import named
from infra.cloud.queries import query
from infra.local.cloud import LocalCloud
from litescore.errors import ConfigurationError

_LABELS = "SELECT label, count(*) FROM latest GROUP BY label ORDER BY 2 DESC, 1"
_LINES = "SELECT count(*) FROM records"


@dataclass(frozen=True)
class Asked:
    """What Athena says after a backfill of images that had been scored already.

    again   images that the backfill scored a second time
    lines   records in the output bucket, those of the backfill among them
    labels  (label, images) of the deduplicated view, most images first
    """

    again: int
    lines: int
    labels: tuple[tuple[str, int], ...]

    @property
    def images(self) -> int:
        """Images of the deduplicated view."""
        return sum(count for _, count in self.labels)


def score_again(cloud: LocalCloud, images: int) -> int:
    """Run the state machine over so many of the demo's objects; how many it scored.

    Raises ConfigurationError, with the first reason, where it did not score them all.
    """
    prefix = f"s3://{cloud.input_bucket}/demo/"
    work = named(cloud.account, cloud.stack, prefix, max_images=images)
    run = runs.start(cloud.account, cloud.stack, work)
    *_, progress = following.follow(cloud.account, run)
    if progress.status != runs.SUCCEEDED or progress.failed:
        reasons = [str(one) for one in runs.failures(cloud.account, progress, 1)]
        raise ConfigurationError(f"backfill {run.name} failed: {(reasons or [progress.reason])[0]}")
    return progress.succeeded


def ask(cloud: LocalCloud, again: int) -> Asked:
    """Count records and images by the views."""
    [[lines]] = query.ask(cloud.account, cloud.stack, _LINES).rows
    found = query.ask(cloud.account, cloud.stack, _LABELS).rows
    labels = tuple((str(label), int(count or 0)) for label, count in found)
    return Asked(again, int(lines or 0), labels)
