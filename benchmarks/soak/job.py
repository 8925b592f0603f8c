"""The soak itself: the function reaches S3 by way of a proxy that goes wrong, its processes are
killed, the plan is carried out, the queue drained, the dead letters redriven once.

What the queue holds and what S3 keeps is ministack's, by the real template. Changed after deploying,
for the soak to take minutes: the queue's VisibilityTimeout (720 s in the template), which is how
long the messages of a killed invocation wait; and how many functions run at once, for they mostly
wait for a faulty S3.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks.soak.bodies import DENIED, MAX_BYTES
from benchmarks.soak.faults import Killer, RequestFaults
from benchmarks.soak.plan import Announce, Delete, Put, Step, etag_of
from infra.local.cloud import LocalCloud
from litescore.errors import ConfigurationError
from tests.rig import proxy

# Seconds that a queue may take to empty once nothing is added to it any more.
PATIENCE = 900.0
# Messages that may wait before the plan goes on: what befalls an object is to meet its message at
# every stage, not always before it is read.
_WAITING = 150
_LOOK = 0.3


@dataclass(frozen=True)
class Pace:
    """How hard it goes.

    visibility   seconds until a message comes back; `visibility_after` when the faults are over
    kill_every   seconds between two kills, on average
    at_once      functions that run at once
    reads        share of the images, and `writes` of the record files, whose first requests fail
    """

    visibility: int = 10
    visibility_after: int = 4
    kill_every: float = 6.0
    at_once: int = 4
    reads: float = 0.05
    writes: float = 0.1


@dataclass
class Course:
    """What was done and what struck, as the soak knows it.

    put   (key, ETag) -> the put; `puts` counts them all, the same bytes put again too
    junk  messages that no event is
    """

    put: dict[tuple[str, str], Put] = field(default_factory=dict)
    puts: int = 0
    deleted: list[str] = field(default_factory=list)
    announced: int = 0
    junk: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    dead_letters: int = 0
    dead_at_end: list[str] = field(default_factory=list)
    seconds: float = 0.0


Say = Callable[[str], None]


def run(cloud: LocalCloud, steps: list[Step], seed: int, pace: Pace, say: Say) -> Course:
    """Carry the plan out in a deployed cloud; `say` is told how far it is, often."""
    bucket = Bucket(cloud)
    course, begun = Course(), time.perf_counter()
    _deny(cloud)
    bucket.keep_versions_of_records()
    killer = Killer(cloud, random.Random(f"{seed} kills"), pace.kill_every)
    with proxy.serve(cloud.endpoint) as between:
        between.choose = RequestFaults(seed, pace.reads, pace.writes)
        _let_function_use(cloud, between.endpoint)
        queue = Queue(cloud, pace.visibility)
        queue.map(ScalingConfig={"MaximumConcurrency": pace.at_once})

        def tell(what: str) -> None:
            faults = between.struck.total()
            say(f"{what}, {queue.told}, {faults:,} faults, {killer.struck} kills")

        with killer.at_work():
            for number, step in enumerate(steps, 1):
                _do(step, bucket, queue, course)
                if number % 20 == 0:
                    queue.drain(partial(tell, f"step {number:,} of {len(steps):,}"), _WAITING)
            queue.drain(partial(tell, "draining"))
        between.choose = lambda _method, _key: None
        course.kills, course.faults = killer.struck, dict(between.struck)
        queue.wait_for(pace.visibility_after)
        course.dead_letters = queue.redrive(_companion(course, cloud))
        queue.drain(partial(tell, "redriven"))
        course.dead_at_end = queue.dead()
    course.seconds = time.perf_counter() - begun
    return course


def _companion(course: Course, cloud: LocalCloud) -> str:
    """A message about an image that can be read: of a batch of which every object is denied no
    records are made, by design, so that a denied one must not be redriven alone.
    """
    put = next(
        one
        for one in reversed(course.put.values())
        if not one.key.startswith(DENIED) and one.key not in course.deleted
    )
    return Announce(put, "S3").message(cloud.input_bucket)


def _do(step: Step, bucket: Bucket, queue: Queue, course: Course) -> None:
    if isinstance(step, Put):
        bucket.put(step)
        course.puts += 1
        course.put[step.key, etag_of(step.body)] = step
    elif isinstance(step, Delete):
        bucket.delete(step.key)
        course.deleted.append(step.key)
    elif isinstance(step, Announce):
        queue.send(step.message(bucket.name))
        course.announced += 1
    else:
        queue.send(step.text)
        course.junk.append(step.text)


class Bucket:
    """The input bucket, reached without the proxy."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._s3 = cloud.client("s3")
        self.name = cloud.input_bucket
        self._records = cloud.stack.outputs["OutputBucket"]

    def put(self, step: Put) -> None:
        self._s3.put_object(Bucket=self.name, Key=step.key, Body=step.body.data)

    def delete(self, key: str) -> None:
        self._s3.delete_object(Bucket=self.name, Key=key)

    def keep_versions_of_records(self) -> None:
        """So that an object of records that is written twice can be told."""
        self._s3.put_bucket_versioning(
            Bucket=self._records, VersioningConfiguration={"Status": "Enabled"}
        )


