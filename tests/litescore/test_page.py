"""Self-contained HTML: everything escaped, nothing fetched."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from litescore import chart, image, page
from litescore.chart import Stack
from litescore.page import Page
from tests.litescore.pictures import FLAG

EVIL = """<script>alert("x")</script> & 'quotes'"""
PNG = image.encode_png(FLAG)


class Reader(HTMLParser):
    """Elements, attributes and text of a page, as a browser would see them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def full() -> Page:
    """A page with every kind of block, all of hostile text."""
    made = Page(EVIL, EVIL)
    made.heading(EVIL)
    made.text(EVIL, tone=page.BAD)
    made.code(EVIL)
    made.facts({EVIL: EVIL})
    made.table([EVIL, EVIL], [[EVIL, 1]])
    made.bars([EVIL, EVIL], [(EVIL, (7,))])
    made.shares([(EVIL, 0.5, None)])
    made.key([("var(--good)", EVIL)])
    made.chart(chart.stacks([Stack(EVIL, (1,))], begin=EVIL, end=EVIL), EVIL)
    made.picture(PNG, alt=EVIL, caption=EVIL)
    made.sheet([(PNG, EVIL, page.GOOD), (PNG, "", page.PLAIN)])
    made.confusion([EVIL, "b"], [[3, 1], [0, 9]])
    return made


def test_everything_is_text() -> None:
    """What was passed in is shown as it is, and none of it becomes an element."""
    read = Reader(full().html())
    assert read.tags["script"] == 0
    assert read.text.count(EVIL) == 24
    assert ("alt", EVIL) in read.attributes


def test_every_block_is_there() -> None:
    """Headings, tables, pictures, and the numbers of the confusion matrix."""
    read = Reader(full().html())
    assert (read.tags["h1"], read.tags["h2"], read.tags["table"], read.tags["img"]) == (1, 1, 3, 3)
    assert {"3", "1", "9"} <= set(re.findall(r"\d+", read.text))


def test_columns_of_numbers_are_set_to_the_right() -> None:
    """Words are set to the left, whichever column they are in; a dash is no word."""
    page = Page("p")
    page.table(
        ("name", "why", "drop", "kB"), [("1", "gone", "-0.4 Coat", "2"), ("2", "-", "-", "")]
    )
    cells = re.findall(r"<t[hd]( class=number)?>", page.html())
    assert [bool(one) for one in cells] == [False, False, True, True] * 3


def test_a_path_is_broken_behind_its_folders() -> None:
    """In a narrow tile, and as it is where it is copied: no letter is put in."""
    page = Page("p")
    page.sheet([(b"png", "photos/cat/1.jpg", "plain")])
    assert "<figcaption>photos/<wbr>cat/<wbr>1.jpg</figcaption>" in page.html()


def test_nothing_is_fetched() -> None:
    """Pictures are inside; there is no other address."""
    sources = [value for name, value in Reader(full().html()).attributes if name in ("src", "href")]
    assert len(sources) == 3
    assert all(str(source).startswith("data:image/png;base64,") for source in sources)
    assert "http" not in full().html()


def test_every_element_is_closed() -> None:
    """Blocks leave nothing open behind them."""
    source = full().html()
    for tag in ("p", "pre", "code", "dl", "div", "table", "tr", "td", "th", "figure", "figcaption"):
        assert len(re.findall(rf"<{tag}[ >]", source)) == source.count(f"</{tag}>"), tag


def test_a_page_is_written(tmp_path: Path) -> None:
    """Whole, in UTF-8, in a folder that is made; the path comes back."""
    path = Page("Würfel", "ein Bericht").write(tmp_path / "new" / "report.html")
    assert path == tmp_path / "new" / "report.html"
    assert Reader(path.read_text(encoding="utf-8")).text.count("Würfel") == 2
