"""AWS events in, records out, AWS replies back. `lambda_handler.handler` is what AWS calls.

It must not know how an image is decoded or scored: events become subjects, the floor's pipeline
turns those into records, and the outcome of each decides the reply. It never imports TensorFlow,
and boto3 only when a key is met that needs it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lambda_handler import job

__all__ = ["handler"]

# On Lambda the model is loaded in the init phase, which is not part of the first image's wait;
# elsewhere importing this module must cost nothing.
if os.environ.get("AWS_LAMBDA_RUNTIME_API"):
    job.prepare()


def handler(event: Mapping[str, Any], context: Any) -> Any:
    """Score the images that an event names and write their records to LITESCORE_OUTPUT.

    Understood are S3 notifications, the same inside SQS messages (replied to by message: partial
    batch response), the s3:TestEvent, and direct calls (`objects`, `prefix`). Raises UnknownEvent
    for any other shape and ConfigurationError when nothing can be scored at all, so that AWS
    tries again or keeps the event in the dead-letter queue.
    """
    return job.run(event, context)
