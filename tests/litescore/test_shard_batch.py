"""Shards through the pipeline: members score as files do, and take their turn among them."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from litescore import batch, fetching, image, shards, store
from litescore.fetching import Before
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.settings import Settings
from tests.litescore.conftest import picture_bytes
from tests.litescore.packed import ARCHIVES, Pack, npz_of, tar_of, zip_of
from tests.rig import proxy
from tests.rig.seaweed import S3


@pytest.fixture
def scorer(small_model: Path) -> Scorer:
    return Scorer(small_model, batch=4)


@pytest.mark.parametrize(("name", "pack"), ARCHIVES)
def test_members_score_as_files_do(name: str, pack: Pack, scorer: Scorer, tmp_path: Path) -> None:
    """Labels and order of single files; each member its own id under the shard's ETag."""
    files = {f"{n:02}.png": picture_bytes(n) for n in range(30)}
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
    alone = [o.record for o in batch.run([Subject(str(tmp_path / f)) for f in files], scorer)]
    shard = tmp_path / name
    shard.write_bytes(pack(files))
    found = list(batch.run([Subject(str(shard))], scorer))
    records = [outcome.record for outcome in found if outcome.record]
    assert [r.member for r in records] == list(files)
    assert [r.top for r in records] == [r.top for r in alone if r]
    assert {r.etag for r in records} == {store.file_etag(shard)}
    assert len({r.id for r in records}) == 30
    assert {outcome.asked for outcome in found} == {Subject(str(shard))}
    assert all(outcome.modified for outcome in found)


def test_arrays_score_as_files_do(scorer: Scorer, tmp_path: Path) -> None:
    """Pixels of another size go through the same resize as a file's."""
    tall = np.random.default_rng(1).integers(0, 256, (6, 40, 20, 3), np.uint8)
    path = tmp_path / "m.npz"
    path.write_bytes(npz_of(x_test=tall))
    records = [outcome.record for outcome in batch.run([Subject(str(path))], scorer)]
    tensors = np.stack([image.fit(one, scorer.contract) for one in tall])
    best = scorer.probabilities(tensors).argmax(axis=1)
    assert [r.label for r in records if r] == [scorer.contract.labels[n] for n in best]


def test_poison_inside_a_shard_and_shards_among_files(scorer: Scorer, tmp_path: Path) -> None:
    """Every image has its outcome, in order, whatever lies around it."""
    (tmp_path / "s.zip").write_bytes(zip_of({"bad.png": b"bad", "good.png": picture_bytes(1)}))
    (tmp_path / "cut.tar").write_bytes(tar_of({"a.png": bytes(900)})[:700])
    (tmp_path / "x.png").write_bytes(picture_bytes(2))
    names = ["x.png", "s.zip", "gone.zip", "cut.tar", "x.png"]
    found = [o.record for o in batch.run([Subject(str(tmp_path / n)) for n in names], scorer)]
    assert [(r.member, r.kind) for r in found if r] == [
        (None, None), ("bad.png", "unsupported"), ("good.png", None),
        (None, "gone"), (None, "corrupt"), (None, None),
    ]  # fmt: skip


def test_a_shard_above_the_limit_is_not_read(scorer: Scorer, tmp_path: Path) -> None:
    """LITESCORE_MAX_SHARD_BYTES is the shards'; LITESCORE_MAX_BYTES does not hold for them."""
    path = tmp_path / "s.zip"
    path.write_bytes(zip_of({f"{n}.png": picture_bytes(n) for n in range(9)}))
    size = path.stat().st_size
    ok = batch.run([Subject(str(path))], scorer, settings=Settings(max_bytes=size // 2))
    assert {o.record.status for o in ok if o.record} == {"scored"}
    small = Settings(max_shard_bytes=size - 1)
    (refused,) = batch.run([Subject(str(path))], scorer, settings=small)
    assert refused.record is not None
    assert (refused.record.kind, refused.record.member) == ("too-large", None)


def test_a_shard_that_ran_out_of_time_comes_back_whole(scorer: Scorer, tmp_path: Path) -> None:
    """What is under way is scored; the shard is handed back once, and what follows it too."""
    path = tmp_path / "s.zip"
    path.write_bytes(zip_of({f"{n}.png": picture_bytes(n) for n in range(200)}))
    asked = [Subject(str(path)), Subject(str(tmp_path / "other.zip"))]
    late = threading.Event()
    found = []
    one_thread = Settings(threads=1)
    for outcome in batch.run(asked, scorer, settings=one_thread, out_of_time=late.is_set):
        found.append(outcome)
        late.set()
    assert 0 < sum(o.record is not None for o in found) < 100
    assert [o.asked for o in found if o.retry] == asked


def test_the_next_shard_is_fetched_while_one_is_scored(
    small_model: Path, s3: S3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the first record of the first comes out, the second is on its way, the third not yet."""
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    pack = zip_of({f"{n}.png": picture_bytes(n) for n in range(300)})
    for name in ("a.zip", "b.zip", "c.zip"):
        s3.client.put_object(Bucket=bucket, Key=name, Body=pack)
    subjects = [Subject(f"s3://{bucket}/{name}") for name in ("a.zip", "b.zip", "c.zip")]
    with proxy.serve(s3.endpoint) as between:
        monkeypatch.setenv("AWS_ENDPOINT_URL", between.endpoint)
        second, third = (between.gate(key=name) for name in ("b.zip", "c.zip"))
        run = batch.run(subjects, Scorer(small_model, batch=4), settings=Settings(threads=1))
        next(run)
        assert second.reached.wait(10)
        assert not third.reached.is_set()
        second.open()
        third.open()
        assert 1 + sum(1 for _ in run) == 900


@pytest.mark.parametrize("ahead", [10, 10**6])
def test_members_are_passed_over(
    ahead: int, scorer: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that an earlier run did; also of a shard too large to be fetched ahead, read anew."""
    monkeypatch.setattr(fetching, "_SHARD_AHEAD", ahead)
    for name in ("a.zip", "b.zip"):
        (tmp_path / name).write_bytes(zip_of({f"{n}.png": picture_bytes(n) for n in range(9)}))
    asked = [Subject(str(tmp_path / name)) for name in ("a.zip", "b.zip")]
    before = Before(begun=lambda shard: 7 if shard.source.endswith("b.zip") else 0)
    records = [outcome.record for outcome in batch.run(asked, scorer, before=before)]
    found = [(Path(record.source).name, record.member) for record in records if record]
    assert found == [("a.zip", f"{n}.png") for n in range(9)] + [
        ("b.zip", "7.png"), ("b.zip", "8.png"),
    ]  # fmt: skip


def test_few_members_are_unpacked_ahead(
    scorer: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many images a shard holds, a window of them is in memory. The function is wrapped to
    be counted, for nothing outside tells how far it is.
    """
    path = tmp_path / "s.npz"
    path.write_bytes(npz_of(x=np.zeros((3000, 4, 3), np.uint8)))
    taken, real = 0, shards.members

    def counted(*words: object) -> object:
        nonlocal taken
        for member in real(*words):  # type: ignore[arg-type]
            taken += 1
            yield member

    monkeypatch.setattr(shards, "members", counted)
    ahead = 0
    outcomes = batch.run([Subject(str(path))], scorer, settings=Settings(threads=2))
    for number, _ in enumerate(outcomes, 1):
        ahead = max(ahead, taken - number)
    assert number == taken == 3000
    assert ahead <= 8 * 2 * 2 + 4 * scorer.batch + 8
