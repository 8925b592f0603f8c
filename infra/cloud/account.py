"""Whose cloud a command works in: an AWS account, or the local one. The maker of boto3 clients."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from infra.cloud import refusals
from infra.local import ministack, state
from litescore.errors import ConfigurationError, MissingDependency, UsageError

# Service name -> boto3 client, one of each.
Clients = Callable[[str], Any]

# botocore's form: (name in a profile, environment variable, value, conversion).
_NO_PROFILE = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


@dataclass(frozen=True)
class Account:
    """An account to work in.

    client  makes a boto3 client of a service, one of each
    name    for people: "AWS account 123456789012 in eu-west-1"
    number  twelve digits
    region  such as "eu-west-1"
    local   whether it is the local cloud
    """

    client: Clients
    name: str
    number: str
    region: str
    local: bool


def connect(
    *, local: bool = False, region: str | None = None, profile: str | None = None
) -> Account:
    """The account that a command's options name.

    Raises MissingDependency without boto3, UsageError for options that exclude each other, and
    ConfigurationError where no credentials or no running local cloud is found.
    """
    if not local:
        return _aws(region, profile)
    if region or profile:
        raise UsageError("--local has no --region and no --profile: it is on this machine")
    found = state.running()
    if found is None:
        raise ConfigurationError(
            "no local cloud is running: start one with `litescore local up --model FILE`"
        )
    return at(found.endpoint)


def at(endpoint: str) -> Account:
    """The local cloud at an endpoint of 127.0.0.1."""
    client = local_clients(endpoint)
    number = client("sts").get_caller_identity()["Account"]
    return Account(client, f"the local cloud at {endpoint}", number, ministack.REGION, True)


def local_clients(endpoint: str) -> Clients:
    """What makes boto3 clients of the services at ministack's endpoint.

    Neither profiles nor proxies of the user's environment have a say in it. Raises
    MissingDependency without boto3.
    """
    boto3 = _boto3()
    import botocore.session
    from botocore.config import Config

    session = boto3.session.Session(
        aws_access_key_id=ministack.CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ministack.CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=ministack.REGION,
        botocore_session=botocore.session.Session(session_vars=_NO_PROFILE),
    )
    # Path style, for no name server knows bucket.127.0.0.1.
    config = Config(proxies={}, s3={"addressing_style": "path"})

    @cache
    def client(service: str) -> Any:
        return session.client(service, endpoint_url=endpoint, config=config)

    return client


def _aws(region: str | None, profile: str | None) -> Account:
    boto3 = _boto3()
    with refusals.told("cannot use AWS"):
        session = boto3.session.Session(profile_name=profile, region_name=region)
        if not session.region_name:
            raise UsageError("no AWS region: name one with --region or AWS_REGION")
        client = cache(session.client)
        number = client("sts").get_caller_identity()["Account"]
    where = f"AWS account {number} in {session.region_name}"
    return Account(client, where, number, session.region_name, False)


def _boto3() -> Any:
    try:
        import boto3
    except ModuleNotFoundError:
        raise MissingDependency("boto3", extra="aws") from None
    return boto3
