"""A list that is kept for the state machine: what it may be. Kept ones are shown by test_backfill.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.cloud.account import Account
from infra.cloud.backfills import lists
from infra.cloud.stack import Stack
from litescore.errors import UsageError

STACK = Stack("shoes", {"InputBucket": "in", "OutputBucket": "out"})


def test_a_list_that_no_state_machine_reads_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a byte of it is sent, with how far it would have come."""

    def client(_service: str) -> None:
        raise AssertionError("something was asked of AWS")

    path = tmp_path / "list.csv"
    path.write_text("source\n" + "".join(f"s3://in/{number}.png\n" for number in range(100)))
    monkeypatch.setattr(lists, "_MOST_BYTES", 1000)
    account = Account(client, "AWS", "1" * 12, "eu-west-1", local=False)
    with pytest.raises(UsageError, match=r"list\.csv is too long: .* its first 21 images: split"):
        lists.keep(account, STACK, str(path))
