"""A page in Chromium -> a small PNG."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litescore.errors import ConfigurationError
from tests.rig.browser import Browser, Page

WIDTH = 1000
COLORS = 256
_EXACT = 64


def opened(browser: Browser, page: Path | str, *, width: int = WIDTH, height: int = 700) -> Page:
    """A page's file or URL, light, in a window of so many pixels."""
    url = page.resolve().as_uri() if isinstance(page, Path) else page
    shown = browser.open("about:blank", width, height)
    shown.darken(False)
    # A picture of more than the window has no scroll bar, so the page should not make room for one.
    shown.send("Emulation.setScrollbarsHidden", hidden=True)
    shown.go(url)
    return shown


def part(page: Page, begin: str, end: str = "", *, most: int = 1200, room: int = 12) -> bytes:
    """The page from the element that `begin` selects to the one before `end`, as PNG.

    Both are JavaScript expressions for an element. Without `end` it is the element alone. The
    picture is as wide as what is in it, and at most `most` pixels high.
    """
    box: dict[str, Any] = page.value(_BOX % (begin, end or "null"))
    left, top = max(0, box["left"] - room), max(0, box["top"] - room)
    clip = {
        "x": left,
        "y": top,
        "width": box["right"] + room - left,
        "height": min(most, box["bottom"] + room - top),
        "scale": 1,
    }
    return _shot(page, clip)


def window(page: Page) -> bytes:
    """The whole window as PNG."""
    width, height = page.value("[innerWidth, innerHeight]")
    return _shot(page, {"x": 0, "y": 0, "width": width, "height": height, "scale": 1})


def heading(text: str) -> str:
    """A JavaScript expression for the h2 whose text begins so."""
    return f"[...document.querySelectorAll('h2')].find(one => one.textContent.startsWith({text!r}))"


def write(path: Path, png: bytes) -> int:
    """Write the picture with a palette, which is a third of the bytes; its size in bytes."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    packed = io.BytesIO()
    _packed(image).save(packed, "PNG", optimize=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed.getvalue())
    return len(packed.getvalue())


def _packed(image: Image.Image) -> Image.Image:
    """The picture with a palette: the most frequent colours as they are, white above all; of the rest
    each counts once, so that a green dot among greys stays green.
    """
    colors, places, counts = np.unique(
        np.asarray(image).reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    exact = colors[np.argsort(-counts)[:_EXACT]]
    rest = Image.fromarray(colors[None]).quantize(COLORS - _EXACT).getpalette() or []
    palette = np.concatenate([exact, np.array(rest, np.uint8).reshape(-1, 3)])[:COLORS]
    # Pillow's own search for the nearest rounds colours first: white would be grey.
    nearest = np.concatenate([_nearest(some, palette) for some in np.array_split(colors, 64)])
    packed = Image.fromarray(nearest[places].reshape(image.height, image.width), "P")
    packed.putpalette(palette.flatten().tolist())
    return packed


def _nearest(colors: NDArray[np.uint8], palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    apart = colors[:, None].astype(np.int32) - palette[None]
    return (apart**2).sum(axis=2).argmin(axis=1).astype(np.uint8)


def _shot(page: Page, clip: dict[str, Any]) -> bytes:
    """That part of the page. Raises ConfigurationError where it shows a folder of this machine."""
    named = page.value(_NAMED % json.dumps(clip))
    if named:
        raise ConfigurationError(f"the picture would show a folder of this machine: {named}")
    shot = page.send("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
    return base64.b64decode(shot["data"])


# The first text in a part of the page that names an absolute folder.
_NAMED = """(clip => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
  while (texts.nextNode()) {
    range.selectNode(texts.currentNode);
    const box = range.getBoundingClientRect(), top = box.top + window.scrollY;
    const seen = box.height && top < clip.y + clip.height && top + box.height > clip.y;
    if (seen && /(^|[\\s"'(])\\/(tmp|home|root|work|usr|var|opt)\\//.test(texts.currentNode.data))
      return texts.currentNode.data;
  }
  return "";
})(%s)"""
# Where the elements from the first to the one before the last lie on the page; margins are not
# theirs. `wide` blocks and tables are as wide as their table, not as the window.
_BOX = """(() => {
  const first = %s, end = %s, boxes = [];
  for (let one = first; one && one !== end; one = end ? one.nextElementSibling : null) {
    const inner = one.matches('.wide') ? one.firstElementChild : one;
    const box = inner.getBoundingClientRect();
    if (box.height) boxes.push(box);
  }
  const down = window.scrollY;
  return {
    left: Math.min(...boxes.map(box => box.left)), right: Math.max(...boxes.map(box => box.right)),
    top: boxes[0].top + down, bottom: Math.max(...boxes.map(box => box.bottom)) + down,
  };
})()"""
