"""Records by what they have in common: hand-counted groups, unknown fields, memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from litescore import results
from litescore.errors import UsageError
from litescore.record import Record
from litescore.results import groups
from litescore.results.groups import fields, grouped
from tests.litescore.conftest import Say
from tests.litescore.test_results import record, sure, unreadable, write

ONE, TWO = "1" * 64, "2" * 64


def at(made: Record, moment: str, model: str = ONE, device: str | None = None) -> Record:
    """The record, scored then, by that model, on that device."""
    frame = None if device is None else {"device": device, "number": 1}
    id_ = f"{made.id}{model}{device}"
    return made._replace(id=id_, at=f"{moment}:00.000Z", model=model, frame=frame)


RECORDS = [
    at(sure("a", 0.9), "2026-11-28T09:00"),
    at(sure("b", 0.4), "2026-11-28T10:00"),
    at(unreadable("c", "truncated"), "2026-11-29T09:00"),
    at(sure("d", 0.75), "2026-11-29T09:30", TWO, "pi-1"),
    at(sure("e", 0.25), "2026-11-29T08:30", TWO, "pi-1"),
    at(record("f")._replace(status="superseded", label=None, score=None), "2026-11-30T09:00", TWO),
]


def test_a_line_for_each_model_and_device(tmp_path: Path, say: Say) -> None:
    """Images, failed, mean confidence, unsure ones, first and last; a record told twice counts
    once, and what has no device says so.
    """
    write(tmp_path / "1.jsonl.gz", [*RECORDS, RECORDS[1]])
    said = say("results", tmp_path, "--by", "model,device")
    assert (said.code, said.err) == (0, "")
    assert [line.split() for line in said.out.splitlines()] == [
        ["model", "device", "images", "failed", "confidence", "below", "0.5", "first", "last"],
        f"{ONE[:12]} - 3 1 0.650 50.0% 2026-11-28 09:00:00 2026-11-29 09:00:00".split(),
        f"{TWO[:12]} pi-1 2 0 0.500 50.0% 2026-11-29 08:30:00 2026-11-29 09:30:00".split(),
        f"{TWO[:12]} - 1 0 - - 2026-11-30 09:00:00 2026-11-30 09:00:00".split(),
    ]
    said = say("results", tmp_path, "--by", "model,device", "--unsure", "0.3", "--json")
    held = json.loads(said.out)
    assert held["groups"][1] == {
        "model": TWO, "device": "pi-1", "images": 2, "failed": 0, "scored": 2, "confidence": 0.5,
        "unsure": 0.5, "first": "2026-11-29T08:30:00.000Z", "last": "2026-11-29T09:30:00.000Z",
    }  # fmt: skip
    assert held["groups"][0]["unsure"] == 0.0
    assert held["unsure_below"] == 0.3


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("day", {("2026-11-28",): 2, ("2026-11-29",): 3, ("2026-11-30",): 1}),
        ("status", {("failed",): 1, ("scored",): 4, ("superseded",): 1}),
        ("label", {("bee",): 4, (None,): 2}),
        ("kind,status", {("corrupt", "failed"): 1, (None, "scored"): 4, (None, "superseded"): 1}),
        ("hour,device", {
            ("2026-11-28T09", None): 1, ("2026-11-28T10", None): 1, ("2026-11-29T08", "pi-1"): 1,
            ("2026-11-29T09", "pi-1"): 1, ("2026-11-29T09", None): 1, ("2026-11-30T09", None): 1,
        }),
    ],
)  # fmt: skip
def test_any_of_the_fields(by: str, expected: dict[tuple[str | None, ...], int]) -> None:
    """Alone and together, in order of their values; what has none comes last."""
    found = grouped(RECORDS, fields(by))
    assert [(group.values, group.images) for group in found] == list(expected.items())


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("modell", "'modell' is none of model, device, label, status, kind, day, hour"),
        ("", "'' is none of"),
        ("model,,day", "'' is none of"),
        ("day, day", "each once"),
    ],
)
def test_other_fields_are_refused(tmp_path: Path, say: Say, by: str, said: str) -> None:
    """By name, before anything is read."""
    refused = say("results", tmp_path / "nowhere", "--by", by)
    assert refused.code == 2
    assert said in refused.refusal()


def test_nothing_and_what_does_not_go_together(tmp_path: Path, say: Say) -> None:
    """No records; a page and a table; a line that is no record."""
    assert "no records at" in say("results", tmp_path, "--by", "day").refusal()
    write(tmp_path / "1.jsonl", RECORDS)
    said = say("results", tmp_path, "--by", "day", "--html", tmp_path / "page.html")
    assert "leave out --by" in said.refusal()
    (tmp_path / "2.jsonl").write_text("half a rec")
    said = say("results", tmp_path, "--by", "day")
    assert said.code == 3
    assert "2.jsonl: not a litescore record" in said.refusal()


def test_groups_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of too many is refused; many records of few groups are not."""
    monkeypatch.setattr(groups, "MOST_GROUPS", 3)
    assert len(grouped(RECORDS * 9, ("day",))) == 3
    with pytest.raises(UsageError, match="more than 3 groups: name fewer fields"):
        grouped(RECORDS, ("hour", "device"))


def test_tables_have_no_device(tmp_path: Path) -> None:
    """`score --format csv` writes no frames."""
    from litescore.packing import pack

    (tmp_path / "t.csv").write_bytes(pack(RECORDS[3:5], "csv"))
    (group,) = grouped(results.read(tmp_path / "t.csv"), ("device",))
    assert (group.values, group.images) == ((None,), 2)


def test_names_do_not_move_the_cursor(tmp_path: Path, say: Say) -> None:
    """What a terminal would take for a command is shown as a sign; JSON has it as it is."""
    write(tmp_path / "1.jsonl", [record("a")._replace(label="x\x1b[2J\ud800")])
    said = say("results", tmp_path, "--by", "label")
    assert said.out.splitlines()[1].startswith("x�[2J� ")
    held = json.loads(say("results", tmp_path, "--by", "label", "--json").out)
    assert held["groups"][0]["label"] == "x\x1b[2J\ud800"
