"""What lies beside our modules in a folder that is worked in goes nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.package import container, contents
from infra.package.target import DEFAULT


@pytest.fixture
def worked_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An importable package with files that are not its own."""
    root = tmp_path / "worked_in"
    for name in ("__init__.py", "a.py", ".env", ".a.py.swp", ".git/config"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(contents, "_OURS", ("worked_in",))
    monkeypatch.setattr(container, "OURS", ("worked_in",))
    return "worked_in"


def test_the_zip_takes_no_hidden_file(worked_in: str) -> None:
    """Secrets of somebody would be deployed, and the zip differ from a wheel's."""
    assert sorted(contents.ours().files) == ["worked_in/__init__.py", "worked_in/a.py"]


def test_the_container_takes_no_hidden_file(
    worked_in: str, int8_model: Path, tmp_path: Path
) -> None:
    """Nor does its context."""
    folder = container.write(int8_model, tmp_path, target=DEFAULT, runtime="litert")
    assert sorted(path.name for path in (folder / worked_in).iterdir()) == ["__init__.py", "a.py"]
