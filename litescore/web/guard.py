"""Who may look: whoever knows the token; without one whoever asks this machine by a name of its own."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from email.message import Message

from litescore import web
from litescore.errors import UsageError

_TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,128}")  # what URLs, cookies and headers bear unquoted
_YEAR = 365 * 24 * 3600


def read_token(
    environ: Mapping[str, str], variable: str, *, needed: str | None = None
) -> str | None:
    """The token in that variable; None where the environment has none.

    needed  why there must be one, for the error's message

    Raises UsageError for a token that is no good, and without one that is needed.
    """
    token = environ.get(variable) or None
    if token is None and needed:
        raise UsageError(f"{needed}: set {variable}, for example to {secrets.token_urlsafe(18)}")
    if token is not None and not _TOKEN.fullmatch(token):
        raise UsageError(f"{variable}: 16 to 128 letters, digits and any of . _ ~ -")
    return token


class Guard:
    """Lets requests in or not.

    token   what must be known; None admits whoever asks this machine by a name of its own
    cookie  the name of the cookie that a browser keeps it in: cookies know no ports, so that two
            servers of one machine need two names
    """

    def __init__(self, token: str | None, cookie: str) -> None:
        self._token = token
        self._cookie = cookie

    @property
    def has_token(self) -> bool:
        """Whether a token must be known; without one only this machine is let in."""
        return self._token is not None

    def knows(self, token: str) -> bool:
        """Whether it is the token; takes as long for a wrong one."""
        return self._token is not None and hmac.compare_digest(token.encode(), self._token.encode())

    def admits(self, headers: Message) -> bool:
        """Whether a request with these headers may be answered."""
        if self._token is None:
            return web.is_own_name(headers.get("Host", ""))
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.knows(token.strip()):
            return True
        return self.knows(self._kept(headers.get("Cookie", "")))

    def cookie(self, token: str) -> str:
        """The Set-Cookie header that a browser keeps the token by."""
        return f"{self._cookie}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={_YEAR}"

    def _kept(self, header: str) -> str:
        # Not by http.cookies, which stops at what it does not like in the cookies of others.
        pairs = (part.strip().partition("=") for part in header.split(";"))
        return next((value for name, _, value in pairs if name == self._cookie), "")
