"""Output objects: named by what they hold, so that writing them again changes nothing."""

from __future__ import annotations

import gzip
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from litescore import output, packing, results
from litescore.batch import Outcome
from litescore.errors import ConfigurationError, PermanentError, TransientError
from litescore.record import Record, Subject

MODEL = "ab" * 32
NEWEST = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def outcome(number: int, *, modified: datetime | None = NEWEST) -> Outcome:
    """What became of image `number`: every third failed."""
    subject = Subject(f"s3://in/{number}.png", etag=f"e{number}")
    if number % 3 == 2:
        record = Record.failed(subject, PermanentError("corrupt", "0 bytes"), model=MODEL)
    else:
        row = np.array([0.25, 0.75], np.float32)
        record = Record.scored(subject, row, labels=("ant", "bee"), model=MODEL)
    return Outcome(subject, record, modified=modified)


OUTCOMES = [outcome(number) for number in range(7)]
RECORDS = [one.record for one in OUTCOMES if one.record is not None]


def name(records: Iterable[Record], newest: datetime | None) -> str:
    """The name of the object that holds these records."""
    part = output.Part()
    for record in records:
        part.add(Outcome(Subject(record.source), record, modified=newest))
    return part.name


def written(folder: Path) -> list[Path]:
    """Every file in the folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_name_is_pinned() -> None:
    """Date of the newest image, twelve digits of the model, digest of (id, status) pairs."""
    assert name(RECORDS, NEWEST) == (
        "dt=2026-03-04/abababababab-7c52438465228f7c24807008518b6d0a605eef3d03c492640f9c8e27ec1b097f.jsonl.gz"
    )


def test_the_name_is_independent_of_order_and_clock() -> None:
    """A batch delivered again, in whatever order and whenever, has the same name."""
    later = [one._replace(at="2027-01-01T00:00:00.000Z") for one in reversed(RECORDS)]
    assert name(later, NEWEST) == name(RECORDS, NEWEST)


def test_the_name_depends_on_ids_and_statuses() -> None:
    """Another image, one image less, or another outcome is another object."""
    names = {
        name(RECORDS, NEWEST),
        name(RECORDS[:-1], NEWEST),
        name([*RECORDS[:-1], RECORDS[-1]._replace(id="0" * 64)], NEWEST),
        name([*RECORDS[:-1], RECORDS[-1]._replace(status="superseded")], NEWEST),
    }
    assert len(names) == 4


def test_the_date_is_utc() -> None:
    """The same moment in another zone is the same date."""
    evening = datetime(2026, 3, 4, 23, 30, tzinfo=timezone(-timedelta(hours=5)))
    assert name(RECORDS, evening).startswith("dt=2026-03-05/")
    assert name(RECORDS, None).startswith("dt=1970-01-01/")


def test_the_same_records_make_the_same_bytes() -> None:
    """No time in the gzip header."""
    data = packing.pack(RECORDS)
    assert packing.pack(RECORDS) == data
    assert data[4:8] == bytes(4)
    lines = gzip.decompress(data).decode().splitlines()
    assert [Record.from_json(line) for line in lines] == RECORDS


def test_records_are_written_and_counted(tmp_path: Path) -> None:
    """One object, dated by the newest image; what is worth another try is told, not written."""
    old = outcome(7, modified=NEWEST - timedelta(days=9))
    again = Outcome(Subject("s3://in/busy.png"), retry=TransientError("503 SlowDown"))
    summary = output.write_all([old, *OUTCOMES, again], f"{tmp_path}/")
    assert (summary.scored, summary.failed, summary.superseded) == (6, 2, 0)
    assert summary.retry == [again]
    (path,) = written(tmp_path)
    assert [str(path)] == summary.outputs
    assert path.parent.name == "dt=2026-03-04"
    assert len(list(results.read(tmp_path))) == 8
    assert summary.as_json()["retry"] == [{"source": "s3://in/busy.png", "reason": "503 SlowDown"}]
    assert summary.sentence("out") == "6 scored, 2 failed, 1 to try again: records in out"


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    """Same outcomes later and in another order: the object of the first time stays."""
    first = output.write_all(OUTCOMES, str(tmp_path))
    (path,) = written(tmp_path)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    later = [
        one._replace(record=one.record._replace(at="2027-01-01T00:00:00.000Z"))
        for one in reversed(OUTCOMES)
        if one.record
    ]
    assert output.write_all(later, str(tmp_path)).outputs == first.outputs
    assert written(tmp_path) == [path]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_many_records_make_several_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many to an object and no more, so that memory stays flat."""
    monkeypatch.setattr(output, "MOST_RECORDS", 3)
    summary = output.write_all(iter(OUTCOMES), str(tmp_path))
    assert len(summary.outputs) == len(written(tmp_path)) == 3
    assert {one.id for one in results.read(tmp_path)} == {one.id for one in RECORDS}


def test_nothing_to_write(tmp_path: Path) -> None:
    """No records, no object."""
    again = Outcome(Subject("x"), retry=TransientError("busy"))
    assert output.write_all([again], str(tmp_path)).outputs == []
    assert output.write_all([], str(tmp_path)).outputs == []
    assert written(tmp_path) == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """Names the place."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match=r"cannot write .*file.dt=2026-03-04"):
        output.write_all(OUTCOMES, str(tmp_path / "file"))


def test_what_is_done_is_written_when_the_rest_fails(tmp_path: Path) -> None:
    """An interrupt, or a store that closes: it need not be done again."""

    def interrupted() -> Iterator[Outcome]:
        yield from OUTCOMES[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        output.write_all(interrupted(), str(tmp_path))
    assert list(results.read(tmp_path)) == RECORDS[:3]


def test_an_interrupt_leaves_whole_lines() -> None:
    """Ctrl-C strikes most often while a line is compressed: what is told of it then is not lost, for
    all that comes behind could not be read.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    # So long and so much by chance that each line gives packed bytes at once.
    record = RECORDS[0]._replace(reason=np.random.default_rng(0).bytes(20_000).hex())
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(20):
            packer = packing.ZippedLines()
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            with suppress(KeyboardInterrupt):
                while True:
                    packer.add(record)
            assert set(gzip.decompress(packer.finish()).splitlines()) <= {record.to_json().encode()}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
