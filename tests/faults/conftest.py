"""A bucket of images behind a proxy, and both ways to score them: the command's and the handler's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from lambda_handler import handler
from lambda_handler import scoring as invocation
from litescore import contract, results, scoring, store
from litescore.contract import Contract
from litescore.errors import TransientError
from litescore.record import Record, Subject
from litescore.results import reconcile
from litescore.results.reconcile import Balance
from litescore.scoring import Images, Job
from litescore.store import patience
from litescore.store.patience import Patience
from litescore.store.s3 import split
from tests.lambda_handler import shapes
from tests.litescore import tiny
from tests.rig import proxy as rig
from tests.rig.pngs import Pngs
from tests.rig.proxy import Proxy
from tests.rig.seaweed import S3

COUNT = 6
SHORT = Patience(connect=1, silence=0.7, retries=4, pause=0.01, total=1.2)
# Given subjects, what of them is handed back.
Way = Callable[[Sequence[Subject]], list[Subject]]


@dataclass
class Scene:
    """Images `in/0.png`, `in/1.png`, ... in a bucket, scored by way of the proxy into `out/`.

    images   the files' bytes, in that order
    way      scores subjects; gives those to be tried again
    """

    s3: S3
    proxy: Proxy
    bucket: str
    images: list[bytes]
    way: Way

    @property
    def place(self) -> str:
        return f"s3://{self.bucket}/out/"

    def put(self, number: int, body: bytes) -> Subject:
        """Write an image; what an event about it names."""
        answer = self.s3.client.put_object(Bucket=self.bucket, Key=f"in/{number}.png", Body=body)
        etag, version = answer["ETag"].strip('"'), answer.get("VersionId")
        return Subject(f"s3://{self.bucket}/in/{number}.png", etag=etag, version=version)

    def fill(self) -> list[Subject]:
        return [self.put(number, body) for number, body in enumerate(self.images)]

    def listed(self) -> list[Subject]:
        """What a listing names now."""
        return [entry.subject for entry in store.list_objects(f"s3://{self.bucket}/in/")]

    def records(self) -> list[Record]:
        """One for each id."""
        return list(results.read(self.place))

    def balance(self, listed: Sequence[Subject]) -> Balance:
        return reconcile.balance(listed, self.records())

    def lines(self) -> int:
        """How many records were written, those written twice included."""
        return sum(1 for _ in results.written(self.place))


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model, small: what it says of an image does not matter here."""
    path = tmp_path_factory.mktemp("model") / "small.tflite"
    about = Contract(("ant", "bee", "cat"), "gray", 4, 3, variant="int8")
    path.write_bytes(contract.append(tiny.build((4, 3, 1), dtype="uint8"), about))
    return path


@pytest.fixture(scope="session")
def own_proxy(s3: S3) -> Iterator[Proxy]:
    """One for all: a new endpoint is a new client."""
    with rig.serve(s3.endpoint) as proxy:
        yield proxy


@pytest.fixture
def proxy(own_proxy: Proxy) -> Proxy:
    """A proxy in front of the real server, as good as new."""
    own_proxy.faults, own_proxy.asked = [], []
    own_proxy.struck.clear()
    return own_proxy


@pytest.fixture
def environ(
    s3: S3, proxy: Proxy, bucket: str, model: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Scoring goes by way of the proxy, and waits for S3 as long as a test may take."""
    aim(monkeypatch, proxy.environ(s3.environ), bucket, model)
    monkeypatch.setattr(patience, "PATIENCE", SHORT)
    yield
    forget()


def aim(
    monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str], bucket: str, model: Path
) -> None:
    """Let the handler and the command score with that model into the bucket's `out/`."""
    named = {"LITESCORE_MODEL": str(model), "LITESCORE_OUTPUT": f"s3://{bucket}/out/"}
    for name, value in (dict(environ) | named).items():
        monkeypatch.setenv(name, value)
    forget()


def forget() -> None:
    """The handler reads its environment once."""
    invocation.settings.cache_clear()
    invocation.prepare.cache_clear()


@pytest.fixture(params=["command", "handler"])
def scene(
    request: pytest.FixtureRequest,
    s3: S3,
    proxy: Proxy,
    bucket: str,
    pngs: Pngs,
    environ: None,
    tmp_path: Path,
) -> Scene:
    """The bucket, and each way to score what is in it."""
    images = [path.read_bytes() for path in pngs.paths[:COUNT]]
    place = f"s3://{bucket}/out/"
    way = by_handler if request.param == "handler" else by_command(place, tmp_path)
    return Scene(s3, proxy, bucket, images, way)


@pytest.fixture
def versioned(scene: Scene) -> Scene:
    """The same, in a bucket that keeps versions."""
    scene.s3.client.put_bucket_versioning(
        Bucket=scene.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    return scene


def by_handler(subjects: Sequence[Subject]) -> list[Subject]:
    """A message of a queue each; back come those that the reply names, or with an error all."""
    bodies = []
    for subject in subjects:
        bucket, key = split(subject.source)
        named = {"etag": subject.etag, "version": subject.version}
        bodies.append(shapes.notification(bucket, key, **named))
    try:
        reply = handler(shapes.queued(*bodies), None)
    except TransientError:
        return list(subjects)
    names = [failure["itemIdentifier"] for failure in reply["batchItemFailures"]]
    return [subjects[int(name.removeprefix("message-"))] for name in names]


def by_command(place: str, folder: Path) -> Way:
    """`litescore score @list.jsonl --out place`, run again for what it could not do."""

    def score(subjects: Sequence[Subject]) -> list[Subject]:
        manifest = folder / "list.jsonl"
        rows = [{"source": s.source, "etag": s.etag, "version": s.version} for s in subjects]
        manifest.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        settings = scoring.settings_with()._replace(threads=2)
        try:
            summary, _ = scoring.to_place(Images((f"@{manifest}",)), Job(settings, place))
        except TransientError:
            return list(subjects)
        return [outcome.asked for outcome in summary.retry]

    return score
