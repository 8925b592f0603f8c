"""What a place holds from an earlier run: passed over, or removed. It does not know how scores come
about.
"""

from __future__ import annotations

from litescore import results, store
from litescore.errors import UsageError
from litescore.store.s3 import is_s3

# Id -> label of what is done; None where it failed.
Held = dict[bytes, str | None]

_DENIED = "forbidden"


def held(place: str, model: str) -> Held:
    """What the records at the place are about, but for what was denied: it may be open by now.

    Raises UsageError when they are another model's.
    """
    found: Held = {}
    if not _exists(place):
        return found
    labels: dict[str, str] = {}
    for record in results.read(place):
        if record.model != model:
            raise UsageError(
                f"{place} holds records of another model ({record.model[:12]}): name another "
                "--out, or --overwrite"
            )
        if record.kind == _DENIED:
            continue
        # A million records share ten labels.
        label = record.label
        found[bytes.fromhex(record.id)] = labels.setdefault(label, label) if label else None
    return found


def remove(place: str) -> None:
    """Remove the records at the place, and nothing else."""
    if _exists(place):
        for url in results.objects(place):
            store.delete(url)


def _exists(place: str) -> bool:
    return is_s3(place) or store.local_path(place).exists()
