"""From the words of `--source` to a source. Nothing is opened here that would have to be closed."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from edge.device import Device
from edge.frames import Source
from edge.frames.capture import OpenCvCapture
from edge.frames.clip import Clip
from edge.frames.files import ImageFiles
from edge.frames.live import Camera, LiveCamera
from edge.frames.picamera import PiCamera
from litescore.contract import Contract
from litescore.errors import ConfigurationError, UsageError
from litescore.image import SUFFIXES
from litescore.settings import Settings
from litescore.shards import is_shard
from litescore.sources import subjects

PICAMERA = "picamera"
_KINDS = f"a folder of images, a video file, a camera (0, /dev/video0) or {PICAMERA}"
_DEVICES = Path("/dev")
_HEAD = 4096


def choose(words: str, contract: Contract, device: Device, settings: Settings) -> Source:
    """The source that `words` name: `picamera`, a V4L2 device (`0`, `/dev/video0`), a folder of
    images, an image or a video file. `contract` says near which size a Pi camera scales.

    Raises ConfigurationError for what is not there, UsageError for words of another kind and for
    a folder without images.
    """
    if words == PICAMERA:
        return LiveCamera(PICAMERA, partial(PiCamera, contract), device)
    if "://" in words:
        raise UsageError(f"--source {words}: URLs are no source; name {_KINDS}")
    path = Path(f"/dev/video{words}" if words.isdecimal() else words)
    if path.is_char_device() or (path.parent == _DEVICES and not path.exists()):
        _check_device(path)
        return LiveCamera(str(path), partial(_open_device, path), device)
    if path.is_dir() or path.suffix.lower() in SUFFIXES:
        pictures = [one for one in subjects([str(path)]) if not is_shard(one.source)]
        return ImageFiles(pictures, settings)
    return _clip(path)


def _clip(path: Path) -> Clip:
    if not path.is_file():
        raise ConfigurationError(f"no source {path}: name {_KINDS}")
    with path.open("rb") as file:
        # FFmpeg plays text as a film of a terminal; no video begins without a zero byte.
        if b"\0" not in file.read(_HEAD):
            raise ConfigurationError(f"{path} is no video: name {_KINDS}")
    return Clip(path)


def _check_device(path: Path) -> None:
    if not path.exists():
        there = ", ".join(str(found) for found in sorted(_DEVICES.glob("video*"))) or "none"
        raise ConfigurationError(
            f"no camera {path} (there: {there}); `v4l2-ctl --list-devices` lists them"
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise ConfigurationError(
            f"not allowed to use {path}: sudo usermod -aG video $USER, and log in again"
        )


def _open_device(path: Path) -> Camera:
    try:
        return OpenCvCapture(path)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error}: another program may be using it, or it is no camera; "
            "`v4l2-ctl --list-devices` lists them"
        ) from error
