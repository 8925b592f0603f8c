"""Each file that is written here, and what it should hold."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from docs.reference import blocks, commands, settings

DOCS = Path(__file__).parents[1]


@cache
def pages() -> dict[Path, str]:
    """Path -> what the file should hold."""
    made = {path: blocks.written(_read(path)) for path in written_by_people()}
    made |= {DOCS / "COMMANDS.md": commands.index(), DOCS / "SETTINGS.md": settings.page()}
    made |= {DOCS / "commands" / f"{room}.md": commands.room_page(room) for room in commands.ROOMS}
    return made


def written_by_people() -> list[Path]:
    """The pages with tables that are written here."""
    return [path for path in sorted(DOCS.glob("*.md")) if blocks.BLOCK.search(_read(path))]


def stale() -> list[Path]:
    """The files that do not hold what they should, or are not there."""
    return [path for path, text in pages().items() if not path.exists() or _read(path) != text]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
