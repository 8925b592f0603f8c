"""AWS events in, records out, AWS replies back. `lambda_handler.handler` is what AWS calls.

It must not know how an image is decoded or scored: events become subjects, the floor's pipeline
turns those into records, and the outcome of each decides the reply. It never imports TensorFlow,
and boto3 only when a key is met that needs it.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from typing import Any

__all__ = ["handler"]


def handler(event: Mapping[str, Any], context: Any) -> Any:
    """Score the images that an event names and write their records to LITESCORE_OUTPUT.

    Understood are S3 notifications, EventBridge and SNS (each by itself or in SQS messages, which
    are replied to one by one), the s3:TestEvent, S3 Batch Operations, batches of a Distributed
    Map, direct calls (`objects`, `prefix`, `manifest`), and `{"verify": true}`, which replays the
    model's golden samples and answers what came of it. Raises UnknownEvent for any other
    shape, ConfigurationError when nothing can be scored at all, and TransientError where an error
    is the one way to have an event delivered again: AWS tries again or keeps the event in the
    dead-letter queue.
    """
    from lambda_handler import job

    return job.run(event, context)


def _start() -> None:
    """Load all that an event needs, the model too, in the init phase: no image waits for it."""
    # Nothing in it is garbage, and looking for some takes a tenth of the time.
    gc.disable()
    # numpy's linear algebra, which nothing here uses, would start a thread a processor.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from lambda_handler import job, scoring  # noqa: F401

    scoring.prepare()
    gc.freeze()
    gc.enable()


# Elsewhere importing this module must cost nothing.
if os.environ.get("AWS_LAMBDA_RUNTIME_API"):
    _start()
