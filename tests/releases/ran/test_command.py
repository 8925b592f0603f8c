"""`litescore releases --records`, as one types it, and the page that it writes."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest

from litescore.page import Page
from litescore.ran import page
from litescore.ran.joined import join
from litescore.ran.options import JoiningOptions
from litescore.record import Record
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import Shelf, open_shelf
from tests.litescore.conftest import Say, say
from tests.litescore.test_page import Reader
from tests.releases.conftest import make_model
from tests.releases.ran.conftest import failed, make_tested, on, publish, scored

__all__ = ["say"]

UNKNOWN = "f" * 64
OPTIONS = JoiningOptions("here", None, 0.5, 0.05, None)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return open_shelf(str(tmp_path / "shoes"))


@pytest.fixture
def told(shelf: Shelf, publisher: Publisher, tmp_path: Path) -> list[Record]:
    """Two releases, of which the newer gives too many cats; records of both and of a third model,
    one of them twice.
    """
    old = publish(publisher, make_tested(1))
    new = publish(Publisher(shelf, publisher.key, note="<b>bold</b>"), make_tested(2), "canary", 20)
    records = [
        *(scored(old, f"{n}", n % 3, at=f"0{n % 3}:30") for n in range(90)),
        *(scored(new, f"{n}", 2, 0.7, at="02:45") for n in range(90)),
        *(scored(new, "cam", 2, 0.4, at="03:10", frame=on("pi-1", n), changed=n % 4 > 0,
                 etag=f"pi-1-b-7-{n}") for n in range(100)),
        scored(UNKNOWN, "x", 0, at="03:50"),
        failed(old, "broken"),
    ]  # fmt: skip
    lines = [one.to_json() for one in [*records, records[0]]]
    (tmp_path / "records.jsonl").write_text("\n".join(lines) + "\n")
    return records


def test_the_lines(told: list[Record], shelf: Shelf, key_file: Path, say: Say) -> None:
    """Release by release, then the images of both, then the alarms; the exit code is 1."""
    records = Path(shelf.root).parent / "records.jsonl"
    words = ("releases", shelf.root, "--trust", f"{key_file}.pub", "--records", records)
    said = say(*words)
    assert (said.code, said.err) == (1, "")
    old, new = told[0].model[:12], told[90].model[:12]
    lines = said.out.splitlines()
    assert lines[0] == f"shoes: 282 images of 3 releases in the records at {records}"
    heads = [line.split("  ")[0] for before, line in itertools.pairwise(lines)
             if not before]  # fmt: skip
    assert heads == ["f" * 12, new, old, f"{new} after {old}: 90 images of both, 33.3% the same "
                     "label, probabilities 0.200 apart on average", *heads[4:]]  # fmt: skip
    text = "\n".join(lines)
    assert f"{'f' * 12}  unknown release: not on this shelf" in text
    assert "90 scored, 1 failed; on no device; 2026-11-28 00:30 to 2026-11-28 09:00" in text
    assert "190 scored; on 1 device and 90 without a device" in text
    assert "0.542 on average (test images 0.900, -0.358); 52.6% below 0.5" in text
    assert "100 frames as devices told them, 75.0% at a change of the decision" in text
    assert "  30           ant -> cat" in text
    assert "no test set known of an unknown release" in text
    alarms = [line for line in lines if line.startswith("alarm: ")]
    assert [line.split()[1] for line in alarms] == [new, new]
    assert alarms[0].endswith(
        "of its labels, more than 0.05; most by label cat: 100.0% of the images, 20.0% of the test "
        "images"
    )
    assert "most by probability 0.90 to 0.95" in alarms[1]
    assert "drifted (alarm beyond 0.05)" in text
    finer = say(*words, "--alarm", "0.03").out
    assert "0.017 bits from the test images: too few images (so few make up to 0.043 by" in finer, (
        finer
    )
    assert say(*words, "--alarm", "1").code == 0
    for since, images in (
        ("2026-11-28", 282),
        ("2026-11-28T03:10", 102),
        ("2026-11-28T04:10+01", 102),
    ):
        later = say(*words, "--since", since, "--alarm", "1")
        assert (later.code, later.out.split()[1]) == (0, str(images))


def test_as_json(told: list[Record], shelf: Shelf, key_file: Path, say: Say) -> None:
    """The same, for machines."""
    records = Path(shelf.root).parent / "records.jsonl"
    said = say("releases", shelf.root, "--trust", f"{key_file}.pub", "--records", records, "--json")
    assert said.code == 1
    held = json.loads(said.out)
    old, new, unknown = held["releases"]
    assert [one["images"] for one in (old, new, unknown)] == [91, 190, 1]
    assert old["labels"] == {"ant": 30, "bee": 30, "cat": 30}
    assert old["tested"]["labels"] == {"ant": 400, "bee": 400, "cat": 200}
    assert old["drift"]["labels"]["verdict"] == "as tested"
    assert new["drift"]["labels"]["verdict"] == "drifted"
    assert (unknown["known"], unknown["drift"], unknown["tested"]) == (False, None, None)
    assert new["turns"][0]["channel"] == "canary"
    assert new["devices"] == {"pi-1": 100}
    assert held["agreement"][0]["moves"][0] == {"before": "ant", "after": "cat", "images": 30}
    assert held["drifted"] == [{"digest": new["digest"], "what": "labels"},
                               {"digest": new["digest"], "what": "confidences"}]  # fmt: skip


def test_the_page(told: list[Record], shelf: Shelf, key_file: Path, say: Say) -> None:
    """It stands alone, says what the lines say, and the mixed hour is in it; notes are text."""
    folder = Path(shelf.root).parent
    said = say("releases", shelf.root, "--trust", f"{key_file}.pub", "--records",
               folder / "records.jsonl", "--html", folder / "ran.html")  # fmt: skip
    assert said.out.splitlines()[-1] == f"pictures in {folder / 'ran.html'}"
    text = (folder / "ran.html").read_text()
    assert not re.findall(r"(?:src|href)=", text)
    assert "<script" not in text
    assert "<b>bold" not in text
    read = Reader(text)
    old, new = told[0].model[:12], told[90].model[:12]
    assert "Several releases scored in 2 hours" in read.text
    assert f"2026-11-28 02:00: {new} 90, {old} 30" in read.text
    assert f"From {old} to {new}, most often: ant → cat 30; bee → cat 30." in read.text
    assert "cat100.0% / 20.0%" in read.text
    assert "<b>bold</b>" in read.text
    # The hours and a histogram of each model.
    assert read.tags["svg"] == 4
    assert read.text.count(f"alarm: {new} drifted") == 2


def test_a_page_about_little(shelf: Shelf, publisher: Publisher, key: PrivateKey) -> None:
    """A file without a test set, one failed image, a label that would be markup."""
    digest = publish(publisher, make_model(1))
    made = built(shelf, key, [failed(digest, "a")])
    assert "1 image of 1 release" in made.lead
    assert "nothing is scored" in made.html()
    evil = scored(digest, "b", 0)._replace(label="<i>'&\"\ud800")
    strange = evil._replace(model="\udc80<i>'", id="")
    shown = "\n".join(OPTIONS.lines(join(shelf, (key.public,), [evil, strange], "here")))
    assert "\n�<i>'  unknown release" in shown
    made = built(shelf, key, [evil, strange])
    text = made.write(Path(shelf.root).parent / "page.html").read_text()
    assert "no test set known: the file does not keep" in text
    assert "<i>'" not in text
    assert "&lt;i&gt;" in text


def built(shelf: Shelf, key: PrivateKey, records: list[Record]) -> Page:
    return page.build(join(shelf, (key.public,), records, "here"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--html", "x.html"), "--html is about records: name them with --records"),
        (("--since", "2026-11-28"), "--since is about records"),
        (("--records", "records.jsonl", "--since", "yesterday"), "a day or a time, as 2026-11-29"),
        (("--records", "nowhere"), "no such file or folder"),
    ],
)
def test_words_that_do_not_fit(
    told: list[Record], shelf: Shelf, key_file: Path, say: Say, words: tuple[str, ...], said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Refused by name."""
    assert told
    monkeypatch.chdir(Path(shelf.root).parent)
    refused = say("releases", shelf.root, "--trust", f"{key_file}.pub", *words)
    assert said in refused.refusal()
    assert not Path("x.html").exists()
