"""Tools that not every machine has."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def needs(*tools: str) -> None:
    """Skip the test that calls this where one of the commands `tools` is missing."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        lack(f"needs {', '.join(missing)}: `make tools` installs what tests need")


def lack(reason: str) -> NoReturn:
    """Skip the test for what this machine lacks; with CI=true, where all is there, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (no skipping with CI=true)", pytrace=False)
    pytest.skip(reason)
