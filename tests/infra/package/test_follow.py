"""What looks at signatures, in the zip and the container that are to follow a channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.package import container, contents, elf, lock, wheels
from infra.package.target import ARCHITECTURES, DEFAULT, PYTHONS, Target
from tests.rig import locked

FILES = {"cryptography/hazmat/bindings/_rust.abi3.so"}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_target_has_its_lock(python: str, arch: str) -> None:
    """cryptography and what it loads; the versions and files of litescore's own lock."""
    target = Target(arch, python)
    pins = lock.signatures(target)
    assert [pin.name for pin in pins] == ["cffi", "cryptography"]
    assert lock.read(target, follow=True) == lock.read(target) + pins
    for pin in pins:
        line = locked.pins(python)[pin.name]
        assert f"=={pin.version} " in line
        if python != "3.14" or pin.name == "cryptography":  # litescore's lock is not for 3.14
            assert pin.sha256 in line


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_it_would_load_on_lambda(arch: str) -> None:
    """Its objects ask for nothing that the system there lacks; what compiles stays out."""
    target = Target(arch, DEFAULT.python)
    found = wheels.obtain(lock.signatures(target), target)
    files = {
        place: data
        for pin, path in found.items()
        for place, data in contents.of_wheel(pin, path).files.items()
    }
    objects = elf.objects(files)
    assert len(objects) == 2
    elf.check(objects, target)
    assert files.keys() >= FILES
    assert not [place for place in files if place.startswith("cffi/")]
    assert sum(map(len, files.values())) < 20_000_000


def test_a_container_has_it_where_it_is_asked_for(int8_model: Path, tmp_path: Path) -> None:
    """By hash, as all that it is built of."""
    texts = [
        (
            container.write(
                int8_model, tmp_path / str(follow), target=DEFAULT, runtime="litert", follow=follow
            )
            / "requirements.txt"
        ).read_text()
        for follow in (False, True)
    ]
    more = "".join(f"{pin.line}\n" for pin in lock.signatures(Target("x86_64", "3.13")))
    assert texts[1] == texts[0] + more
