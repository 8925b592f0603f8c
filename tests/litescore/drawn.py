"""Digits drawn by hand on paper, as a phone photographs them: dark ink on a light ground, a page
seen a little from the side, light that falls off to one edge, grain. Made here, no photographs.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

# Strokes of a pen on a page of 100 x 100.
_STROKES = {
    1: [[(40, 28), (52, 18), (51, 82)]],
    4: [[(38, 18), (30, 54), (70, 53)], [(60, 24), (58, 84)]],
    7: [[(28, 20), (72, 21), (60, 45), (46, 82)]],
}
DIGITS = tuple(_STROKES)
_PAGE, _SIDE = 400, 360
_PAPER, _INK = (236, 233, 222), (38, 44, 92)


def jpeg(digit: int, *, seed: int = 0) -> bytes:
    """A JPEG of _SIDE x _SIDE pixels of one of DIGITS."""
    generator = np.random.default_rng([seed, digit])
    page = Image.new("RGB", (_PAGE, _PAGE), _PAPER)
    pen = ImageDraw.Draw(page)
    for stroke in _STROKES[digit]:
        points = [(x * _PAGE / 100, y * _PAGE / 100) for x, y in stroke]
        pen.line(points, fill=_INK, width=30, joint="curve")
        for x, y in (points[0], points[-1]):
            pen.ellipse((x - 15, y - 15, x + 15, y + 15), fill=_INK)
    corners = np.array([(0, 0), (0, _PAGE), (_PAGE, _PAGE), (_PAGE, 0)], float)
    seen = corners + generator.uniform(-18, 18, (4, 2))
    side = (_SIDE, _SIDE)
    page = page.transform(side, Image.Transform.QUAD, seen.ravel().tolist(), fillcolor=_PAPER)
    pixels = np.asarray(page.filter(ImageFilter.GaussianBlur(2)), np.float32)
    shadow = np.linspace(1.06, 0.9, _SIDE, dtype=np.float32)[None, :, None]
    grain = generator.normal(0, 4, (_SIDE, _SIDE, 1)).astype(np.float32)
    shot = Image.fromarray(np.clip(pixels * shadow + grain, 0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    shot.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
