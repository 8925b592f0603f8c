"""AWS events in, records out, AWS replies back. `lambda_handler.handler` is what AWS calls.

It must not know how an image is decoded or scored: events become subjects, the floor's pipeline
turns those into records, and the outcome of each decides the reply. It never imports TensorFlow,
and boto3 only when a key is met that needs it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lambda_handler import job, scoring

__all__ = ["handler"]

# On Lambda the model is loaded in the init phase, which is not part of the first image's wait;
# elsewhere importing this module must cost nothing.
if os.environ.get("AWS_LAMBDA_RUNTIME_API"):
    scoring.prepare()


def handler(event: Mapping[str, Any], context: Any) -> Any:
    """Score the images that an event names and write their records to LITESCORE_OUTPUT.

    Understood are S3 notifications, EventBridge and SNS (each by itself or in SQS messages, which
    are replied to one by one), the s3:TestEvent, S3 Batch Operations, batches of a Distributed
    Map, and direct calls (`objects`, `prefix`, `manifest`). Raises UnknownEvent for any other
    shape, ConfigurationError when nothing can be scored at all, and TransientError where an error
    is the one way to have an event delivered again: AWS tries again or keeps the event in the
    dead-letter queue.
    """
    return job.run(event, context)
