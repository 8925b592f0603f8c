"""The two pages, and the headers that keep a browser to what stands in them."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources


def _file(name: str) -> str:
    return resources.files("edge.preview").joinpath(name).read_text(encoding="utf-8")


def _policy(*pages: str) -> str:
    """A Content-Security-Policy that lets run and style what stands in these pages, nothing else."""
    styles, scripts = (
        " ".join(
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
            for page in pages
            for text in re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        )
        for tag in ("style", "script")
    )
    return (
        f"default-src 'none'; style-src {styles}; script-src {scripts}; img-src 'self' blob: data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


PAGE, TOKEN = _file("page.html"), _file("token.html")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _policy(PAGE, TOKEN),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
