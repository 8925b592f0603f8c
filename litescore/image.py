"""From image bytes to the model's tensor. The only preprocessing there is.

Training, calibration, batch scoring and the camera all come through here, so that a model sees
the same pixels everywhere. Normalization and channel order are inside the model's graph.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from litescore.contract import Contract
from litescore.errors import PermanentError

Pixels: TypeAlias = Image.Image | NDArray[np.uint8]
Tensor: TypeAlias = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MAX_PIXELS = 50_000_000
MAX_BYTES = 64 * 1024 * 1024

# Below this many pixels a picture is not worth counting: threads times this is little.
_SMALL = 1_000_000
_ORIENTATION = 0x0112  # EXIF 2.32, table 4
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")

# Pillow warns above 89 million pixels and goes on; a warning nobody reads protects nobody.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class PixelBudget:
    """Bounds the pixels being decoded at once by all threads together, and so the memory."""

    def __init__(self, pixels: int = MAX_PIXELS) -> None:
        self._limit = pixels
        self._used = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        """Wait until `pixels` fit in beside the others; a picture alone always fits."""
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + pixels <= self._limit)
            self._used += pixels
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> Image.Image:
    """Encoded image bytes -> an upright 8-bit picture in mode `L` or `RGB`.

    EXIF orientation is applied; CMYK, palette and 16-bit pictures are converted (16-bit scaled to
    0..255); an alpha channel is dropped, as Keras' and torchvision's loaders do; of an animation
    the first frame counts. Size is checked in the header, before pixels are decoded.

    Raises PermanentError: `too-large` (bytes or pixels), `corrupt` (empty, truncated, broken),
    `unsupported` (no picture, or a form that has no 8-bit meaning).
    """
    with _opened(data, max_pixels, max_bytes) as picture:
        return _to_8_bit(_upright(picture))


def decode_to_tensor(
    data: bytes,
    contract: Contract,
    *,
    budget: PixelBudget,
    max_pixels: int = MAX_PIXELS,
    max_bytes: int = MAX_BYTES,
) -> Tensor:
    """`fit(decode(data), contract)`, holding a large picture's pixels from the budget meanwhile."""
    with _opened(data, max_pixels, max_bytes) as picture:
        pixels = picture.width * picture.height
        with budget.hold(pixels) if pixels > _SMALL else nullcontext():
            return fit(_to_8_bit(_upright(picture)), contract)


def fit(pixels: Pixels, contract: Contract) -> Tensor:
    """A picture (or uint8[h, w], [h, w, 1], [h, w, 3]; red first) -> uint8[height, width, channels].

    Colour, size and interpolation are the contract's. A picture that already has them is passed on
    untouched. Raises ValueError for an array that is no picture.
    """
    mode = "L" if contract.color == "gray" else "RGB"
    size = (contract.width, contract.height)
    if isinstance(pixels, np.ndarray):
        if _is_tensor(pixels, contract):
            return pixels.reshape(contract.height, contract.width, contract.channels)
        pixels = _to_picture(pixels)
    picture = pixels if pixels.mode == mode else pixels.convert(mode)
    if picture.size != size:
        picture = _resize(picture, contract)
    return np.asarray(picture, dtype=np.uint8).reshape(*size[::-1], contract.channels)


