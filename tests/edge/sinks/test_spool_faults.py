"""The spool on disks that are full, broken, not there, or another's."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.sinks.spool import Spool
from litescore.errors import ConfigurationError
from tests.edge.sinks.sinking import ROOM
from tests.edge.sinks.spooling import child, ids
from tests.rig.full import full


def test_two_processes(spooled: Callable[..., Spool], path: Path) -> None:
    """The second is refused, and told who has it."""
    spooled()
    with pytest.raises(ConfigurationError, match=f"in use by process {os.getpid()}:"):
        spooled()


def test_lock_that_came_late(
    spooled: Callable[..., Spool], path: Path, tmp_path: Path, said: list[str]
) -> None:
    """A spool that could not be had at the start, and that another process has then, waits in memory."""
    (tmp_path / "state").write_text("a file where the folder should be")
    first = spooled()
    (tmp_path / "state").unlink()
    second = spooled()
    first._retry = 0.0
    assert first.add("a", b"1")
    assert "in use by process" in str(first.trouble)
    second.close()
    first.close()
    assert ids(spooled()) == ["a"]


def test_broken_file_is_set_aside(
    spooled: Callable[..., Spool], path: Path, said: list[str]
) -> None:
    """What is no database is kept under another name, said, and a new one begun."""
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    spool = spooled()
    assert spool.add("a", b"1")
    assert (spool.trouble, ids(spool)) == (None, ["a"])
    assert path.with_name("mqtt.spool.corrupt-1").read_bytes().startswith(b"no database")
    assert "set aside as mqtt.spool.corrupt-1, begun anew" in said[0]
    spool.close()
    assert ids(spooled()) == ["a"]


def test_broken_pages(spooled: Callable[..., Spool], path: Path) -> None:
    """A file whose middle rotted does not raise, whenever that is noticed."""
    spool = spooled()
    for n in range(1000):
        spool.add(str(n), bytes(500))
    spool.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 8192))
    again = spooled()
    again.done(one.key for one in again.oldest(10))
    again.add("new", b"")
    again.done([again.oldest(1)[0].key])
    again.add("newer", b"")
    assert "newer" in ids(again)
    assert path.with_name("mqtt.spool.corrupt-1").exists()


@pytest.mark.parametrize(
    "change", ["pragma user_version = 0", "pragma user_version = 7", "pragma application_id = 1"]
)
def test_other_schema(
    change: str, spooled: Callable[..., Spool], path: Path, said: list[str]
) -> None:
    """A spool of another version of litescore, or another program's database, is not written to."""
    spool = spooled()
    spool.add("theirs", b"")
    spool.close()
    with sqlite3.connect(path) as db:
        db.execute(change)
    db.close()
    spool = spooled()
    spool.add("ours", b"")
    assert ids(spool) == ["ours"]
    assert "set aside" in said[0]


def test_folder_that_cannot_be(
    spooled: Callable[..., Spool], tmp_path: Path, said: list[str]
) -> None:
    """Where there can be no file events wait in memory, and are written once there can."""
    (tmp_path / "state").write_text("a file where the folder should be")
    spool = spooled()
    assert spool.add("a", b"1")
    assert ids(spool) == ["a"]
    assert spool.trouble is not None
    assert len(said) == 1
    assert "events are kept in memory" in said[0]
    (tmp_path / "state").unlink()
    spool.close()
    assert ids(spooled()) == ["a"]


def test_memory_is_bounded(spooled: Callable[..., Spool], tmp_path: Path) -> None:
    """What memory has no room for is dropped by the same rule, and counted."""
    (tmp_path / "state").write_text("a file where the folder should be")
    for keep, kept in (("oldest", "0"), ("newest", "19")):
        spool = spooled(keep=keep, max_bytes=64 * ROOM)
        for n in range(20):
            spool.add(str(n), bytes(ROOM // 2))
        assert kept in ids(spool)
        assert 4 <= spool.waiting <= 8
        assert spool.dropped == 20 - spool.waiting
        with pytest.raises(
            ConfigurationError, match=f"{spool.waiting} events that waited in memory"
        ):
            spool.close()


def test_full_disk(tmp_path: Path) -> None:
    """On a full disk events wait in memory, in order, and go to disk when there is room again."""
    output = child(
        "folder = Path(os.environ['TMPDIR'])\n"
        "spool = Spool(folder / 'spool', max_bytes=1 << 20, say=print)\n"
        "print(spool.add('a', b'1'), spool.add('b', b'2'), [o.id for o in spool.oldest(9)])\n"
        "spool.done([spool.oldest(1)[0].key])\n"
        "(folder / 'filler').unlink()\n"
        "spool.close()\n"
        "print([o.id for o in Spool(folder / 'spool', max_bytes=1 << 20).oldest(9)])\n",
        before=tuple(full(tmp_path)),
    )
    lines = output.splitlines()
    assert "events are kept in memory" in lines[0]
    assert lines[1:] == [
        "True True ['a', 'b']",
        f"spool {tmp_path}/spool: events are on disk again",
        "['b']",
    ]


def test_disk_that_fills_up(tmp_path: Path) -> None:
    """A disk that fills up meanwhile: what is on it is still delivered, in order with what is in
    memory, and taken out once there is room.
    """
    output = child(
        "folder = Path(os.environ['TMPDIR'])\n"
        "(folder / 'filler').write_bytes(bytes(16_000))\n"
        "spool = Spool(folder / 'spool', max_bytes=1 << 20)\n"
        "for n in range(100): assert spool.add(str(n), bytes(1000))\n"
        "assert 'full' in spool.trouble, spool.trouble\n"
        "took = []\n"
        "while left := spool.oldest(7):\n"
        "    took += [int(one.id) for one in left]\n"
        "    spool.done(one.key for one in left)\n"
        "assert took == list(range(100)), took\n"
        "assert spool.waiting == 0\n"
        "(folder / 'filler').unlink()\n"
        "spool.close()\n"
        "again = Spool(folder / 'spool', max_bytes=1 << 20)\n"
        "print(again.waiting, again.trouble, again.dropped)\n",
        before=tuple(full(tmp_path)),
    )
    assert output == "0 None 0\n"
