"""The steps of the self-test, in order. Each raises GateError for what is not as it should be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from infra.cloud import redrive, status
from infra.cloud.backfills import runs
from infra.cloud.backfills.scope import Work
from infra.cloud.queries.query import ask
from infra.local.page import queues
from infra.local.selftest.trial import BROKEN, IMAGES, Trial
from litescore.errors import GateError

_OUTPUTS = ("InputBucket", "OutputBucket", "Output", "QueueUrl", "DeadLetterQueueUrl")
_MORE_OUTPUTS = ("FunctionName", "LogGroup", "BackfillArn", "Database", "WorkGroup")
_POISON = "litescore check: a message that announces nothing"
# Where Athena writes what a query came to.
_RESULTS = "athena/"
_GONE = "never-there.png"


class NotRun(Exception):
    """The step cannot be run here, and that is no fault; the message says why."""


@dataclass(frozen=True)
class Step:
    """What is checked, and how: `run` answers what was found."""

    name: str
    run: Callable[[Trial], str]


def _stack_is_whole(trial: Trial) -> str:
    names = (*_OUTPUTS, *_MORE_OUTPUTS)
    missing = [name for name in names if not trial.out(name)]
    if missing:
        raise GateError(f"stack {trial.stack.name} has no output {missing[0]}")
    return f"stack {trial.stack.name}, {len(trial.stack.outputs)} outputs"


def _images_become_records(trial: Trial) -> str:
    trial.put()
    wanted = {key.removeprefix(trial.prefix) for key in trial.images} | {BROKEN}
    trial.wait("record of each image", lambda: trial.records().keys() >= wanted)
    records = trial.records()
    scored = [records[name] for name in wanted - {BROKEN}]
    wrong = [one for one in scored if one.status != "scored"]
    if wrong:
        raise GateError(f"{wrong[0].source} is {wrong[0].status}: {wrong[0].reason}")
    return f"{len(scored)} scored, model {scored[0].model[:12]}"


def _broken_image_fails_alone(trial: Trial) -> str:
    record = trial.records().get(BROKEN)
    if record is None or (record.status, record.kind) != ("failed", "corrupt"):
        raise GateError(f"the broken image is {record.status if record else 'without a record'}")
    return f"{record.kind}: {record.reason}"


def _model_is_pinned(trial: Trial) -> str:
    wanted = trial.out("ModelSha256")
    if not wanted:
        raise NotRun("the stack names no digest")
    models = {record.model for record in trial.records().values()}
    if models != {wanted}:
        raise GateError(f"records name {', '.join(sorted(models))} instead of {wanted}")
    return f"SHA-256 {wanted[:12]} in stack and records"


def _invocations_are_logged(trial: Trial) -> str:
    lines = trial.wait("line of metrics in the log", lambda: _metrics(trial))
    cold = sum(line["cold_start"] for line in lines)
    return f"{len(lines)} invocations in the log, {cold:.0f} cold starts"


def _useless_message_becomes_dead_letter(trial: Trial) -> str:
    sqs, dead = trial.account.client("sqs"), trial.out("DeadLetterQueueUrl")
    if there := _letters(trial):
        raise NotRun(f"{len(there)} dead letters are there already: redrive or delete them first")
    with _impatient(trial):
        sqs.send_message(QueueUrl=trial.out("QueueUrl"), MessageBody=_POISON)
        trial.wait("dead letter", lambda: _POISON in [one["Body"] for one in _letters(trial)])
    for message in sqs.receive_message(QueueUrl=dead).get("Messages", ()):
        if message["Body"] == _POISON:
            sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
    return "given up after the last delivery"


def _dead_letter_is_redriven(trial: Trial) -> str:
    sqs = trial.account.client("sqs")
    if there := _letters(trial):
        raise NotRun(f"{len(there)} dead letters of others are there")
    dead = trial.out("DeadLetterQueueUrl")
    sqs.send_message(QueueUrl=dead, MessageBody=trial.event(_GONE))
    moved = [one.done for one in redrive.send_back(trial.account, trial.stack)]
    if not moved or moved[-1] != 1:
        raise GateError(f"{moved[-1] if moved else 0} of 1 dead letters was sent back")
    trial.wait("record of the image that the dead letter named", lambda: _GONE in trial.records())
    record = trial.records()[_GONE]
    if record.kind != "gone":
        raise GateError(f"an image that is not there is {record.status}: {record.reason}")
    return "sent back, taken, and its image recorded as gone"


def _backfill_scores_the_prefix(trial: Trial) -> str:
    work = Work("objects", "the self-test", bucket=trial.out("InputBucket"), prefix=trial.prefix)
    run = runs.start(trial.account, trial.stack, work)
    trial.wait("end of the backfill", lambda: runs.look(trial.account, run).ended)
    progress = runs.look(trial.account, run)
    if progress.map_run:
        trial.leftovers.append(f"backfills/{progress.map_run.rpartition(':')[2]}/")
    if (progress.status, progress.failed) != (runs.SUCCEEDED, 0):
        raise GateError(f"{progress.status.lower()}, {progress.failed} failed: {progress.reason}")
    if progress.succeeded != IMAGES + 1:
        raise GateError(f"{progress.succeeded} images instead of {IMAGES + 1}")
    return f"{progress.succeeded} images, none failed"


def _view_has_each_image_once(trial: Trial) -> str:
    with trial.clearing(_RESULTS):
        rows = list(ask(trial.account, trial.stack, "select source, status from latest").rows)
    start = f"s3://{trial.out('InputBucket')}/{trial.prefix}"
    found = Counter(status for source, status in rows if str(source).startswith(start))
    wanted = Counter(record.status for record in trial.records().values())
    if found != wanted:
        raise GateError(f"the view has {dict(found)}, the records are {dict(wanted)}")
    return ", ".join(f"{count} {status}" for status, count in sorted(found.items()))


def _status_tells_every_part(trial: Trial) -> str:
    parts = status.read(trial.account, trial.stack)
    for name, part in parts.items():
        if status.UNKNOWN in part:
            raise GateError(f"{name}: {part[status.UNKNOWN]}")
    return f"{', '.join(parts).replace('_', ' ')}"


def _metrics(trial: Trial) -> list[dict[str, Any]]:
    pages = (
        trial.account.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=trial.out("LogGroup"))
    )
    messages = (event["message"] for page in pages for event in page["events"])
    return [json.loads(text) for text in messages if text.startswith('{"_aws"')]


def _letters(trial: Trial) -> list[dict[str, Any]]:
    endpoint = trial.account.client("sqs").meta.endpoint_url
    return queues.peeked(endpoint, trial.out("DeadLetterQueueUrl"))


@contextmanager
def _impatient(trial: Trial) -> Iterator[None]:
    """Within, a failed message comes again after a second and not after minutes. An image that is
    scored twice by that makes the same record.
    """
    sqs, url = trial.account.client("sqs"), trial.out("QueueUrl")
    name = "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "1"})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before[name]})


STEPS = (
    Step("the template is deployed", _stack_is_whole),
    Step(f"{IMAGES} images become records", _images_become_records),
    Step("a broken image fails alone", _broken_image_fails_alone),
    Step("the model is the one that was deployed", _model_is_pinned),
    Step("invocations are in the log", _invocations_are_logged),
    Step("a message of no use becomes a dead letter", _useless_message_becomes_dead_letter),
    Step("a dead letter is sent back", _dead_letter_is_redriven),
    Step("a backfill scores what is there", _backfill_scores_the_prefix),
    Step("Athena's view has each image once", _view_has_each_image_once),
    Step("status knows every part", _status_tells_every_part),
)
