"""The bounded pipeline on real files and a real model."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from litescore import batch, fetching, image, store
from litescore.errors import ConfigurationError, TransientError
from litescore.fetched import Fetched, read
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.settings import Settings
from tests.litescore import tiny
from tests.litescore.animals import SHAPE, held
from tests.rig import proxy
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import Fault, StubS3, etag


@pytest.fixture
def scorer(int8_model: Path) -> Scorer:
    return Scorer(int8_model, batch=8)


def _subjects(pngs: Pngs) -> list[Subject]:
    return [entry.subject for entry in store.list_objects(str(pngs.folder))]


@pytest.mark.parametrize("threads", [1, 4])
def test_records_come_in_input_order(scorer: Scorer, pngs: Pngs, threads: int) -> None:
    """One outcome a subject, in order, equal to scoring the images one by one."""
    subjects = _subjects(pngs)
    found = list(batch.run(subjects, scorer, settings=Settings(threads=threads)))
    assert [outcome.asked for outcome in found] == subjects
    for outcome, subject in zip(found, subjects, strict=True):
        tensor = image.fit(image.decode(Path(subject.source).read_bytes()), scorer.contract)
        best = scorer.probabilities(tensor[None])[0].argmax()
        assert outcome.record is not None
        assert outcome.record.label == scorer.contract.labels[best]
        assert outcome.record.source == subject.source
        assert outcome.modified is not None


@pytest.mark.parametrize(("rests", "threads"), [(True, 1), (False, 2)])
def test_a_model_that_never_rests_gets_more_threads(
    int8_model: Path, pngs: Pngs, monkeypatch: pytest.MonkeyPatch, *, rests: bool, threads: int
) -> None:
    """It begins with one, and keeps it while there is something else to wait for; the answers are
    the same.
    """
    few = Scorer(int8_model)
    more = Scorer(int8_model, most_threads=2)
    clock = itertools.count(step=0 if rests else 1000)
    monkeypatch.setattr(batch, "thread_time", lambda: next(clock))
    subjects = _subjects(pngs)
    found = [[one.record for one in batch.run(subjects, scorer)] for scorer in (few, more)]
    assert (few.threads, more.threads) == (1, threads)
    assert [one.top for one in found[0] if one] == [one.top for one in found[1] if one]
    assert None not in found[1]


def test_a_poisoned_image_fails_between_its_neighbours(
    scorer: Scorer, pngs: Pngs, tmp_path: Path
) -> None:
    """Bad files become records with their kind; the good ones around them are scored."""
    good = _subjects(pngs)
    poison = {"empty.png": b"", "text.jpg": b"hello " * 99, "cut.png": b"\x89PNG\r\n\x1a\n123"}
    for name, data in poison.items():
        (tmp_path / name).write_bytes(data)
    bad = [Subject(str(tmp_path / name)) for name in (*poison, "missing.png")]
    mixed = [one for pair in zip(good[:4], bad, strict=True) for one in pair] + good[4:]
    records = [outcome.record for outcome in batch.run(mixed, scorer)]
    kinds = [record.kind if record else "none" for record in records]
    assert kinds[:8] == [None, "corrupt", None, "unsupported", None, "corrupt", None, "gone"]
    assert kinds[8:] == [None] * (len(good) - 4)


def test_only_failures(scorer: Scorer, tmp_path: Path) -> None:
    """More failures than a batch holds need no model and come out whole."""
    subjects = [Subject(str(tmp_path / f"{n}.png")) for n in range(100)]
    found = [outcome.record for outcome in batch.run(subjects, scorer)]
    assert [record.kind for record in found if record] == ["gone"] * 100


def test_nothing_gives_nothing(scorer: Scorer) -> None:
    """No subjects, no outcomes."""
    assert list(batch.run([], scorer)) == []


def test_memory_is_bounded_by_a_window(scorer: Scorer, pngs: Pngs) -> None:
    """However many subjects there are, few are taken ahead of what has come out."""
    subjects, taken = _subjects(pngs), 0

    def many() -> Iterator[Subject]:
        nonlocal taken
        for _ in range(40):
            for subject in subjects:
                taken += 1
                yield subject

    ahead = 0
    for done, _ in enumerate(batch.run(many(), scorer, settings=Settings(threads=4)), 1):
        ahead = max(ahead, taken - done)
    assert done == taken == 40 * len(subjects)
    assert ahead <= 16 * 4 * 2 + 4 * scorer.batch + 16


def test_stops_before_the_deadline_and_hands_the_rest_back(scorer: Scorer, pngs: Pngs) -> None:
    """Once time is out nothing more is fetched, and every subject is accounted for."""
    subjects, late = _subjects(pngs), threading.Event()
    found = []
    for outcome in batch.run(
        subjects, scorer, settings=Settings(threads=1), out_of_time=late.is_set
    ):
        found.append(outcome)
        late.set()
    assert [outcome.asked for outcome in found] == subjects
    assert found[0].record is not None
    handed_back = [outcome for outcome in found if outcome.record is None]
    assert len(handed_back) > len(subjects) / 2
    assert all("out of time" in str(outcome.retry) for outcome in handed_back)


def test_what_does_not_arrive_in_time_is_handed_back(
    scorer: Scorer, pngs: Pngs, s3: S3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stalled object, and all behind it; what came before it is scored."""
    keys = [path.name for path in pngs.paths[:12]]
    for path in pngs.paths[:12]:
        s3.client.put_object(Bucket=bucket, Key=path.name, Body=path.read_bytes())
    subjects = [Subject(f"s3://{bucket}/{key}") for key in keys]
    late = threading.Event()
    with proxy.serve(s3.endpoint) as between:
        for name, value in between.environ(s3.environ).items():
            monkeypatch.setenv(name, value)
        gate = between.gate(key=keys[8])
        run = batch.run(subjects, scorer, settings=Settings(threads=2), out_of_time=late.is_set)
        found = [next(run) for _ in range(8)]
        assert gate.reached.wait(10)
        late.set()
        found += run
        gate.open()
    assert [outcome.asked for outcome in found] == subjects
    assert [outcome.record is not None for outcome in found] == [True] * 8 + [False] * 4


