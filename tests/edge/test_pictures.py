"""What people are shown of frames: colours, size, caption; and that it is encoded once for all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge import captions, pictures
from edge.decisions import Decision
from edge.device import Device
from edge.frames import Frame, Still
from edge.pictures import Picture, Pictures
from edge.scored import Scored
from litescore import image
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.record import Subject
from litescore.view import View
from tests.edge.conftest import BLUE, GREEN, RED, plain

CONTRACT = Contract(("red", "green", "blue"), "rgb", 8, 8)
BLACK = (0, 0, 0)
Color = tuple[int, int, int]


def scored(
    pixels: NDArray[np.uint8] | Still | PermanentError,
    *,
    label: str = "red",
    contract: Contract = CONTRACT,
) -> Scored:
    """A frame as the loop tells of it."""
    failed = isinstance(pixels, PermanentError)
    return Scored(
        Frame(Subject("/dev/video0"), 0, 0.0, pixels),
        None if failed else np.array([0.9, 0.06, 0.04], np.float32),
        None if failed else Decision(label, 0.9, 0.0, False, None),
        pixels if isinstance(pixels, PermanentError) else None,
        contract=contract,
        model="ab" * 32,
        device=Device("0123456789ab", "boot", 7),
        top=3,
    )


def shown(picture: Picture | None) -> NDArray[np.uint8]:
    """The picture's pixels, red first."""
    assert picture is not None
    return np.asarray(image.decode(picture.jpeg))


@pytest.mark.parametrize("color", [RED, BLUE])
@pytest.mark.parametrize("as_file", [False, True])
def test_colors(color: tuple[int, int, int], as_file: bool) -> None:
    """Red stays red and blue blue, of a camera's frame and of a file's."""
    pixels = plain(color, 64)
    seen = Pictures()
    seen.see(scored(Still(image.encode_png(pixels), 10**6) if as_file else pixels))
    top = shown(seen.latest())[:300, :300].reshape(-1, 3).mean(axis=0)
    assert np.abs(top - color).max() < 6


