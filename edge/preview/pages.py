"""The page, and the headers that keep a browser to it and to the one that asks for the token."""

from __future__ import annotations

from litescore import web

PAGE, TOKEN = web.page("edge.preview", "page.html"), web.TOKEN
HEADERS = web.headers(PAGE, TOKEN)
