"""MODEL_CARD.md: a YAML head and Markdown that hold for any names and any number of classes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import yaml
from markdown_it import MarkdownIt

from tests.trainer.pictures import Said
from tests.trainer.runs import EVIL, judged
from trainer.report import markdown
from trainer.report.classes import figures, imbalance, macro_f1, pairs

HEADINGS = [
    "Model details",
    "Intended use",
    "Training data",
    "Preprocessing",
    "Training procedure",
    "Evaluation",
    "Limitations",
    "Ethical considerations",
    "How to use",
    "How to reproduce",
]


def parted(card: str) -> tuple[dict[str, Any], str]:
    """The YAML head and the Markdown below it."""
    _, head, body = re.split(r"^---$\n", card, maxsplit=2, flags=re.MULTILINE)
    found: dict[str, Any] = yaml.safe_load(head)
    return found, body


def rendered(text: str) -> str:
    """HTML of CommonMark with tables."""
    html: str = MarkdownIt("commonmark").enable("table").render(text)
    return html


def card_of(count: int, **facts: Any) -> str:
    """The card of a run that was not trained."""
    from trainer.report import card

    run, known = judged(count)
    return card.make(run, known | facts)


def test_a_run_writes_a_card(trained: Said) -> None:
    """The head is read by hubs, all headings are there, the command is the run's own."""
    text = (trained.out / "MODEL_CARD.md").read_text()
    head, body = parted(text)
    assert head["license"] is None
    (result,) = head["model-index"][0]["results"]
    metrics = {one["type"]: one["value"] for one in result["metrics"]}
    assert 0.6 < metrics["accuracy"] < 1
    assert set(metrics) == {"accuracy", "f1", "expected_calibration_error"}
    assert re.findall(r"^## (.*)$", body, re.MULTILINE) == HEADINGS
    assert "litescore train --preset fashion-logits" in body
    assert "Ankle boot" in body
    assert "small slice of the data set" not in body


@pytest.mark.parametrize("name", EVIL)
def test_any_name_is_text(name: str) -> None:
    """It is shown as it is in one line, makes no element and no cell."""
    html = rendered(f"x {markdown.text(name)}\n\n{markdown.table(['a', 'b'], [[name, 1]])}")
    # What is too much in a row is dropped: a cell more would push the number out.
    assert re.findall(r"<td[^>]*>([^<]*)</td>", html)[-1:] == ["1"]
    assert html.count("<td") == 2
    assert "<script" not in html
    assert "<em>" not in html
    assert "<a " not in html
    assert "<code>" not in html
    assert "\n\n" not in markdown.text(name)


@pytest.mark.parametrize("name", EVIL)
def test_any_name_is_a_yaml_string(name: str) -> None:
    """It comes back as it was; what no file can hold is replaced."""
    expected = re.sub(r"[\ud800-\udfff]", "�", name)
    assert yaml.safe_load(f"name: {markdown.scalar(name)}") == {"name": expected}


@pytest.mark.parametrize("count", [2, 1000])
def test_two_classes_and_a_thousand(count: int, tensorflow: Callable[..., Any]) -> None:
    """Valid, and of a thousand the worst are told."""
    head, body = parted(tensorflow(card_of, count))
    assert head["model-index"][0]["name"] == "cnn on pictures"
    html = rendered(body)
    assert html.count("<table>") == 3
    assert ("lowest F1" in body) == (count == 1000)
    assert html.count("<tr>") < 130
    assert len(body) < 60_000


def test_what_facts_lack_is_left_out(tensorflow: Callable[..., Any]) -> None:
    """No warnings: no line about them."""
    assert "Found when the data was looked at" not in tensorflow(card_of, 2)


def test_warnings_of_the_audit_are_told() -> None:
    """Each in a line of its own, as text."""
    assert "- data: 3 \\| images are twice in it" in "\n".join(warned())


def warned() -> list[str]:
    """The blocks about data that was found wanting."""
    from trainer.report.card import _data

    facts = {
        "dataset": "pictures",
        "data_origin": "pictures, named by --data",
        "digest": "0",
        "images": {"train": 1, "validation": 0, "test": 1},
        "validation": {"fraction": 0.0, "seed": 0},
        "warnings": ["3 | images are twice in it"],
    }
    return list(_data(facts))


def test_limitations_come_from_figures(tensorflow: Callable[..., Any]) -> None:
    """The class that is never found, the imbalance and the few test images are named."""
    body = parted(tensorflow(card_of, 3))[1]
    limitations = body.partition("## Limitations")[2].partition("## Ethical")[0]
    assert "Found least often: class 2 (0.00 %)" in limitations
    assert "class 2 has 1 training images, class 0 10" in limitations
    assert "test images only" in limitations


def test_figures_of_a_confusion_matrix() -> None:
    """Precision, recall and F1 by hand; a class never said and one without images."""
    counts = np.array([[8, 2, 0, 0], [1, 9, 0, 0], [0, 4, 0, 0], [0, 0, 0, 0]])
    a, b, c, d = figures(["a", "b", "c", "d"], counts)
    assert (a.recall, a.precision) == (0.8, pytest.approx(8 / 9))
    assert a.f1 == pytest.approx(2 * 8 / (10 + 9))
    assert (b.support, b.taken_for) == (10, ("a", 1))
    assert (c.recall, c.precision, c.f1) == (0.0, None, 0.0)
    assert (d.recall, d.f1, d.taken_for) == (None, None, None)
    assert macro_f1([a, c, d]) == pytest.approx(16 / 19 / 2)
    first, *others = pairs(["a", "b", "c", "d"], counts, 10)
    assert (first.truth, first.said, first.count, first.share) == ("c", "b", 4, 1.0)
    assert [one.count for one in others] == [2, 1]


def test_imbalance_is_named_from_three_times_on() -> None:
    """Twice as many is no matter; an empty class is."""
    assert imbalance(["a", "b"], np.array([0, 0, 1])) is None
    found = imbalance(["a", "b"], np.array([0, 0, 0, 1]))
    assert found is not None
    assert (found.rare, found.ratio) == ("b", 3.0)
    assert imbalance(["a", "b"], np.array([0, 0, 0])) is not None


def test_a_fence_is_longer_than_what_it_holds() -> None:
    """A path with backticks stays code, even one that has a line of them."""
    html = rendered(markdown.code("litescore train --data 'a\n```\n`b' --out c"))
    assert html.count("<pre>") == 1
    assert "a\n```\n`b' --out c\n</code></pre>" in html
