"""What a channel hands out to whom, and what a rollback goes back to."""

from __future__ import annotations

import pytest

from litescore.errors import ReleaseError, UsageError
from litescore.releases.channel import Channel, Turn, check_name, place_of


def turns(words: str) -> Channel:
    """`A B20 <A`: publishes A to all, B to 20 percent, rolls back to A."""
    channel = Channel("shoes", "stable", ())
    for word in words.split():
        action = "rollback" if word.startswith("<") else "publish"
        release, share = word.lstrip("<")[0], int(word.lstrip("<")[1:] or 100)
        turn = Turn(channel.next_number, release, action, share, False, "2026-01-01T00:00:00Z")
        channel = channel.turned(turn)
    return channel


@pytest.mark.parametrize(
    ("words", "back"),
    [
        ("A", None),
        ("A B", "A"),
        ("A B C", "B"),
        ("A B C <B", "A"),
        ("A B C <B <A", None),
        ("A B <A C", "A"),
        ("A B C <B C", "B"),
        ("A B20", "A"),
        ("A B20 <A", None),
        ("A B20 B50 B", "A"),
        ("A20", None),
        ("A B <A C D <C D E", "D"),
    ],
)
def test_what_a_rollback_goes_back_to(words: str, back: str | None) -> None:
    """The last release that went to all, and that nobody rolled back from since."""
    found = turns(words).behind()
    assert (found.release if found else None) == back


def test_a_share_is_of_the_same_devices() -> None:
    """About so many, and who is in 20 percent is in 50."""
    devices = [f"{number:012x}" for number in range(2000)]
    few, more = turns("A B20"), turns("A B50")
    taken = {device for device in devices if few.turn_for(device) == few.now}
    assert 350 < len(taken) < 450
    assert taken < {device for device in devices if more.turn_for(device) == more.now}
    rest = few.turn_for(next(device for device in devices if device not in taken))
    assert rest is not None
    assert rest.release == "A"


def test_whose_turn_it_is_not_yet() -> None:
    """Before anything went to all, the others get nothing."""
    channel = turns("A20")
    found = {channel.turn_for(f"{number:012x}") for number in range(50)}
    assert found == {channel.now, None}


def test_places_differ_by_model() -> None:
    """Otherwise the same few devices were the first for every model; and they stay for ever."""
    assert place_of("shoes", "0123456789ab") == pytest.approx(99.512, abs=0.001)
    assert place_of("shoes", "0123456789ab") != place_of("hats", "0123456789ab")


def test_the_oldest_turns_are_forgotten() -> None:
    """The statement is fetched at each change by every device."""
    channel = turns(" ".join("AB" * 80))
    assert len(channel.turns) == 100
    assert channel.now.number == 160
    assert Channel.from_statement(channel.as_statement()) == channel


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "channel version 2 is not known: this litescore reads version 1"),
        ({"turns": []}, "has no turn"),
        ({"turns": [{"number": 1}]}, "has other fields than version 1"),
        ({"turns": None}, "has other fields than version 1"),
    ],
)
def test_statements_that_are_refused(change: dict[str, object], said: str) -> None:
    """Signed or not: a newer litescore may have written them."""
    with pytest.raises(ReleaseError, match=said):
        Channel.from_statement(turns("A").as_statement() | change)


@pytest.mark.parametrize("name", ["", "../stable", "Stable", "a/b", "-a", "a" * 65])
def test_names_that_are_none(name: str) -> None:
    """A name is a file's name."""
    with pytest.raises(UsageError, match="is no channel's name"):
        check_name(name)
