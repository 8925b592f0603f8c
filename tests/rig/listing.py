"""The XML of S3's ListObjectsV2, as the stub answers it.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Entry:
    """What a listing says of an object: bytes, unquoted ETag, time of writing in UTC."""

    size: int
    etag: str
    modified: datetime


def list_objects_v2(
    bucket: str, entries: Mapping[str, Entry], words: Mapping[str, str], page: int
) -> str:
    """The answer to the query `words` over key -> entry, `page` names at most."""
    prefix, delimiter = words.get("prefix", ""), words.get("delimiter", "")
    after = words.get("continuation-token") or words.get("start-after", "")
    folded = {_folded(key, prefix, delimiter) for key in entries if key.startswith(prefix)}
    names = sorted(name for name in folded if name > after)
    shown = names[: min(page, int(words.get("max-keys", page)))]
    more = len(shown) < len(names)
    encode = quote if words.get("encoding-type") == "url" else escape
    return (
        f"<ListBucketResult><Name>{bucket}</Name><Prefix>{encode(prefix)}</Prefix>"
        f"{'<EncodingType>url</EncodingType>' if encode is quote else ''}"
        f"<KeyCount>{len(shown)}</KeyCount><IsTruncated>{str(more).lower()}</IsTruncated>"
        + (_element("NextContinuationToken", escape(shown[-1])) if more else "")
        + "".join(
            _element("CommonPrefixes", _element("Prefix", encode(name)))
            if delimiter and delimiter in name[len(prefix) :]
            else _contents(encode(name), entries[name])
            for name in shown
        )
        + "</ListBucketResult>"
    )


def _folded(key: str, prefix: str, delimiter: str) -> str:
    """The key, or the common prefix that stands for it."""
    if not delimiter or delimiter not in key[len(prefix) :]:
        return key
    return key[: key.index(delimiter, len(prefix)) + len(delimiter)]


def _contents(key: str, entry: Entry) -> str:
    return _element(
        "Contents",
        _element("Key", key)
        + _element("Size", str(entry.size))
        + _element("ETag", f"&quot;{entry.etag}&quot;")
        + _element("LastModified", f"{entry.modified:%FT%T.000Z}")
        + _element("StorageClass", "STANDARD"),
    )


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"
