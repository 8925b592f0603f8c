"""The page in a real browser: Debian's Chromium, as a desktop's window and as a phone's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.status import Status
from litescore import image
from tests.edge.conftest import BLUE, GREEN, RED
from tests.edge.preview.conftest import Show, Shown
from tests.edge.sinks.shown import RELEASE
from tests.rig.browser import Browser, Page, browse
from tests.rig.needs import needs

DESKTOP, PHONE, SMALL_PHONE = (1280, 800), (390, 844), (360, 740)
# The middle of the picture as the page has it, each channel 0 or 255.
PICTURE = """(() => {
  const picture = document.getElementById("picture"), canvas = document.createElement("canvas");
  if (picture.hidden || !picture.complete) return "";
  canvas.width = canvas.height = 1;
  const paint = canvas.getContext("2d");
  paint.drawImage(picture, picture.naturalWidth / 2, 40, 1, 1, 0, 0, 1, 1);
  return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3).map(x => x > 127 ? 255 : 0).join();
})()"""
# Each bar's share of its rail, as it is on the screen.
BARS = """[...document.querySelectorAll("#bars b")].map(
  bar => bar.getBoundingClientRect().width / bar.parentElement.getBoundingClientRect().width)"""
STATE = 'document.getElementById("state").textContent'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needs("chromium")
    with browse() as one:
        yield one


def opened(browser: Browser, shown: Shown, size: tuple[int, int]) -> Page:
    page = browser.open(shown.preview.url, *size, phone=size != DESKTOP)
    page.until(f"{STATE} === 'live'")
    return page


def pixels(page: Page) -> NDArray[np.uint8]:
    """What the window shows, every fourth of its pixels each way: uint8[h, w, 3]."""
    return np.asarray(image.decode(page.screenshot()).convert("RGB"))[::4, ::4]


def covered(window: NDArray[np.uint8], color: tuple[int, int, int]) -> float:
    """How much of the window is about that colour, 0..1."""
    return float((np.abs(window.astype(int) - color).max(axis=2) < 24).mean())


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_picture_and_bars(browser: Browser, shown: Shown, size: tuple[int, int]) -> None:
    """The picture changes as the source does, and the bars, the decision and its history with it."""
    page = opened(browser, shown, size)
    for place, color in enumerate((RED, BLUE, GREEN)):
        shown.source.color = color
        page.until(f"{PICTURE} === '{color[0]},{color[1]},{color[2]}'")
        bar = color.index(255)
        page.until(f"{BARS}[{bar}] > 0.9 && {BARS}.filter(share => share < 0.1).length === 2")
        label = ("red", "green", "blue")[bar]
        page.until(f"document.getElementById('label').textContent === '{label}'")
        page.until(f"document.querySelectorAll('#decisions li').length === {place + 1}")
        window = pixels(page)
        others = [each for each in (RED, BLUE, GREEN) if each != color]
        assert covered(window, color) > 0.1
        assert max(covered(window, each) for each in others) < 0.01
    page.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE, SMALL_PHONE])
def test_it_fits(browser: Browser, shown: Shown, size: tuple[int, int]) -> None:
    """Nothing sticks out to the right; what matters is in the window without scrolling; every
    figure has its number.
    """
    page = opened(browser, shown, size)
    page.until(f"{PICTURE} && {BARS}.length === 3")
    assert page.value("document.documentElement.scrollWidth") == size[0]
    for name in ("picture", "label", "bars"):
        bottom = f"document.getElementById('{name}').getBoundingClientRect().bottom"
        assert page.value(bottom) <= size[1]
    text = page.value("document.body.innerText")
    for told in ("/dev/video0", "Latency", "52", "under-voltage", "Dropped\n3", "litescore 0"):
        assert told in text.replace("\n\n", "\n")
    for wrong in ("undefined", "NaN", "null", "no picture"):
        assert wrong not in text
    page.close()


def test_light_and_dark(browser: Browser, shown: Shown) -> None:
    """The ground follows what the viewer's system prefers, and the letters with it."""
    page = opened(browser, shown, DESKTOP)
    for dark in (False, True):
        ground, ink = page.colors(dark=dark)
        assert (ground[0] < 60) is dark
        assert (ink[0] > 180) is dark
        assert covered(pixels(page), ground) > 0.15
    page.close()


def test_trouble_is_told(browser: Browser, shown: Shown) -> None:
    """A source that is lost shows as the state; so does its return."""
    page = opened(browser, shown, DESKTOP)
    shown.source.condition = Status("lost", "unplugged")
    page.until(f"{STATE} === 'source /dev/video0 is lost: unplugged'")
    shown.source.condition = Status("running")
    page.until(f"{STATE} === 'live'")
    page.close()


def test_a_release_is_told(browser: Browser, shown: Shown) -> None:
    """Of a channel that is followed: slot, turn, trial, what failed and what is not taken again."""
    shown.model.release = RELEASE
    page = opened(browser, shown, DESKTOP)
    page.until("document.getElementById('about').innerText.includes('slot b')")
    text = page.value("document.getElementById('about').innerText")
    assert "slot b, turn 7, for " in text
    assert "on trial, 1 min left" in text
    assert "not renewed: channel 'stable' of shoes: no such file" in text
    assert "cdcdcdcdcdcd is not taken again: the loop crashed with it" in text
    assert "a newer model file" not in text
    page.close()


def test_connection_lost_and_back(browser: Browser, shown: Shown) -> None:
    """The page says that the connection is lost, and finds back by itself, picture and all."""
    page = opened(browser, shown, PHONE)
    page.until(f"{PICTURE} === '255,0,0'")
    shown.preview.close()
    page.until(f"{STATE} === 'connection lost, trying again'")
    shown.preview = shown.reopen()
    shown.source.color = GREEN
    page.until(f"{STATE} === 'live'")
    page.until(f"{PICTURE} === '0,255,0'")
    page.close()


def test_a_seat_that_becomes_free(browser: Browser, shown: Shown) -> None:
    """A page that is told to come again, since eight are looking, does so."""
    with ExitStack() as crowd:
        for _ in range(8):
            crowd.enter_context(shown.following("/events"))
        page = browser.open(shown.preview.url, *DESKTOP)
        page.until(f"{STATE} === 'connection lost, trying again'")
    page.until(f"{STATE} === 'live'")
    page.close()


def test_token(browser: Browser, show: Show) -> None:
    """A browser is asked for the token, keeps it, and shows the page without it in the address."""
    with show(token="correct-horse-battery") as shown:
        page = browser.open(shown.preview.url, *PHONE, phone=True)
        assert page.value("document.forms.length") == 1
        page.value("document.getElementById('token').value = 'correct-horse-battery'")
        page.value("document.forms[0].submit()")
        page.until(f"document.getElementById('state') && {STATE} === 'live'")
        assert page.value("location.href") == shown.preview.url
        assert page.value("document.cookie") == ""
        page.until(f"{PICTURE} === '255,0,0'")
        page.close()
