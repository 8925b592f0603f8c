"""Network cameras: RTSP, and MJPEG over HTTP, through OpenCV's FFmpeg.

The URL may hold a user and a password; what is shown of it never does.
"""

from __future__ import annotations

import math
import os
import re
import socket
import time
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, urlsplit

from edge.frames.camera import Shot
from edge.frames.capture import Capture, NotVideo
from edge.frames.freshness import PROMPT, LiveEdge
from litescore.errors import ConfigurationError, UsageError

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
USER = "LITESCORE_SOURCE_USER"
PASSWORD = "LITESCORE_SOURCE_PASSWORD"  # noqa: S105 the variable's name
# What some cameras want in the path or the query: rtsp://camera/user=admin&password=secret&channel=1
_SECRET = re.compile(r"(?i)((?:user|login|pass|pwd|auth|token|key|secret)[a-z]*=)[^&;/]*")
# A URL's scheme, its host with what stands in front of it, and the rest, as urlsplit parts them; it
# raises for some passwords, and its words repeat them.
_URL = re.compile(r"(?s)(.*?://)([^/?#]*)(.*)")
# FFmpeg decodes on several threads by holding back a frame for each: one thread gives each at once.
_DECODERS = 1
# A broken picture is passed over; so many in a row are a stream that broke.
_BROKEN = 8
# Seconds to open a stream: it shows its form with its next whole picture only, and some cameras
# send one every few seconds.
_OPENING = 10.0


class StreamCamera:
    """A camera at a URL.

    url       with credentials, where it needs them
    patience  seconds to wait for each frame
    opening   seconds to wait for the first answer and the stream's form

    Raises ConfigurationError where nothing answers, or what answers gives no live stream.
    """

    note: str | None = None

    def __init__(self, url: str, patience: float, opening: float = _OPENING) -> None:
        self._name = shown(url)
        self._patience = patience
        begun = time.monotonic()
        _reach(urlsplit(url), self._name, opening)
        left = max(0.1, opening - (time.monotonic() - begun))
        try:
            self._capture = _open(url, left, patience)
        except NotVideo:
            raise ConfigurationError(
                f"{self._name} answers, but gives no video within {opening:g} s: are path, user "
                "and password right?"
            ) from None
        self._edge = LiveEdge() if url.startswith("rtsp") else None

    def read(self) -> Shot | None:
        """The next picture; those that waited on the way are passed over. Raises TimeoutError."""
        broken = 0
        while broken < _BROKEN:
            begun = time.monotonic()
            grabbed = self._capture.grab()
            now = time.monotonic()
            # FFmpeg answers an expired wait with the last frame that it held back.
            if now - begun >= self._patience:
                raise TimeoutError
            waited = self._waited(now) if grabbed else math.inf
            pixels = self._capture.picture() if waited <= PROMPT else None
            if pixels is not None:
                return Shot(pixels, now - waited)
            broken = 0 if grabbed else broken + 1
        return None

    def close(self) -> None:
        """End the connection."""
        self._capture.close()

    def _waited(self, now: float) -> float:
        # MJPEG over HTTP bears no time stamps, and FFmpeg reads nothing ahead of it.
        return self._edge.waited(self._capture.position, now) if self._edge else 0.0


def shown(url: str) -> str:
    """What may be shown of a URL: no user, no password, whether in front of the host or behind, nor
    of one that is cut short by a `/`, `?` or `#` in it.
    """
    scheme, host, rest = _parted(url)
    return scheme.lower() + f"{host}{rest}".rpartition("@")[2]


def with_credentials(url: str, environ: Mapping[str, str] = os.environ) -> str:
    """The URL with the user and password of the environment, where it has none of its own.

    Raises UsageError for a URL without a host, with a port that is none, or with an `@` behind its
    host, as where the password holds a `/`.
    """
    if "@" in _parted(url)[2]:
        raise UsageError(
            f"--source {shown(url)}: an @ behind the host; percent-encode the user and password "
            f"(/ is %2F, ? %3F, # %23), or give them by {USER} and {PASSWORD}"
        )
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.port == 0:
            raise ValueError
    except ValueError:
        raise UsageError(
            f"--source {shown(url)}: no host or no port; such as rtsp://camera:554/stream"
        ) from None
    user, password = environ.get(USER), environ.get(PASSWORD)
    if "@" in parts.netloc or not user:
        return url
    secret = f"{quote(user, safe='')}:{quote(password or '', safe='')}"
    return parts._replace(netloc=f"{secret}@{parts.netloc}").geturl()


def _parted(url: str) -> tuple[str, str, str]:
    """The scheme with `://`, the host with what stands in front of it, and the rest without what it
    says of a user.
    """
    found = _URL.match(url)
    assert found, "who has no :// names no URL"
    return found[1], found[2], _SECRET.sub(r"\1***", found[3])


def _reach(parts: SplitResult, name: str, patience: float) -> None:
    """Say why nothing answers, which FFmpeg keeps to itself."""
    address = parts.hostname or "", parts.port or PORTS[parts.scheme.lower()]
    try:
        socket.create_connection(address, patience).close()
    except OSError as error:
        why = str(error.strerror or error).lower()
        raise ConfigurationError(f"{name} cannot be reached: {why}") from None


def _open(url: str, patience: float, silence: float) -> Capture:
    asked = {
        "OPEN_TIMEOUT_MSEC": int(patience * 1000),
        "READ_TIMEOUT_MSEC": int(silence * 1000),
        "N_THREADS": _DECODERS,
    }
    capture = Capture(url, "FFMPEG", asked)
    if capture.get("FRAME_COUNT") > 0:
        capture.close()
        raise UsageError(
            f"--source {shown(url)}: a file, and no live camera; download it and name it as a clip"
        )
    return capture
