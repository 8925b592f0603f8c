"""What lies behind http:// and https:// URLs, to be read only: whole, if it changed, or from a byte on.

Each request has an opener of its own, with the proxies that the environment names then. Nothing here
scores: whoever reads images takes no such source.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO
from urllib.parse import quote, urlsplit

import litescore
from litescore.errors import LitescoreError, PermanentError, TransientError, UsageError
from litescore.store.objects import Blob, check_size
from litescore.store.patience import PATIENCE

_SCHEMES = ("http://", "https://")
# What is no letter of a path but stands for itself in a URL; a `%` is one that was quoted already.
_KEPT = "!$%&'()*+,/:;=?@[]~"
_PIECE = 2**16
# A server that sends a byte every few seconds is never silent. After so many seconds so many bytes a
# second must have come.
_AT_FIRST, _SLOWEST = 60.0, 1024
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
# Statuses that speak of how often one asks, or of what will be there in a while.
_PASSING = (408, 425, 429)


def is_http(url: str) -> bool:
    """Whether a URL names something on a web server."""
    return url.startswith(_SCHEMES)


def check(url: str) -> None:
    """Raises UsageError for a URL that cannot be asked for, and for one with a password in it: it
    would be shown wherever the URL is.
    """
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0 and url.isascii() and url.isprintable()
    except ValueError:
        named = False
    if not named or " " in url:
        raise UsageError(f"{url!r} is no web address: https://host/path, with %20 for a space")
    if parts.username is not None:
        raise UsageError(f"no user and password in a web address: {parts.hostname}{parts.path}")
    if parts.query or parts.fragment:
        raise UsageError(f"{url!r}: without ? and #, more of the path is put behind it")


def read_changed(url: str, etag: str | None, *, max_bytes: int) -> Blob | None:
    """The bytes at a URL; None where its ETag is this one still.

    The ETag is the server's, quotes and all; the digest of the bytes where it sends none.

    Raises PermanentError (`gone`, `forbidden`, `too-large`) and TransientError.
    """
    asked = {"Cache-Control": "no-cache"}
    if etag and '"' in etag:
        asked["If-None-Match"] = etag
    with _answer(url, asked) as answer:
        if answer.status == 304:
            return None
        if (size := _length(answer)) is not None:
            check_size(size, max_bytes)
        data = b"".join(_body(url, answer, max_bytes))
        modified = _modified(answer.headers)
    found = answer.headers.get("ETag") or hashlib.sha256(data).hexdigest()
    return None if found == etag else Blob(data, found, None, modified)


def pieces(url: str, done: int, size: int) -> Iterator[bytes]:
    """The bytes from `done` to `size` at a URL, as they come; fewer where there are no more.

    A server that knows no ranges sends all, and the beginning is passed over. Raises as
    `read_changed`.
    """
    if done >= size:
        return
    with _answer(url, {"Range": f"bytes={done}-{size - 1}"}) as answer:
        if answer.status == 416:
            return
        passed = _start(url, answer)
        if passed > done:
            raise TransientError(f"{url}: bytes from {done:,} on were asked for, {passed:,} came")
        for piece in _body(url, answer, None):
            wanted = piece[max(0, done - passed) :][: size - done]
            passed += len(piece)
            if wanted:
                done += len(wanted)
                yield wanted
            if done >= size:
                return


def _start(url: str, answer: HTTPResponse) -> int:
    """The number of the first byte that comes."""
    if answer.status != 206:
        return 0
    found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if found is None:
        raise TransientError(f"{url}: a part came, and not which")
    return int(found[1])


def _body(url: str, answer: HTTPResponse, max_bytes: int | None) -> Iterator[bytes]:
    """The pieces of a body. Raises TransientError for one that ends before its length, or would for
    ever go on.
    """
    began, came, size = time.monotonic(), 0, _length(answer)
    while piece := answer.read1(_PIECE):
        came += len(piece)
        if max_bytes is not None:
            check_size(came, max_bytes)
        yield piece
        if time.monotonic() - began > _AT_FIRST + came / _SLOWEST:
            raise TransientError(
                f"{url}: too slow: {came:,} bytes in {time.monotonic() - began:.0f} s"
            )
    if size is not None and came < size:
        raise TransientError(f"{url}: the transfer broke off at {came:,} of {size:,} bytes")


def _length(answer: HTTPResponse) -> int | None:
    text = answer.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None


def _modified(headers: HTTPMessage) -> datetime:
    try:
        return parsedate_to_datetime(headers["Last-Modified"]).astimezone(UTC)
    except (TypeError, ValueError):
        return datetime.now(UTC)


@contextmanager
def _answer(url: str, headers: Mapping[str, str]) -> Iterator[HTTPResponse]:
    """What the server answers, to be read within the block."""
    request = urllib.request.Request(  # noqa: S310 of a URL that `is_http`
        quote(url, safe=_KEPT), headers=dict(headers)
    )
    request.add_header("User-Agent", f"litescore/{litescore.__version__}")
    opener = urllib.request.build_opener(_Redirects, _Statuses)
    try:
        with opener.open(request, timeout=PATIENCE.silence) as answer:
            coding = answer.headers.get("Content-Encoding", "identity")
            if coding != "identity":
                raise TransientError(f"{url} came as {coding}, which nobody asked for")
            yield answer
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(url, error.code, error.reason) from error
    except urllib.error.URLError as error:
        raise _silence(url, error.reason) from error
    except (OSError, HTTPException, ValueError) as error:
        raise _silence(url, error) from error


def _refusal(url: str, status: int, reason: str) -> LitescoreError:
    reason = reason.partition("\n")[0]
    if status in (404, 410):
        return PermanentError("gone", f"no such file: {url} ({status})")
    if status in (401, 403):
        return PermanentError("forbidden", f"not allowed to read {url} ({status})")
    if status < 500 and status not in _PASSING:
        return PermanentError("unsupported", f"{url}: {status} {reason}".rstrip())
    return TransientError(f"{url}: {status} {reason}".rstrip())


def _silence(url: str, why: object) -> LitescoreError:
    if isinstance(why, TimeoutError):
        return TransientError(f"{url}: nothing came for {PATIENCE.silence:g} s")
    if isinstance(why, ssl.SSLCertVerificationError):
        return TransientError(
            f"{url}: its certificate is not believed: {why.verify_message}; is this machine's clock "
            "right?"
        )
    strerror = why.strerror if isinstance(why, OSError) else None
    return TransientError(f"{url}: {strerror or why or type(why).__name__}")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a server to another place, but not out of what is encrypted."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        wanted = ("https",) if req.type == "https" else ("http", "https")
        if urlsplit(newurl).scheme not in wanted:
            fp.close()
            raise PermanentError(
                "forbidden", f"{req.full_url} leads to {newurl[:200]}: not followed"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Statuses(urllib.request.HTTPErrorProcessor):
    """Answers that are no errors to whoever asks for a change or for a part."""

    def http_response(
        self, request: urllib.request.Request, response: HTTPResponse
    ) -> HTTPResponse:
        if response.status in (304, 416):
            return response
        answer: HTTPResponse = super().http_response(request, response)
        return answer

    https_response = http_response
