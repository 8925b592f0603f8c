"""The page in a real browser: Debian's Chromium, with real keys and touches."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from litescore import image
from tests.review.conftest import LABELS, Kept, Served, keep, reviewing, serving
from tests.rig.browser import Browser, Page, browse
from tests.rig.needs import needs

DESKTOP, PHONE = (1280, 800), (390, 844)
# What Chromium is told of a key: its name, its code, and the text that it types.
_KEYS = {"Enter": (13, "\r"), "Delete": (46, ""), "ArrowDown": (40, ""), "Escape": (27, "")}
SAID = "document.getElementById('said').textContent"
# The next picture is on the screen, or why it is not, or there is none.
SETTLED = "ready || !current() || at('none').textContent.startsWith('This is no')"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needs("chromium")
    with browse() as one:
        yield one


def opened(browser: Browser, review: Served, size: tuple[int, int] = DESKTOP) -> Page:
    page = browser.open(review.url, *size, phone=size != DESKTOP)
    page.until("ready")
    return page


def press(page: Page, key: str) -> None:
    code, text = _KEYS[key] if key in _KEYS else (ord(key.upper()), key)
    words = {"key": key, "windowsVirtualKeyCode": code}
    page.send("Input.dispatchKeyEvent", type="keyDown", text=text, **words)
    page.send("Input.dispatchKeyEvent", type="keyUp", **words)


def after(page: Page, key: str, said: str) -> None:
    """Press it; back once the page has said what that did, and shows what is next."""
    page.value(f"{SAID} = ''")
    press(page, key)
    page.until(f"{SAID} === '{said}' && !busy && ({SETTLED})", 20)


def middle(page: Page) -> tuple[int, ...]:
    """The colour in the middle of the shown picture, as it is on the screen."""
    box = page.value(
        "(() => { const box = at('picture').getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    shot = np.asarray(image.decode(page.screenshot()).convert("RGB"))
    scale = shot.shape[1] / page.value("innerWidth")
    x, y = (int(number * scale) for number in box)
    return tuple(int(channel) for channel in shot[y, x])


def test_by_the_keyboard(browser: Browser, kept: Kept) -> None:
    """Enter confirms, a digit corrects, Delete and X throw away, S skips, U and Z undo; the picture
    that is on the screen is the one that is decided on.
    """
    with serving(kept) as review:
        page = opened(browser, review)
        assert page.value("at('label').textContent") == "red"
        assert middle(page) == (255, 0, 0)
        after(page, "Enter", "red confirmed")
        assert middle(page) == (0, 255, 0)
        assert kept.files() == {"red": [kept.ids[0]]}
        after(page, "3", "blue, not green")
        assert middle(page) == (0, 0, 255)
        assert kept.files() == {"blue": [kept.ids[1]], "red": [kept.ids[0]]}
        after(page, "u", "undone")
        after(page, "z", "undone")
        page.until(f"ready && current().id === '{kept.ids[0]}'")
        assert kept.files() == {}
        assert page.value("at('undo').disabled") is True
        after(page, "s", "skipped: it comes again at the end")
        after(page, "x", "thrown away")
        after(page, "Delete", "thrown away")
        page.until("ready")
        for _ in range(3):
            after(page, " ", page.value("`${current().label} confirmed`"))
        page.until("ready && state.left === 1")
        assert page.value("current().id") == kept.ids[0]
        after(page, "1", "red confirmed")
        page.until("document.body.classList.contains('ended')")
        assert "6 decided: 4 confirmed, 0 corrected, 2 thrown away" in page.value(
            "document.getElementById('end').textContent"
        )
        assert kept.files() == {
            "blue": [kept.ids[5]],
            "green": [kept.ids[4]],
            "red": sorted([kept.ids[0], kept.ids[3]]),
        }
        after(page, "u", "undone")
        page.until(f"ready && current().id === '{kept.ids[0]}'")
        page.close()


def test_a_key_held_down_decides_once(browser: Browser, kept: Kept) -> None:
    """The repeats of a key that is held, and keys with Ctrl, do nothing."""
    with serving(kept) as review:
        page = opened(browser, review)
        page.value(
            "window.sent = 0; window.fetch = (real => (...words) => "
            "{ window.sent += 1; return real(...words); })(fetch); 0"
        )
        for _ in range(5):
            page.send(
                "Input.dispatchKeyEvent", type="keyDown", text="\r", key="Enter",
                windowsVirtualKeyCode=13, autoRepeat=True,
            )  # fmt: skip
        page.send(
            "Input.dispatchKeyEvent",
            type="rawKeyDown",
            key="x",
            modifiers=2,
            windowsVirtualKeyCode=88,
        )
        assert page.value("[window.sent, acts]") == [0, 0]
        after(page, "Enter", "red confirmed")
        assert review.ask("/state")[1]["done"] == 1
        page.close()


def test_many_labels_and_a_new_one(browser: Browser, kept: Kept) -> None:
    """Of many labels one is found by typing, with the arrows and Enter; a new one is made where that
    is allowed; a letter that belongs to a search decides nothing.
    """
    labels = (*LABELS, *(f"colour {number}" for number in range(20)))
    with serving(kept, labels, may_grow=True) as review:
        page = opened(browser, review)
        press(page, "c")
        page.until("at('finder').open")
        for letter in "our 1":
            press(page, letter)
        page.until("at('typed').value === 'cour 1'")
        page.value("at('typed').value = 'colour 1'; at('typed').oninput()")
        press(page, "ArrowDown")
        page.until(
            "document.querySelector('#found [aria-selected=true]').textContent === 'colour 10'"
        )
        press(page, "Enter")
        page.until("state.done === 1 && ready")
        assert kept.files() == {"colour 10": [kept.ids[0]]}
        press(page, "n")
        page.until("at('finder').open")
        press(page, "x")
        press(page, "s")
        page.until("document.querySelector('#found li').textContent === 'new label “xs”'")
        press(page, "Enter")
        page.until("state.done === 2 && ready")
        assert kept.files()["xs"] == [kept.ids[1]]
        assert page.value("state.labels.includes('xs')")
        press(page, "/")
        page.until("at('finder').open")
        press(page, "Escape")
        page.until("!at('finder').open")
        assert review.ask("/state")[1]["done"] == 2
        page.close()


def test_two_windows(browser: Browser, kept: Kept) -> None:
    """A window that is behind is told so, shows what is next, and has decided nothing."""
    with serving(kept) as review:
        first, second = opened(browser, review), opened(browser, review)
        after(first, "2", "green, not red")
        press(second, "Enter")
        second.until(f"{SAID}.includes('labelled green already')")
        second.until(f"ready && current().id === '{kept.ids[1]}'")
        assert kept.files() == {"green": [kept.ids[0]]}
        after(second, "Enter", "green confirmed")
        press(first, "1")
        first.until(f"{SAID}.includes('already')")
        assert kept.files() == {"green": sorted(kept.ids[:2])}
        first.close()
        second.close()


def test_killed_between(browser: Browser, kept: Kept) -> None:
    """Once the process is killed a key decides nothing and the page says so; once it is started again
    on its port the same page goes on.
    """
    with reviewing(kept.folder) as review:
        page = opened(browser, review)
        after(page, "Enter", "red confirmed")
        page.until("ready")
        os.kill(review.child.pid, signal.SIGKILL)
        review.child.wait()
        press(page, "Enter")
        page.until(f"{SAID}.includes('does not answer: nothing was decided')")
    with reviewing(kept.folder, "--port", review.port):
        page.until("!busy")
        after(page, "Enter", "green confirmed")
        page.close()
    assert kept.files() == {"green": [kept.ids[1]], "red": [kept.ids[0]]}


def test_by_touch_on_a_phone(browser: Browser, kept: Kept) -> None:
    """Nothing sticks out; picture, label and what confirms are in the window, and touches decide."""
    with serving(kept) as review:
        page = opened(browser, review, PHONE)
        assert page.value("document.documentElement.scrollWidth") == PHONE[0]
        for name in ("picture", "label", "confirm", "reject", "undo"):
            bottom = page.value(f"at('{name}').getBoundingClientRect().bottom")
            assert 0 < bottom <= PHONE[1], name
        for name in ("confirm", "reject"):
            box = page.value(
                f"(() => {{ const box = at('{name}').getBoundingClientRect();"
                " return [box.x + box.width / 2, box.y + box.height / 2, box.height]; })()"
            )
            assert box[2] >= 44
            before = page.value("state.done")
            for kind in ("mousePressed", "mouseReleased"):
                page.send(
                    "Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left",
                    clickCount=1,
                )  # fmt: skip
            page.until(f"state.done === {before + 1} && ready && !busy")
        assert kept.files() == {"red": [kept.ids[0]]}
        # What was pressed does not keep the keys: Enter confirms, and throws nothing away.
        assert page.value("document.activeElement.id") == "what"
        page.close()


def test_a_picture_that_is_none(browser: Browser, kept: Kept) -> None:
    """It is told with why; it cannot be confirmed, and can be thrown away."""
    path = next(kept.folder.rglob(f"{kept.ids[0]}.png"))
    path.write_bytes(b"\x89PNG\r\n\x1a\nno")
    with serving(kept) as review:
        page = browser.open(review.url, *DESKTOP)
        page.until("at('none').textContent.startsWith('This is no picture')")
        press(page, "Enter")
        press(page, "1")
        after(page, "x", "thrown away")
        page.until("ready")
        assert kept.files() == {}
        page.close()


def test_outline_light_and_dark(browser: Browser, tmp_path: Path) -> None:
    """The part that the model saw is outlined where it is; letters stand out on both grounds."""
    kept = Kept(tmp_path / "kept", tmp_path / "out", [])
    keep(kept.folder, 0, view={"mirror": True, "region": [0.0, 0.5, 0.25, 0.5]}, size=(200, 100))
    with serving(kept) as review:
        page = opened(browser, review)
        share = page.value(
            "(() => { const box = at('seen').getBoundingClientRect(), all = at('picture')"
            ".getBoundingClientRect(); return [(box.x - all.x) / all.width, (box.y - all.y) /"
            " all.height, box.width / all.width, box.height / all.height]; })()"
        )
        assert share == pytest.approx([0.75, 0.5, 0.25, 0.5], abs=0.01)
        for dark in (False, True):
            ground, ink = page.colors(dark=dark)
            assert (ground[0] < 60) is dark
            assert (ink[0] > 180) is dark
        page.close()