def test_small_ones_are_enlarged_without_blur() -> None:
    """Of 28 x 28 pixels each is a square of its own value; a person can see them."""
    pixels = np.random.default_rng(0).choice([40, 215], (28, 28, 1)).repeat(3, 2).astype(np.uint8)
    seen = Pictures()
    seen.see(scored(pixels))
    top = shown(seen.latest())[:336, :336, 0].astype(int)
    squares = pixels[..., 0].repeat(12, axis=0).repeat(12, axis=1)
    assert np.abs(top - squares).mean() < 6


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (3000, 4)])
def test_large_ones_are_made_smaller(size: tuple[int, int]) -> None:
    """No side is longer than 960 pixels, the strip below aside; the shape stays."""
    seen = Pictures()
    seen.see(scored(np.zeros((*size, 3), np.uint8)))
    height, width = shown(seen.latest()).shape[:2]
    height -= max(28, width // 18)
    assert max(height, width) == 960
    assert min(height, width) == max(1, round(min(size) * 960 / max(size)))


@pytest.mark.parametrize("ground", [0, 255])
def test_caption_can_be_read(ground: int) -> None:
    """Below the picture stand light letters on a dark ground, whatever the picture is like."""
    seen = Pictures()
    seen.see(scored(np.full((240, 320, 3), ground, np.uint8)))
    below = shown(seen.latest())[240:]
    assert below.shape[0] == 28
    assert np.median(below) < 50
    assert (below > 230).sum() > 100


def test_caption_says_the_decision() -> None:
    """The label and score that the frames come to, not the single frame's."""
    assert pictures.caption(scored(plain(RED), label="unknown")) == "unknown   90 %"
    alone = scored(plain(RED))
    alone.decision = None
    assert pictures.caption(alone) == "red   90 %"


def test_caption_in_any_script() -> None:
    """A label that no font has is told by its number; one that a font has is written."""
    contract = replace(CONTRACT, labels=("red", "Grün", "\U0010fffd"))
    told = pictures.caption(scored(plain(RED), label="\U0010fffd", contract=contract))
    assert told == "label 2   90 %"
    if captions.is_written("Grün"):
        umlaut = captions.strip("Grün", 200, 28).astype(int)
        assert np.abs(umlaut - captions.strip("Grun", 200, 28)).max() > 100


def test_a_long_caption_is_cut() -> None:
    """Its right margin stays empty, and it ends."""
    strip = captions.strip("pullover " * 100, 200, 28)
    assert strip[:, 192:].max() < 50
    assert strip[:, :192].max() == 255
    assert captions.strip("pullover", 4, 28).shape == (28, 4, 3)


def quarters() -> NDArray[np.uint8]:
    """Red, green over blue, black: uint8[320, 400, 3], no two corners alike."""
    pixels = np.zeros((320, 400, 3), np.uint8)
    pixels[:160, :200], pixels[:160, 200:], pixels[160:, :200] = RED, GREEN, BLUE
    return pixels


@pytest.mark.parametrize(
    ("view", "corners"),
    [
        (View(), (RED, GREEN, BLUE)),
        (View(rotate=90), (BLUE, RED, BLACK)),
        (View(rotate=180), (BLACK, BLUE, GREEN)),
        (View(rotate=270), (GREEN, BLACK, RED)),
        (View(mirror=True), (GREEN, RED, BLACK)),
        (View(rotate=90, mirror=True), (RED, BLUE, GREEN)),
        (View(invert=True), (RED, GREEN, BLUE)),
    ],
)
def test_turned_as_the_model_sees_it(view: View, corners: tuple[Color, ...]) -> None:
    """Clockwise, then mirrored; what is inverted for the model stays as people know it."""
    seen = Pictures()
    seen.see(scored(quarters(), contract=replace(CONTRACT, view=view)))
    pixels = shown(seen.latest()).astype(int)
    width, height = view.turned((400, 320))
    for (x, y), color in zip(((20, 20), (width - 20, 20), (20, height - 20)), corners, strict=True):
        assert np.abs(pixels[y, x] - color).max() < 20


def test_turned_as_the_tensor_is() -> None:
    """The corners of what people see are those of the model's own tensor."""
    for view in (View(rotate=90), View(rotate=270, mirror=True)):
        contract = replace(CONTRACT, view=view)
        seen = Pictures()
        seen.see(scored(quarters(), contract=contract))
        height = view.turned((400, 320))[1]
        pixels = shown(seen.latest())[:height].astype(int)
        tensor = image.fit(quarters(), contract).astype(int)
        for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
            assert np.abs(pixels[corner] - tensor[corner]).max() < 60


@pytest.mark.parametrize("ground", [0, 255])
@pytest.mark.parametrize("size", [(48, 64), (480, 640), (1080, 1920)])
def test_the_region_is_outlined(ground: int, size: tuple[int, int]) -> None:
    """Its edges can be seen on dark and on light ground; what lies in it and around it is whole."""
    contract = replace(CONTRACT, view=View(region=(0.25, 0.25, 0.5, 0.5)))
    frame = np.full((*size, 3), ground, np.uint8)
    seen = Pictures()
    seen.see(scored(frame, contract=contract))
    pixels = shown(seen.latest())[..., 0].astype(int)
    scale = pixels.shape[1] / size[1]
    height, width = round(size[0] * scale), pixels.shape[1]
    left, right, middle = width // 4, width * 3 // 4, height // 2
    for edge in (left, right):
        line = pixels[middle, edge - 8 : edge + 8]
        assert line.max() > 200
        assert line.min() < 55
    for place in (left // 2, width // 2, (right + width) // 2):
        assert abs(pixels[middle, place] - ground) < 12
    assert (frame == ground).all()


def test_failed_frames_have_no_picture() -> None:
    """The last good one stays."""
    seen = Pictures()
    seen.see(scored(PermanentError("corrupt", "no picture")))
    assert seen.latest() is None
    seen.see(scored(plain(RED)))
    first = seen.latest()
    seen.see(scored(PermanentError("corrupt", "no picture")))
    assert seen.latest() is first
    assert pictures.whole(scored(PermanentError("corrupt", "no picture"))) is None


def test_a_file_that_breaks_at_full_size() -> None:
    """It was scored, but cannot be shown: the picture before it stays, and nobody spins on it."""
    seen = Pictures()
    seen.see(scored(plain(RED)))
    first = seen.latest()
    seen.see(scored(Still(b"\xff\xd8\xffnothing", 10**6)))
    assert seen.latest() is first
    assert seen.wait(1, 0.01) is None


def test_encoded_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight who ask at once get one and the same picture; frames nobody asks for are not encoded."""
    encoded = []
    imencode = cv2.imencode
    monkeypatch.setattr(cv2, "imencode", lambda *words: encoded.append(1) or imencode(*words))
    seen = Pictures()
    for _ in range(5):
        seen.see(scored(plain(RED)))
    assert not encoded
    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(lambda _: seen.latest(), range(8)))
    assert got[0] is not None
    assert all(picture is got[0] for picture in got)
    assert got[0].serial == 5
    assert len(encoded) == 1


def test_wait() -> None:
    """It ends with a newer frame, or without one after the time given."""
    seen = Pictures()
    assert seen.wait(0, 0.01) is None
    seen.see(scored(plain(RED)))
    first = seen.wait(0, 0.01)
    assert first is not None
    assert seen.wait(first.serial, 0.01) is None
    threading.Timer(0.05, seen.see, [scored(plain(BLUE))]).start()
    second = seen.wait(first.serial, 60)
    assert second is not None
    assert second.serial == 2


def test_seeing_is_quick_while_a_picture_is_encoded() -> None:
    """The loop never waits for an encoder: `see` returns while one is at work."""
    seen = Pictures()
    seen.see(scored(plain(RED)))
    with seen._encoding, ThreadPoolExecutor(1) as thread:
        noted = thread.submit(seen.see, scored(plain(BLUE)))
        try:
            noted.result(30)
        finally:
            seen._encoding.release()
            noted.result(30)
            seen._encoding.acquire()
    assert seen.wait(1, 1) is not None
