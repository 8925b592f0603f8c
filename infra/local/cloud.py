"""The whole cloud job on this machine: ministack, and in it the template with the function's zip.

What is deployed, and how, is what AWS gets (`infra.cloud.deployment.deploy`). Starts and stops; prints nothing.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from infra.cloud import account
from infra.cloud.account import Account, Clients
from infra.cloud.deployment import deploy, function_zip
from infra.cloud.stack import Stack
from infra.local import keeping, ministack
from litescore.settings import processors

STACK = "litescore"

_TROUBLE = re.compile(r" (WARNING|ERROR) \[lambda\] ")


@dataclass(frozen=True)
class LocalCloud:
    """A running cloud with the template deployed in it.

    stack    its outputs name the buckets, queues, function and log
    account  what the commands with --local work in
    server   ministack itself
    """

    stack: Stack
    account: Account
    server: ministack.Server

    @property
    def client(self) -> Clients:
        """Makes a boto3 client of a service."""
        return self.account.client

    @property
    def endpoint(self) -> str:
        """Where every service answers: http on 127.0.0.1."""
        return self.server.endpoint

    @property
    def input_bucket(self) -> str:
        """Where images are put to be scored."""
        return self.stack.outputs["InputBucket"]

    @property
    def output(self) -> str:
        """The records' prefix: s3://bucket/records/"""
        return self.stack.outputs["Output"]

    @property
    def environ(self) -> dict[str, str]:
        """What AWS's tools, and litescore, need in their environment to use this cloud."""
        return environ(self.endpoint)

    def deploy(self, package: Path, *, name: str) -> LocalCloud:
        """The same cloud with another zip deployed in it, as a stack of that name."""
        return replace(self, stack=_deploy(self.account, package, name))

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
def running(
    package: Path,
    *,
    say: Callable[[str], None] = lambda _: None,
    name: str = STACK,
    port: int = 0,
    keep: Path | None = None,
) -> Iterator[LocalCloud]:
    """The cloud with the function's zip deployed; everything is stopped and removed afterwards.

    name  of the stack
    port  of 127.0.0.1 to answer on; 0 is any that is free
    keep  a folder: what is in the cloud afterwards is there the next time; it answers on the port
          that it had, if that is free

    The zip must be for the Python that runs this. Start it from the main thread. `say` is told
    what takes time. Raises ConfigurationError where ministack cannot be installed or started, the
    template not deployed, or the folder is in use.
    """
    python = ministack.environment(say)
    with (
        tempfile.TemporaryDirectory(
            prefix="litescore-local-", ignore_cleanup_errors=True
        ) as scratch,
        ExitStack() as stack,
    ):
        if keep is None:
            server = stack.enter_context(ministack.running(python, Path(scratch), port=port))
        else:
            stack.enter_context(keeping.held(keep))
            port = keeping.port(keep, port)
            keeping.settle(keep, port)
            kept = partial(ministack.running, python, keep, port=port, scratch=Path(scratch))
            if keeping.is_new(keep):
                # Its state is written when it ends: done once by now, a SIGKILL later finds the
                # stack to which the objects belong.
                with kept() as server:
                    _deploy(account.at(server.endpoint), package, name)
            server = stack.enter_context(kept())
        found = account.at(server.endpoint)
        yield LocalCloud(_deploy(found, package, name), found, server)


def environ(endpoint: str) -> dict[str, str]:
    """What AWS's tools, and litescore, need in their environment to use the cloud there."""
    return ministack.CREDENTIALS | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": ministack.REGION,
        "AWS_DEFAULT_REGION": ministack.REGION,
    }


def _deploy(found: Account, package: Path, name: str) -> Stack:
    # The state machine is bounded by it too: more functions than processors only start slower.
    most = str(max(2, processors()))
    with zipfile.ZipFile(package) as archive:
        digest = function_zip.model_sha256(archive) or ""
    parameters = {"ModelSha256": digest, "MaximumConcurrency": most}
    return deploy.deploy(found.client, package, name=name, parameters=parameters)
