"""`python -m docs.reference` writes the reference pages; with `--check` it only names what differs."""

from __future__ import annotations

import sys

from docs.reference.pages import pages, stale


def main(words: list[str]) -> int:
    """Exit code: 0 done, or nothing differs; 1 something does; 2 wrong usage."""
    if words not in ([], ["--check"]):
        print("usage: python -m docs.reference [--check]", file=sys.stderr)
        return 2
    found = stale()
    for path in found:
        print(path)
        if not words:
            path.parent.mkdir(exist_ok=True)
            path.write_text(pages()[path], encoding="utf-8")
    return 1 if found and words else 0


sys.exit(main(sys.argv[1:]))
