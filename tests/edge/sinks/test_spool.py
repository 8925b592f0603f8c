"""The spool: in order, bounded, counted, and there again after whatever ended the process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from edge.sinks.spool import Spool
from tests.edge.sinks.sinking import ROOM
from tests.edge.sinks.spooling import child, ids


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
