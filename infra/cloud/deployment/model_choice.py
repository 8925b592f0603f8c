"""Which model a deployment takes: the one in the zip, one pinned in S3, or what a channel hands out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.cloud.account import Account
from infra.cloud.deployment import model_channel, model_pin
from infra.cloud.deployment.function_zip import FunctionZip
from litescore.errors import ConfigurationError, UsageError
from litescore.releases.following import is_channel

# The word for the model inside the zip, where a stack has one in S3.
MODEL_IN_ZIP = "zip"

_NO_PIN = {"ModelPath": "", "ModelVersion": "", "ModelSha256": ""}
_NO_CHANNEL = {"ModelShelf": "", "ModelTrust": ""}


@dataclass(frozen=True)
class Wish:
    """What was asked for.

    model  an s3:// URL, SHELF@CHANNEL, `zip` for the one inside the zip, None for what the stack has
    trust  files of the keys that a channel may be signed with
    """

    model: str | None = None
    trust: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Choice:
    """The template's parameters about the model, and what to say of it."""

    parameters: Mapping[str, str]
    notes: tuple[str, ...] = ()


def choose(
    account: Account,
    wish: Wish,
    package: FunctionZip,
    before: Mapping[str, str],
    progress: Callable[[int, int], None],
) -> Choice:
    """What becomes of the model; `before` are the stack's parameters.

    Raises ConfigurationError for a zip that could not load it, and as the modules that it asks.
    """
    stays = wish.model is None and before.get("ModelShelf", "")
    if stays or (wish.model and is_channel(wish.model)):
        _check_signatures(package)
        return _kept(wish, before) if stays else _channel(account, wish)
    if wish.trust:
        raise UsageError("--trust is for a channel: --model s3://bucket/models/shoes@stable")
    if wish.model and wish.model != MODEL_IN_ZIP:
        return _pin(account, wish.model, progress)
    if wish.model is None and before.get("ModelPath"):
        path = before["ModelPath"]
        return Choice({}, (f"the model stays s3://{path}, as it was: --model zip takes the zip's",))
    if package.model_sha256 is None:
        raise ConfigurationError(
            f"{package.path} holds no model: build it with `litescore package --model FILE`, or "
            "name one in S3 with --model"
        )
    return Choice({**_NO_PIN, **_NO_CHANNEL, "ModelSha256": package.model_sha256})


def _channel(account: Account, wish: Wish) -> Choice:
    found = model_channel.look(account, str(wish.model), wish.trust)
    return Choice({**_NO_PIN, **found.parameters}, (found.note,))


def _kept(wish: Wish, before: Mapping[str, str]) -> Choice:
    place = f"s3://{before['ModelShelf']}@{before.get('ModelChannel', '')}"
    note = f"the function follows {place}, as it did: --model zip takes the zip's"
    keys = {"ModelTrust": model_channel.trust(wish.trust)} if wish.trust else {}
    return Choice(keys, (note,))


def _pin(account: Account, url: str, progress: Callable[[int, int], None]) -> Choice:
    pin = model_pin.pin(account, url, progress)
    return Choice({**_NO_CHANNEL, **pin.parameters}, () if pin.version else (_unversioned(url),))


def _unversioned(url: str) -> str:
    return (
        f"the bucket of {url} keeps no versions, so the model is pinned by its SHA-256 alone: once "
        "it is overwritten the function refuses to start, until it is deployed again"
    )


def _check_signatures(package: FunctionZip) -> None:
    if not package.signatures:
        raise ConfigurationError(
            f"{package.path} cannot look at signatures, so the function could not follow a "
            "channel: build it with `litescore package --follow`"
        )
