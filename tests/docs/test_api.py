"""docs/API.md: its examples run and print what the page says of it, and it names all that is public."""

from __future__ import annotations

import re
from dataclasses import fields

from litescore import Classification, Model
from tests.docs.blocks import ROOT
from tests.docs.conftest import Walk


def test_the_examples_run(walk: Walk) -> None:
    """One after the other, as a reader types them; what they print is what the page says of it."""
    printed = walk("docs/API.md").values()
    first, forms, many, refused, top, about = (text.splitlines() for text in printed)
    label, score = first[0].split()
    assert (len(first), len(forms)) == (1, 0)
    answered = {f"photos/{name}.jpg {label} {score}" for name in "ab"}
    (broken,) = set(many) - answered
    assert (len(many), broken[:27]) == (3, "photos/broken.jpg corrupt: ")
    assert refused[0].startswith("corrupt ")
    found = Model("model.tflite").classify("shoe.jpg")
    assert top == [f"{score:6.1%} {label}" for label, score in found.top]
    assert about[-1] == "identical"


def test_all_that_is_public_is_named() -> None:
    """Each field of a classification and each name of a model, as code."""
    words = set(re.findall(r"`(\w+)", (ROOT / "docs/API.md").read_text(encoding="utf-8")))
    public = {one.name for one in fields(Classification)}
    public |= {name for name in vars(Model) if not name.startswith("_")}
    assert public - words == set()
    assert {"classify", "verify", "labels", "seen"} <= public
