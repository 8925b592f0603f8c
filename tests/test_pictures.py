"""The pictures of docs/: made by `python -m benchmarks.pictures`, each on a page, small and told."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.pictures import shots
from benchmarks.pictures.scenes import SCENES
from litescore.errors import ConfigurationError
from litescore.page import Page
from tests.rig.browser import browse
from tests.rig.needs import needs

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
# Drawn by other benchmarks, from their figures.
DRAWN = ("bench-", "scale-")
MOST = 150_000


def shown(pages: list[Path]) -> Iterator[tuple[Path, str, str]]:
    """(page, alt text, address) of each picture on these pages."""
    for page in pages:
        for alt, address in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text()):
            yield page, alt, address


def test_each_is_made_and_used() -> None:
    """The script makes those that are there and no others, and each is on a page."""
    used = {Path(address).name for _, _, address in shown(PAGES)}
    there = {path.name for path in PICTURES.glob("*.png")}
    assert used == there
    assert {name for name in used if not name.startswith(DRAWN)} == {f"{one}.png" for one in SCENES}


def test_each_is_there_and_told() -> None:
    """Each picture of a page is a file, with words for who does not see it."""
    for page, alt, address in shown(PAGES):
        assert (page.parent / address).is_file(), (page.name, address)
        assert len(alt) > 30, (page.name, alt)


def test_each_is_small() -> None:
    """No picture makes a page slow, and none is wider than a page shows it."""
    for name in SCENES:
        path = PICTURES / f"{name}.png"
        assert path.stat().st_size <= MOST, name
        with Image.open(path) as picture:
            assert 400 <= picture.width <= 1300, (name, picture.size)


def test_a_part_of_a_page(tmp_path: Path) -> None:
    """A part is cut out of a real page in Chromium, written with a palette; one that shows a folder
    of this machine is refused.
    """
    needs("chromium")
    page = Page("What there is")
    for text in ("first", "second", "third"):
        page.heading(text)
        page.facts({text: "1"})
    page.text(f"it lies in {Path('/tmp/somewhere')}")
    file = page.write(tmp_path / "page.html")
    with browse() as browser:
        seen = shots.opened(browser, file)
        png = shots.part(seen, shots.heading("first"), shots.heading("third"))
        with pytest.raises(ConfigurationError, match=r"would show a folder .*/tmp/somewhere"):
            shots.window(seen)
    size = shots.write(tmp_path / "part.png", png)
    with Image.open(tmp_path / "part.png") as held, Image.open(io.BytesIO(png)) as shot:
        assert held.mode == "P"
        assert held.size == shot.size
        assert 900 < held.width < 1000
        assert 150 < held.height < 320
    assert size == (tmp_path / "part.png").stat().st_size