def test_what_nobody_takes_is_not_fetched(pngs: Pngs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is stopped does not wait for all the objects that a thread was given at once."""
    begun: list[Subject] = []

    def slow(asked: Subject, most: int) -> Fetched:
        begun.append(asked)
        time.sleep(0.02)
        return read(asked, most)

    monkeypatch.setattr(fetching, "read", slow)
    scorer = Scorer(held(tiny.build(SHAPE)), batch=32)
    run = batch.run(_subjects(pngs)[:1] * 400, scorer, settings=Settings(threads=1))
    next(run)
    taken = len(begun)
    while len(begun) == taken:
        time.sleep(0.001)
    assert isinstance(run, Generator)
    run.close()
    assert len(begun) <= taken + 2


def test_what_an_image_took_is_told(scorer: Scorer, pngs: Pngs) -> None:
    """Seconds of each part; no more than the whole took, since one thread did it."""
    spent, start = batch.Spent(), time.perf_counter()
    list(batch.run(_subjects(pngs), scorer, settings=Settings(threads=1), spent=spent))
    parts = (spent.fetching, spent.decoding, spent.invoking)
    assert min(parts) > 0
    assert sum(parts) < 2 * (time.perf_counter() - start)


def test_faults_of_the_store(
    scorer: Scorer, pngs: Pngs, stub: StubS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Denied is permanent, changed is superseded, broken is tried again, no bucket ends the run."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    body = next(pngs.folder.iterdir()).read_bytes()
    stub.objects = {("stub", f"{name}.png"): body for name in ("denied", "old", "broken", "good")}
    stub.faults = [Fault(status=403, key="denied.png"), Fault(status=500, key="broken.png")]
    subjects = [
        Subject("s3://stub/denied.png"),
        Subject("s3://stub/old.png", etag="before"),
        Subject("s3://stub/broken.png"),
        Subject("s3://stub/good.png"),
    ]
    denied, old, broken, good = batch.run(subjects, scorer)
    assert denied.record is not None
    assert denied.record.kind == "forbidden"
    assert old.record is not None
    assert old.record.status == "superseded"
    assert broken.record is None
    assert isinstance(broken.retry, TransientError)
    assert good.record is not None
    assert good.record.etag == etag(body)
    with pytest.raises(ConfigurationError, match="nowhere"):
        list(batch.run([Subject("s3://nowhere/a.png")], scorer))
