"""All that the page shows, as one JSON object; asked for only while somebody looks."""

from __future__ import annotations

import threading
import time
from typing import Any

from infra.cloud.account import Account
from infra.cloud.refusals import code
from infra.cloud.stack import Stack
from infra.local.page import queues
from infra.local.page.backfills import Backfills
from infra.local.page.buckets import Holding, holding
from infra.local.page.invocations import Log
from infra.local.page.pace import Paced
from infra.local.page.pictures import Pictures
from infra.local.page.records import OBJECTS, Newest, holds_records, shown
from litescore.record import Record

# What AWS says of the parts of a stack that was destroyed.
_GONE = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchBucket",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
}
_NEWEST = 6


class Overview:
    """What is in a local cloud. For many threads: each answer is one thread's at a time."""

    def __init__(self, account: Account, stack: Stack) -> None:
        self._account, self._stack = account, stack
        self._endpoint = account.client("sqs").meta.endpoint_url
        self._lock = threading.Lock()
        s3 = account.client("s3")
        self._newest, self._pictures = Newest(s3), Pictures(s3)
        self._log = Paced(Log(account.client("logs"), stack.outputs["LogGroup"]).read)
        self._queues = Paced(self._ask_queues)
        self._input = Paced(lambda: holding(s3, stack.outputs["InputBucket"], _NEWEST))
        self._output = Paced(
            lambda: holding(s3, stack.outputs["OutputBucket"], OBJECTS, holds_records)
        )
        self._backfills = Paced(Backfills(account, stack).look)
        self._listed: tuple[Holding, list[Record]] | None = None

    def state(self) -> dict[str, Any]:
        """Everything; `problem` alone where the cloud does not answer."""
        from botocore.exceptions import BotoCoreError, ClientError

        with self._lock:
            try:
                return self._state()
            except (BotoCoreError, ClientError, OSError) as error:
                return {"problem": self._problem(error)}

    def _problem(self, error: Exception) -> str:
        if code(error) in _GONE:
            return (
                f"stack {self._stack.name} is not there any more: end this cloud and start it again"
            )
        return f"the cloud does not answer: {error}"

    def picture(self, identity: str) -> bytes | None:
        """The picture of a record that is shown; None where there is none."""
        record = self._newest.of(identity)
        return self._pictures.of(record) if record else None

    def _state(self) -> dict[str, Any]:
        output = self._output()
        records = self._records(output)
        outputs = self._stack.outputs
        return {
            "problem": None,
            "now": time.time(),
            "endpoint": self._endpoint,
            "stack": self._stack.name,
            "function": outputs["FunctionName"],
            "model": outputs.get("ModelSha256") or (records[0].model if records else None),
            "input": self._input().as_json(_NEWEST),
            "output": output.as_json(_NEWEST),
            **self._queues(),
            "log": self._log(),
            "records": [shown(one) for one in records],
            "backfills": self._backfills(),
        }

    def _records(self, output: Holding) -> list[Record]:
        if self._listed is None or self._listed[0] is not output:
            self._listed = (output, self._newest.look(output))
        return self._listed[1]

    def _ask_queues(self) -> dict[str, Any]:
        sqs, outputs = self._account.client("sqs"), self._stack.outputs
        found = {}
        for name, output in (("queue", "QueueUrl"), ("dead", "DeadLetterQueueUrl")):
            messages = queues.peeked(self._endpoint, outputs[output])
            found[name] = {
                **queues.depth(sqs, outputs[output]),
                "oldest": queues.oldest(messages),
                "letters": queues.letters(messages) if name == "dead" else [],
            }
        return found
