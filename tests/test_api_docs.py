"""docs/API.md: its examples run as they stand, and it names all that is public."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from PIL import Image

from litescore import Classification, Model
from tests.litescore.conftest import picture_bytes
from tests.litescore.pictures import encode
from tests.litescore.test_golden import with_golden

PAGE = Path(__file__).parents[1] / "docs" / "API.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(text: str) -> list[str]:
    """Each Python example, below as many empty lines as there are before it: a traceback names the
    line of the page.
    """
    found = _BLOCK.finditer(text)
    return ["\n" * text.count("\n", 0, one.start(1)) + one[1] for one in found]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the examples run: a model, a picture, and a folder of three, one of them broken."""
    with_golden(tmp_path).rename(tmp_path / "model.tflite")
    (tmp_path / "photos").mkdir()
    for name in ("shoe.jpg", "photos/a.jpg", "photos/b.jpg"):
        (tmp_path / name).write_bytes(encode(Image.new("RGB", (9, 7), "navy"), "JPEG"))
    (tmp_path / "photos" / "broken.jpg").write_bytes(picture_bytes(0)[:50])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_examples_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other, as a reader types them; what they print is what the page says of it."""
    examples = blocks(PAGE.read_text(encoding="utf-8"))
    assert len(examples) == 6
    names: dict[str, object] = {}
    printed = []
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), names)
        printed.append(capsys.readouterr().out.splitlines())
    first, forms, many, refused, top, about = printed
    label, score = first[0].split()
    assert (len(first), len(forms)) == (1, 0)
    expected = {f"photos/{name}.jpg {label} {score}" for name in "ab"}
    assert expected < set(many)
    (broken,) = set(many) - expected
    assert broken.startswith("photos/broken.jpg corrupt: ")
    assert refused[0].startswith("corrupt ")
    by_label = names["by_label"]
    assert isinstance(by_label, dict)
    ordered = sorted(by_label, key=by_label.__getitem__, reverse=True)
    assert top == [f"{by_label[name]:6.1%} {name}" for name in ordered]
    assert about[-1] == "identical"


def test_all_that_is_public_is_named() -> None:
    """Each field of a classification and each name of a model, as code."""
    words = set(re.findall(r"`(\w+)", PAGE.read_text(encoding="utf-8")))
    public = {one.name for one in fields(Classification)}
    public |= {name for name in vars(Model) if not name.startswith("_")}
    assert public - words == set()
    assert {"classify", "verify", "labels", "seen"} <= public
