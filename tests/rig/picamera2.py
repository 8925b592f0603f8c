"""The real picamera2, without a camera: its own wheel, over a stand-in for libcamera.

The package is pure Python; what it imports that is not, or serves encoders and windows only, is
stood in for: libcamera (see `tests.rig.libcamera`), the DMA heap's device, prctl, pidng, simplejpeg
and kms. It is fetched once, by version and hash.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.rig import libcamera
from tests.rig.cache import cached
from tests.rig.needs import lack

_PINS = """\
picamera2==0.3.38 --hash=sha256:ecf34dfb6c987d2c0948debeb3762a27755d5befc674fe210c3fd2ad8e3cd6cc
videodev2==0.0.4 --hash=sha256:d35f7ab39ddb06d50fec96a99bfc8d5b8b525bc7ea03788259d386393f1a64ba
piexif==1.1.3 --hash=sha256:3bc435d171720150b81b15d27e05e54b8abbde7b4242cddd81ef160d283108b6
"""
# name -> what is imported from it by name; nothing of it is ever called.
_UNUSED = {
    "prctl": (),
    "simplejpeg": (),
    "pidng": (),
    "pidng.camdefs": ("Picamera2Camera",),
    "pidng.core": ("PICAM2DNG",),
    "pykms": (),
}
_DISPLAY_FORMATS = (
    "RGB888", "BGR888", "XRGB8888", "XBGR8888", "YUV420", "YVU420", "NV12", "NV21", "YUYV", "UYVY",
)  # fmt: skip


@contextmanager
def installed(platform: str) -> Iterator[libcamera.CameraManager]:
    """picamera2 importable until the block ends, on a `VC4` (Pi 4 and older) or `PISP` (Pi 5); the
    cameras that it sees. Skips where the package cannot be had.
    """
    site = cached("picamera2-0.3.38", _fetch)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        for name, names in _UNUSED.items():
            module: Any = ModuleType(name)
            vars(module).update(dict.fromkeys(names, object))
            patch.setitem(sys.modules, name, module)
        vars(sys.modules["pykms"])["PixelFormat"] = SimpleNamespace(
            **dict.fromkeys(_DISPLAY_FORMATS)
        )
        patch.setitem(sys.modules, "libcamera", libcamera)
        patch.setattr(libcamera.CameraManager, "_one", None)
        try:
            _prepare(patch, platform)
            yield libcamera.CameraManager.singleton()
        finally:
            for name in [name for name in sys.modules if name.partition(".")[0] == "picamera2"]:
                del sys.modules[name]


def _prepare(patch: pytest.MonkeyPatch, platform: str) -> None:
    import picamera2
    from picamera2.allocators import dmaallocator

    kind = picamera2.Platform[platform]
    patch.setattr(sys.modules["picamera2.platform"], "_platform", kind)
    patch.setattr(picamera2.Picamera2, "platform", kind)
    patch.setattr(dmaallocator, "DmaHeap", _Heap)
    patch.setattr(dmaallocator, "fcntl", SimpleNamespace(ioctl=lambda *_: 0))


class _Heap:
    """Memory for buffers, of the kernel's ordinary kind."""

    def alloc(self, name: str, size: int) -> Any:
        number = os.memfd_create(name)
        os.truncate(number, size)
        return SimpleNamespace(get=lambda: number, isValid=lambda: True)

    def close(self) -> None: ...


def _fetch(folder: Path) -> None:
    pins, wheels = folder / "pins.txt", folder / "wheels"
    pins.write_text(_PINS)
    words = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    pip = [sys.executable, "-m", "pip", "download", *words]
    done = subprocess.run(
        [*pip, "--dest", wheels, "--requirement", pins], capture_output=True, text=True
    )
    if done.returncode:
        lack(f"picamera2 cannot be fetched: {done.stderr.strip().splitlines()[-1]}")
    for wheel in wheels.iterdir():
        with zipfile.ZipFile(wheel) as contents:
            contents.extractall(folder)
