"""The budget that bounds how many pixels all threads decode at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import pytest

from litescore import image
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.image import PixelBudget
from tests.litescore.pictures import encode

# What a thread may take to show that it is not waiting.
SOON = 10.0


class Holder(threading.Thread):
    """A thread that holds pixels until it is told to let go."""

    def __init__(self, budget: PixelBudget, pixels: int) -> None:
        super().__init__(daemon=True)
        self.budget, self.pixels = budget, pixels
        self.holds, self.done = threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        with self.budget.hold(self.pixels):
            self.holds.set()
            self.done.wait(SOON)

    def let_go(self) -> None:
        self.done.set()
        self.join(SOON)


def test_what_fits_in_goes_on_at_once() -> None:
    """Up to the limit nobody waits."""
    holders = [Holder(PixelBudget(100), pixels) for pixels in (60, 30, 10)]
    for holder in holders:
        assert holder.holds.wait(SOON)
        holder.let_go()


def test_what_does_not_fit_in_waits() -> None:
    """One pixel over the limit waits until another has let go."""
    budget = PixelBudget(100)
    first = Holder(budget, 60)
    assert first.holds.wait(SOON)
    second = Holder(budget, 41)
    assert not second.holds.wait(0.05)
    first.let_go()
    assert second.holds.wait(SOON)
    second.let_go()


def test_one_who_waits_does_not_hold_up_the_others() -> None:
    """When pixels come free, whoever fits in goes on, also behind one who does not."""
    budget = PixelBudget(100)
    first, second = Holder(budget, 60), Holder(budget, 40)
    assert first.holds.wait(SOON)
    assert second.holds.wait(SOON)
    large = Holder(budget, 100)
    assert not large.holds.wait(0.05)
    small = Holder(budget, 40)
    assert not small.holds.wait(0.05)
    second.let_go()
    assert small.holds.wait(SOON / 2)
    assert not large.holds.is_set()
    for holder in (small, first, large):
        holder.let_go()


def test_a_huge_picture_passes_alone() -> None:
    """Above the limit it waits for the others to end, and then goes on: never for ever."""
    budget = PixelBudget(100)
    small = Holder(budget, 1)
    assert small.holds.wait(SOON)
    huge = Holder(budget, 1000)
    assert not huge.holds.wait(0.05)
    small.let_go()
    assert huge.holds.wait(SOON)
    other = Holder(budget, 1)
    assert not other.holds.wait(0.05)
    huge.let_go()
    assert other.holds.wait(SOON)
    other.let_go()


def test_an_error_gives_the_pixels_back() -> None:
    """A picture that fails holds nothing afterwards."""
    budget = PixelBudget(100)
    with pytest.raises(KeyError), budget.hold(100):
        raise KeyError
    after = Holder(budget, 100)
    assert after.holds.wait(SOON)
    after.let_go()


def test_many_threads_stay_within_and_all_end() -> None:
    """Eight threads, sizes small and huge in no order: never above the limit, unless alone."""
    budget, limit = PixelBudget(100), 100
    lock, running, excesses = threading.Lock(), [], []

    def work(pixels: int) -> None:
        with budget.hold(pixels):
            with lock:
                running.append(pixels)
                if sum(running) > limit and len(running) > 1:
                    excesses.append(tuple(running))
            with lock:
                running.remove(pixels)

    sizes = [Random(number).choice([1, 20, 50, 99, 100, 500]) for number in range(2000)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, sizes, timeout=60))
    assert excesses == []
    assert running == []


def test_large_pictures_are_counted() -> None:
    """`decode_to_tensor` of a large picture waits for the budget; of a small one it does not."""
    wanted = Contract(("a", "b"), "gray", 8, 8)
    large, small = (encode(np.zeros((side, side), np.uint8)) for side in (1200, 20))
    budget = PixelBudget(2_000_000)
    holder = Holder(budget, 2_000_000)
    assert holder.holds.wait(SOON)
    with ThreadPoolExecutor(2) as threads:
        waiting = threads.submit(image.decode_to_tensor, large, wanted, budget=budget)
        passing = threads.submit(image.decode_to_tensor, small, wanted, budget=budget)
        assert passing.result(SOON / 2).shape == (8, 8, 1)
        with pytest.raises(TimeoutError):
            waiting.result(0.2)
        holder.let_go()
        assert waiting.result(SOON).shape == (8, 8, 1)


def test_a_large_picture_that_is_broken_gives_its_pixels_back() -> None:
    """After a truncated picture the budget is whole."""
    data = encode(np.random.default_rng(0).integers(0, 256, (1200, 1200), np.uint8))
    budget = PixelBudget(1_440_000)
    with pytest.raises(PermanentError, match="corrupt"):
        image.decode_to_tensor(data[:1000], Contract(("a", "b"), "gray", 8, 8), budget=budget)
    after = Holder(budget, 1_440_000)
    assert after.holds.wait(SOON)
    after.let_go()
