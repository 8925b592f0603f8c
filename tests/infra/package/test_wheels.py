"""Wheels by their hashes: pip, its cache, a folder, and what each says when it fails.

pip is the real one. It is given a folder in place of an index, by its own settings.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import zipfile
from pathlib import Path

import pytest

from infra.package import lock, wheels
from infra.package.lock import Pin
from infra.package.target import ARCHITECTURES, DEFAULT, PYTHONS, Target
from litescore.errors import ConfigurationError
from tests.rig import locked


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes wheels from, and nothing else; and a cache of our own."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def tiny(index: Path) -> Pin:
    """A wheel in that folder."""
    return Pin("tiny", "1.0", make(index))


def make(folder: Path, tag: str = "py3-none-any") -> str:
    """Write the wheel of a distribution with one module; the wheel's SHA-256."""
    record = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
    wheel = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
    files = {"tiny.py": "x = 1\n", "tiny-1.0.dist-info/METADATA": record}
    files["tiny-1.0.dist-info/WHEEL"] = wheel
    rows = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in files.items()]
    files["tiny-1.0.dist-info/RECORD"] = "\n".join([*rows, "tiny-1.0.dist-info/RECORD,,", ""])
    path = folder / f"tiny-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def empty(folder: Path) -> None:
    """No more network, as it were."""
    for path in folder.iterdir():
        path.unlink()


def test_a_wheel_is_fetched_once(index: Path, tiny: Pin) -> None:
    """Said when it happens; the second build asks nobody."""
    said: list[str] = []
    first = wheels.obtain([tiny], DEFAULT, say=said.append)
    assert said == ["fetching tiny 1.0 for Python 3.13 on x86_64"]
    empty(index)
    assert wheels.obtain([tiny], DEFAULT, say=said.append) == first
    assert len(said) == 1
    assert hashlib.sha256(first[tiny].read_bytes()).hexdigest() == tiny.sha256


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_broken_cache_is_noticed_and_mended(tiny: Pin, damage: str) -> None:
    """A file cut short, and one of the same length with another byte."""
    [path] = wheels.obtain([tiny], DEFAULT).values()
    data = path.read_bytes()
    path.write_bytes(data[:-10] if damage == "cut" else data[:-1] + b"x")
    assert wheels.obtain([tiny], DEFAULT)[tiny].read_bytes() == data


def test_without_a_network_the_way_out_is_named(index: Path, tiny: Pin) -> None:
    """One line: which wheel, what pip said, and --wheels. What half arrived is not kept."""
    empty(index)
    with pytest.raises(ConfigurationError) as caught:
        wheels.obtain([tiny], DEFAULT)
    assert str(caught.value).startswith("pip cannot fetch tiny==1.0: ")
    assert str(caught.value).endswith("--wheels")
    assert "\n" not in str(caught.value)
    assert not list((index.parent / "cache" / "litescore" / "wheels").iterdir())


def test_a_wheel_of_other_contents_is_not_taken(index: Path, tiny: Pin) -> None:
    """The index has the version that is asked for, and it is not what the lock knows."""
    with pytest.raises(ConfigurationError, match=r"cannot fetch tiny==1\.0: .*HASH"):
        wheels.obtain([Pin("tiny", "1.0", "0" * 64)], DEFAULT)
    assert not list((index.parent / "cache" / "litescore" / "wheels").iterdir())


def test_wheels_are_those_of_the_target(index: Path) -> None:
    """Another Python, another machine and a newer glibc than Lambda's are not fetched."""
    here = Target("arm64", "3.12")
    pin = Pin("tiny", "1.0", make(index, "cp312-cp312-manylinux_2_34_aarch64"))
    assert wheels.obtain([pin], here)
    empty(index)
    for tag in ("cp313-cp313-manylinux_2_34_aarch64", "cp312-cp312-manylinux_2_34_x86_64"):
        make(index, tag)
    other = Pin("tiny", "1.0", make(index, "cp312-cp312-manylinux_2_35_aarch64"))
    with pytest.raises(ConfigurationError, match=r"pip cannot fetch tiny==1\.0"):
        wheels.obtain([other], here)


def test_a_folder_of_wheels_is_enough(
    index: Path, tiny: Pin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the files are called; nothing goes through pip or the cache."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    (index / "tiny-1.0-py3-none-any.whl").rename(folder / "renamed.whl")
    assert wheels.obtain([tiny], DEFAULT, folder=folder) == {tiny: folder / "renamed.whl"}
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_lacks_one_is_refused(tiny: Pin, tmp_path: Path) -> None:
    """Named are the folder, the wheel and its hash; the index that has it is not asked."""
    with pytest.raises(ConfigurationError) as caught:
        wheels.obtain([tiny], DEFAULT, folder=tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} lacks 1 of the wheels for Python 3.13 on x86_64, or has them with other "
        f"contents: tiny 1.0; the first has SHA-256 {tiny.sha256}"
    )


def test_without_pip_the_ways_out_are_named(tiny: Pin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked for where Python looks; no environment without pip is at hand, so it is hidden."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"`python -m ensurepip`, or .* --wheels$"):
        wheels.obtain([tiny], DEFAULT)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_target_has_its_lock(python: str, arch: str) -> None:
    """What the handler imports, no more; the versions and files of litescore's own lock, but for
    LiteRT on Arm, of which only an older one loads on Lambda.
    """
    pins = {pin.name: pin for pin in lock.read(Target(arch, python))}
    assert list(pins) == ["ai-edge-litert", "numpy", "obstore", "pillow"]
    for name, line in locked.pins(python).items():
        if name not in pins or (name == "ai-edge-litert" and pins[name].version == "2.1.0"):
            continue
        assert f"=={pins[name].version} " in f"{line} "
        if python != "3.14":  # which litescore's lock is not for
            assert pins[name].sha256 in line
    text = (Path(lock.__file__).with_name("locks") / f"python{python}-{arch}.txt").read_text()
    assert "://" not in text
