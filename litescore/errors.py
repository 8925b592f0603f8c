"""Every error that litescore raises on purpose.

    LitescoreError                   what the command line prints as one line
    ├── UsageError                   wrong words: unknown preset, option or mode           exit 2
    │   └── UnknownEvent             an event of a shape that no handler form has
    ├── ConfigurationError           cannot run at all: model, permission, disk            exit 3
    │   ├── ModelError               a file that is no model, or one litescore cannot use
    │   ├── ContractError            a contract that is missing, broken or does not fit
    │   ├── DataError                labelled images that cannot be used
    │   ├── ReleaseError             a release that must not be taken: unsigned, old, not whole
    │   └── MissingDependency        names the `pip install` line
    ├── GateError                    it ran, and the result is not good enough             exit 1
    └── ImageError                   one image; its neighbours go on
        ├── PermanentError           an error record, never retried; `kind` says which
        ├── SupersededError          the object changed since it was named
        └── TransientError           worth another try, handed back to the queue

The library raises; only the command line prints. An error that crosses processes is made anew from
its `args`, the message alone: one that is made of other words says of which (`__reduce__`).
"""

from __future__ import annotations

PERMANENT_KINDS = ("corrupt", "unsupported", "too-large", "gone", "forbidden", "unaddressable")


class LitescoreError(Exception):
    """Base of all. The message is one line that names the thing and the fix."""

    exit_code = 3


class UsageError(LitescoreError):
    """A command line, option or argument that says nothing litescore can do."""

    exit_code = 2


class UnknownEvent(UsageError):
    """Raised by the handler before any image is read: to try again would change nothing."""


class ConfigurationError(LitescoreError):
    """Raised before or between images: what all of them need is missing or not allowed."""


class ModelError(ConfigurationError):
    """Raised where a file is read as a model, or its tensors are not those of a classifier."""


class ContractError(ConfigurationError):
    """Raised where a contract is read or made, or its labels do not fit the model's outputs."""


class DataError(ConfigurationError):
    """Raised where a data set is listed, split or read; training needs all of it."""


class ReleaseError(ConfigurationError):
    """Raised where a release or channel is published, read or followed."""


class MissingDependency(ConfigurationError):
    """A package of an extra is not installed.

    >>> raise MissingDependency("cv2", extra="edge")
    Traceback (most recent call last):
    litescore.errors.MissingDependency: cv2 is not installed: pip install 'litescore[edge]'
    """

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(f"{module} is not installed: pip install 'litescore[{extra}]'")
        self.made_of = module, extra

    def __reduce__(self) -> tuple[type[MissingDependency], tuple[str, str]]:
        return type(self), self.made_of


class GateError(LitescoreError):
    """Raised after the work: a limit that the user set, or a check of the result, is not met."""

    exit_code = 1


class ImageError(LitescoreError):
    """One image could not be scored."""


class PermanentError(ImageError):
    """Never scored, however often it is tried.

    `kind` is one of PERMANENT_KINDS, `reason` a sentence for a person.
    """

    def __init__(self, kind: str, reason: str) -> None:
        if kind not in PERMANENT_KINDS:
            raise ValueError(f"unknown kind {kind!r}: one of {', '.join(PERMANENT_KINDS)}")
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason

    def __reduce__(self) -> tuple[type[PermanentError], tuple[str, str]]:
        return type(self), (self.kind, self.reason)


class SupersededError(ImageError):
    """Raised where the ETag is not the one that was named; what is there now has an event of its own."""


class TransientError(ImageError):
    """Raised where S3, the network or another writer was in the way: the same may work later."""
