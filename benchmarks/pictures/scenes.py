"""What each picture shows: a page of a real run, and the part of it that a reader needs.

SCENES: the picture's name in docs/pictures -> what makes it, as PNG bytes
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.pictures import samples
from benchmarks.pictures.shots import heading, opened, part, window
from benchmarks.pictures.workshop import Workshop
from tests.rig.browser import Browser, Page

if TYPE_CHECKING:
    from botocore.client import BaseClient

Scene = Callable[[Workshop, Browser], bytes]

_TOP = "document.querySelector('h1')"
_APP = (1080, 790)
# Pictures that are confirmed before the review is looked at.
_CONFIRMED = 12
_UPLOADED = 60


def demo(workshop: Workshop, browser: Browser) -> bytes:
    """The report of `make demo`, from its head on; its speeds are those of one busy moment."""
    return part(opened(browser, workshop.demo()), _TOP, heading("Speed"))


def report(workshop: Workshop, browser: Browser) -> bytes:
    """What a training's report says of the training."""
    page = opened(browser, workshop.trained() / "report.html")
    return part(page, heading("The training"), heading("On images never seen"))


def mistakes(workshop: Workshop, browser: Browser) -> bytes:
    """The mistakes that the model is surest of."""
    page = opened(browser, workshop.trained() / "report.html")
    return part(page, heading("The worst mistakes"), heading("Predictions"))


def audit(workshop: Workshop, browser: Browser) -> bytes:
    """What spoils a training."""
    return part(opened(browser, workshop.audit()), _TOP, _heading(3))


def pareto(workshop: Workshop, browser: Browser) -> bytes:
    """Size and latency against accuracy."""
    return part(opened(browser, workshop.exported()), _picture("size and latency"))


def reliability(workshop: Workshop, browser: Browser) -> bytes:
    """Confidence against accuracy."""
    return part(opened(browser, workshop.exported()), _picture("confidence against"))


def results(workshop: Workshop, browser: Browser) -> bytes:
    """The contact sheet of scored pictures."""
    return part(opened(browser, workshop.results()), _TOP, heading("Labels"))


def preview(workshop: Workshop, browser: Browser) -> bytes:
    """The edge loop's page, some decisions in."""
    workshop.model()
    clip = workshop.clip()
    words = ("--source", clip.name, "--loop", "--real-time", "--roi", samples.region())
    decided = ("--min-confidence", "0.6", "--smooth", "exponential:0.3", "--emit", "change")
    place = ("--out", "seen.jsonl", "--preview", "--preview-bind", "127.0.0.1:0")
    with workshop.serving(
        "preview: ", "edge", "run", "--model", "model.tflite", *words, *decided, *place
    ) as url:
        page = opened(browser, url, width=_APP[0], height=_APP[1])
        page.until("document.querySelectorAll('#decisions li').length > 8")
        page.until("parseInt(document.getElementById('score').textContent) > 90")
        page.until("/for [2-9]/.test(document.getElementById('for').textContent)", 20)
        return window(page)


def review(workshop: Workshop, browser: Browser) -> bytes:
    """The page that labels what a camera kept."""
    workshop.kept()
    words = ("review", "kept", "--to", f"reviewed-{time.time_ns()}", "--model", "model.tflite")
    with workshop.serving("review: ", *words) as url:
        page = opened(browser, url, width=_APP[0], height=_APP[1])
        for done in range(_CONFIRMED):
            page.until("ready && !busy")
            _press(page, "Enter", 13, "\r")
            page.until(f"document.getElementById('count').textContent.startsWith('{done + 1} ')")
        page.until("ready && !busy")
        return window(page)


def local(workshop: Workshop, browser: Browser) -> bytes:
    """The local cloud's page, some pictures in."""
    workshop.model()
    found = sorted(workshop.photographs().rglob("*.jpg"), key=lambda path: path.name)[:_UPLOADED]
    workshop.audit()
    broken = workshop.folder.joinpath("photos").rglob("broken.jpg")
    with workshop.serving("page ", "local", "up", "--model", "model.tflite") as url:
        client = _client(workshop)
        bucket = client.list_buckets()["Buckets"]
        name = next(one["Name"] for one in bucket if "input" in one["Name"])
        for path in (*found, *broken):
            client.put_object(Bucket=name, Key=f"in/{path.name}", Body=path.read_bytes())
        page = opened(browser, url, width=1240, height=800)
        page.until("document.querySelectorAll('#sheet li').length > 11")
        time.sleep(8)
        return window(page)


def ran(workshop: Workshop, browser: Browser) -> bytes:
    """What two releases did, hour by hour."""
    page = opened(browser, workshop.ran())
    return part(page, _TOP, "document.querySelector('.chart').closest('figure').nextElementSibling")


def ran_release(workshop: Workshop, browser: Browser) -> bytes:
    """One release: its labels and probabilities beside those of the test images."""
    return part(opened(browser, workshop.ran()), _heading(3), _heading(4))


SCENES: dict[str, Scene] = {
    "demo": demo,
    "report": report,
    "mistakes": mistakes,
    "audit": audit,
    "pareto": pareto,
    "reliability": reliability,
    "results": results,
    "preview": preview,
    "review": review,
    "local": local,
    "ran": ran,
    "ran-release": ran_release,
}


def _heading(number: int) -> str:
    return f"document.querySelectorAll('h2')[{number}]"


def _picture(alt: str) -> str:
    return f"document.querySelector('img[alt^=\"{alt}\" i]')"


def _press(page: Page, key: str, code: int, text: str) -> None:
    words = {"key": key, "windowsVirtualKeyCode": code}
    page.send("Input.dispatchKeyEvent", type="keyDown", text=text, **words)
    page.send("Input.dispatchKeyEvent", type="keyUp", **words)


def _client(workshop: Workshop) -> BaseClient:
    import boto3

    said = (workshop.folder / "logs" / "local-up.log").read_text()
    endpoint = said.split("endpoint ")[1].split()[0]
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
