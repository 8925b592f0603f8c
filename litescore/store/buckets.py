"""obstore's clients of S3: one a bucket, kept, since it holds the connections; where S3 is."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from litescore.errors import ConfigurationError
from litescore.store import patience
from litescore.store.patience import Patience

if TYPE_CHECKING:
    from obstore.store import S3Store

_ENDPOINT = re.compile(r"https?://[^\s/?#]+/?")


def bucket(name: str, waits: Patience | None = None) -> S3Store:
    """obstore's store for a bucket, as the environment says."""
    where, key_id = region() or "us-east-1", os.environ.get("AWS_ACCESS_KEY_ID")
    return _open(name, endpoint(), where, key_id, waits or patience.PATIENCE)


def endpoint() -> str | None:
    """The server, where it is not AWS's own."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def region() -> str | None:
    """The region that requests are signed for; boto3 by itself knows the second name only."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


@cache
def _open(
    name: str, endpoint: str | None, region: str, key_id: str | None, waits: Patience
) -> S3Store:
    """`key_id` only tells stores apart."""
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    options: dict[str, Any] = {"region": region, "client_options": _waiting(waits)}
    if endpoint:
        if not _ENDPOINT.fullmatch(endpoint):
            raise ConfigurationError(f"AWS_ENDPOINT_URL {endpoint!r} is no http:// or https:// URL")
        options |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
        options["client_options"]["allow_http"] = endpoint.startswith("http://")
    try:
        return S3Store(
            name,
            **options,
            credential_provider=None if key_id else _boto3_credentials(),
            retry_config={
                "max_retries": waits.retries,
                "retry_timeout": timedelta(seconds=waits.total),
                "backoff": {"init_backoff": timedelta(seconds=waits.pause), "base": 3},
            },
        )
    except (BaseError, ValueError) as error:
        # Also for a plain http endpoint: the client wants the system's certificates all the same.
        missing = "No CA certificates" in str(error)
        fix = (
            "install the Debian package ca-certificates"
            if missing
            else str(error).splitlines()[0][:200]
        )
        raise ConfigurationError(f"cannot set up access to S3 bucket {name!r}: {fix}") from error


def _waiting(waits: Patience) -> dict[str, Any]:
    return {
        "connect_timeout": timedelta(seconds=waits.connect),
        "read_timeout": timedelta(seconds=waits.silence),
        # By default 30 s for the whole of a transfer, however well it moves.
        "timeout": timedelta(days=1),
    }


def _boto3_credentials() -> Any:
    """Credentials from profiles and SSO, which obstore does not read, where boto3 is installed."""
    in_aws = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE")
    if any(os.environ.get(name) for name in in_aws):
        return None
    try:
        import boto3
        from obstore.auth.boto3 import Boto3CredentialProvider

        return Boto3CredentialProvider(boto3.Session())
    except (ImportError, ValueError):
        return None
