"""Objects in S3: a real server for what it does, a stub for raw paths and faults."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from litescore import store
from litescore.errors import (
    ConfigurationError,
    PermanentError,
    SupersededError,
    TransientError,
)
from litescore.record import Subject
from litescore.store import rawkeys
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import Fault, StubS3, etag

LIMIT = 1_000_000
KEYS = [
    "a b.png",
    "a+b.png",
    "a%2Bb.png",
    "é.png",
    "😀.png",
    "q?x#y.png",
    " lead.png",
    ("x" * 200 + "/") * 4 + "y" * 200,
]
RAW_KEYS = ["/lead.png", "trail/", "a//b.png", "./a.png", "a/../b.png", "tab\t.png", "line\n.png"]


@pytest.fixture
def real(s3: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The real server, reached through the environment as a user would."""
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    return s3


@pytest.fixture
def fake(stub: StubS3, monkeypatch: pytest.MonkeyPatch) -> StubS3:
    """The stub, reached through the environment."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    return stub


@pytest.fixture(params=["boto3", "obstore"])
def lister(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way of listing: with boto3 installed, and without it."""
    monkeypatch.setattr(rawkeys, "installed", lambda: request.param == "boto3")
    return str(request.param)


@pytest.mark.parametrize("key", KEYS)
def test_reads_awkward_keys(real: S3, bucket: str, key: str) -> None:
    """A raw key names one object, whatever characters it has."""
    real.client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    blob = store.read(Subject(f"s3://{bucket}/{key}"), max_bytes=LIMIT)
    assert blob.data == key.encode()
    assert blob.etag == etag(key.encode())
    assert abs((blob.modified - datetime.now(UTC)).total_seconds()) < 60


def test_reads_the_version_that_is_named(real: S3, versioned_bucket: str) -> None:
    """A version id reads that version, also after the object was overwritten or deleted."""
    versions = [
        real.client.put_object(Bucket=versioned_bucket, Key="a.png", Body=body)["VersionId"]
        for body in (b"one", b"two")
    ]
    real.client.delete_object(Bucket=versioned_bucket, Key="a.png")
    source = f"s3://{versioned_bucket}/a.png"
    for version, body in zip(versions, (b"one", b"two"), strict=True):
        assert store.read(Subject(source, version=version), max_bytes=LIMIT).data == body
    with pytest.raises(PermanentError, match="gone"):
        store.read(Subject(source), max_bytes=LIMIT)


def test_an_overwritten_object_is_superseded(real: S3, bucket: str) -> None:
    """Named by an ETag that no longer holds, an object is not read as if it were the same."""
    real.client.put_object(Bucket=bucket, Key="a.png", Body=b"one")
    source = f"s3://{bucket}/a.png"
    assert store.read(Subject(source, etag=etag(b"one")), max_bytes=LIMIT).data == b"one"
    real.client.put_object(Bucket=bucket, Key="a.png", Body=b"two")
    with pytest.raises(SupersededError, match=r"a\.png"):
        store.read(Subject(source, etag=etag(b"one")), max_bytes=LIMIT)


def test_size_is_checked_before_the_body_is_read(real: S3, bucket: str) -> None:
    """An object above the limit is refused with both numbers."""
    real.client.put_object(Bucket=bucket, Key="a.png", Body=b"x" * 2000)
    with pytest.raises(PermanentError, match="too-large: 2,000 bytes, the limit is 1,000"):
        store.read(Subject(f"s3://{bucket}/a.png"), max_bytes=1000)


def test_missing_object_and_missing_bucket_differ(real: S3, bucket: str) -> None:
    """One missing object fails alone; a missing bucket is a configuration error that names it."""
    with pytest.raises(PermanentError, match="gone"):
        store.read(Subject(f"s3://{bucket}/none.png"), max_bytes=LIMIT)


def test_a_missing_bucket_is_named(fake: StubS3, lister: str) -> None:
    """Reading, listing and writing name the bucket that is not there."""
    with pytest.raises(ConfigurationError, match="no bucket 'nowhere'"):
        store.read(Subject("s3://nowhere/a.png"), max_bytes=LIMIT)
    with pytest.raises(ConfigurationError, match="no bucket 'nowhere'"):
        list(store.list_objects("s3://nowhere/"))
    with pytest.raises(ConfigurationError, match="no bucket 'nowhere'"):
        store.create("s3://nowhere/a", b"")


def test_create_writes_once(real: S3, bucket: str) -> None:
    """The first writer wins; the second is told so and changes nothing."""
    url = f"s3://{bucket}/dt=2026-01-01/a.jsonl.gz"
    assert store.create(url, b"one") is True
    assert store.create(url, b"two") is False
    assert store.read(Subject(url), max_bytes=LIMIT).data == b"one"
    assert store.exists(url)
    store.delete(url)
    assert not store.exists(url)