def encode_png(pixels: Pixels) -> bytes:
    """The picture as PNG bytes."""
    picture = _to_picture(pixels) if isinstance(pixels, np.ndarray) else pixels
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def _opened(data: bytes, max_pixels: int, max_bytes: int) -> Iterator[Image.Image]:
    """The picture with its header read; whatever Pillow raises inside becomes a PermanentError."""
    if not data:
        raise PermanentError("corrupt", "0 bytes")
    if len(data) > max_bytes:
        raise PermanentError("too-large", f"{len(data):,} bytes, the limit is {max_bytes:,}")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _check_pixels(picture, max_pixels)
            yield picture
    except PermanentError:
        raise
    except UnidentifiedImageError:
        raise PermanentError(*_unidentified(data)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PermanentError("too-large", str(error)) from None
    except MemoryError:
        raise PermanentError("too-large", "not enough memory to decode") from None
    except Exception as error:  # noqa: BLE001
        # Pillow's plugins raise OSError, SyntaxError, ValueError, struct.error and others, by
        # what is broken where.
        raise PermanentError("corrupt", _one_line(error)) from None


def _check_pixels(picture: Image.Image, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise PermanentError(
            "too-large", f"{width} x {height} pixels, the limit is {max_pixels:,} in all"
        )


def _unidentified(data: bytes) -> tuple[str, str]:
    magics = {
        b"\xff\xd8\xff": "JPEG",
        b"\x89PNG": "PNG",
        b"GIF8": "GIF",
        b"BM": "BMP",
        b"RIFF": "WEBP",
        b"II*\x00": "TIFF",
        b"MM\x00*": "TIFF",
    }
    for magic, name in magics.items():
        if data.startswith(magic):
            return "corrupt", f"begins like a {name} file and is not one"
    return "unsupported", f"not an image: begins with {data[:8]!r}"


def _upright(picture: Image.Image) -> Image.Image:
    if picture.getexif().get(_ORIENTATION, 1) == 1:
        return picture
    return ImageOps.exif_transpose(picture)


def _to_8_bit(picture: Image.Image) -> Image.Image:
    if picture.mode in ("L", "RGB"):
        picture.load()
        return picture.copy() if picture.readonly else picture
    if picture.mode in _SIXTEEN_BIT:
        return _from_16_bit(picture)
    if picture.mode == "F":
        raise PermanentError("unsupported", "floating-point pixels have no 8-bit meaning")
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode in ("LA", "La"):
        return picture.convert("LA").getchannel(0)
    if picture.mode == "P" or picture.mode in _ALPHA:
        # By way of RGBA: a palette with transparency loses its colours otherwise.
        return picture.convert("RGBA").convert("RGB")
    return picture.convert("RGB")


def _from_16_bit(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise PermanentError("unsupported", "32-bit pixels have no 8-bit meaning")
    return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))


def _is_tensor(pixels: NDArray[np.uint8], contract: Contract) -> bool:
    full = (contract.height, contract.width, contract.channels)
    flat = contract.channels == 1 and pixels.shape == full[:2]
    return pixels.dtype == np.uint8 and (pixels.shape == full or flat)


def _to_picture(pixels: NDArray[np.uint8]) -> Image.Image:
    if pixels.dtype != np.uint8:
        raise ValueError(f"pixels are uint8, not {pixels.dtype}")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3):
        return Image.fromarray(np.ascontiguousarray(pixels))
    raise ValueError(f"an array of shape {pixels.shape} is no picture: [h, w], [h, w, 1 or 3]")


def _resize(picture: Image.Image, contract: Contract) -> Image.Image:
    size = (contract.width, contract.height)
    if contract.resize == "fit-longest":
        inside = ImageOps.contain(picture, size, Image.Resampling.NEAREST).size
        canvas = Image.new(picture.mode, size, _grey(contract.padding, picture.mode))
        place = ((size[0] - inside[0]) // 2, (size[1] - inside[1]) // 2)
        canvas.paste(_scale(picture, inside, None, contract.interpolation), place)
        return canvas
    box = _middle(picture.size, size) if contract.resize == "fit-shortest" else None
    return _scale(picture, size, box, contract.interpolation)


def _grey(value: int, mode: str) -> int | tuple[int, int, int]:
    return value if mode == "L" else (value, value, value)


def _middle(have: tuple[int, int], want: tuple[int, int]) -> tuple[float, float, float, float]:
    """The largest box of the wanted shape in the middle of the picture: left, top, right, bottom."""
    scale = min(have[0] / want[0], have[1] / want[1])
    width, height = want[0] * scale, want[1] * scale
    left, top = (have[0] - width) / 2, (have[1] - height) / 2
    return left, top, left + width, top + height


def _scale(
    picture: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None,
    interpolation: str,
) -> Image.Image:
    if interpolation == "bilinear-antialias":
        return picture.resize(size, Image.Resampling.BILINEAR, box)
    return _scale_without_antialias(picture, size, box or (0, 0, *picture.size))


def _scale_without_antialias(
    picture: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]
) -> Image.Image:
    """tf.image.resize(antialias=False): two neighbours each way, half-pixel centres."""
    values = np.asarray(picture, dtype=np.float32)
    left, right, across = _neighbours(size[0], box[0], box[2], picture.width)
    upper, lower, down = _neighbours(size[1], box[1], box[3], picture.height)
    shape = (-1, 1, 1) if values.ndim == 3 else (-1, 1)
    rows = values[upper] + (values[lower] - values[upper]) * down.reshape(shape)
    across = across.reshape(shape[1:])
    mixed = rows[:, left] + (rows[:, right] - rows[:, left]) * across
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def _neighbours(
    count: int, start: float, end: float, limit: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    centres = start + (np.arange(count) + 0.5) * ((end - start) / count) - 0.5
    first = np.floor(centres).astype(np.intp)
    share = (centres - first).astype(np.float32)
    return np.clip(first, 0, limit - 1), np.clip(first + 1, 0, limit - 1), share


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
