"""libcamera's Python bindings, as far as picamera2 calls them, over a camera that films one colour.

The real ones need a sensor to stream anything. What this one knows of the real one's ways: buffers
hold a format's letters from the last to the first (its name lists a pixel's bits from the highest),
rows are padded, frames come at the rate that `FrameDurationLimits` says and bear the time at which
their exposure began. picamera2 sees a Raspberry Pi's camera with the modes of an IMX219.
"""

from __future__ import annotations

import mmap
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from types import SimpleNamespace
from typing import Any

_libcamera = sys.modules[__name__]

MODES = ((640, 480), (1640, 1232), (1920, 1080), (3280, 2464))
ALIGNMENT = 64  # bytes, of a Pi 5; a Pi 4 has 32
CHANNELS = {"R": 0, "G": 1, "B": 2}


class Transform:
    def __init__(self, other: Transform | None = None, **words: int) -> None:
        for name in ("hflip", "vflip", "transpose"):
            setattr(self, name, bool(words.get(name, getattr(other, name, False))))

    def __str__(self) -> str:
        return str(vars(self))


class ColorSpace:
    YcbcrEncoding = Enum("YcbcrEncoding", ["Null", "Rec601", "Rec709"])
    Range = Enum("Range", ["Full", "Limited"])

    def __init__(self, other: ColorSpace | str) -> None:
        known = vars(other) if isinstance(other, ColorSpace) else {"primaries": other}
        self.primaries = self.transferFunction = None
        self.ycbcrEncoding: Any = self.YcbcrEncoding.Rec601
        self.range: Any = self.Range.Limited
        vars(self).update(known)

    def __str__(self) -> str:
        return str(self.primaries)


for _name in ("Sycc", "Smpte170m", "Rec709", "Raw"):
    setattr(ColorSpace, _name, staticmethod(lambda name=_name: ColorSpace(name)))

Orientation = Enum(
    "Orientation",
    [f"Rotate{turn}{mirror}" for turn in (0, 90, 180, 270) for mirror in ("", "Mirror")],
)
StreamRole = Enum("StreamRole", ["Raw", "StillCapture", "VideoRecording", "Viewfinder"])
ControlType = Enum("ControlType", ["Integer64", "Rectangle", "Size"])


@dataclass
class Size:
    width: int
    height: int

    def to_tuple(self) -> tuple[int, int]:
        return self.width, self.height


@dataclass
class Rectangle:
    x: int
    y: int
    width: int
    height: int

    def to_tuple(self) -> tuple[int, int, int, int]:
        return self.x, self.y, self.width, self.height


@dataclass(frozen=True)
class PixelFormat:
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ControlId:
    name: str
    type: ControlType = ControlType.Integer64


controls = SimpleNamespace(
    draft=SimpleNamespace(
        NoiseReductionModeEnum=Enum("NoiseReductionModeEnum", ["Fast", "Minimal"])
    ),
    **{
        name: ControlId(name)
        for name in ("ExposureTime", "ExposureTimeMode", "AnalogueGain", "AnalogueGainMode")
    },
)
controls.draft.NoiseReductionModeEnum.HighQuality = controls.draft.NoiseReductionModeEnum.Minimal
Request = SimpleNamespace(Status=Enum("Status", ["Pending", "Complete", "Cancelled"]))
FrameMetadata = SimpleNamespace(Status=Enum("Status", ["Success", "Error"]))


class FrameBuffer:
    @dataclass
    class Plane:
        fd: int = -1
        offset: int = 0
        length: int = 0

    def __init__(self, planes: list[Plane]) -> None:
        self.planes = planes
        self.metadata = SimpleNamespace(status=FrameMetadata.Status.Success)


class SensorConfiguration:
    bit_depth = 0
    output_size = Size(0, 0)


