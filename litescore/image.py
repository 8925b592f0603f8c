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
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from litescore import jpeg, tiff
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.resize import Part, part, resize

Pixels: TypeAlias = Image.Image | NDArray[np.uint8]
Tensor: TypeAlias = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MAX_PIXELS = 50_000_000
MAX_BYTES = 64 * 1024 * 1024

# Below this many pixels a picture is not worth counting: threads times this is little.
_SMALL = 1_000_000
_ORIENTATION = 0x0112  # EXIF 2.32, table 4
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Orientations by which the picture's last column becomes its first, its last row, and width height.
_FROM_THE_RIGHT, _FROM_BELOW, _SIDEWAYS = (2, 3, 6, 7), (3, 4, 7, 8), (5, 6, 7, 8)
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")

# Pillow warns above 89 million pixels and goes on; a warning nobody reads protects nobody.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# Odd EXIF beside good pixels is none of the user's business.
warnings.filterwarnings("ignore", module=r"PIL\.TiffImagePlugin")


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
    """Encoded image bytes -> uint8[height, width, channels], the one way for a contract's tensors.

    It is `fit(decode(data), contract)`, but that a large JPEG is decoded at a fraction of its size
    where the contract says `scaled`. The pixels of a large picture are held from the budget
    meanwhile. Raises PermanentError as `decode` does.
    """
    with _opened(data, max_pixels, max_bytes) as picture:
        pixels = picture.width * picture.height
        seen = _scaled(picture, contract) if contract.jpeg == "scaled" else None
        if seen is not None and not jpeg.is_gathered(data):
            pixels = picture.width * picture.height
        with budget.hold(pixels) if pixels > _SMALL else nullcontext():
            return _fitted(_to_8_bit(_upright(picture)), contract, seen)


def fit(pixels: Pixels, contract: Contract) -> Tensor:
    """A picture (or uint8[h, w], [h, w, 1], [h, w, 3]; red first) -> uint8[height, width, channels].

    Colour, size and interpolation are the contract's. A picture that already has them is passed on
    untouched. Raises ValueError for an array that is no picture.
    """
    if isinstance(pixels, np.ndarray):
        if _is_tensor(pixels, contract):
            return pixels.reshape(contract.height, contract.width, contract.channels)
        pixels = _to_picture(pixels)
    return _fitted(pixels, contract)


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
            if jpeg.is_jpeg(picture):
                jpeg.check_scans(data)
            if picture.format == "TIFF":
                tiff.check_tiles(data, picture.width * picture.height)
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


def _fitted(picture: Image.Image, contract: Contract, seen: Part | None = None) -> Tensor:
    mode = "L" if contract.color == "gray" else "RGB"
    size = (contract.width, contract.height)
    picture = picture if picture.mode == mode else picture.convert(mode)
    if picture.size != size:
        picture = resize(picture, contract, seen)
    # Half of what np.asarray costs, which asks the picture for its bytes in a roundabout way.
    return np.frombuffer(picture.tobytes(), np.uint8).reshape(*size[::-1], contract.channels)


def _scaled(picture: Image.Image, contract: Contract) -> Part | None:
    """Have a JPEG decoded no larger than it must be: what the model then sees of it, once upright;
    None for what is decoded in full.
    """
    # Of others the orientation may stand behind the pixels, which would be decoded to come to it.
    if not jpeg.is_jpeg(picture):
        return None
    orientation = _orientation(picture)
    swap = orientation in _SIDEWAYS
    full = _swapped(picture.size, swap)
    seen = part(full, contract)
    scale = next((one for one in jpeg.SCALES if one <= seen.reserve), 1)
    if scale == 1 or not jpeg.shrink(picture, scale):
        return None
    # Rounded up: the last column and row are but partly the picture's, wherever they are turned.
    width, height = _swapped(picture.size, swap)
    right = width - full[0] / scale if orientation in _FROM_THE_RIGHT else 0
    down = height - full[1] / scale if orientation in _FROM_BELOW else 0
    return seen.scaled(scale, (right, down))


def _swapped(size: tuple[int, int], swap: bool) -> tuple[int, int]:
    return (size[1], size[0]) if swap else size


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
    picture.load()
    turn = _TURNS.get(_orientation(picture))
    return picture if turn is None else picture.transpose(turn)


def _orientation(picture: Image.Image) -> Any:
    """1 to 8; anything else where the picture says so."""
    try:
        return picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001
        # Whatever a broken EXIF block raises, the pixels beside it are whole.
        return 1


def _to_8_bit(picture: Image.Image) -> Image.Image:
    if picture.mode in ("L", "RGB"):
        return picture
    if picture.mode in _SIXTEEN_BIT:
        return _from_16_bit(picture)
    if picture.mode == "F":
        raise PermanentError("unsupported", "floating-point pixels have no 8-bit meaning")
    if picture.mode in ("1", "LA"):
        return picture.convert("L")
    # A palette's transparency changes no colour here, and Pillow would warn of it.
    picture.info.pop("transparency", None)
    return picture.convert("RGB")


def _from_16_bit(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture)
    if values.min() < 0 or values.max() > 65535:
        raise PermanentError("unsupported", "32-bit pixels have no 8-bit meaning")
    wide = values.astype(np.uint32)
    # In place, since such pictures are large; 65535 is 255 times 257.
    wide += 128
    wide //= 257
    return Image.fromarray(wide.astype(np.uint8))


def _is_tensor(pixels: NDArray[np.uint8], contract: Contract) -> bool:
    full = (contract.height, contract.width, contract.channels)
    flat = contract.channels == 1 and pixels.shape == full[:2]
    return pixels.dtype == np.uint8 and (pixels.shape == full or flat)


def _to_picture(pixels: NDArray[np.uint8]) -> Image.Image:
    if pixels.dtype != np.uint8:
        raise ValueError(f"pixels are uint8, not {pixels.dtype}")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.size and (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        return Image.fromarray(np.ascontiguousarray(pixels))
    raise ValueError(f"an array of shape {pixels.shape} is no picture: [h, w], [h, w, 1 or 3]")


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
