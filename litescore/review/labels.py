"""The labels to choose from, and the class folder of each."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator

from litescore.errors import UsageError

# What no system's file name may hold, and what separates folders on one of them.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]')
# Devices of Windows, whatever follows the first dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
# What reading a data set takes for something else than a class, and the log beside them.
_MISREAD = re.compile(r".*\.npz|__macosx|decisions\.jsonl", re.IGNORECASE)
_IDX = "-ubyte"
# Systems allow 255 bytes, some of which an encrypted disk takes.
_LONGEST = 100
_LONGEST_NEW = 100


def folder_of(label: str) -> str:
    """The name of a label's class folder: a single folder on every system, whatever the label is.

    >>> folder_of("T-shirt/top"), folder_of("../../etc"), folder_of("shoe")
    ('T-shirt_top', '_._.._etc', 'shoe')
    """
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", label)).strip().rstrip(". ")
    # A file name that is no UTF-8 came as lone surrogates.
    name = name.encode("utf-8", "replace").decode()
    name = name.replace(_IDX, "_ubyte")
    if not name or name.startswith("."):
        name = f"_{name[1:]}"
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    if _MISREAD.fullmatch(name):
        name += "_"
    encoded = name.encode()
    if len(encoded) > _LONGEST:
        digest = hashlib.sha256(label.encode("utf-8", "replace")).hexdigest()[:8]
        name = f"{encoded[:_LONGEST].decode(errors='ignore').rstrip('. ')}-{digest}"
    return name


class Labels:
    """Labels in the order in which they are offered, each with a folder of its own.

    may_grow  whether `add` is allowed

    Raises UsageError for two labels that would share a folder: on some systems `Shoe` and `shoe` do.
    """

    def __init__(self, labels: Iterable[str], *, may_grow: bool = False) -> None:
        self.may_grow = may_grow
        self._folders: dict[str, str] = {}
        self._taken: dict[str, str] = {}
        for label in labels:
            self.put(label)

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders)

    def __contains__(self, label: object) -> bool:
        return label in self._folders

    def __len__(self) -> int:
        return len(self._folders)

    def folder(self, label: str) -> str:
        """The class folder. Raises KeyError for a label that is not among them."""
        return self._folders[label]

    def has_folder(self, name: str) -> bool:
        """Whether a folder of that name is a label's."""
        return name.casefold() in self._taken

    def put(self, label: str) -> None:
        """Offer one more. Raises UsageError where it would share another's folder."""
        if label in self._folders:
            return
        folder = folder_of(label)
        other = self._taken.get(folder.casefold())
        if other is not None:
            raise UsageError(
                f"the labels {other!r} and {label!r} would share the class folder {folder!r}: "
                "name one of them otherwise"
            )
        self._folders[label] = folder
        self._taken[folder.casefold()] = label

    def add(self, label: str) -> None:
        """Offer one that a person typed. Raises UsageError where it is none or must not be."""
        if label in self._folders:
            return
        if not self.may_grow:
            raise UsageError(f"no such label: {label!r}; --allow-new-labels lets new ones be made")
        whole = unicodedata.normalize("NFC", label).strip()
        if label != whole or not whole or len(label) > _LONGEST_NEW or not label.isprintable():
            raise UsageError(
                f"{label[:40]!r} is no label: 1 to {_LONGEST_NEW} letters that are seen"
            )
        self.put(label)
