"""Raspberry Pi cameras on the CSI port. The only import of picamera2.

picamera2 comes from apt (`python3-picamera2`) and needs libcamera; it is in no extra. The image
signal processor scales: nothing larger than needed reaches Python. Its scaling is its own, so that
a frame is not bit for bit what `litescore.image` would have made of the full picture.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.frames.camera import Shot
from litescore.contract import Contract
from litescore.errors import ConfigurationError, UsageError
from litescore.view import format_region

# The format whose arrays have red first: libcamera names formats by their bytes from the end.
_RED_FIRST = "BGR888"
# Below this the processors' own limits come near, and a resize of so little costs nothing.
_SHORTEST = 96


class PiCamera:
    """A CSI camera, with a stream near the model's input size.

    number    0 for the first camera
    size      (width, height) of the stream instead of the one near the input; libcamera crops what
              is of another shape than the sensor
    fps       frames a second; picamera2's 30 without
    patience  seconds to wait for a frame

    Raises ConfigurationError where picamera2 or the camera is missing, or the camera is taken.
    """

    def __init__(
        self,
        contract: Contract,
        number: int = 0,
        size: tuple[int, int] | None = None,
        fps: float | None = None,
        patience: float = 10.0,
    ) -> None:
        self._patience = patience
        picamera2 = import_picamera2()
        _check(number, picamera2.Picamera2.global_camera_info())
        on_pi_5 = picamera2.get_platform() == picamera2.Platform.PISP
        try:
            self._camera = picamera2.Picamera2(number)
        except RuntimeError as error:
            raise ConfigurationError(f"picamera: {error}; is another program using it?") from error
        with ExitStack() as failed:
            failed.callback(self._camera.close)
            wanted = size or stream_size(self._camera.sensor_resolution, contract)
            self._stream, streams = _streams(wanted, on_pi_5=on_pi_5)
            self._start(streams, {"FrameRate": fps} if fps else {})
            failed.pop_all()
        given = self._camera.camera_configuration()[self._stream]["size"]
        self.note = _difference(wanted, given)

    def read(self) -> Shot | None:
        """The next picture, and when the sensor began it. Raises TimeoutError."""
        request = self._camera.capture_request(wait=self._patience)
        try:
            pixels: NDArray[np.uint8] = request.make_array(self._stream)
            stamp = request.get_metadata().get("SensorTimestamp")
        finally:
            request.release()
        now = time.monotonic()
        # Nanoseconds since boot.
        taken = now if stamp is None else stamp / 1e9
        return Shot(pixels, taken if 0 <= now - taken < 60 else now)

    def close(self) -> None:
        """Stop the stream and free the camera for others."""
        self._camera.close()

    def _start(self, streams: dict[str, Any], controls: dict[str, float]) -> None:
        # Half the resolution is the mode that every Pi sensor reads from its whole field of view
        # and still fast; left alone, picamera2 takes the mode nearest to the small stream, which
        # on some sensors is a window in the middle.
        width, height = self._camera.sensor_resolution
        # Without a queue the next frame is a new one, never one that waited.
        configuration = self._camera.create_video_configuration(
            **streams,
            queue=False,
            controls=controls,
            sensor={"output_size": (width // 2, height // 2)},
        )
        try:
            self._camera.configure(configuration)
            self._camera.start()
        except RuntimeError as error:
            raise ConfigurationError(f"picamera: {error}") from error


def stream_size(sensor: tuple[int, int], contract: Contract) -> tuple[int, int]:
    """(width, height) of the smallest even stream in the sensor's shape whose part that the model
    sees, the view's region, covers the input; all of the sensor where that is too little.

    The sensor's shape, since libcamera crops to any other; how the picture becomes the model's
    shape is the contract's to say. Raises UsageError for a region in pixels: it says of no picture
    how large it is.
    """
    view = contract.view
    region = view.region or (0.0, 0.0, 1.0, 1.0)
    if all(isinstance(number, int) for number in region):
        raise UsageError(
            f"the region {format_region(region)} is in pixels of pictures of one size: name it with "
            "--size, or give the region in fractions"
        )
    width, height = sensor
    across, down = view.turned(sensor)
    scale = max(
        contract.width / (across * region[2]),
        contract.height / (down * region[3]),
        _SHORTEST / min(sensor),
    )
    return min(_even(width * scale), width), min(_even(height * scale), height)


def import_picamera2() -> Any:
    """picamera2. Raises ConfigurationError that says how to install it."""
    try:
        import picamera2
    except ImportError as error:
        raise ConfigurationError(
            f"picamera2 cannot be imported ({error}): sudo apt install python3-picamera2, and make "
            "the environment with --system-site-packages"
        ) from None
    return picamera2


def _even(length: float) -> int:
    # Up; what is even but for rounding stays.
    return 2 * ceil(length / 2 - 1e-6)


def _streams(size: tuple[int, int], *, on_pi_5: bool) -> tuple[str, dict[str, Any]]:
    """The stream to read and picamera2's streams: `lores` on a Pi 5, a small `main` before it.

    A `lores` stream on a Pi 4 and older must be YUV. On a Pi 5 it shows what `main` shows, scaled
    to its own shape: `main` must have the same, or the picture is squeezed.
    """
    small = {"size": size, "format": _RED_FIRST}
    if on_pi_5:
        return "lores", {"main": {"size": size}, "lores": small}
    return "main", {"main": small}


def _check(number: int, cameras: list[Any]) -> None:
    if not cameras:
        raise ConfigurationError(
            "picamera: no camera is connected; `rpicam-hello --list-cameras` lists them"
        )
    if number >= len(cameras):
        last = len(cameras) - 1
        raise ConfigurationError(
            f"picamera:{number}: no such camera, the last is picamera:{last}; "
            "`rpicam-hello --list-cameras` lists them"
        )


def _difference(wanted: tuple[int, int], given: tuple[int, int]) -> str | None:
    if tuple(given) == tuple(wanted):
        return None
    return f"the camera gives {given[0]}x{given[1]}, {wanted[0]}x{wanted[1]} was asked for"
