"""A deployment as its queue sees it: parameters of infra/template.yaml, and what comes in."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.scale.quotas import quota

# Seconds that an invocation keeps for its end (lambda_handler.deadline), and those that are no
# image's: the event, the PUT of the records, the line of the log.
_FLUSH, _AROUND = 2.0, 0.1


@dataclass(frozen=True)
class Stack:
    """What of a deployment matters to its queue: parameters of infra/template.yaml by their names
    there, in small letters, and what is put into its bucket.

    image_seconds    that a function works on an image
    input_prefixes   partitioned prefixes that images are spread over
    images_a_message 1, or those of a shard
    message_bytes    of a message as the function gets it
    others           of the account's functions at once, those that are not ours
    failing          share of images that each try hands back
    """

    image_seconds: float
    batch_size: int = 100
    batching_window: float = 5
    maximum_concurrency: int = 10
    timeout: float = 120
    input_prefixes: int = 1
    images_a_message: int = 1
    message_bytes: float = 1600
    others: int = 0
    failing: float = 0.0

    @property
    def hidden(self) -> float:
        """The queue's visibility timeout, as the template has it, in seconds."""
        return 6 * self.timeout + 300

    @property
    def late(self) -> float:
        """The age of the oldest message that raises the alarm, in seconds."""
        return max(3600.0, 2 * self.hidden)

    @property
    def full_batch(self) -> float:
        """Messages of a batch at most: an event holds no more bytes."""
        return min(self.batch_size, quota("invocation payload") // self.message_bytes)

    def seconds(self, batch: float) -> float:
        """How long a function works on so many messages, within its Timeout."""
        return min(self.timeout, _AROUND + batch * self.images_a_message * self.image_seconds)

    def done(self, batch: float) -> float:
        """The share of them that it has time for."""
        wanted = batch * self.images_a_message * self.image_seconds
        return min(1.0, (self.timeout - _FLUSH) / wanted) if wanted else 1.0
