"""The proxy that goes wrong: it passes everything on unchanged until it is told otherwise."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import obstore
import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError
from obstore.store import S3Store

from tests.rig import proxy as rig
from tests.rig import stub_s3
from tests.rig.proxy import Fault, Proxy
from tests.rig.seaweed import S3


@pytest.fixture
def proxy(s3: S3) -> Iterator[Proxy]:
    """A proxy in front of the real server."""
    with rig.serve(s3.endpoint) as state:
        yield state


def reach(proxy: Proxy, s3: S3, bucket: str, timeout: str) -> S3Store:
    """obstore by way of the proxy, trying each request once."""
    return S3Store(
        bucket,
        endpoint=proxy.endpoint,
        access_key_id=s3.access_key,
        secret_access_key=s3.secret_key,
        region=s3.region,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True, "timeout": timeout},
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
    )


@pytest.fixture
def through(proxy: Proxy, s3: S3, bucket: str) -> S3Store:
    """A client on a fresh bucket, patient."""
    return reach(proxy, s3, bucket, "30s")


@pytest.fixture
def hasty(proxy: Proxy, s3: S3, bucket: str) -> S3Store:
    """A client of the same bucket that waits for half a second."""
    return reach(proxy, s3, bucket, "0.5s")


@pytest.mark.parametrize("key", ["a b/ü+%2B.png", "😀.png", "q?x#y.png", "big"])
def test_signed_requests_pass(proxy: Proxy, through: S3Store, key: str) -> None:
    """Writing, looking, reading, listing and removing hold their signatures; a big body is whole."""
    body = b"\0\r\n" * (4_000_000 if key == "big" else 1)
    obstore.put(through, key, body, use_multipart=False)
    assert obstore.head(through, key)["size"] == len(body)
    assert bytes(obstore.get(through, key).bytes()) == body
    assert [entry["path"] for page in obstore.list(through) for entry in page] == [key]
    obstore.delete(through, key)
    with pytest.raises(FileNotFoundError):
        obstore.get(through, key)
    assert [asked.method for asked in proxy.asked] == ["PUT", "HEAD", "GET", "GET", "POST", "GET"]
    assert not proxy.struck


def test_boto3_passes(proxy: Proxy, s3: S3, bucket: str) -> None:
    """Another client, which waits for leave before it sends a body, and keeps keys as they are."""
    client = S3(proxy.endpoint, s3.access_key, s3.secret_key).client
    client.put_object(Bucket=bucket, Key="a.png", Body=io.BytesIO(bytes(600_000)))
    assert client.get_object(Bucket=bucket, Key="a.png")["ContentLength"] == 600_000
    client.delete_object(Bucket=bucket, Key="a.png")
    with pytest.raises(client.exceptions.NoSuchKey):
        client.get_object(Bucket=bucket, Key="/a.png")
    assert proxy.asked[-1].target == f"/{bucket}//a.png"


FAULTS: list[tuple[Fault, str, type[Exception]]] = [
    (Fault(status=503), "503", BaseError),
    (Fault(status=403, method="GET", key="*.png"), "403", PermissionDeniedError),
    (Fault(status=403, late=True), "late 403", PermissionDeniedError),
    (Fault(reset=True), "reset", BaseError),
    (Fault(reset=True, late=True), "late reset", BaseError),
    (Fault(stall=1), "stall", BaseError),
    (Fault(stall=1, late=True), "late stall", BaseError),
    (Fault(stall=1, cut=10), "stall", BaseError),
    (Fault(cut=0), "cut", BaseError),
    (Fault(pace=100), "pace", BaseError),
]


@pytest.mark.parametrize(("fault", "kind", "raised"), FAULTS, ids=[kind for _, kind, _ in FAULTS])
def test_a_fault_strikes_and_heals(
    proxy: Proxy, through: S3Store, hasty: S3Store, fault: Fault, kind: str, raised: type[Exception]
) -> None:
    """What is told goes wrong, once, with the requests that it is told of."""
    obstore.put(through, "a.png", bytes(1000))
    obstore.put(through, "a.txt", bytes(1000))
    fault.times, fault.key = 1, fault.key or "a.p*"
    proxy.faults.append(fault)
    assert len(obstore.get(through, "a.txt").bytes()) == 1000
    with pytest.raises(raised):
        obstore.get(hasty, "a.png").bytes()
    assert len(obstore.get(through, "a.png").bytes()) == 1000
    assert proxy.struck == {kind: 1}


def test_an_etag_is_another(proxy: Proxy, through: S3Store) -> None:
    """The answer names an ETag that the object does not have."""
    obstore.put(through, "a.png", b"1")
    proxy.faults.append(Fault(etag="wrong"))
    assert obstore.get(through, "a.png").meta["e_tag"] == '"wrong"'


def test_a_late_fault_loses_the_answer_only(proxy: Proxy, through: S3Store) -> None:
    """The write happened; an early one never reached the server."""
    proxy.faults = [Fault(reset=True, times=1), Fault(reset=True, late=True, times=1)]
    for key in ("early", "late"):
        with pytest.raises(BaseError):
            obstore.put(through, key, b"1", mode="create")
    obstore.put(through, "early", b"1", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.put(through, "late", b"1", mode="create")


def test_faults_are_chosen(proxy: Proxy, through: S3Store, bucket: str) -> None:
    """Where no fault of the list meets, `choose` is asked, with bucket and raw key."""
    proxy.choose = lambda method, key: Fault(status=500) if method == "PUT" else None
    with pytest.raises(BaseError):
        obstore.put(through, "a b", b"1")
    seen: list[tuple[str, str]] = []
    proxy.choose = lambda *words: seen.append(words)
    obstore.put(through, "a b", b"1")
    assert seen == [("PUT", f"{bucket}/a b")]
    assert proxy.struck == {"500": 1}


@pytest.mark.parametrize("late", [False, True])
def test_a_gate_holds_a_request(proxy: Proxy, through: S3Store, s3: S3, late: bool) -> None:
    """Held before the server knows of it, or after it has done it; then it goes on."""
    gate = proxy.gate(method="PUT", key="a.*", late=late)
    with ThreadPoolExecutor(1) as threads:
        put = threads.submit(obstore.put, through, "a.png", b"1")
        assert gate.reached.wait(5)
        assert not put.done()
        listed = s3.client.list_objects_v2(Bucket=through.config["bucket"])
        assert listed["KeyCount"] == (1 if late else 0)
        gate.open()
        put.result()
    assert bytes(obstore.get(through, "a.png").bytes()) == b"1"


def test_what_a_dead_client_asked_is_lost(proxy: Proxy, through: S3Store, hasty: S3Store) -> None:
    """A request that is held when its client goes never reaches the server."""
    gate, answered = proxy.gate(method="PUT"), proxy.gate(method="PUT", late=True)
    with pytest.raises(BaseError):
        obstore.put(hasty, "a.png", b"1")
    gate.open()
    assert not answered.reached.wait(1)
    with pytest.raises(FileNotFoundError):
        obstore.head(through, "a.png")


def test_the_server_behind_is_exchanged(proxy: Proxy, s3: S3, bucket: str) -> None:
    """A client that keeps its connection meets the new server; one that is gone breaks off."""
    client = S3(proxy.endpoint, s3.access_key, s3.secret_key).client
    with stub_s3.serve() as stub:
        stub.objects["stub", "a"] = b"stub"
        proxy.upstream = stub.endpoint
        assert client.get_object(Bucket="stub", Key="a")["Body"].read() == b"stub"
        proxy.upstream = s3.endpoint
        assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    proxy.upstream = stub.endpoint
    with pytest.raises(ConnectionClosedError):
        client.list_objects_v2(Bucket=bucket)


def test_it_ends_with_its_block(s3: S3, bucket: str) -> None:
    """Neither a stalled request nor one at a gate keeps it, and a kept connection is cut."""
    before = threading.active_count()
    with ThreadPoolExecutor(2) as threads:
        with rig.serve(s3.endpoint) as proxy:
            client = S3(proxy.endpoint, s3.access_key, s3.secret_key).client
            client.list_buckets()
            proxy.faults.append(Fault(stall=60, method="HEAD"))
            gate = proxy.gate(method="GET")
            held = [
                threads.submit(call, Bucket=bucket)
                for call in (client.head_bucket, client.list_objects_v2)
            ]
            assert gate.reached.wait(5)
        assert not wait(held, timeout=5).not_done
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        client.list_buckets()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() <= before
