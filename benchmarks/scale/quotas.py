"""AWS's published limits, each with its page. Defaults of an account; most can be raised on request.

Looked up on 2026-11-29, in copies of AWS's documentation of 2025 and 2026. A new account's are lower.
"""

from __future__ import annotations

from dataclasses import dataclass

SEEN = "2026-11-29"
_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/"
_SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
_STATES = "https://docs.aws.amazon.com/step-functions/latest/dg/"
_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
_BATCH = "https://docs.aws.amazon.com/batch/latest/userguide/"


@dataclass(frozen=True)
class Quota:
    """A limit: its value, of what, the page that says it, and what of ours meets it later."""

    value: float
    unit: str
    page: str
    moved_by: str


QUOTAS = {
    # gettingstarted-limits.html: 1,000 by default, tens of thousands on request.
    "account concurrency": Quota(
        1000, "functions at once in a region", f"{_LAMBDA}gettingstarted-limits.html",
        "a raised quota; fewer, longer invocations (BatchSize)",
    ),
    # scaling-behavior.html: of each function.
    "function scaling": Quota(
        100, "more functions a second (1,000 in ten)", f"{_LAMBDA}scaling-behavior.html",
        "nothing of ours: the mapping adds fewer",
    ),
    # services-sqs-scaling.html: five batches at first, and no fewer where MaximumConcurrency is set.
    "mapping's first pollers": Quota(
        5, "batches at once", f"{_LAMBDA}services-sqs-scaling.html", "BatchingWindow",
    ),
    "mapping's growth": Quota(
        5, "more batches at once a second (300 a minute)", f"{_LAMBDA}services-sqs-scaling.html",
        "BatchSize; shards; a backfill, which has no such growth",
    ),
    "mapping's concurrency": Quota(
        1000, "batches at once", f"{_LAMBDA}services-sqs-scaling.html",
        "a second stack with an InputPrefix of its own; shards",
    ),
    # gettingstarted-limits.html: 6 MB, request or response.
    "invocation payload": Quota(
        6_291_556, "bytes of an event", f"{_LAMBDA}gettingstarted-limits.html",
        "nothing of ours: a batch is cut there, whatever BatchSize says",
    ),
    # quotas-queues.html: about 120,000 of most standard queues.
    "messages in flight": Quota(
        120_000, "messages", f"{_SQS}quotas-queues.html", "BatchSize times MaximumConcurrency below it",
    ),
    # optimizing-performance.html: at least, of each partitioned prefix; S3 splits what stays busy,
    # slowly, and answers 503 meanwhile.
    "S3 reads": Quota(
        5500, "GET and HEAD a second of a prefix", f"{_S3}optimizing-performance.html",
        "shards (a GET for a thousand images); keys under several prefixes; MaximumConcurrency",
    ),
    "S3 writes": Quota(
        3500, "PUT and LIST a second of a prefix", f"{_S3}optimizing-performance.html",
        "BatchSize, BatchingWindow: fewer objects of records",
    ),
    # quotas-messages.html allows 14 days; the template says four.
    "queue's retention": Quota(
        345_600, "seconds that a message waits", f"{_SQS}quotas-messages.html",
        "MaximumConcurrency; else a backfill finds what was dropped",
    ),
    # service-quotas.html, hard.
    "Map children at once": Quota(
        10_000, "batches at once", f"{_STATES}service-quotas.html", "MaximumConcurrency is lower",
    ),
    "open Map runs": Quota(
        1000, "in a region", f"{_STATES}service-quotas.html", "fewer backfills at once",
    ),
    # service-quotas.html: us-east-1, us-west-2 and eu-west-1; 800 elsewhere.
    "state transitions": Quota(
        5000, "a second", f"{_STATES}service-quotas.html", "MaximumConcurrency; shards",
    ),
    "execution history": Quota(
        25_000, "events of a batch", f"{_STATES}service-quotas.html",
        "Timeout: rounds of a batch that outlasts it",
    ),
    # input-output-itemreader.html: MaxItems at most, and a file's bytes.
    "Map items": Quota(
        100_000_000, "items of a run", f"{_STATES}input-output-itemreader.html",
        "several runs, by prefix or list; shards",
    ),
    "Map's manifest": Quota(
        10 * 10**9, "bytes of a file", f"{_STATES}input-output-itemreader.html",
        "several lists; an S3 Inventory; a prefix",
    ),
    # service_limits.html.
    "array size": Quota(
        10_000, "shares of an array job", f"{_BATCH}service_limits.html", "Shares",
    ),
}  # fmt: skip


def quota(name: str) -> float:
    """The value of a limit. Raises KeyError for one that there is not."""
    return QUOTAS[name].value
