"""Where a page's server listens."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

from litescore.errors import UsageError

_SHAPE = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<four>[^:\[\]]+)):(?P<port>\d{1,5})")


@dataclass(frozen=True)
class Address:
    """An IP address and a port; port 0 is any that is free.

    >>> Address.parse("[::1]:8765", "--bind")
    Address(host='::1', port=8765)
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, option: str) -> Address:
        """`127.0.0.1:8765`, `localhost:8765`, `[::1]:8765`. Raises UsageError, naming the option, for
        anything else.
        """
        match = _SHAPE.fullmatch(text)
        host = (match["six"] or match["four"]) if match else ""
        if host == "localhost":
            host = "127.0.0.1"
        if not match or not _is_ip(host, six=bool(match["six"])) or int(match["port"]) > 65535:
            raise UsageError(
                f"{option} {text}: an IP address and a port, "
                "such as 127.0.0.1:8765, 0.0.0.0:8765 or [::1]:8765"
            )
        return cls(host, int(match["port"]))

    @property
    def family(self) -> socket.AddressFamily:
        """IPv6 for a host with a colon."""
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def url(self) -> str:
        """What a browser calls it; of all addresses at once, by this machine's name."""
        if ipaddress.ip_address(self.host).is_unspecified:
            return f"http://{socket.gethostname()}:{self.port}/"
        return f"http://{self}/"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _is_ip(host: str, *, six: bool) -> bool:
    try:
        return (ipaddress.ip_address(host).version == 6) is six
    except ValueError:
        return False
