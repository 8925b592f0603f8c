"""The balance of shards: unopened, read member by member, broken, and not to be read."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from litescore import batch, image, store
from litescore.errors import PermanentError
from litescore.record import Record, Subject
from litescore.results.reconcile import Balance, balance
from litescore.scorer import Scorer
from litescore.settings import Settings
from tests.litescore.conftest import Say, picture_bytes
from tests.litescore.packed import idx_of, npz_of, tar_gz_of, tar_of, zip_of
from tests.rig.stub_s3 import Fault, StubS3

FILES = {f"{n}.png": picture_bytes(n) for n in range(5)}
ROWS = np.zeros((5, 4, 3), np.uint8)

Records = Callable[[Subject], list[Record]]


@pytest.fixture
def records(small_model: Path) -> Records:
    """What scoring a subject leaves."""
    scorer = Scorer(small_model, batch=4)
    return lambda one: [o.record for o in batch.run([one], scorer) if o.record]


def put(path: Path, data: bytes) -> Subject:
    """A file as a listing names it."""
    path.write_bytes(data)
    return Subject(str(path), etag=store.file_etag(path))


def told(found: Balance) -> tuple[bool, int, int, int, int, int]:
    """Whether it holds, and its numbers."""
    numbers = (found.listed, found.missing, found.double, found.unlisted, found.unopened)
    return found.holds, *numbers


def test_unopened_any_record_will_do(tmp_path: Path, records: Records) -> None:
    """One image of the listing, of which is said that nobody looked into it."""
    shard = put(tmp_path / "s.zip", zip_of(FILES))
    found = balance([shard, shard], records(shard)[3:4])
    assert told(found) == (True, 1, 0, 0, 0, 1)
    assert found.sentence() == (
        "1 listed: 0 missing, 0 double; 1 shard not looked into (see --members)"
    )
    assert told(balance([shard], [])) == (False, 1, 1, 0, 0, 1)
    assert told(balance([shard._replace(etag="other")], records(shard))) == (False, 1, 1, 0, 5, 1)


def test_a_member_claimed_twice(tmp_path: Path, records: Records) -> None:
    """Double by name of member, whether the shard is opened or not."""
    shard = put(tmp_path / "s.zip", zip_of(FILES))
    claims = [*records(shard), records(shard)[1]._replace(id="0")]
    for members in (None, Settings()):
        found = balance([shard], claims, members=members)
        assert (found.holds, found.double) == (False, 1)
        assert found.first_double[0].subject == shard._replace(member="1.png")
        assert found.first_double[0].ids[0] == "0"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("s.zip", zip_of(FILES)),
        ("s.tar", tar_of(FILES)),
        ("s.tar.gz", tar_gz_of(FILES)),
        ("s.npz", npz_of(x_test=ROWS)),
        ("s-idx3-ubyte", idx_of(ROWS)),
    ],
)
def test_each_member_has_its_record(
    tmp_path: Path, records: Records, name: str, data: bytes
) -> None:
    """Of every kind of shard; the one without is named, others' members are not taken for it."""
    shard, other = put(tmp_path / name, data), put(tmp_path / f"2{name}", data)
    kept = records(shard)
    lost = kept.pop(2)
    claims = [*kept, *records(other)]
    assert told(balance([shard, other], claims, members=Settings())) == (False, 10, 1, 0, 0, 0)
    found = balance([shard, other], claims, members=Settings())
    assert found.first_missing == (shard._replace(member=lost.member),)
    assert told(balance([shard, other], [*claims, lost], members=Settings())) == (
        True, 10, 0, 0, 0, 0,
    )  # fmt: skip
    assert told(balance([shard], [*claims, lost], members=Settings())) == (True, 5, 0, 0, 5, 0)


def test_a_member_that_the_shard_does_not_hold(tmp_path: Path, records: Records) -> None:
    """Its record is of nothing that is listed, once the shard is opened."""
    shard = put(tmp_path / "s.zip", zip_of(FILES))
    claims = records(shard)
    claims.append(claims[0]._replace(member="other.png", id="0"))
    assert told(balance([shard], claims, members=Settings())) == (True, 5, 0, 0, 1, 0)
    assert told(balance([shard], claims)) == (True, 1, 0, 0, 0, 1)


