"""What it means that S3 did not do as asked: its status and code, or its silence, as our errors.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from typing import NamedTuple

from litescore.errors import (
    ConfigurationError,
    LitescoreError,
    PermanentError,
    SupersededError,
    TransientError,
)
from litescore.record import Subject

# What speaks of who asks and not of the object: no other object will fare better.
_BAD_CREDENTIALS = (
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
)
_ELSEWHERE = (
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
    "TemporaryRedirect",
)
# 400s that speak of how an object was named: asked again they come again.
_MISNAMED = ("InvalidArgument", "InvalidURI", "KeyTooLongError")
# Statuses below 500 that pass: too slow a request, one in the way of another, too many.
_PASSING = (408, 409, 425, 429)
_PASSING_CODES = ("RequestTimeout", "SlowDown")


class Refusal(NamedTuple):
    """An answer that says no, or none at all.

    status  of HTTP; None where no answer came
    code    S3's word for it; an answer to HEAD has none
    text    one line about it
    """

    status: int | None
    code: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.status} {self.code or ''}".rstrip() if self.status else self.text

    @property
    def passes(self) -> bool:
        """Whether the same may go well in a while."""
        if self.status is None or self.status >= 500:
            return True
        return self.status in _PASSING or self.code in _PASSING_CODES

    @property
    def denied(self) -> bool:
        """S3 says 403 also for an object that is missing, where listing is not granted."""
        return self.status == 403


def of_object(no: Refusal, subject: Subject, bucket: str, *, conditional: bool) -> LitescoreError:
    """The error for an object that could not be read; `conditional` where its ETag was asked for.

    What is not known to be for ever is worth another try.
    """
    source = subject.source
    if misfit := _of_setup(no, bucket):
        return misfit
    # 405 is what S3 answers for a delete marker named by its version.
    if no.status in (404, 405):
        return PermanentError("gone", f"no object {source}: {no.code or no.status}")
    if subject.version and no.status == 400 and no.code == "InvalidArgument":
        return PermanentError("gone", f"no version {subject.version!r} of {source}")
    if no.code in _MISNAMED:
        return PermanentError("unaddressable", f"S3 takes {source} for no object's name: {no.code}")
    if no.code == "InvalidObjectState":
        return PermanentError("forbidden", f"{source} is archived: restore it first")
    if no.denied:
        return PermanentError("forbidden", f"not allowed to read {source}: {no.code or 403}")
    if no.status == 412 and conditional:
        return SupersededError(f"{source} changed after it was named")
    return TransientError(f"{source}: {no}")


def of_bucket(no: Refusal, bucket: str, *, grant: str) -> LitescoreError:
    """The error for a bucket that could not be listed, looked into or written to.

    `grant` names the permissions that it takes.
    """
    if misfit := _of_setup(no, bucket):
        return misfit
    if no.denied:
        return ConfigurationError(
            f"not allowed to use bucket {bucket!r} ({no.code or 403}): grant {grant} on it"
        )
    if no.passes:
        return TransientError(f"bucket {bucket!r} cannot be reached: {no}")
    return ConfigurationError(f"cannot use bucket {bucket!r}: {no}")


def no_bucket(bucket: str) -> ConfigurationError:
    """The error that names a bucket which is not there."""
    return ConfigurationError(f"no bucket {bucket!r}: check its name, region and endpoint")


def no_credentials() -> ConfigurationError:
    """The error for someone whom no place to look for credentials knows."""
    return ConfigurationError(
        "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE "
        "where boto3 is installed: pip install 'litescore[aws]'"
    )


def _of_setup(no: Refusal, bucket: str) -> ConfigurationError | None:
    """The error for what is wrong with every object of the bucket alike."""
    if no.code == "NoSuchBucket":
        return no_bucket(bucket)
    if no.code in _BAD_CREDENTIALS or no.status == 401:
        hint = ": set this machine's clock" if no.code == "RequestTimeTooSkewed" else ""
        return ConfigurationError(
            f"S3 refuses the credentials for bucket {bucket!r}: {no.code or 401}{hint}"
        )
    if no.code in _ELSEWHERE or no.status in (301, 307, 308):
        return ConfigurationError(
            f"bucket {bucket!r} lies in another region: set AWS_REGION to the one it is in"
        )
    return None
