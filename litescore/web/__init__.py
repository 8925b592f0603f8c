"""What every page has that litescore serves: headers that keep a browser to it, and who may ask.

    address.py    where a server listens
    guard.py      who may ask: the token, and on loopback the name it was asked by
    token.html    what who has no token sees
    server.py     a thread a connection, so many at most, none for longer than it may be silent

Knows no page and nothing of what is shown.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from importlib import resources


def page(package: str, name: str) -> str:
    """The text of a page that lies in a package."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


TOKEN = page(__name__, "token.html")


def headers(*pages: str) -> dict[str, str]:
    """Headers for all answers of a server with these pages: what stands in them may run and style
    them, nothing else may, and nobody else may show or read them.
    """
    styles, scripts = (" ".join(_digests(tag, pages)) for tag in ("style", "script"))
    policy = (
        f"default-src 'none'; style-src {styles}; script-src {scripts}; img-src 'self' blob: data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def is_own_name(host: str) -> bool:
    """Whether a Host header (with or without a port: a tunnel has another) means loopback by itself.

    A page on the web can have its name point at 127.0.0.1 and its script read what answers there
    (DNS rebinding); it cannot change what the browser says in the Host header.
    """
    name = re.sub(r":\d+$", "", host).strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _digests(tag: str, pages: tuple[str, ...]) -> list[str]:
    texts = (
        text for page in pages for text in re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    )
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return [f"'sha256-{digest}'" for digest in hashes]
