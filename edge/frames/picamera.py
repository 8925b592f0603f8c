"""Raspberry Pi cameras on the CSI port. The only import of picamera2.

picamera2 comes from apt (`python3-picamera2`) and needs libcamera; it is in no extra. The image
signal processor scales: nothing larger than needed reaches Python. Its scaling is its own, so that
a frame is not bit for bit what `litescore.image` would have made of the full picture.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.contract import Contract
from litescore.errors import ConfigurationError

# The format whose arrays have red first: libcamera names formats by their bytes from the end.
_RED_FIRST = "BGR888"
# Below this the processors' own limits come near, and a resize of so little costs nothing.
_SHORTEST = 96


class PiCamera:
    """The first CSI camera, with a stream near the model's input size.

    Raises ConfigurationError where picamera2 or a camera is missing, or the camera is taken.
    """

    def __init__(self, contract: Contract) -> None:
        picamera2 = _import_picamera2()
        if not picamera2.Picamera2.global_camera_info():
            raise ConfigurationError(
                "picamera: no camera is connected; `rpicam-hello --list-cameras` lists them"
            )
        on_pi_5 = picamera2.get_platform() == picamera2.Platform.PISP
        try:
            self._camera = picamera2.Picamera2()
            sensor = self._camera.sensor_resolution
            self._stream, streams = _streams(stream_size(sensor, contract), on_pi_5=on_pi_5)
            self._start(streams)
        except RuntimeError as error:
            raise ConfigurationError(f"picamera: {error}; is another program using it?") from error

    def read(self) -> NDArray[np.uint8] | None:
        """The next picture as uint8[height, width, 3], red first."""
        pixels: NDArray[np.uint8] = self._camera.capture_array(self._stream)
        return pixels

    def close(self) -> None:
        self._camera.close()

    def _start(self, streams: dict[str, Any]) -> None:
        # Half the resolution is the mode that every Pi sensor reads from its whole field of view
        # and still fast; left alone, picamera2 takes the mode nearest to the small stream, which
        # on some sensors is a window in the middle.
        width, height = self._camera.sensor_resolution
        # Without a queue the next frame is a new one, never one that waited.
        configuration = self._camera.create_video_configuration(
            **streams, queue=False, sensor={"output_size": (width // 2, height // 2)}
        )
        self._camera.configure(configuration)
        self._camera.start()


def stream_size(sensor: tuple[int, int], contract: Contract) -> tuple[int, int]:
    """(width, height) of the smallest even stream in the sensor's shape that covers the input.

    The sensor's shape, since libcamera crops to any other; how the picture becomes the model's
    shape is the contract's to say.
    """
    width, height = sensor
    scale = max(contract.width / width, contract.height / height, _SHORTEST / min(width, height))
    return min(_even(width * scale), width), min(_even(height * scale), height)


def _even(length: float) -> int:
    # Up; what is even but for rounding stays.
    return 2 * ceil(length / 2 - 1e-6)


def _streams(size: tuple[int, int], *, on_pi_5: bool) -> tuple[str, dict[str, Any]]:
    """The stream to read and picamera2's streams: `lores` on a Pi 5, a small `main` before it.

    A `lores` stream on a Pi 4 and older must be YUV.
    """
    small = {"size": size, "format": _RED_FIRST}
    if on_pi_5:
        return "lores", {"main": {}, "lores": small}
    return "main", {"main": small}


def _import_picamera2() -> Any:
    try:
        import picamera2
    except ImportError as error:
        raise ConfigurationError(
            f"picamera2 cannot be imported ({error}): sudo apt install python3-picamera2, and make "
            "the environment with --system-site-packages"
        ) from None
    return picamera2
