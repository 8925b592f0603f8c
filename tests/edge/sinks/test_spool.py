"""The spool: in order, bounded, counted, and there again after whatever ended the process."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from edge.sinks.spool import Spool
from litescore.errors import ConfigurationError
from tests.rig.full import full

ROOM = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "mqtt.spool"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def spooled(path: Path, said: list[str]) -> Iterator[Callable[..., Spool]]:
    """Opens the spool at `path`, with room for a megabyte; closed at the end."""
    opened: list[Spool] = []

    def open_spool(**options: object) -> Spool:
        opened.append(Spool(path, **{"max_bytes": ROOM, "say": said.append, **options}))  # type: ignore[arg-type]
        return opened[-1]

    yield open_spool
    for spool in opened:
        with suppress(ConfigurationError):
            spool.close()


def ids(spool: Spool, limit: int = 10_000) -> list[str]:
    return [one.id for one in spool.oldest(limit)]


def child(code: str, *words: object, before: tuple[object, ...] = ()) -> str:
    """What a Python program prints to whom `words` are arguments; `before` stands before it."""
    start = "import os, signal, sys\nfrom pathlib import Path\nfrom edge.sinks.spool import Spool\n"
    command = [*map(str, before), sys.executable, "-c", start + code, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
    return done.stdout


def file_bytes(path: Path) -> int:
    return sum(one.stat().st_size for one in path.parent.iterdir())


def test_order(spooled: Callable[..., Spool]) -> None:
    """First in, first out; what is done is gone, what is not stays first."""
    spool = spooled()
    assert spool.add("a", b"1")
    assert spool.add_all([("b", b"22"), ("c", b"333")]) == 2
    first, second, third = spool.oldest(10)
    assert [(one.id, one.body) for one in (first, second, third)] == [
        ("a", b"1"),
        ("b", b"22"),
        ("c", b"333"),
    ]
    assert [one.id for one in spool.oldest(1, after=first.key)] == ["b"]
    spool.done([second.key, 12345])
    assert ids(spool) == ["a", "c"]
    assert (spool.waiting, spool.dropped, spool.trouble) == (2, 0, None)
    spool.done([first.key, third.key])
    assert (spool.waiting, spool.waiting_bytes) == (0, 0)


def test_outlives_the_process(spooled: Callable[..., Spool], path: Path) -> None:
    """Killed with -9 after `add` came back: all is there, in order, and keys go on above."""
    child(
        "spool = Spool(Path(sys.argv[1]), max_bytes=1 << 20)\n"
        "for n in range(200): spool.add(str(n), b'x' * n)\n"
        "spool.done(one.key for one in spool.oldest(50))\n"
        "os.kill(os.getpid(), signal.SIGKILL)",
        path,
    )
    spool = spooled()
    assert ids(spool) == [str(n) for n in range(50, 200)]
    assert spool.waiting == 150
    spool.add("new", b"")
    assert ids(spool)[-1] == "new"


def test_clock_that_went_back(
    spooled: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Pi that wakes up in 1970 puts new events behind the old ones all the same."""
    spool = spooled()
    spool.add("old", b"")
    spool.close()
    # The machine's clock is not the test's to set.
    monkeypatch.setattr("time.time_ns", lambda: 1000)
    spool = spooled()
    spool.add("new", b"")
    assert ids(spool) == ["old", "new"]


def test_full_keeps_the_oldest(spooled: Callable[..., Spool]) -> None:
    """What does not fit is refused and counted, and the count outlives the process."""
    spool = spooled()
    taken = [spool.add(str(n), bytes(1000)) for n in range(2000)]
    assert taken == sorted(taken, reverse=True)
    assert ids(spool) == [str(n) for n in range(sum(taken))]
    assert 900 < sum(taken) == spool.waiting < 1048
    assert spool.waiting_bytes <= ROOM
    assert spool.dropped == 2000 - sum(taken)
    spool.close()
    again = spooled()
    assert again.dropped == spool.dropped
    again.done([again.oldest(1)[0].key])
    assert again.add("fits again", b"")


def test_full_keeps_the_newest(spooled: Callable[..., Spool]) -> None:
    """With keep="newest" the oldest are dropped and counted; each new one is taken."""
    spool = spooled(keep="newest")
    assert all(spool.add(str(n), bytes(1000)) for n in range(2000))
    left = ids(spool)
    assert left == [str(n) for n in range(2000 - len(left), 2000)]
    assert len(left) > 900
    assert spool.waiting_bytes <= ROOM
    assert spool.dropped == 2000 - len(left) > 0


def test_event_larger_than_the_room(spooled: Callable[..., Spool]) -> None:
    """It is refused, and nothing is dropped for it."""
    for keep in ("oldest", "newest"):
        spool = spooled(keep=keep)
        spool.add("small", b"")
        assert not spool.add("large", bytes(ROOM))
        assert "small" in ids(spool)
        spool.close()


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
    """What is no database is kept under another name, said, counted, and a new one begun."""
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    spool = spooled()
    assert spool.add("a", b"1")
    assert (spool.set_aside, spool.trouble, ids(spool)) == (1, None, ["a"])
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


def test_churn(spooled: Callable[..., Spool], path: Path) -> None:
    """100,000 events come and go: the file stays small."""
    spool = spooled(max_bytes=64 * ROOM)
    largest = 0
    for start in range(0, 100_000, 100):
        spool.add_all((str(n), bytes(700)) for n in range(start, start + 100))
        spool.done(one.key for one in spool.oldest(100))
        largest = max(largest, file_bytes(path)) if start % 10_000 == 0 else largest
    assert spool.waiting == 0
    assert 0 < largest < 8 * ROOM


def test_shrinks(spooled: Callable[..., Spool], path: Path) -> None:
    """What a crowd took is given back once it is drained."""
    spool = spooled(max_bytes=64 * ROOM)
    for start in range(0, 16_000, 1000):
        spool.add_all((str(n), bytes(1000)) for n in range(start, start + 1000))
    assert file_bytes(path) > 15 * ROOM
    while left := spool.oldest(1000):
        spool.done(one.key for one in left)
    assert file_bytes(path) < 2 * ROOM


def test_threads(spooled: Callable[..., Spool]) -> None:
    """Several threads put in while another takes out: each event once, none lost."""
    spool = spooled()
    took: list[str] = []

    def put(name: str) -> None:
        for n in range(200):
            spool.add(f"{name}{n}", b"")

    threads = [Thread(target=put, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or spool.waiting:
        left = spool.oldest(20)
        took += [one.id for one in left]
        spool.done(one.key for one in left)
    assert sorted(took) == sorted(f"{name}{n}" for name in "abc" for n in range(200))
    for name in "abc":
        assert [one for one in took if one[0] == name] == [f"{name}{n}" for n in range(200)]


def test_unknown_keep(path: Path) -> None:
    """Refused by name."""
    with pytest.raises(ValueError, match="unknown keep 'some': one of oldest, newest"):
        Spool(path, max_bytes=1, keep="some")
