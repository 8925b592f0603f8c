"""What S3's refusals come to, through obstore and through boto3 alike: for ever, in a while, never."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from litescore import store
from litescore.errors import (
    ConfigurationError,
    LitescoreError,
    PermanentError,
    SupersededError,
    TransientError,
)
from litescore.record import Subject
from litescore.store import patience, rawkeys
from litescore.store.patience import Patience
from tests.rig import stub_s3
from tests.rig.stub_s3 import Fault, StubS3, etag

LIMIT = 1_000_000
# What is wrong with every object alike, and says what to do.
SETUP = [
    (404, "NoSuchBucket", "check its name"),
    (400, "ExpiredToken", "refuses the credentials"),
    (400, "InvalidToken", "refuses the credentials"),
    (401, "Unauthorized", "refuses the credentials"),
    (403, "InvalidAccessKeyId", "refuses the credentials"),
    (403, "SignatureDoesNotMatch", "refuses the credentials"),
    (403, "RequestTimeTooSkewed", "machine's clock"),
    (400, "AuthorizationHeaderMalformed", "another region"),
    (301, "PermanentRedirect", "another region"),
    (307, "TemporaryRedirect", "another region"),
]
PASSING = [
    (400, "RequestTimeout"),
    (409, "OperationAborted"),
    (429, "TooManyRequests"),
    (500, "InternalError"),
    (503, "SlowDown"),
    (503, "ServiceUnavailable"),
]
OF_OBJECT: list[tuple[int, str, type[LitescoreError], str]] = [
    (403, "AccessDenied", PermanentError, "forbidden: not allowed"),
    (403, "InvalidObjectState", PermanentError, "forbidden: .* archived"),
    (404, "NoSuchKey", PermanentError, "gone"),
    (404, "NoSuchVersion", PermanentError, "gone"),
    (405, "MethodNotAllowed", PermanentError, "gone"),
    (400, "InvalidArgument", PermanentError, "gone: no version 'v1'"),
    (400, "KMS.DisabledException", TransientError, "400 KMS.DisabledException"),
    (412, "PreconditionFailed", TransientError, "412"),  # nothing was asked on a condition
]


@pytest.fixture(scope="module")
def server() -> Iterator[StubS3]:
    """One stub for all: boto3 takes half a second to make a client."""
    with stub_s3.serve() as state:
        yield state


@pytest.fixture
def fake(server: StubS3, monkeypatch: pytest.MonkeyPatch) -> StubS3:
    """The stub, reached through the environment, with two objects. The clients try nothing again."""
    short = Patience(retries=0, pause=0.01, total=0.2)
    monkeypatch.setattr(patience, "PATIENCE", short)
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    server.objects = {("stub", key): b"x" for key in ("a.png", "a//b.png")}
    server.faults, server.asked = [], []
    return server


@pytest.fixture(params=["boto3", "obstore"])
def lister(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way of listing: with boto3 installed, and without it."""
    monkeypatch.setattr(rawkeys, "installed", lambda: request.param == "boto3")


both = pytest.mark.parametrize("key", ["a.png", "a//b.png"], ids=["obstore", "boto3"])


@both
@pytest.mark.parametrize(("status", "code", "expected", "match"), OF_OBJECT)
def test_an_object_is_refused(
    fake: StubS3, key: str, status: int, code: str, expected: type[LitescoreError], match: str
) -> None:
    """Each refusal of one object has its kind."""
    fake.faults = [Fault(status=status, code=code)]
    with pytest.raises(expected, match=match):
        store.read(Subject(f"s3://stub/{key}", version="v1"), max_bytes=LIMIT)


@both
def test_the_etag_does_not_hold(fake: StubS3, key: str) -> None:
    """Asked for under an ETag, what S3 has under another is superseded."""
    with pytest.raises(SupersededError, match="changed after"):
        store.read(Subject(f"s3://stub/{key}", etag=etag(b"y")), max_bytes=LIMIT)


@both
@pytest.mark.parametrize("version", [None, "v1"])
def test_an_answer_under_another_etag_is_superseded(
    fake: StubS3, key: str, version: str | None
) -> None:
    """The bytes of a server that does not mind its ETags are not scored under the name asked for."""
    fake.faults = [Fault(etag="another")]
    with pytest.raises(SupersededError, match="came as another"):
        store.read(Subject(f"s3://stub/{key}", None, etag(b"x"), version), max_bytes=LIMIT)


