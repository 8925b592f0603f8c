"""Words in a page, whatever they hold: text, and never markup."""

from __future__ import annotations

import html


def escaped(value: object) -> str:
    """What stands for a value between tags and in quoted attributes. What UTF-8 has no word for, as
    names of files may hold, becomes `?`.
    """
    return html.escape(str(value).encode("utf-8", "replace").decode())
