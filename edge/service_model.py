"""What a service scores with: a file that is copied, or a channel that it follows; each proven as far
as it can be here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from edge import service_options
from edge.device import Device
from edge.running import RunOptions
from edge.service.installing import Following
from edge.service.reach import hindrance
from litescore.contract import Contract
from litescore.errors import TransientError, UsageError
from litescore.releases.following import Followed, follow, is_channel
from litescore.releases.keys import PublicKey
from litescore.releases.options import trusted
from litescore.scorer import Scorer, read_model
from litescore.store.http import is_http
from litescore.store.s3 import is_s3

Note = Callable[[str], None]


def chosen(
    model: str,
    trust: tuple[Path, ...],
    options: RunOptions,
    secrets: Mapping[str, str],
    note: Note,
) -> bytes | Following:
    """The bytes of a model file, or the channel with its keys, that goes with these options.

    trust  files of public keys; () for those after `--trust` among the options, or LITESCORE_TRUST's
    note   tells a person what could not be looked at

    Raises what the model, the channel and the options raise where they cannot be used.
    """
    if not is_channel(model):
        if trust:
            raise UsageError(f"--trust goes with a channel, and {model} is a file")
        scorer = Scorer(model, labels=options.labels)
        service_options.check(options, scorer.contract, secrets)
        return read_model(model)
    if trust and options.follow.trust:
        raise UsageError("--trust: all of them before --, where they are copied, or all after it")
    followed = _reachable(follow(model))
    keys = trusted(trust or options.follow.trust)
    service_options.check(options, _contract(followed, keys, options.device, note), secrets)
    # Those after -- lie where the service reads them.
    copied = () if options.follow.trust else keys
    return Following(str(followed), {key.id: key.to_pem() for key in copied})


def _reachable(followed: Followed) -> Followed:
    """The channel as the service finds it. Raises UsageError for a folder that it could not."""
    root = followed.shelf.root
    if is_s3(root) or is_http(root):
        return followed
    path = Path(root)
    if not path.is_absolute():
        raise UsageError(f"--model {followed}: give the whole path, as {path.absolute()}")
    # A stick may come later.
    if path.exists() and (found := hindrance(path)):
        raise UsageError(f"--model {followed}: {found}")
    return followed


def _contract(
    followed: Followed, keys: tuple[PublicKey, ...], device: str | None, note: Note
) -> Contract | None:
    """Of what the channel hands out now, to this device if it is told apart; None where it is away.

    Raises ReleaseError for a channel or a release that is not to be believed.
    """
    shelf = followed.shelf
    if not is_s3(shelf.root) and not is_http(shelf.root) and not Path(shelf.root).exists():
        note(f"{shelf.root} is not there now: the options are not held against its labels")
        return None
    try:
        held = shelf.read_channel(followed.channel, keys)
        assert held is not None, "no ETag was named"
        turn = held.channel.turn_for(Device.here(device).id) or held.channel.now
        file = shelf.read_file(shelf.read_release(turn.release, keys))
    except TransientError as error:
        note(f"{error}: the options are not held against its labels")
        return None
    return Scorer(file).contract
