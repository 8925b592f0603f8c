"""What it means that AWS did not do as asked, or did not answer: one line of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from litescore.errors import ConfigurationError

_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
_BAD_CREDENTIALS = (
    "AuthFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
_DENIED = ("AccessDenied", "AccessDeniedException", "Forbidden", "UnauthorizedOperation", "403")
_THROTTLED = (
    "LimitExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)
_ELSEWHERE = ("301", "IllegalLocationConstraintException", "PermanentRedirect")


@contextmanager
def told(what: str) -> Iterator[None]:
    """AWS's refusals as ConfigurationError, in one line that begins with `what`, such as "cannot
    deploy stack shoes".
    """
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise ConfigurationError(f"{what}: {reason(error)}") from error


def code(error: Any) -> str:
    """AWS's word for an error, "" for one that AWS did not send."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def reason(error: Any) -> str:
    """Why, and the way out, in one line."""
    return _of_code(code(error), error) or _of_silence(error) or _line(error)


def is_absent(error: Any) -> bool:
    """Whether CloudFormation says that there is no stack of that name."""
    return "does not exist" in str(error)


def _of_code(word: str, error: Any) -> str | None:
    if word in _EXPIRED:
        return "the AWS credentials have expired: sign in again, such as with `aws sso login`"
    if word in _BAD_CREDENTIALS:
        return f"AWS does not know these credentials ({word}): check --profile and the environment"
    if word in _DENIED:
        return f"{_line(error)} (what a deployer needs: `litescore deploy --policy`)"
    if word in _THROTTLED:
        return f"AWS asks for fewer requests ({word}): try again in a minute"
    if word in _ELSEWHERE:
        return "it lies in another region: name that with --region"
    return None


def _of_silence(error: Any) -> str | None:
    """For what went wrong before AWS answered."""
    from botocore import exceptions

    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return "no AWS credentials: set AWS_PROFILE, or sign in with `aws configure`"
    signed_out = (
        exceptions.CredentialRetrievalError,
        exceptions.SSOError,
        exceptions.TokenRetrievalError,
    )
    if isinstance(error, signed_out):
        return "the AWS credentials have expired: sign in again, such as with `aws sso login`"
    if isinstance(error, exceptions.EndpointConnectionError):
        return f"{_line(error)}: is the region right, and the network there?"
    return None


def _line(error: Any) -> str:
    return " ".join(str(error).split())[:500]