class StreamConfiguration:
    def __init__(self, role: StreamRole) -> None:
        self.size = Size(640, 480)
        self.pixel_format = PixelFormat("SRGGB10" if role is StreamRole.Raw else "XBGR8888")
        self.buffer_count = 4
        self.stride = 0
        self.color_space: ColorSpace | None = None
        self.stream = self
        self.formats = SimpleNamespace(
            pixel_formats=[PixelFormat("SRGGB10")], sizes=lambda _: [Size(*mode) for mode in MODES]
        )

    @property
    def frame_size(self) -> int:
        return self.stride * self.size.height

    def pad(self) -> None:
        bits = 16 if self.pixel_format.name.startswith("S") else _bits(self.pixel_format.name)
        self.stride = -(-self.size.width * bits // 8 // ALIGNMENT) * ALIGNMENT


class CameraConfiguration:
    Status = Enum("Status", ["Valid", "Adjusted", "Invalid"])

    def __init__(self, roles: list[StreamRole]) -> None:
        self._streams = [StreamConfiguration(role) for role in roles]
        self.orientation: Any = None
        self.sensor_config: SensorConfiguration | None = None

    def at(self, index: int) -> StreamConfiguration:
        return self._streams[index]

    def __iter__(self) -> Iterator[StreamConfiguration]:
        return iter(self._streams)

    def validate(self) -> Any:
        for stream in self._streams:
            stream.pad()
        return self.Status.Valid


@dataclass
class _Request:
    cookie: int
    give_back: Callable[[_Request], None]
    buffers: dict[Any, FrameBuffer] = field(default_factory=dict)
    status: Any = Request.Status.Pending
    metadata: dict[ControlId, int] = field(default_factory=dict)

    def add_buffer(self, stream: Any, buffer: FrameBuffer) -> None:
        self.buffers[stream] = buffer

    def reuse(self) -> None:
        self.status = Request.Status.Pending

    def set_control(self, *_: object) -> None: ...


class Camera:
    """Films `color` (red, green, blue; 0..255) while it is `plugged`."""

    def __init__(self, name: str) -> None:
        self.id = f"/base/soc/i2c0mux/{name}"
        self.color = (255, 0, 0)
        self.plugged = True
        self.configured: Any = None
        self.asked: dict[str, Any] = {}
        self.made: list[float] = []
        self._taken = False
        self._queue: list[_Request] = []
        self._ready: list[_Request] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.properties = {
            ControlId("Model"): "imx219",
            ControlId("ColorFilterArrangement"): 0,
        }
        whole = Rectangle(0, 0, 3280, 2464)
        limits = {
            "FrameDurationLimits": (100, 1_000_000, 33_333),
            "NoiseReductionMode": (0, 4, 0),
            "ScalerCrop": (whole, whole, whole),
        }
        self.controls = {
            ControlId(name): SimpleNamespace(min=low, max=high, default=usual)
            for name, (low, high, usual) in limits.items()
        }

    def acquire(self) -> None:
        if self._taken:
            raise RuntimeError("failed to acquire camera: Device or resource busy")
        self._taken = True

    def release(self) -> None:
        self._taken = False

    def generate_configuration(self, roles: list[StreamRole]) -> CameraConfiguration:
        return CameraConfiguration(roles)

    def configure(self, configuration: CameraConfiguration) -> int:
        self.configured = configuration
        return 0

    def create_request(self, cookie: int) -> _Request:
        return _Request(cookie, self._queue.append)

    def queue_request(self, request: _Request) -> None:
        self._queue.append(request)

    def start(self, asked: dict[ControlId, Any]) -> None:
        self.asked = {control.name: value for control, value in asked.items()}
        self._stop.clear()
        self._thread = threading.Thread(target=self._film, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join()
        self._queue.clear()

    def _film(self) -> None:
        step = self.asked["FrameDurationLimits"][0] / 1e6
        while not self._stop.wait(step):
            if self.plugged and self._queue:
                request = self._queue.pop(0)
                stamp = time.monotonic_ns() - int(step * 1e9)
                request.metadata = {
                    ControlId("SensorTimestamp"): stamp,
                    ControlId("ExposureTime"): 1000,
                }
                for stream, buffer in request.buffers.items():
                    if not stream.pixel_format.name.startswith("S"):
                        _paint(stream, buffer, self.color)
                request.status = Request.Status.Complete
                self._ready.append(request)
                os.eventfd_write(CameraManager.singleton().event_fd, 1)

    def ready(self) -> list[_Request]:
        found, self._ready = self._ready, []
        return found


class CameraManager:
    """The machine's cameras; tests plug in what they need."""

    _one: CameraManager | None = None

    def __init__(self) -> None:
        self.cameras = [Camera("imx219@10")]
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK)

    @classmethod
    def singleton(cls) -> CameraManager:
        cls._one = cls._one or cls()
        return cls._one

    def get_ready_requests(self) -> list[_Request]:
        try:
            os.eventfd_read(self.event_fd)
        except BlockingIOError:
            return []
        return [request for camera in self.cameras for request in camera.ready()]


def _letters(name: str) -> str:
    """A format's channels in the order of their bytes: BGR888 has red first."""
    found = re.fullmatch(r"([XRGB]+)(8+)", name)
    assert found, name
    return found[1][::-1]


def _bits(name: str) -> int:
    return 8 * len(_letters(name))


def _paint(stream: StreamConfiguration, buffer: FrameBuffer, color: tuple[int, int, int]) -> None:
    pixel = bytes(
        color[CHANNELS[letter]] if letter in CHANNELS else 255
        for letter in _letters(stream.pixel_format.name)
    )
    row = (pixel * stream.size.width).ljust(stream.stride, b"\x77")
    with mmap.mmap(buffer.planes[0].fd, stream.frame_size) as memory:
        memory[:] = row * stream.size.height
