"""From what lies in a tree of folders to labelled pictures: one folder a class.

The same for a folder, an archive and a bucket. It does not know how a picture is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from litescore import image
from litescore.dataset.picture import Picture
from litescore.dataset.rows import PARTS, Part, Row, Rows
from litescore.errors import DataError

Path: TypeAlias = tuple[str, ...]

# Names that people give to parts, and that would be classes or be passed over in silence.
_MISNAMED = {
    "training": "train",
    "validation": "val",
    "valid": "val",
    "dev": "val",
    "testing": "test",
}
_SHOWN = 3


@dataclass(frozen=True)
class Listing:
    """What lies below a root.

    name      of the data set, for people
    where     the root, for people
    pictures  each file that is named like a picture, in any order
    folders   each folder, as parts of its path; those of the pictures need not be named
    others    paths of the files that are not named like pictures
    """

    name: str
    where: str
    pictures: tuple[Picture, ...]
    folders: frozenset[Path]
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Tree:
    where: str
    children: dict[Path, set[str]]
    pictures: dict[Path, list[Picture]]

    def classes(self, above: Path) -> list[str]:
        return sorted(name for name in self.children.get(above, ()) if not _hidden(name))


def labelled(listing: Listing) -> Rows:
    """The labelled pictures of `root/<class>/*` or `root/{train,val,test}/<class>/*`.

    Raises DataError for a root without class folders, and for parts by other names.
    """
    tree = _tree(listing)
    parts = [name for name in PARTS if tree.classes((name,))]
    if not parts:
        found: dict[str | None, Part] = {None: _part(tree, ())}
        return Rows(listing.name, listing.where, found, _notes(listing, tree, [()]))
    _check_names(tree, parts)
    divided: dict[str | None, Part] = {name: _part(tree, (name,)) for name in parts}
    notes = _notes(listing, tree, [(name,) for name in parts])
    return Rows(listing.name, listing.where, divided, notes)


def unwrapped(listing: Listing) -> Path:
    """The one folder that an archive wraps all in, () where there is none."""
    tree = _tree(listing)
    (name, *more) = tree.classes(()) or [""]
    if not name or more or tree.pictures.get(()) or tree.pictures.get((name,)):
        return ()
    inside = tree.classes((name,))
    if not inside or (name in PARTS and not set(inside) & set(PARTS)):
        return ()
    return (name,)


def _tree(listing: Listing) -> _Tree:
    children: dict[Path, set[str]] = defaultdict(set)
    pictures: dict[Path, list[Picture]] = defaultdict(list)
    folders = set(listing.folders)
    for picture in listing.pictures:
        folder = tuple(picture.path.split("/")[:-1])
        pictures[folder].append(picture)
        folders.add(folder)
    for folder in folders:
        for depth in range(len(folder)):
            children[folder[:depth]].add(folder[depth])
    return _Tree(listing.where, dict(children), dict(pictures))


def _part(tree: _Tree, above: Path) -> Part:
    where = "/".join((tree.where.rstrip("/"), *above))
    names = tree.classes(above)
    if not names:
        raise DataError(f"{where} has no class folders: one folder a class, images inside")
    if all(_is_no_class(tree, (*above, name)) for name in names):
        raise DataError(
            f"{where} holds folders of folders: name its parts {', '.join(PARTS)}, or give one part"
        )
    held: dict[str, list[Picture]] = {name: [] for name in names}
    depth = len(above)
    for folder, pictures in tree.pictures.items():
        if folder[:depth] == above and len(folder) > depth and folder[depth] in held:
            held[folder[depth]] += pictures
    rows = [Row(name, picture) for name, found in held.items() for picture in found]
    empty = tuple(f"{where}/{name}" for name, found in held.items() if not found)
    return Part.of(rows, empty)


def _is_no_class(tree: _Tree, folder: Path) -> bool:
    return bool(tree.classes(folder)) and folder not in tree.pictures


def _check_names(tree: _Tree, parts: list[str]) -> None:
    for name in tree.classes(()):
        wanted = _MISNAMED.get(name.lower())
        if wanted and wanted not in parts:
            raise DataError(
                f"{tree.where} has a folder {name!r} beside {', '.join(parts)}: "
                f"call it {wanted!r}, or take it away"
            )


def _notes(listing: Listing, tree: _Tree, parts: Iterable[Path]) -> tuple[str, ...]:
    """What is left out, for people: no file vanishes in silence."""
    classes = {(*above, name) for above in parts for name in tree.classes(above)}
    depth = len(next(iter(classes))) if classes else 1
    others = sorted(
        path
        for path in listing.others
        if tuple(path.split("/")[:depth]) in classes and not _hidden(path.rpartition("/")[2])
    )
    loose = sorted(
        picture.path
        for folder, pictures in tree.pictures.items()
        if folder[:depth] not in classes and not any(map(_hidden, folder))
        for picture in pictures
    )
    suffixes = ", ".join(image.SUFFIXES[:3])
    return (
        *_left_out(others, f"not named like pictures ({suffixes}, ...)"),
        *_left_out(loose, "in no class folder"),
    )


def _left_out(paths: list[str], why: str) -> list[str]:
    if not paths:
        return []
    more = ", ..." if len(paths) > _SHOWN else ""
    files = "1 file is" if len(paths) == 1 else f"{len(paths):,} files are"
    return [f"{files} left out, {why}: {', '.join(paths[:_SHOWN])}{more}"]


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
