"""The Python API over many images: their neighbours, the caller's buffers, memory and threads."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from litescore import Contract, Model, contract, image
from tests.litescore import tiny
from tests.litescore.asked import answer, make, pixels
from tests.litescore.conftest import LABELS, picture_bytes


def test_a_bad_image_does_not_lose_its_neighbours(model: Model, tmp_path: Path) -> None:
    """Each has one classification, in order, through several batches; errors say what is wrong."""
    bad = {
        "corrupt: 0 bytes": b"",
        "unsupported: not an image: begins with b'bad'": b"bad",
        f"gone: no such file: {tmp_path / 'none.png'}": tmp_path / "none.png",
        "unsupported: pixels are uint8, not float32": np.zeros((4, 3), np.float32),
        "unsupported: NoneType is no image": None,
        "corrupt": Image.open(io.BytesIO(picture_bytes(0)[:200])),
    }
    good: list[Any] = [picture_bytes(n) if n % 2 else pixels(n) for n in range(80)]
    given = list(itertools.chain(*zip(good, itertools.cycle(bad.values()))))
    wanted = list(itertools.chain(*zip(good, itertools.cycle(bad))))
    found = list(model.classify(given))
    assert len(found) == 160
    for one, expected in zip(found, wanted, strict=True):
        if isinstance(expected, str):
            assert str(one.error).startswith(expected)
            assert (one.label, one.score, one.top, one.probabilities) == (None, None, (), None)
        else:
            assert one.error is None
            assert answer(one) == answer(model.classify(expected))


def test_images_are_taken_as_results_are_asked_for(model: Model) -> None:
    """A few are taken ahead: however many there are, memory is flat."""
    for one in (pixels(), picture_bytes(1), b"", picture_bytes(1) + bytes(20_000)):
        taken = iter(range(5000))
        found = model.classify(one for _ in taken)
        assert next(taken) == 0, "nothing is taken before a result is asked for"
        for _ in range(300):
            next(found)
        assert next(taken) < 300 + 600


def test_the_callers_buffer_may_be_used_again(model: Model, tmp_path: Path) -> None:
    """As a camera does, and as a file that is closed when the next is asked for."""
    (tmp_path / "one.png").write_bytes(picture_bytes(3))

    def frames() -> Iterator[Any]:
        buffer = np.empty((7, 9, 3), np.uint8)
        for seed in range(40):
            buffer[:] = pixels(seed)
            yield buffer
        with Image.open(tmp_path / "one.png") as picture:
            yield picture

    found = [answer(one) for one in model.classify(frames())]
    assert found == [answer(model.classify(pixels(seed))) for seed in [*range(40), 3]]


def test_results_stay_as_they_were(model: Model) -> None:
    """What was said of an image does not change with the batches after it, nor by its holder."""
    found = list(model.classify(pixels(seed) for seed in range(100)))
    for seed, one in enumerate(found):
        assert one == model.classify(pixels(seed))
        assert answer(one) == answer(model.classify(pixels(seed)))
        assert one.seen is not None
        assert (one.seen == image.fit(pixels(seed), model.contract)).all()
    assert found[0].probabilities is not None
    with pytest.raises(ValueError, match="read-only"):
        found[0].probabilities[0] = 1


def test_what_the_iterable_raises_comes_after_the_images_before_it(model: Model) -> None:
    """Its own error, when their answers are through."""

    def broken() -> Iterator[bytes]:
        yield from map(picture_bytes, range(3))
        raise KeyError("lost")

    found = model.classify(broken())
    assert [next(found).label is not None for _ in range(3)] == [True] * 3
    with pytest.raises(KeyError, match="lost"):
        next(found)


def test_threads_may_share_a_model(tmp_path: Path) -> None:
    """Each gets the answers to its own images."""
    large = Contract(LABELS, "rgb", 96, 96)
    model = Model(contract.append(tiny.build((96, 96, 3)), large))
    noise = np.random.default_rng(6).integers(0, 256, (8, 96, 96, 3), np.uint8)
    alone = [answer(model.classify(one)) for one in noise]

    def again(number: int) -> bool:
        return answer(model.classify(noise[number % 8])) == alone[number % 8]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(again, range(400)))


def test_a_file_replaced_meanwhile_changes_nothing(tmp_path: Path) -> None:
    """Many are scored by the file that one was scored by."""
    path = make(tmp_path)
    model = Model(path)
    path.write_bytes(b"another")
    (found,) = model.classify([pixels()])
    assert found.model == model.digest == model.classify(pixels()).model
