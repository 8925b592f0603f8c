"""Debian's Chromium without a window, driven over the DevTools protocol.

It speaks over two pipes (`--remote-debugging-pipe`: JSON with a zero byte after each message), so no
port is open, and it ends when they close: also when this process is killed.
https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHROMIUM = "chromium"
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
# Chromium reads from descriptor 3 and writes to 4; duplicates above first, lest one hide the other.
_LAUNCH = """
import os, sys
commands, answers = (os.dup2(int(word), 100 + place) for place, word in enumerate(sys.argv[1:3]))
os.dup2(commands, 3), os.dup2(answers, 4)
os.closerange(5, 256)
os.execvp(sys.argv[3], sys.argv[3:])
"""
_PATIENCE = 60.0


class BrowserError(RuntimeError):
    """Chromium answered with an error, or not at all."""


@contextmanager
def browse() -> Iterator[Browser]:
    """A Chromium with a profile of its own until the block ends."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        launch = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(theirs_in), str(theirs_out)]
        child = subprocess.Popen(
            [*launch, CHROMIUM, *_FLAGS, f"--user-data-dir={profile}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs_in, theirs_out),
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield Browser(ours_in, ours_out)
        finally:
            os.close(ours_out)
            os.close(ours_in)
            _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """It ends by itself once its pipes are closed; should it not, it is killed."""
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


class Browser:
    """Sends commands and takes answers; what Chromium tells unasked is left out."""

    def __init__(self, answers: int, commands: int) -> None:
        self._answers, self._commands = answers, commands
        self._last = 0
        self._buffer = b""

    def open(self, url: str, width: int, height: int, *, phone: bool = False) -> Page:
        """`url` in a window of so many CSS pixels; of a phone two dots are one of them."""
        # Apart from other pages: cookies, connections.
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context)
        attached = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = Page(self, attached["sessionId"], context)
        page.resize(width, height, phone=phone)
        page.go(url)
        return page

    def send(self, method: str, *, session: str | None = None, **parameters: Any) -> Any:
        """The result of a command. Raises BrowserError."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + _PATIENCE
        while (answer := self._receive(end)).get("id") != self._last:
            pass
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _receive(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(0, end - time.monotonic()))
            data = os.read(self._answers, 1 << 20) if ready else b""
            if not data:
                raise BrowserError("Chromium ended" if ready else "no answer from Chromium")
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@dataclass(frozen=True)
class Page:
    """One tab."""

    browser: Browser
    session: str
    context: str

    def send(self, method: str, **parameters: Any) -> Any:
        return self.browser.send(method, session=self.session, **parameters)

    def go(self, url: str) -> None:
        """Load `url`; back once it is loaded, what its script still fetches aside."""
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )

    def darken(self, dark: bool) -> None:
        """Prefer a dark page, or a light one."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[feature])

    def colors(self, *, dark: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The body's ground and its letters, each RGB, where the viewer's system prefers that."""
        self.darken(dark)
        names = ("backgroundColor", "color")
        found = [self.until(f"getComputedStyle(document.body).{name}") for name in names]
        ground, ink = (tuple(map(int, one.strip("rgb()").split(", "))) for one in found)
        return ground, ink

    def value(self, script: str) -> Any:
        """What the JavaScript expression comes to. Raises BrowserError for what it throws."""
        done = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in done:
            raise BrowserError(str(done["exceptionDetails"]))
        return done["result"].get("value")

    def until(self, script: str, seconds: float = _PATIENCE) -> Any:
        """The first true value of the expression. Raises BrowserError where there is none."""
        end = time.monotonic() + seconds
        while not (value := self.value(script)):
            if time.monotonic() > end:
                raise BrowserError(f"never true: {script}")
            time.sleep(0.05)
        return value

    def screenshot(self, path: Path | None = None) -> bytes:
        """The window as PNG; written to `path` where one is given."""
        png = base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])
        if path:
            path.write_bytes(png)
        return png

    def close(self) -> None:
        self.browser.send("Target.disposeBrowserContext", browserContextId=self.context)


def main() -> None:
    """`python -m tests.rig.browser URL PNG`: what a page looks like after three seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("png", type=Path)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--dark", action="store_true")
    words = parser.parse_args()
    with browse() as browser:
        page = browser.open(words.url, words.width, words.height, phone=words.phone)
        page.darken(words.dark)
        time.sleep(3)
        page.screenshot(words.png)


if __name__ == "__main__":
    main()