def test_lists_a_prefix_and_leaves_folder_markers_out(real: S3, bucket: str, lister: str) -> None:
    """As S3's own prefix does, half a name finds what begins with it."""
    for key in ("in/a.png", "in/ab.png", "in/b.png", "in/deep/a.png", "other.png"):
        real.client.put_object(Bucket=bucket, Key=key, Body=b"x")
    real.client.put_object(Bucket=bucket, Key="in/empty.png", Body=b"")
    real.client.put_object(Bucket=bucket, Key="in/marker/", Body=b"")

    def names(prefix: str) -> list[str]:
        found = store.list_objects(f"s3://{bucket}/{prefix}")
        return sorted(entry.source.removeprefix(f"s3://{bucket}/") for entry in found)

    assert names("in/a") == ["in/a.png", "in/ab.png"]
    assert names("in/") == ["in/a.png", "in/ab.png", "in/b.png", "in/deep/a.png", "in/empty.png"]
    assert len(names("")) == 6
    (entry,) = store.list_objects(f"s3://{bucket}/other")
    assert (entry.size, entry.etag) == (1, etag(b"x"))


def test_lists_past_a_page(fake: StubS3, lister: str) -> None:
    """A listing goes on past the pages in which S3 answers."""
    fake.page = 7
    fake.objects = {("stub", f"in/{n:03}.png"): b"x" for n in range(30)}
    assert len(list(store.list_objects("s3://stub/in/"))) == 30


def test_a_listing_goes_on_behind_any_key(real: S3, bucket: str, lister: str) -> None:
    """What follows a key it named is asked for there: this server's order is by folder."""
    keys = ["a/b.png", "a/c/d.png", "a-b.png", "a.png", "é.png", "～.png", "😀.png"]
    for key in keys:
        real.client.put_object(Bucket=bucket, Key=f"in/{key}", Body=b"x")
    whole = [entry.source for entry in store.list_objects(f"s3://{bucket}/in/")]
    assert whole == [f"s3://{bucket}/in/{key}" for key in keys]
    for number, source in enumerate(whole, 1):
        after = source.removeprefix(f"s3://{bucket}/")
        rest = store.list_objects(f"s3://{bucket}/in/", after)
        assert [entry.source for entry in rest] == whole[number:]


def test_what_lies_before_is_not_listed_again(fake: StubS3, lister: str) -> None:
    """The server is asked to start behind the key: one page of three, not all three."""
    fake.page = 10
    fake.objects = {("stub", f"in/{n:02} +%é.png"): b"x" for n in range(30)}
    rest = list(store.list_objects("s3://stub/in/", "in/20 +%é.png"))
    assert [entry.source.split()[0] for entry in rest] == [
        f"s3://stub/in/{n}" for n in range(21, 30)
    ]
    assert len(fake.paths()) == 1


