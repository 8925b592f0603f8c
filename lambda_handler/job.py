"""One invocation: what an event asks for is scored, and answered as its form wants it.

Each form hands back in its own way what there was no time for, or what S3 could not give. A form is
imported when it is met: a function meets one or two, and each costs its start some milliseconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_handler import events, scoring
from lambda_handler.deadline import Deadline
from lambda_handler.fields import Event
from lambda_handler.report import Report
from litescore.batch import Outcome
from litescore.errors import LitescoreError, TransientError
from litescore.output import Summary
from litescore.record import Subject

if TYPE_CHECKING:
    from lambda_handler.batch_operations import Verdict


class Invocation(NamedTuple):
    """The event, the time there is for it, and what is told about it."""

    event: Event
    deadline: Deadline
    report: Report

    def score(
        self, subjects: Iterable[Subject], tell: Callable[[Outcome], None] | None = None
    ) -> Summary:
        """Score the subjects; `tell` hears of each outcome."""

        def hear(outcome: Outcome) -> None:
            self.report.count(outcome)
            if tell:
                tell(outcome)

        return scoring.score(subjects, self.deadline, hear, self.report.spent)


def run(event: Any, context: Any) -> Any:
    """The reply to an event; see `lambda_handler.handler`."""
    report = Report(context)
    try:
        scoring.renew(report.say)
        form = events.classify(event)
        answer = _ANSWERS.get(form, _answer_notice)
        reply = answer(Invocation(event, Deadline(context), report))
    except LitescoreError as error:
        report.say("ERROR", error, error=type(error).__name__)
        raise
    report.close(form)
    return reply


def _acknowledge(_: Invocation) -> dict[str, Any]:
    return {"ok": True}


def _answer_notice(job: Invocation) -> dict[str, Any]:
    """S3, SNS and EventBridge call without waiting for a reply: an error is what brings an event
    back. What was written stays: the same records have the same ids.
    """
    from lambda_handler import notices

    summary = job.score(_once(notices.announced(job.event)))
    _refuse_rest(summary)
    return _counts(summary)


def _answer_map(job: Invocation) -> dict[str, Any]:
    """A Map tries a batch again, by its Retry, when the task raises. Where it asks for it, what is
    left comes back as a batch, as long as each invocation gets some of it done.
    """
    from lambda_handler import distributed_map

    summary = job.score(_once(distributed_map.items(job.event)))
    rest = distributed_map.rest(job.event, {outcome.asked for outcome in summary.retry})
    if rest is None or not _is_any_done(summary):
        _refuse_rest(summary)
        return _counts(summary)
    return _counts(summary) | rest


def _answer_queue(job: Invocation) -> dict[str, Any]:
    """A partial batch response: the messages to deliver again."""
    from lambda_handler import messages

    delivered = messages.messages(job.event)
    for message in delivered:
        if message.unreadable:
            job.report.say("ERROR", message.unreadable, messageId=message.id)
    summary = job.score(_once(s for message in delivered for s in message.subjects))
    return messages.reply(delivered, {outcome.asked for outcome in summary.retry})


def _answer_tasks(job: Invocation) -> dict[str, Any]:
    """A result for each task of S3 Batch Operations."""
    from lambda_handler import batch_operations

    verdicts: dict[Subject, Verdict] = defaultdict(batch_operations.Verdict)
    tasks = batch_operations.tasks(job.event)
    subjects = _once(task.subject for task in tasks if task.subject)
    job.score(subjects, lambda outcome: verdicts[outcome.asked].count(outcome))
    return batch_operations.reply(job.event, tasks, verdicts)


def _answer_call(job: Invocation) -> dict[str, Any]:
    """Counts, and in `continuation` the event that does the rest."""
    from lambda_handler.direct import Request

    request = Request(job.event)
    if request.prefix:
        scoring.refuse_loop(request.prefix)
    summary = job.score(request.subjects(lambda: job.deadline.passed))
    reply = _counts(summary)
    if rest := request.continuation(outcome.asked for outcome in summary.retry):
        reply["continuation"] = rest
    return reply


def _answer_verify(_: Invocation) -> dict[str, Any]:
    """Whether this environment computes what the export computed; no image is read."""
    from lambda_handler import verification

    return verification.verify()


def _answer_changes(job: Invocation) -> dict[str, Any]:
    """A manifest of what has no record yet, and how far that goes."""
    from lambda_handler import changes

    model = scoring.prepare().digest
    return changes.find(job.event, scoring.destination(), model, job.deadline)


def _answer_changed(job: Invocation) -> dict[str, Any]:
    """The time of the last run that was complete."""
    from lambda_handler import changes

    return changes.mark(job.event, scoring.destination(), scoring.prepare().digest)


_ANSWERS: dict[str, Callable[[Invocation], dict[str, Any]]] = {
    events.TEST: _acknowledge,
    events.SQS: _answer_queue,
    events.BATCH_OPERATIONS: _answer_tasks,
    events.MAP: _answer_map,
    events.DIRECT: _answer_call,
    events.VERIFY: _answer_verify,
    events.CHANGES: _answer_changes,
    events.CHANGED: _answer_changed,
}


def _once(subjects: Iterable[Subject]) -> list[Subject]:
    # Delivery is at least once: an event may name the same object twice.
    return list(dict.fromkeys(subjects))


def _refuse_rest(summary: Summary) -> None:
    if summary.retry:
        raise TransientError(f"{len(summary.retry)} images left: {summary.retry[0].retry}")


def _is_any_done(summary: Summary) -> bool:
    return summary.scored + summary.failed + summary.superseded > 0


def _counts(summary: Summary) -> dict[str, Any]:
    """What a run did, in a size that does not grow with what is left."""
    counts: dict[str, Any] = {
        "scored": summary.scored,
        "failed": summary.failed,
        "superseded": summary.superseded,
        "left": len(summary.retry),
        "outputs": summary.outputs,
    }
    return counts | ({"reason": str(summary.retry[0].retry)} if summary.retry else {})
