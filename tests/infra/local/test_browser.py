"""The page in a real browser: Debian's Chromium, as a desktop's window and as a phone's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.cloud import LocalCloud
from tests.rig.browser import Browser, Page, browse
from tests.rig.needs import needs
from tests.rig.pngs import Pngs

DESKTOP, PHONE = (1280, 800), (390, 844)
STATE = "document.getElementById('state').textContent"
# Pictures that are there and have been painted.
PICTURES = "[...document.querySelectorAll('#sheet img')].filter(one => one.naturalWidth > 0).length"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needs("chromium")
    with browse() as one:
        yield one


def opened(browser: Browser, url: str, size: tuple[int, int]) -> Page:
    page = browser.open(url, *size, phone=size == PHONE)
    page.until(f"{STATE} === 'live'")
    return page


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_shows_the_job(browser: Browser, url: str, size: tuple[int, int]) -> None:
    """Pictures, the broken image with its reason, bars, dead letter; nothing sticks out."""
    page = opened(browser, url, size)
    page.until(f"{PICTURES} >= 4")
    text = page.value("document.body.innerText")
    for told in ("Images", "Waiting", "the queue is empty", "Dead letters", "s3://b/a letter.png"):
        assert told in text
    for told in ("corrupt", "begins like a PNG file", "cold start", "SQS", "litescore-input-"):
        assert told in text
    for wrong in ("undefined", "NaN", "null", "Invalid Date", "[object"):
        assert wrong not in text
    assert page.value("document.querySelectorAll('#chart rect').length") >= 1
    assert page.value("document.documentElement.scrollWidth - document.body.clientWidth") == 0
    hidden = "[...document.querySelectorAll('.wide')].map(one => one.scrollWidth - one.clientWidth)"
    assert max(page.value(hidden)) == 0
    page.close()


def test_it_follows_the_cloud(browser: Browser, job: LocalCloud, url: str, pngs: Pngs) -> None:
    """An image that is put meanwhile appears by itself, at the first place, with its picture."""
    page = opened(browser, url, DESKTOP)
    job.client("s3").upload_file(str(pngs.paths[20]), job.input_bucket, "shown/meanwhile.png")
    first = "document.querySelector('#sheet li')"
    page.until(f"{first}.innerText.includes('meanwhile.png')")
    page.until(f"{first}.querySelector('img').naturalWidth === 28")
    page.close()


def test_light_and_dark(browser: Browser, url: str) -> None:
    """The ground follows what the viewer's system prefers, and the letters with it."""
    page = opened(browser, url, DESKTOP)
    for dark in (False, True):
        ground, ink = page.colors(dark=dark)
        assert (ground[0] < 60) is dark
        assert (ink[0] > 180) is dark
    page.close()