def test_a_listing_goes_on_behind_an_odd_key(fake: StubS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 names it as it is; obstore would start behind another, and says so."""
    fake.objects = {("stub", key): b"x" for key in ("/a.png", "b//c.png", "b//d.png")}
    (entry,) = store.list_objects("s3://stub/", "b//c.png")
    assert entry.source == "s3://stub/b//d.png"
    assert len(list(store.list_objects("s3://stub/", "/a.png"))) == 2
    monkeypatch.setattr(rawkeys, "installed", lambda: False)
    with pytest.raises(ConfigurationError, match=r"'/a\.png'.*litescore\[aws\]"):
        list(store.list_objects("s3://stub/", "/a.png"))


@pytest.mark.parametrize("key", [key for key in RAW_KEYS if not key.endswith("/")])
def test_odd_keys_are_listed_as_they_are(fake: StubS3, key: str) -> None:
    """A listing names the very key, so that reading it reads that object."""
    fake.objects = {("stub", key): b"odd", ("stub", "lead.png"): b"other", ("stub", "z"): b"z"}
    found = {entry.source: entry.size for entry in store.list_objects("s3://stub/")}
    assert found == {f"s3://stub/{key}": 3, "s3://stub/lead.png": 5, "s3://stub/z": 1}


def test_without_boto3_an_odd_key_names_the_way_out(
    fake: StubS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """obstore alone ends at such a key: said, and not passed over."""
    monkeypatch.setattr(rawkeys, "installed", lambda: False)
    fake.objects = {("stub", "a//b.png"): b"odd"}
    with pytest.raises(ConfigurationError, match=r"litescore\[aws\]"):
        list(store.list_objects("s3://stub/"))


@pytest.mark.parametrize("key", RAW_KEYS)
def test_keys_that_obstore_cannot_address_are_read_by_boto3(fake: StubS3, key: str) -> None:
    """The raw path asked for is the key's own, and the bytes are that object's."""
    fake.objects["stub", key] = b"right"
    fake.objects["stub", key.strip("/")] = b"wrong"
    fake.objects["stub", key] = b"right"
    assert not rawkeys.addressable(key)
    blob = store.read(Subject(f"s3://stub/{key}"), max_bytes=LIMIT)
    assert blob.data == b"right"


def test_such_keys_fail_by_name_without_boto3(
    fake: StubS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where boto3 is not installed the image is unaddressable, with the way out named."""
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(PermanentError, match=r"unaddressable.*litescore\[aws\]"):
        store.read(Subject("s3://stub//lead.png"), max_bytes=LIMIT)
    assert fake.asked == []


@pytest.mark.parametrize(
    "names",
    [{"etag": "0\n"}, {"etag": "\ud800"}, {"etag": "e" * 9999}, {"version": "\0"}],
)
@pytest.mark.parametrize("key", ["a.png", "a//b.png"])
def test_what_no_object_can_be_called_is_not_asked_for(
    fake: StubS3, key: str, names: dict[str, str]
) -> None:
    """obstore panics at some of it, which no handler of errors would catch."""
    with pytest.raises(PermanentError, match="unaddressable: no object has the"):
        store.read(Subject(f"s3://stub/{key}", **names), max_bytes=LIMIT)
    with pytest.raises(PermanentError, match="1,025 bytes"):
        store.read(Subject("s3://stub/" + key.rjust(1025, "k")), max_bytes=LIMIT)
    assert fake.asked == []


def test_a_passing_fault_heals_and_a_lasting_one_is_transient(fake: StubS3) -> None:
    """SlowDown is tried again; what lasts is handed back."""
    fake.objects["stub", "a.png"] = b"x"
    fake.faults = [Fault(status=503, times=2)]
    assert store.read(Subject("s3://stub/a.png"), max_bytes=LIMIT).data == b"x"
    fake.faults = [Fault(status=500)]
    with pytest.raises(TransientError, match=r"a\.png"):
        store.read(Subject("s3://stub/a.png"), max_bytes=LIMIT)


def test_a_conflict_without_an_object_is_written_again(fake: StubS3) -> None:
    """409 says that another writer is at it: absent afterwards, the object is written after all."""
    fake.faults = [Fault(status=409, method="PUT", times=1)]
    assert store.create("s3://stub/out", b"x") is True
    assert fake.objects["stub", "out"] == b"x"
    fake.faults = [Fault(status=409, method="PUT")]
    assert store.create("s3://stub/out", b"y") is False
    assert fake.objects["stub", "out"] == b"x"


def test_a_closed_output_names_what_to_grant(fake: StubS3) -> None:
    """A denied write is a configuration error with the permissions."""
    fake.faults = [Fault(status=403, method="PUT")]
    with pytest.raises(ConfigurationError, match=r"bucket 'stub'.*s3:PutObject"):
        store.create("s3://stub/out", b"x")


@pytest.mark.parametrize("url", ["s3://", "s3:///key", "s3://my bucket/a.png", "s3://bü/a.png"])
def test_urls_without_a_bucket_are_refused(fake: StubS3, url: str) -> None:
    """Said before anything is asked for."""
    with pytest.raises(ConfigurationError, match="is not an S3 URL"):
        store.read(Subject(url), max_bytes=LIMIT)
    assert fake.asked == []


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
@pytest.mark.parametrize("key", ["a.png", "a//b.png"])
def test_requests_are_signed_for_the_region(
    fake: StubS3, monkeypatch: pytest.MonkeyPatch, key: str, name: str
) -> None:
    """Either client takes it from either variable: boto3 by itself knows the second only."""
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv(name, "eu-north-1")
    fake.objects["stub", key] = b"x"
    store.read(Subject(f"s3://stub/{key}"), max_bytes=LIMIT)
    headers = {word.lower(): value for word, value in fake.asked[-1].headers.items()}
    assert "/eu-north-1/s3/" in headers["authorization"]


def test_an_endpoint_that_is_no_url_is_named(fake: StubS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing error in the environment is a sentence, not a crash of the client."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "127.0.0.1:8333")
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1:8333"):
        list(store.list_objects("s3://stub/"))


def test_missing_certificates_name_the_package(
    fake: StubS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a bare container the client refuses even a plain http endpoint."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")  # another store than the one that is kept
    with pytest.raises(ConfigurationError, match="ca-certificates"):
        store.read(Subject("s3://stub/a.png"), max_bytes=LIMIT)