@both
@pytest.mark.parametrize(("status", "code", "match"), SETUP)
def test_what_no_object_survives_ends_the_run(
    fake: StubS3, key: str, status: int, code: str, match: str
) -> None:
    """Credentials, clock, region and bucket: reading says what is wrong and what to do."""
    fake.faults = [Fault(status=status, code=code, method="GET")]
    with pytest.raises(ConfigurationError, match=match):
        store.read(Subject(f"s3://stub/{key}"), max_bytes=LIMIT)


@both
@pytest.mark.parametrize(("status", "code"), PASSING)
def test_what_passes_is_worth_another_try(fake: StubS3, key: str, status: int, code: str) -> None:
    """Too many, too slow, broken within: none of it is the object's fault."""
    fake.faults = [Fault(status=status, code=code)]
    with pytest.raises(TransientError, match=f"{status} {code}"):
        store.read(Subject(f"s3://stub/{key}"), max_bytes=LIMIT)


@both
@pytest.mark.parametrize("cut", [0, 10_000])
def test_a_body_that_breaks_is_worth_another_try(fake: StubS3, key: str, cut: int) -> None:
    """Behind a good header: never a shorter object."""
    fake.objects["stub", key] = bytes(100_000)
    fake.faults = [Fault(cut=cut)]
    with pytest.raises(TransientError):
        store.read(Subject(f"s3://stub/{key}"), max_bytes=LIMIT)


@pytest.mark.parametrize(("status", "code", "match"), [*SETUP, (403, "AccessDenied", "ListBucket")])
def test_a_listing_is_refused(
    fake: StubS3, lister: None, status: int, code: str, match: str
) -> None:
    """A bucket that cannot be listed says what to do."""
    fake.faults = [Fault(status=status, code=code, method="GET")]
    with pytest.raises(ConfigurationError, match=match):
        list(store.list_objects("s3://stub/"))


@pytest.mark.parametrize(("status", "code"), PASSING)
def test_a_listing_is_worth_another_try(fake: StubS3, lister: None, status: int, code: str) -> None:
    """A busy server is not the configuration's fault."""
    fake.faults = [Fault(status=status, code=code)]
    with pytest.raises(TransientError, match="'stub'"):
        list(store.list_objects("s3://stub/"))


def test_nobody_is_told_who_to_be(fake: StubS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials anywhere, what to set is said."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    with pytest.raises(ConfigurationError, match="set AWS_ACCESS_KEY_ID"):
        list(store.list_objects("s3://stub/"))
    assert fake.asked == []


def test_an_object_that_must_not_be_read_is_listed(fake: StubS3, lister: None) -> None:
    """An empty one might be a folder's marker; where nobody may look, it is an object."""
    fake.objects = {("stub", "empty.png"): b""}
    fake.faults = [Fault(status=403, method="HEAD")]
    (entry,) = store.list_objects("s3://stub/")
    assert entry.size == 0


@pytest.mark.parametrize(("status", "code", "match"), SETUP)
def test_a_write_is_refused(fake: StubS3, status: int, code: str, match: str) -> None:
    """At once, for what no other try would change."""
    fake.faults = [Fault(status=status, code=code, method="PUT")]
    with pytest.raises(ConfigurationError, match=match):
        store.create("s3://stub/out", b"x")
    assert len(fake.paths("PUT")) == 1


@pytest.mark.parametrize(("status", "code"), PASSING)
def test_a_write_is_tried_again(fake: StubS3, status: int, code: str) -> None:
    """What passes is waited for; what lasts is handed back."""
    fake.faults = [Fault(status=status, code=code, method="PUT", times=2)]
    assert store.create("s3://stub/out", b"x")
    fake.faults = [Fault(status=status, code=code, method="PUT")]
    with pytest.raises(TransientError):
        store.create("s3://stub/other", b"x")
    assert ("stub", "other") not in fake.objects


def test_a_look_that_fails_does_not_end_the_run(fake: StubS3) -> None:
    """Whether a record is there already is asked again when S3 was too busy to say."""
    fake.objects["stub", "out"] = b"x"
    fake.faults = [Fault(status=503, method="HEAD", times=2)]
    assert not store.create("s3://stub/out", b"x")
    fake.faults = [Fault(status=503, method="HEAD")]
    with pytest.raises(TransientError):
        store.create("s3://stub/out", b"x")


@pytest.mark.parametrize(("status", "written"), [(412, False), (409, True)])
def test_who_may_only_write_writes_once(fake: StubS3, status: int, written: bool) -> None:
    """Denied a look, 412 says that it is there, and 409 that another try may tell."""
    fake.faults = [
        Fault(status=403, method="HEAD"),
        Fault(status=status, method="PUT", times=1),
    ]
    assert store.create("s3://stub/out", b"x") is written