class Queue:
    """The function's queue and its dead letters."""

    def __init__(self, cloud: LocalCloud, visibility: int) -> None:
        self._sqs = cloud.client("sqs")
        self._url = cloud.stack.outputs["QueueUrl"]
        self._dead_url = cloud.stack.outputs["DeadLetterQueueUrl"]
        self._cloud = cloud
        self.told = ""
        self.wait_for(visibility)

    def wait_for(self, seconds: int) -> None:
        """Let messages that were not done come back after so many seconds."""
        self._sqs.set_queue_attributes(
            QueueUrl=self._url, Attributes={"VisibilityTimeout": str(seconds)}
        )

    def send(self, body: str) -> None:
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body)

    def look(self) -> int:
        """How many messages are not done."""
        left, dead = self._count(self._url), self._count(self._dead_url)
        self.told = f"{left:,} in the queue, {dead} dead"
        return left

    def drain(self, tell: Callable[[], None], to: int = 0) -> None:
        """Wait until no more than `to` messages are left. Raises ConfigurationError when that
        does not come about.
        """
        end = time.monotonic() + PATIENCE
        while self.look() > to:
            tell()
            if time.monotonic() > end:
                raise ConfigurationError(f"after {PATIENCE:.0f} s still {self.told}")
            time.sleep(_LOOK)

    def redrive(self, companion: str) -> int:
        """Every dead letter back into the queue, each with a companion; how many there were.

        Moved by hand: ministack has no StartMessageMoveTask. The queue rests meanwhile, so that
        what is sent together comes together.
        """
        self.map(Enabled=False)
        bodies = self._take_dead()
        for body in bodies:
            self.send(body)
            self.send(companion)
        self.map(Enabled=True)
        return len(bodies)

    def dead(self) -> list[str]:
        """The bodies of the dead letters, which are gone afterwards."""
        return self._take_dead()

    def _take_dead(self) -> list[str]:
        bodies: list[str] = []
        while True:
            answer = self._sqs.receive_message(QueueUrl=self._dead_url, MaxNumberOfMessages=10)
            if not (messages := answer.get("Messages", [])):
                return bodies
            for message in messages:
                bodies.append(message["Body"])
                self._sqs.delete_message(
                    QueueUrl=self._dead_url, ReceiptHandle=message["ReceiptHandle"]
                )

    def _count(self, url: str) -> int:
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(attributes["Attributes"][name]) for name in names)

    def map(self, **changes: object) -> None:
        """Change how the queue is mapped to the function."""
        functions = self._cloud.client("lambda")
        name = self._cloud.stack.outputs["FunctionName"]
        [mapping] = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=mapping["UUID"], **changes)


def _let_function_use(cloud: LocalCloud, endpoint: str) -> None:
    """Let the function, and nothing else, reach S3 at the proxy."""
    functions, name = cloud.client("lambda"), cloud.stack.outputs["FunctionName"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    more = {"AWS_ENDPOINT_URL_S3": endpoint, "LITESCORE_MAX_BYTES": str(MAX_BYTES)}
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables | more}
    )


def _deny(cloud: LocalCloud) -> None:
    """Close a part of the input bucket to the function's role, as its owner may."""
    name = cloud.stack.outputs["FunctionName"]
    role = cloud.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    statement: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": {"AWS": role},
        "Action": "s3:GetObject*",
        "Resource": f"arn:aws:s3:::{cloud.input_bucket}/{DENIED}*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    cloud.client("s3").put_bucket_policy(Bucket=cloud.input_bucket, Policy=json.dumps(policy))
