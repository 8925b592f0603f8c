"""How a classification shows itself: in a terminal, and in a notebook."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from litescore import Classification, Contract, Model, contract, image
from litescore.errors import TransientError
from tests.litescore import tiny
from tests.litescore.conftest import picture_bytes

HOSTILE = ("<script>alert(1)</script>", 'a"b', "c&d")


class Tags(HTMLParser):
    """The tags of a page and its text; fails where one is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.append(tag)
        if tag != "img":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def model() -> Model:
    """A model whose labels are HTML."""
    held = Contract(HOSTILE, "gray", 4, 3)
    return Model(contract.append(tiny.build((4, 3, 1), dtype="uint8"), held))


def test_a_notebook_shows_picture_and_bars(model: Model) -> None:
    """What the model saw as a PNG, and each label with its share, as text."""
    found = model.classify(picture_bytes(1))
    page = found._repr_html_()
    tags = Tags(page)
    assert tags.names.count("img") == 1
    assert tags.names.count("tr") == 3
    assert "script" not in tags.names
    for label, score in found.top:
        assert f"{label}{score:.1%}" in tags.text
    data = re.search(r"base64,([^\"]+)", page)
    assert data is not None
    shown = np.asarray(image.decode(base64.b64decode(data[1])))
    assert found.seen is not None
    assert (shown == found.seen[:, :, 0]).all()
    widths = [int(one) for one in re.findall(r"width:(\d+)px", page)]
    assert widths == [round(120 * one.score) for one in found.top]


def test_a_hostile_name_is_text(model: Model, tmp_path: Path) -> None:
    """A path with HTML and with bytes that are no text, of a good image and of a bad one."""
    for data in (picture_bytes(1), b"<i>bad"):
        path = tmp_path / "<b>\udcff.png"
        path.write_bytes(data)
        (found,) = model.classify([path])
        page = found._repr_html_()
        assert not {"b", "i"} & set(Tags(page).names)
        assert "<b>?.png" in Tags(page).text
        page.encode()


def test_a_failed_one_says_why(model: Model) -> None:
    """In both, without a picture."""
    (found,) = model.classify([b"<i>bad"])
    tags = Tags(found._repr_html_())
    assert "not classified: unsupported: not an image: begins with b'<i>bad'" in tags.text
    assert not {"img", "i"} & set(tags.names)
    assert repr(found) == f"Classification(error={str(found.error)!r})"
    lost = Classification.failed(TransientError("slow"), model="ab", source="s3://a/b")
    assert repr(lost) == "Classification(error='slow', source='s3://a/b')"


def test_a_terminal_shows_one_line(model: Model, tmp_path: Path) -> None:
    """Label, score and, of a file, where it lies."""
    path = tmp_path / "one.png"
    path.write_bytes(picture_bytes(1))
    found = model.classify(path)
    told = f"Classification(label={found.label!r}, score={found.score}"
    assert repr(found) == f"{told}, source={str(path)!r})"
    assert repr(model.classify(picture_bytes(1))) == f"{told})"