def test_members_that_cannot_be_scored(
    tmp_path: Path, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed record each; to know their names no picture is decoded."""
    files = {**FILES, "bad.png": b"bad", "in.zip": zip_of(FILES), "notes.txt": b"no picture"}
    shard = put(tmp_path / "s.zip", zip_of(files))
    claims = records(shard)
    assert [one.member for one in claims if one.status == "failed"] == ["bad.png", "in.zip"]
    for name in ("decode", "decode_to_tensor"):
        monkeypatch.setattr(image, name, None)
    assert told(balance([shard], claims, members=Settings())) == (True, 7, 0, 0, 0, 0)
    assert told(balance([shard], claims[:-1], members=Settings())) == (False, 7, 1, 0, 0, 0)


def test_a_shard_that_breaks_in_the_middle(tmp_path: Path, records: Records) -> None:
    """Members before the break have their records, and one without a member what lies behind."""
    shard = put(tmp_path / "cut.tar", tar_of(FILES)[: 3 * 1024 + 700])
    claims = records(shard)
    assert [one.member for one in claims] == ["0.png", "1.png", "2.png", None]
    assert told(balance([shard], claims, members=Settings())) == (True, 4, 0, 0, 0, 0)
    for lost in claims:
        found = balance([shard], [one for one in claims if one != lost], members=Settings())
        assert told(found) == (False, 4, 1, 0, 0, 0)
        assert found.first_missing == (shard._replace(member=lost.member),)
    # One that was denied before says nothing of a break.
    denied = Record.failed(shard._replace(etag=None), PermanentError("forbidden", ""), model="m")
    assert told(balance([shard], [*claims, denied], members=Settings())) == (True, 4, 0, 0, 0, 0)
    before = [*claims[:-1], denied]
    assert told(balance([shard], before, members=Settings())) == (False, 4, 1, 0, 0, 0)


def test_a_shard_that_was_not_read_at_all(tmp_path: Path, records: Records) -> None:
    """Its own failed record stands for all of it, until one of a member says that it was read."""
    shard = put(tmp_path / "s.zip", zip_of(FILES))
    members = records(shard)
    for known in (shard.etag, None):
        subject = shard._replace(etag=known)
        denied = Record.failed(subject, PermanentError("forbidden", ""), model=members[0].model)
        assert told(balance([shard], [denied], members=Settings())) == (True, 5, 0, 0, 0, 0)
        assert told(balance([shard], [denied, *members], members=Settings())) == (
            True, 5, 0, 0, 0, 0,
        )  # fmt: skip
        assert told(balance([shard], [denied, *members[:2]], members=Settings())) == (
            False, 5, 3, 0, 0, 0,
        )  # fmt: skip


def test_a_shard_that_cannot_be_read_now(tmp_path: Path, records: Records) -> None:
    """Changed, gone, too large by today's limit: nothing is proved, unless it had failed as a whole."""
    shard = put(tmp_path / "s.zip", zip_of(FILES))
    members = records(shard)
    failed = Record.failed(shard, PermanentError("too-large", ""), model="m")
    for said, listed, limits in (
        ("it changed after it was listed", shard._replace(etag="1-1"), Settings()),
        ("too-large", shard, Settings(max_shard_bytes=10)),
        ("gone: no such file", Subject(str(tmp_path / "none.zip"), etag="1-1"), Settings()),
    ):
        claims = [one._replace(source=listed.source, etag=listed.etag) for one in members]
        found = balance([listed], claims, members=limits)
        assert told(found) == (False, 1, 0, 0, 0, 1)
        assert found.first_unopened[0].subject == listed
        assert said in found.first_unopened[0].reason
        assert found.sentence().endswith("; 1 shard could not be read")
        whole = failed._replace(source=listed.source, etag=listed.etag)
        assert told(balance([listed], [whole], members=limits)) == (True, 1, 0, 0, 0, 0)
        assert balance([listed], [], members=limits).missing == 1


def test_the_command(small_model: Path, tmp_path: Path, say: Say) -> None:
    """Scored, the balance holds; with a member more the shard is another and all are missing."""
    shard = tmp_path / "in" / "photos.zip"
    shard.parent.mkdir()
    shard.write_bytes(zip_of(FILES))
    (shard.parent / "plain.png").write_bytes(picture_bytes(7))
    place = tmp_path / "out"
    assert say("score", shard.parent, "--model", small_model, "--out", place).code == 0
    words = ("reconcile", shard.parent, place)
    assert say(*words).out == (
        "2 listed: 0 missing, 0 double; 1 shard not looked into (see --members)\n"
    )
    assert say(*words, "--members").out == "6 listed: 0 missing, 0 double\n"
    shard.write_bytes(zip_of({**FILES, "more.png": picture_bytes(9)}))
    said = say(*words, "--members", "--show", 1)
    assert (said.code, said.out.splitlines()) == (
        1,
        [f"missing  0.png in {shard}", "7 listed: 6 missing, 0 double, 5 not listed"],
    )
    assert say(*words).code == 1


def test_in_s3(small_model: Path, stub: StubS3, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard that is denied while its members are asked for is named, with the reason."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    stub.objects["stub", "in/s.zip"] = zip_of(FILES)
    stub.objects["stub", "in/one.png"] = picture_bytes(8)
    words = ("s3://stub/in/", "--model", small_model, "--out", "s3://stub/out/")
    assert say("score", *words).code == 0
    asked = ("reconcile", "s3://stub/in/", "s3://stub/out/", "--members")
    assert say(*asked).out == "6 listed: 0 missing, 0 double\n"
    stub.faults.append(Fault(status=403, method="GET", key="in/s.zip"))
    said = say(*asked)
    assert said.code == 1
    unread, last = said.out.splitlines()
    assert unread.startswith("unread   s3://stub/in/s.zip: forbidden: ")
    assert last == "2 listed: 0 missing, 0 double; 1 shard could not be read"


_PEAK = """
import sys
from litescore import settings, store
from litescore.results import reconcile
from litescore.record import Record, Subject
path = sys.argv[1]
shard = Subject(path, etag=store.file_etag(store.local_path(path)))
found = reconcile.balance([shard], [], members=settings.Settings())
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(found.missing, peak.split()[1])
"""


def test_memory_is_flat(tmp_path: Path) -> None:
    """Shards of one size, of four and of forty members: the contents are held one at a time."""
    peaks = []
    for members in (4, 40):
        shard = tmp_path / f"{members}.zip"
        with zipfile.ZipFile(shard, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number in range(members):
                archive.writestr(f"{number}.png", bytes(2**20))
            archive.writestr("pad.txt", np.random.default_rng(0).bytes(2**20), zipfile.ZIP_STORED)
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, str(shard)], capture_output=True, text=True, check=True
        )
        found, peak = map(int, done.stdout.split())
        assert found == members
        peaks.append(peak)
    assert peaks[1] <= 1.1 * peaks[0], peaks
