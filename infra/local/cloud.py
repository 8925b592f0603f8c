"""The whole cloud job on this machine: ministack, and in it the template with the function's zip.

What is deployed, and how, is what AWS gets (`infra.cloud.deploy`). Starts and stops; prints nothing.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from infra.cloud import account, deploy
from infra.cloud.stack import Stack
from infra.local import ministack

STACK = "litescore"

_TROUBLE = re.compile(r" (WARNING|ERROR) \[lambda\] ")


@dataclass(frozen=True)
class LocalCloud:
    """A running cloud with the template deployed in it.

    stack   its outputs name the buckets, queues, function and log
    client  makes a boto3 client of a service
    server  ministack itself
    """

    stack: Stack
    client: account.Clients
    server: ministack.Server

    @property
    def endpoint(self) -> str:
        """Where every service answers: http on 127.0.0.1."""
        return self.server.endpoint

    @property
    def input_bucket(self) -> str:
        return self.stack.outputs["InputBucket"]

    @property
    def output(self) -> str:
        """The records' prefix: s3://bucket/records/"""
        return self.stack.outputs["Output"]

    @property
    def environ(self) -> dict[str, str]:
        """What AWS's tools, and litescore, need in their environment to use this cloud."""
        return ministack.CREDENTIALS | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": ministack.REGION,
            "AWS_DEFAULT_REGION": ministack.REGION,
        }

    def deploy(self, package: Path, *, name: str) -> LocalCloud:
        """The same cloud with another zip deployed in it, as a stack of that name."""
        return replace(self, stack=_deploy(self.client, package, name))

    def download(self, folder: Path) -> list[Path]:
        """Copy the records' files into `folder`; those already there are not fetched again."""
        s3 = self.client("s3")
        bucket, prefix = self.output.removeprefix("s3://").split("/", 1)
        folder.mkdir(parents=True, exist_ok=True)
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        paths = [folder / key.removeprefix(prefix) for key in keys]
        for key, path in zip(keys, paths, strict=True):
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(bucket, key, str(path))
        return paths

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that the function logged."""
        events = (
            self.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=self.stack.outputs["LogGroup"])
        )
        messages = [event["message"].rstrip() for page in events for event in page["events"]]
        return "\n".join("\n".join(messages).splitlines()[-lines:])

    def troubles(self) -> list[str]:
        """What ministack says of the function's failures, one line each, the first first: a
        function that cannot even be imported leaves no log of its own.
        """
        text = self.server.program.log.read_text(encoding="utf-8", errors="replace")
        function = self.stack.outputs["FunctionName"]
        return [line for line in text.splitlines() if function in line and _TROUBLE.search(line)]


@contextmanager
def running(package: Path, *, say: Callable[[str], None] = lambda _: None) -> Iterator[LocalCloud]:
    """The cloud with the function's zip deployed; everything is stopped and removed afterwards.

    The zip must be for the Python that runs this. Start it from the main thread. `say` is told
    what takes time. Raises ConfigurationError where ministack cannot be installed or started, or
    the template not deployed.
    """
    python = ministack.environment(say)
    with (
        tempfile.TemporaryDirectory(
            prefix="litescore-local-", ignore_cleanup_errors=True
        ) as folder,
        ministack.running(python, Path(folder)) as server,
    ):
        client = account.local_clients(server.endpoint)
        yield LocalCloud(_deploy(client, package, STACK), client, server)


def _deploy(client: account.Clients, package: Path, name: str) -> Stack:
    return deploy.deploy(client, package, name=name)
