"""From what a user names to subjects: files, folders, globs, s3:// prefixes, manifests, shards.

It lists; it reads no image, and does not know what becomes of them.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from litescore import image, manifests, shards, store
from litescore.errors import UsageError
from litescore.record import Subject
from litescore.store.objects import Listed
from litescore.store.s3 import is_s3

_MANIFEST = "@"
# `[` is part of a name in S3: photos [1]/ is a folder that systems make.
_WILD_IN_S3 = re.compile(r"[*?]")
_WILDCARD = re.compile(r"(\*\*/|\*\*|\*|\?)")
_WILDCARD_OR_SET = re.compile(_WILDCARD.pattern[:-1] + r"|\[!?[^\]]+\])")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def subjects(
    sources: Sequence[str], include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Iterator[Subject]:
    """The images and shards that sources name, in the order of the sources, by name within each.

    A source is a file whatever its name; a folder or s3:// prefix, of which pictures and shards
    count and what has a dot in front does not; a glob (`**` crosses folders); or `@` and the path
    or URL of a manifest (see `litescore.manifests`).

    `include` and `exclude` are glob patterns: without a `/` on the name, else on the whole path
    below the source; of a manifest, on the path or key that it lists. What fits an `exclude`, or
    no `include` where there is one, is left out.

    Raises UsageError for a source of which nothing is left, ConfigurationError for one that is
    missing or closed.
    """
    for source in sources:
        empty = True
        for path, subject in _named(source):
            if _wanted(path, tuple(include), tuple(exclude)):
                empty = False
                yield subject
        if empty:
            raise UsageError(_nothing(source, bool(include or exclude)))


def is_manifest(source: str) -> bool:
    """Whether a source is a list of images, not a place that holds them."""
    return source.startswith(_MANIFEST)


def _named(source: str) -> Iterator[tuple[str, Subject]]:
    """Path below the source, and subject, of each image that one source names."""
    if is_manifest(source):
        return _listed_in(source.removeprefix(_MANIFEST))
    if is_s3(source):
        return _in_bucket(source)
    if glob.has_magic(source) and not store.local_path(source).exists():
        return _in_glob(source)
    return _on_disk(source)


def _listed_in(manifest: str) -> Iterator[tuple[str, Subject]]:
    for subject in manifests.read(manifest):
        yield _key(subject.source), _with_etag(subject)


def _with_etag(subject: Subject) -> Subject:
    """What stands for the ETag of a local file, so that a second run knows it."""
    if subject.etag is None and not is_s3(subject.source):
        path = store.local_path(subject.source)
        if path.is_file():
            return subject._replace(etag=store.file_etag(path))
    return subject


def _in_bucket(source: str) -> Iterator[tuple[str, Subject]]:
    source += "" if "/" in source.removeprefix("s3://") else "/"
    wild = _WILD_IN_S3.search(source)
    root = source[: wild.start()] if wild else source
    # A key may have a wildcard's character in it, and a pattern may name a folder.
    key = _key(source) + "*" if source.endswith("/") else _key(source)
    pattern = _compiled(key, _WILDCARD)
    below = len(root[: root.rindex("/") + 1])
    for entry in store.list_objects(root):
        whole = not wild and entry.source == source
        fits = not wild or pattern.fullmatch(_key(entry.source)) is not None
        if whole or (fits and _holds_images(entry)):
            yield entry.source[below:], entry.subject


def _in_glob(source: str) -> Iterator[tuple[str, Subject]]:
    pattern = str(store.local_path(source))
    root = _fixed_part(pattern)
    # pathlib's would find hidden files, and take ** for folders only.
    for found in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207
        # Of a folder that fits all counts, unless the pattern itself goes into folders.
        if Path(found).is_file() or "**" not in pattern:
            for entry in store.list_objects(found):
                if _holds_images(entry):
                    yield Path(entry.source).relative_to(root).as_posix(), entry.subject


def _fixed_part(pattern: str) -> Path:
    parts = Path(pattern).parts
    wild = next(n for n, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:wild])


def _on_disk(source: str) -> Iterator[tuple[str, Subject]]:
    root = store.local_path(source)
    whole = root.is_file()
    for entry in store.list_objects(source):
        if whole or _holds_images(entry):
            path = Path(entry.source)
            yield path.name if whole else path.relative_to(root).as_posix(), entry.subject


def _holds_images(entry: Listed) -> bool:
    name = _name(entry.source)
    picture = Path(name).suffix.lower() in image.SUFFIXES
    return not name.startswith(".") and (picture or shards.is_shard(name))


def _name(source: str) -> str:
    return source.rpartition("/")[2] if is_s3(source) else Path(source).name


def _key(source: str) -> str:
    """The key of an s3:// URL; a path as it is."""
    return source.removeprefix("s3://").partition("/")[2] if is_s3(source) else source


def _wanted(path: str, include: Iterable[str], exclude: Iterable[str]) -> bool:
    if any(_fits(path, pattern) for pattern in exclude):
        return False
    return not include or any(_fits(path, pattern) for pattern in include)


def _fits(path: str, pattern: str) -> bool:
    subject = path if "/" in pattern else path.rpartition("/")[2]
    return _compiled(pattern, _WILDCARD_OR_SET).fullmatch(subject) is not None


@cache
def _compiled(pattern: str, wildcard: re.Pattern[str]) -> re.Pattern[str]:
    """A glob as an expression on a whole path: `*` and `?` stop at a `/`, `**` does not."""
    plain, *rest = wildcard.split(pattern)
    words = [re.escape(plain)]
    for wild, between in zip(rest[::2], rest[1::2], strict=True):
        words += [_MEANING.get(wild) or _set(wild), re.escape(between)]
    try:
        return re.compile("".join(words), re.DOTALL)
    except re.error as error:
        raise UsageError(f"{pattern!r} is no glob: {error.msg}") from None


def _set(wild: str) -> str:
    """`[a-z]` or `[!a-z]` of a glob as an expression."""
    characters = wild[1:-1].replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
    return f"[^{characters[1:]}]" if characters.startswith("!") else f"[{characters}]"


def _nothing(source: str, chosen: bool) -> str:
    among = " that --include and --exclude leave" if chosen else ""
    if is_manifest(source):
        return f"no images in manifest {source.removeprefix(_MANIFEST)}{among}"
    return f"no images at {source}{among}: files ending in {', '.join(image.SUFFIXES[:4])}, ..."
