"""The commands about releases, as one types them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from litescore.record import Record, Subject
from tests.litescore.conftest import Say, say
from tests.releases.conftest import make_model

__all__ = ["say"]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "shoes"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.tflite"
    path.write_bytes(make_model(1))
    return path


def test_from_a_key_to_a_rollback(say: Say, shelf: Path, model: Path, tmp_path: Path) -> None:
    """Each says in lines what it did."""
    key = tmp_path / "factory.key"
    made = say("keys", "new", key)
    assert made.out.splitlines()[0] == f"{key}: private, not encrypted"
    id_ = say("keys", "show", f"{key}.pub").out.split()[0]
    assert made.out.endswith(f"key {id_}\n")
    done = say("publish", model, shelf, "--key", key, "--note", "first")
    assert done.code == 0, done.err
    golden, release, channel = done.out.splitlines()
    assert golden.startswith("golden samples: identical on ")
    assert release.endswith("bytes, int8, 3 labels, 94.50% accuracy")
    assert channel == "stable: turn 1, to 100 % of the devices"
    model.write_bytes(make_model(2))
    done = say("publish", model, shelf, "--key", key, "--channel", "canary", "--share", "20")
    assert done.out.endswith("canary: turn 1, to 20 % of the devices\n")
    done = say("promote", "canary", "stable", "--at", shelf, "--key", key, "--json")
    assert json.loads(done.out)["turn"]["number"] == 2
    done = say("rollback", "stable", "--at", shelf, "--key", key)
    assert "stable: turn 3, to 100 % of the devices, before " in done.out
    shown = say("releases", shelf, "--trust", f"{key}.pub")
    assert shown.code == 0, shown.err
    lines = shown.out.splitlines()
    assert [line.split()[0] for line in lines] == ["canary:", "1", "stable:", "3", "2", "1"]
    assert lines[-1].endswith("94.50%  first")
    listed = json.loads(say("releases", shelf, "--trust", f"{key}.pub", "--json").out)
    assert [one["channel"] for one in listed["channels"]] == ["canary", "stable"]
    assert len(listed["releases"]) == 2


def test_notes_and_records_do_not_move_the_cursor(
    say: Say, shelf: Path, model: Path, tmp_path: Path
) -> None:
    """A note, a stranger's key or a record's model that a terminal would take for a command is shown
    with a sign.
    """
    key = tmp_path / "factory.key"
    say("keys", "new", key)
    say("publish", model, shelf, "--key", key, "--note", "bell \x07")
    words = ("releases", shelf, "--trust", f"{key}.pub")
    assert say(*words).out.endswith("bell \N{REPLACEMENT CHARACTER}\n")
    (statement,) = shelf.glob("*/release.json")
    envelope = json.loads(statement.read_text())
    (signature,) = envelope["signatures"]
    forged = envelope | {"signatures": [signature | {"keyid": "\x07", "sig": "AAAA"}]}
    statement.write_text(json.dumps(forged))
    assert "\N{REPLACEMENT CHARACTER} signed it\n" in say(*words).out
    row = np.array([0.25, 0.75], np.float32)
    stranger = Record.scored(Subject("a.png"), row, labels=("ant", "bee"), model="\x07" * 64)
    (tmp_path / "records.jsonl").write_text(stranger.to_json() + "\n")
    said = say(*words, "--records", tmp_path / "records.jsonl")
    assert "\N{REPLACEMENT CHARACTER}" in said.out
    assert said.out.replace("\n", "").isprintable()


def test_the_environment_names_what_words_do_not(
    say: Say, shelf: Path, model: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shelf, key and trust."""
    assert "no releases named" in say("releases", "--trust", f"{key_file}.pub").refusal()
    monkeypatch.setenv("LITESCORE_RELEASES", str(shelf))
    assert "no key to sign with" in say("publish", model).refusal()
    assert "no key is trusted" in say("releases").refusal()
    monkeypatch.setenv("LITESCORE_SIGNING_KEY", str(key_file))
    monkeypatch.setenv("LITESCORE_TRUST", f"{key_file}.pub")
    assert say("releases").out == "shoes: no channel yet\n"
    assert say("publish", model).code == 0
    assert say("releases").out.startswith("stable: ")


@pytest.mark.parametrize(
    ("shelf", "said"),
    [
        ("s3://bucket", "is a whole bucket: name the model behind it, as s3://bucket/shoes"),
        ("/", "'/' has no name"),
        ("..", "'..' has no name"),
    ],
)
def test_places_that_are_no_shelf(
    say: Say, model: Path, key_file: Path, shelf: str, said: str
) -> None:
    """A shelf's name is the model's."""
    assert said in say("publish", model, shelf, "--key", key_file).refusal()


def test_a_gate_exits_with_1(say: Say, shelf: Path, model: Path, key_file: Path) -> None:
    """It ran, and the result is not good enough."""
    model.write_bytes(make_model(1, wrong=9))
    said = say("publish", model, shelf, "--key", key_file)
    assert said.code == 1
    assert "golden samples are different" in said.refusal()
