"""A release with other labels, on a device whose options name labels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.releases.follower import Follower
from edge.releases.slots import Slots
from litescore import image
from litescore.errors import LitescoreError, UsageError
from litescore.releases import publishing
from litescore.releases.following import follow
from litescore.releases.publishing import Publisher
from litescore.releases.release import Release
from litescore.scorer import Scorer
from tests.edge.conftest import RED, plain
from tests.edge.releases.followed import DEVICE, TERMS
from tests.releases.conftest import LABELS, make_model
from tests.rig.waiting import wait_until

OTHERS = ("ant", "dog", "cat")


def needs_a_bee(found: Release) -> None:
    """As `--min-confidence bee=0.5` does."""
    if "bee" not in found.labels:
        raise UsageError("--min-confidence bee=0.5: the model has no label 'bee'")


@pytest.fixture
def follower(publisher: Publisher, slots: Slots) -> Iterator[Follower]:
    """Of a device that was told something about bees."""
    publishing.publish(publisher, make_model(1), "stable")
    one = Follower(
        follow(f"{publisher.shelf.root}@stable"), slots, publisher.believed, DEVICE,
        load=Scorer, say=lambda _: None, fits=needs_a_bee, terms=TERMS,
    )  # fmt: skip
    yield one
    one.close()


def relabel(publisher: Publisher, number: int, labels: tuple[str, ...]) -> str:
    """Publish a release with these labels, as its publisher allowed; its digest."""
    file = make_model(number, labels=labels)
    return publishing.publish(publisher, file, "stable", relabel=True).release.digest


def test_what_does_not_fit_is_not_fetched(
    publisher: Publisher, slots: Slots, follower: Follower
) -> None:
    """It is told why; and it is not remembered as bad, since the options may be changed."""
    first = follower.first().digest
    taken: list[Scorer] = []
    follower.start(taken.append)
    second = relabel(publisher, 2, OTHERS)
    wait_until(lambda: follower.problem)
    assert follower.problem == (
        f"release {second[:12]}: --min-confidence bee=0.5: the model has no label 'bee'"
    )
    assert (taken, dict(slots.state.bad)) == ([], {})
    assert not (slots.folder / "b").exists()
    assert not list(slots.folder.glob("[!.]*.part"))
    assert follower.release is not None
    assert follower.release.digest == first
    third = relabel(publisher, 3, ("bee", "ant", "cat"))
    wait_until(lambda: taken)
    assert taken[-1].digest == third
    wait_until(lambda: follower.problem is None)


def test_a_loop_that_refuses_it(publisher: Publisher, slots: Slots, follower: Follower) -> None:
    """Back to the slot before, on the disk too, and not tried again before the next start."""
    first = follower.first().digest
    asked: list[str] = []

    def refuse(scorer: Scorer) -> None:
        asked.append(scorer.digest)
        raise LitescoreError("the loop has no use for it")

    follower.start(refuse)
    second = publishing.publish(publisher, make_model(2), "stable").release.digest
    said = f"release {second[:12]}: the loop has no use for it"
    wait_until(lambda: slots.state.slot == "a" and follower.problem == said)
    time.sleep(0.5)  # for further looks
    assert asked == [second]
    assert (follower.problem, dict(slots.state.bad)) == (said, {})
    follower.close()
    held = Slots(slots.folder, publisher.believed).begin(DEVICE.boot)
    assert held is not None
    assert held.release.digest == first
    wait_until(lambda: follower.release and follower.release.digest == first)


def test_edge_run_with_a_label_in_its_options(
    publisher: Publisher, key_file: Path, tmp_path: Path
) -> None:
    """The real loop: what lacks the label is refused and told while frames go on; what has it at
    another place is taken, and its labels are in the records.
    """
    publishing.publish(publisher, make_model(1), "stable")
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "0.png").write_bytes(image.encode_png(plain(RED, 8)))
    for number in range(1, 3000):
        os.link(tmp_path / "frames" / "0.png", tmp_path / "frames" / f"{number}.png")
    words = [sys.executable, "-m", "edge", "run", "--model", f"{publisher.shelf.root}@stable"]
    words += ["--trust", f"{key_file}.pub", "--state", str(tmp_path / "state")]
    words += ["--source", str(tmp_path / "frames"), "--interval", "0.1", "--check-every", "0.2"]
    words += [
        "--out",
        str(tmp_path / "out.jsonl"),
        "--keep",
        str(tmp_path / "kept"),
        "--keep-when",
        "label:bee",
    ]
    said, out = tmp_path / "said", tmp_path / "out.jsonl"
    with said.open("wb") as errors, subprocess.Popen(words, stderr=errors) as child:
        try:
            wait_until(lambda: out.exists() and out.read_bytes())
            second = relabel(publisher, 2, OTHERS)
            wait_until(lambda: "has no such label" in said.read_text())
            relabel(publisher, 3, ("bee", "eel", "fox"))
            wait_until(lambda: "eel" in out.read_text())
        finally:
            child.terminate()
            child.wait(60)
    assert child.returncode == 0, said.read_text()
    assert (
        f"release {second[:12]}: --keep-when label:bee: the model has no such label"
        in said.read_text()
    )
    records = [json.loads(line) for line in out.read_text().splitlines()]
    numbers = [record["frame"]["number"] for record in records]
    assert numbers == list(range(len(numbers)))
    seen = {frozenset(one["label"] for one in record["top"]) for record in records}
    assert seen == {frozenset(LABELS), frozenset(("bee", "eel", "fox"))}
