"""A day of the queue and its function, as a fluid: what waits, what works, what holds it up.

Ten seconds a step. Messages are taken in order of arrival. Functions at once grow as Lambda's
mapping grows them, up to MaximumConcurrency; what is throttled or handed back comes again after the
queue's visibility timeout, and is a dead letter after five times.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from benchmarks.scale.quotas import quota
from benchmarks.scale.stack import Stack
from litescore.settings import Settings
from litescore.store import patience

STEP = 10.0
DAY = 86_400.0
# Times that a message is received before it is a dead letter: the template's maxReceiveCount.
RECEIVES = 5
# Below this many images nothing waits.
_NOTHING = 1e-6


@dataclass
class Day:
    """What came of it, in messages and seconds; a list has a value a step.

    dead      dead letters
    dropped   messages that waited longer than the queue keeps them
    left      those that wait still at the end
    billed    seconds of function
    throttled batches that Lambda refused: the account had no function left
    bound     limit -> second at which it first held work up
    peaks     limit -> the most that was asked of it, in its unit
    """

    arrived: float = 0.0
    scored: float = 0.0
    dead: float = 0.0
    dropped: float = 0.0
    left: float = 0.0
    batches: float = 0.0
    billed: float = 0.0
    throttled: float = 0.0
    finished: float = 0.0
    depth: list[float] = field(default_factory=list)
    concurrency: list[float] = field(default_factory=list)
    age: list[float] = field(default_factory=list)
    bound: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)

    @property
    def batch(self) -> float:
        """Messages of a batch, on the average."""
        return self.scored / self.batches if self.batches else 0.0

    @property
    def first(self) -> str | None:
        """The limit that was met first, None where none was."""
        return min(self.bound, key=lambda name: self.bound[name], default=None)

    def ask(self, limit: str, much: float) -> None:
        self.peaks[limit] = max(self.peaks.get(limit, 0.0), much)


@dataclass(frozen=True)
class Lot:
    """Messages that came together, and how often they were received."""

    arrived: float
    number: float
    received: int = 0


def arrivals(images: int, over: float, seed: int = 0) -> np.ndarray:
    """How many of so many come in each step, by chance, evenly over so many seconds."""
    steps = max(1, round(over / STEP))
    return np.random.default_rng(seed).multinomial(images, [1 / steps] * steps)


def run(stack: Stack, coming: Sequence[int] | np.ndarray, most: float = 30 * DAY) -> Day:
    """Until nothing waits any more, or for `most` seconds."""
    queue = _Queue(stack)
    number = 0
    while number < len(coming) or (queue.waits and number * STEP < most):
        queue.step(number * STEP, float(coming[number]) if number < len(coming) else 0.0)
        number += 1
    queue.day.left = queue.waits
    return queue.day


def _given_up(functions: float, a_second: float) -> float:
    """The share of images that S3 does not give for as long as they are asked for: each thread of
    each function has one under way, and they are served in no order.
    """
    waited = functions * Settings().threads / a_second
    return math.exp(-patience.PATIENCE.total / waited)


class _Queue:
    """What waits (in order of arrival), what is hidden until when, and how many poll."""

    def __init__(self, stack: Stack) -> None:
        self.day = Day()
        self._stack = stack
        self._visible: deque[Lot] = deque()
        self._hidden: deque[tuple[float, Lot]] = deque()
        self._pollers = min(quota("mapping's first pollers"), stack.maximum_concurrency)
        self._waiting = self._away = 0.0

    @property
    def waits(self) -> float:
        """Messages in the queue, hidden ones too; nothing is nothing."""
        total = self._waiting + self._away
        return total if total > _NOTHING else 0.0

    def step(self, now: float, coming: float) -> None:
        """Ten seconds."""
        self.day.arrived += coming
        if coming:
            self._add(Lot(now, coming))
        self._come_back(now)
        self._drop_old(now)
        batch = self._batch(coming / STEP)
        self._scale(now, batch)
        self._work(now, batch)
        self._note(now, coming)

    def _add(self, lot: Lot, *, first: bool = False) -> None:
        (self._visible.appendleft if first else self._visible.append)(lot)
        self._waiting += lot.number

    def _come_back(self, now: float) -> None:
        while self._hidden and self._hidden[0][0] <= now:
            _, lot = self._hidden.popleft()
            self._away -= lot.number
            if lot.received >= RECEIVES:
                self.day.dead += lot.number
            else:
                self._add(lot, first=True)

    def _drop_old(self, now: float) -> None:
        while self._visible and now - self._visible[0].arrived > quota("queue's retention"):
            lot = self._visible.popleft()
            self._waiting -= lot.number
            self.day.dropped += lot.number
            self.day.bound.setdefault("queue's retention", now)

    def _batch(self, rate: float) -> float:
        """Messages of a batch now: full where many wait, else what comes to a poller in its window."""
        stack, full = self._stack, self._stack.full_batch
        if self._waiting > 2 * self._pollers * full + rate * STEP:
            return full
        return min(full, 1 + rate / self._pollers * stack.batching_window)

    def _scale(self, now: float, batch: float) -> None:
        """More pollers while more waits than these take in a step, back to what is needed else."""
        stack = self._stack
        needed = self._waiting / batch * stack.seconds(batch) / STEP
        limits = {
            "MaximumConcurrency": float(stack.maximum_concurrency),
            "mapping's concurrency": quota("mapping's concurrency"),
            "messages in flight": max(1.0, (quota("messages in flight") - self._away) / batch),
        }
        ceiling = min(limits.values())
        grown = self._pollers + quota("mapping's growth") * STEP
        wanted = max(needed, min(quota("mapping's first pollers"), ceiling))
        self._pollers = min(wanted, grown, ceiling)
        if wanted <= self._pollers:
            return
        held = "mapping's growth" if grown < ceiling else min(limits, key=lambda one: limits[one])
        # A moment's wait is none: the next step takes it.
        if self._waiting > 2 * self._pollers * batch:
            self.day.bound.setdefault(held, now)

    def _work(self, now: float, batch: float) -> None:
        stack, day = self._stack, self.day
        allowed = max(0.0, quota("account concurrency") - stack.others)
        at_work = min(self._pollers, allowed)
        each = stack.seconds(batch) / batch
        took = min(self._waiting, self._pollers * STEP / each)
        throttled = took * (1 - at_work / self._pollers)
        if throttled:
            day.bound.setdefault("account concurrency", now)
            day.throttled += throttled / batch
        asked = took - throttled
        readable = quota("S3 reads") * stack.input_prefixes * STEP
        writable = quota("S3 writes") * STEP * batch
        got = min(asked, readable, writable)
        self._ask(asked, batch, at_work)
        for limit, most in (("S3 reads", readable), ("S3 writes", writable)):
            if asked > most:
                day.bound.setdefault(limit, now)
        failing = max(stack.failing, _given_up(at_work, readable / STEP) if got < asked else 0.0)
        back = got * (1 - stack.done(batch) * (1 - failing))
        if stack.done(batch) < 1:
            day.bound.setdefault("Timeout", now)
        self._take(now, got - back, throttled + back)
        day.scored += got - back
        day.batches += got / batch
        # Where S3 holds them up functions wait, and are paid for.
        busy = min(at_work, asked * each / STEP)
        day.billed += busy * STEP
        day.concurrency.append(busy)

    def _ask(self, asked: float, batch: float, at_work: float) -> None:
        day, stack = self.day, self._stack
        day.ask("S3 reads", asked / STEP / stack.input_prefixes)
        day.ask("S3 writes", asked / batch / STEP)
        day.ask("messages in flight", min(at_work * batch, asked) + self._away)
        day.ask("invocation payload", batch * stack.message_bytes)
        day.ask("account concurrency", self._pollers + stack.others)
        day.ask("mapping's concurrency", self._pollers)

    def _take(self, now: float, done: float, back: float) -> None:
        """Out of the queue in order of arrival; of each lot the same share is handed back."""
        total = done + back
        share = back / total if total else 0.0
        while total > _NOTHING and self._visible:
            lot = self._visible.popleft()
            taken = min(lot.number, total)
            total -= taken
            self._waiting -= taken
            if taken < lot.number:
                self._visible.appendleft(replace(lot, number=lot.number - taken))
            if share:
                self._hide(now, replace(lot, number=taken * share, received=lot.received + 1))
        if not self._visible:
            self._waiting = 0.0

    def _hide(self, now: float, lot: Lot) -> None:
        self._away += lot.number
        self._hidden.append((now + self._stack.hidden, lot))

    def _note(self, now: float, coming: float) -> None:
        day, waiting = self.day, self.waits
        lots = [*islice(self._visible, 1), *(lot for _, lot in islice(self._hidden, 1))]
        age = now - min((lot.arrived for lot in lots), default=now)
        day.depth.append(waiting)
        day.age.append(age)
        if age > self._stack.late:
            day.bound.setdefault("LateAlarm", now)
        if waiting or coming:
            day.finished = now + STEP
