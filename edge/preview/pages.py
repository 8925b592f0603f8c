"""The two pages, and the headers that keep a browser to what stands in them."""

from __future__ import annotations

from importlib import resources

from litescore import web


def _file(name: str) -> str:
    return resources.files("edge.preview").joinpath(name).read_text(encoding="utf-8")


PAGE, TOKEN = _file("page.html"), _file("token.html")
HEADERS = web.headers(PAGE, TOKEN)
