"""From the words of `--source` to a source. Nothing is opened here that would have to be closed."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from edge.device import Device
from edge.frames import Source
from edge.frames.camera import Open
from edge.frames.capture import import_cv2
from edge.frames.clip import Clip
from edge.frames.files import ImageFiles
from edge.frames.live import LiveCamera
from edge.frames.options import (
    CLIP,
    DEVICE,
    FOLDER,
    HUNG_AFTER,
    PI_CAMERA,
    STREAM,
    SourceOptions,
)
from edge.frames.picamera import PiCamera, import_picamera2
from edge.frames.recovery import Recovery, Say
from edge.frames.stream import PORTS, StreamCamera, shown, with_credentials
from edge.frames.v4l2 import DEVICES, V4l2Camera
from litescore.contract import Contract
from litescore.errors import ConfigurationError, UsageError
from litescore.image import SUFFIXES
from litescore.settings import Settings

_PICAMERA = re.compile(r"picamera(?::(\d+))?")
_KINDS = (
    "a folder of images, a video file, a camera (0, /dev/video0, picamera) or the URL of one "
    "(rtsp://, http://)"
)
_HEAD = 4096


def choose(
    options: SourceOptions,
    contract: Contract,
    device: Device,
    settings: Settings,
    say: Say = lambda _: None,
) -> Source:
    """The source that `options` name: a CSI camera (`picamera`), a V4L2 device (`0`), a network
    camera (`rtsp://...`), a folder of images, an image or a video file. `contract` says near which
    size a Pi camera scales; `say` tells a person when a camera is lost, and when it is back.

    Raises ConfigurationError for what is not there (of a camera, its `frames` do), UsageError for
    words of another kind, a folder without images and options that the source cannot honour,
    MissingDependency without OpenCV.
    """
    words, kind = options.words, checked_kind(options)
    opened: Open
    if found := _PICAMERA.fullmatch(words):
        import_picamera2()
        number = int(found[1] or 0)
        patience = options.hung_after or HUNG_AFTER
        opened = partial(PiCamera, contract, number, options.size, options.fps, patience)
        return _live(words, opened, device, options, say)
    if kind == STREAM:
        return _stream(options, device, say)
    path = _path(words)
    if kind == DEVICE:
        import_cv2()
        opened = partial(V4l2Camera, path, options.size, options.fps)
        return _live(str(path), opened, device, options, say)
    if kind == FOLDER:
        return ImageFiles(path, settings, loop=bool(options.loop))
    _check_clip(path)
    return Clip(path, loop=bool(options.loop), real_time=options.real_time)


def checked_kind(options: SourceOptions) -> str:
    """Which of KINDS the options name, proven to honour them all; it need not be there.

    Raises UsageError for a URL of another kind and for options that the source cannot honour.
    """
    kind = _kind(options.words)
    options.check(kind)
    if kind == STREAM:
        with_credentials(options.words)
    return kind


def is_camera(words: str) -> bool:
    """Whether `--source WORDS` is a camera, near or far, and neither folder nor file.

    Raises UsageError for a URL of another kind.
    """
    return _kind(words) in (PI_CAMERA, STREAM, DEVICE)


def _kind(words: str) -> str:
    if _PICAMERA.fullmatch(words):
        return PI_CAMERA
    scheme, separator, _ = words.partition("://")
    if separator:
        if scheme.lower() not in PORTS:
            raise UsageError(f"--source {shown(words)}: such URLs are no source; name {_KINDS}")
        return STREAM
    path = _path(words)
    if _is_device(path):
        return DEVICE
    # What is not there yet may be either: a clip is refused fewer options.
    return FOLDER if path.is_dir() or path.suffix.lower() in SUFFIXES else CLIP


def _path(words: str) -> Path:
    return Path(f"/dev/video{words}" if words.isdecimal() else words)


def _is_device(path: Path) -> bool:
    return path.is_char_device() or (DEVICES in path.parents and not path.exists())


def _stream(options: SourceOptions, device: Device, say: Say) -> LiveCamera:
    import_cv2()
    url = with_credentials(options.words)
    opened = partial(StreamCamera, url, options.hung_after or HUNG_AFTER)
    return _live(shown(url), opened, device, options, say)


def _live(name: str, opened: Open, device: Device, options: SourceOptions, say: Say) -> LiveCamera:
    recovery = Recovery(
        hung_after=options.hung_after or HUNG_AFTER, wait_at_start=options.wait_for_source
    )
    return LiveCamera(name, opened, device, recovery, say)


def _check_clip(path: Path) -> None:
    if not path.is_file():
        raise ConfigurationError(f"no source {path}: name {_KINDS}")
    with path.open("rb") as file:
        # FFmpeg plays text as a film of a terminal; no video begins without a zero byte.
        if b"\0" not in file.read(_HEAD):
            raise ConfigurationError(f"{path} is no video: name {_KINDS}")
