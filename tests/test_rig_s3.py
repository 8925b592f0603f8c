"""The rig's S3: the real server keeps what it must, and the stub refuses as it is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError
from obstore.store import S3Store

from tests.rig.stub_s3 import Fault, StubS3, etag


@pytest.fixture
def stubbed(stub: StubS3) -> S3Store:
    """obstore on the stub's bucket, trying each request twice at most."""
    return S3Store(
        "stub",
        endpoint=stub.endpoint,
        access_key_id="stub",
        secret_access_key="stub",
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
        retry_config={
            "max_retries": 1,
            "backoff": {
                "init_backoff": timedelta(milliseconds=1),
                "max_backoff": timedelta(milliseconds=2),
                "base": 2,
            },
        },
    )


def test_seaweed_keeps_every_version(s3: Any, versioned_bucket: str) -> None:
    """A key written twice in a versioned bucket is read back by either version."""
    put = [
        s3.client.put_object(Bucket=versioned_bucket, Key="a b/ä.png", Body=body)
        for body in (b"first", b"second")
    ]
    read = [
        s3.client.get_object(Bucket=versioned_bucket, Key="a b/ä.png", VersionId=p["VersionId"])
        for p in put
    ]
    assert [answer["Body"].read() for answer in read] == [b"first", b"second"]


def test_seaweed_serves_obstore_by_its_environment(
    s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`environ` is all that another client needs; a create-only put is refused the second time."""
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    store = S3Store(bucket, client_options={"allow_http": True}, virtual_hosted_style_request=False)
    obstore.put(store, "k", b"1", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "k", b"2", mode="create")
    assert bytes(obstore.get(store, "k").bytes()) == b"1"


def test_stub_records_the_raw_path(stub: StubS3, stubbed: S3Store) -> None:
    """obstore asks for `lead.png` when told `/lead.png`, and refuses `a//b.png` unasked."""
    stub.objects["stub", "lead.png"] = b"another object"
    assert bytes(obstore.get(stubbed, "/lead.png").bytes()) == b"another object"
    assert stub.paths() == ["/stub/lead.png"]
    with pytest.raises(ValueError, match="a//b"):
        obstore.get(stubbed, "a//b.png")
    assert len(stub.asked) == 1


def test_stub_keeps_awkward_keys_apart(stub: StubS3) -> None:
    """boto3 reaches `/lead.png` and `a//b.png` as they are: the stub folds nothing."""
    import boto3

    for key in ("/lead.png", "lead.png", "a//b.png", "a/b.png", "ü +%.png"):
        stub.objects["stub", key] = key.encode()
    client = boto3.client(
        "s3",
        endpoint_url=stub.endpoint,
        aws_access_key_id="stub",
        aws_secret_access_key="stub",
        region_name="us-east-1",
    )
    for _, key in stub.objects:
        assert client.get_object(Bucket="stub", Key=key)["Body"].read() == key.encode()
    client.put_object(Bucket="stub", Key="/put.png", Body=b"put")
    assert stub.objects["stub", "/put.png"] == b"put"
    assert stub.paths()[:2] == ["/stub//lead.png", "/stub/lead.png"]
    listed = client.list_objects_v2(Bucket="stub")["Contents"]
    assert {entry["Key"] for entry in listed} == {key for _, key in stub.objects}
    client.delete_object(Bucket="stub", Key="/put.png")
    assert ("stub", "/put.png") not in stub.objects


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (403, PermissionDeniedError),
        (404, FileNotFoundError),
        (409, AlreadyExistsError),
        (412, AlreadyExistsError),
        (500, BaseError),
        (503, BaseError),
    ],
)
def test_stub_refuses_as_told(
    stub: StubS3, stubbed: S3Store, status: int, raised: type[Exception]
) -> None:
    """Each status reaches obstore as the error that it knows for it."""
    stub.faults.append(Fault(status=status))
    with pytest.raises(raised):
        obstore.put(stubbed, "k", b"1", mode="create")
    assert not stub.objects


def test_stub_heals_after_its_times(stub: StubS3, stubbed: S3Store) -> None:
    """One 503 SlowDown on a GET of one key is retried by obstore; other keys never see it."""
    stub.objects |= {("stub", "k"): b"1", ("stub", "other"): b"2"}
    stub.faults.append(Fault(status=503, method="GET", key="k", times=1))
    assert bytes(obstore.get(stubbed, "other").bytes()) == b"2"
    assert bytes(obstore.get(stubbed, "k").bytes()) == b"1"
    assert stub.paths() == ["/stub/other", "/stub/k", "/stub/k"]


def test_stub_cuts_a_body_short(stub: StubS3, stubbed: S3Store) -> None:
    """A connection that breaks in the body is an error, never a shorter object."""
    stub.objects["stub", "k"] = bytes(1000)
    stub.faults.append(Fault(cut=10))
    with pytest.raises(BaseError):
        obstore.get(stubbed, "k").bytes()


def test_stub_lies_about_the_etag(stub: StubS3, stubbed: S3Store) -> None:
    """The ETag is the body's MD5, or what a fault says; If-Match goes by the true one."""
    stub.objects["stub", "k"] = b"1"
    assert obstore.head(stubbed, "k")["e_tag"] == f'"{etag(b"1")}"'
    with pytest.raises(BaseError, match="recondition"):
        obstore.get(stubbed, "k", options={"if_match": '"other"'})
    stub.faults.append(Fault(etag="wrong"))
    assert obstore.head(stubbed, "k")["e_tag"] == '"wrong"'


def test_stub_lists_by_pages_prefix_and_delimiter(stub: StubS3, stubbed: S3Store) -> None:
    """Seven keys in pages of two come once each and in order; folders fold at the delimiter."""
    keys = [f"in/{n}.png" for n in range(7)]
    stub.objects |= {("stub", key): b"1" for key in [*keys, "in/deep/x & y.png", "out/1.png"]}
    stub.page = 2
    listed = [entry["path"] for page in obstore.list(stubbed, "in") for entry in page]
    assert listed == sorted([*keys, "in/deep/x & y.png"])
    folded = obstore.list_with_delimiter(stubbed, "in")
    assert [entry["path"] for entry in folded["objects"]] == keys
    assert folded["common_prefixes"] == ["in/deep"]


def test_a_missing_bucket_is_named(stub: StubS3) -> None:
    """A bucket that the stub lacks answers NoSuchBucket, not NoSuchKey."""
    store = S3Store(
        "other",
        endpoint=stub.endpoint,
        skip_signature=True,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
    with pytest.raises(FileNotFoundError, match="NoSuchBucket"):
        obstore.get(store, "k")
