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
from PIL import Image, UnidentifiedImageError

from litescore import jpeg, tiff, turn
from litescore.contract import Contract
from litescore.cut import Cut, cut
from litescore.errors import PermanentError
from litescore.resize import resize
from litescore.turn import UPRIGHT, Turn
from litescore.view import WHOLE, Size, View

Pixels: TypeAlias = Image.Image | NDArray[np.uint8]
Tensor: TypeAlias = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MAX_PIXELS = 50_000_000
MAX_BYTES = 64 * 1024 * 1024

# Below this many pixels a picture is not worth counting: threads times this is little.
_SMALL = 1_000_000
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
        return _upright(picture)


def upright(picture: Image.Image, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """A picture that Pillow opened or made, of any mode -> as `decode` gives it, or refuses it."""
    with _refusing():
        _check_pixels(picture, max_pixels)
        return _upright(picture)


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
    meanwhile. Raises PermanentError as `decode` and `fit` do.
    """
    with _opened(data, max_pixels, max_bytes) as picture:
        pixels = picture.width * picture.height
        small = _scaled(picture, contract) if contract.jpeg == "scaled" else None
        if small is not None and not jpeg.is_gathered(data):
            pixels = picture.width * picture.height
        with budget.hold(pixels) if pixels > _SMALL else nullcontext():
            picture.load()
            seen = small or _cut(picture.size, turn.of_picture(picture), contract, contract.view)
            return _fitted(_to_8_bit(picture), contract, contract.view, seen)


def fit(pixels: Pixels, contract: Contract) -> Tensor:
    """A picture (or uint8[h, w], [h, w, 1], [h, w, 3]; red first) -> uint8[height, width, channels].

    Its view, colour, size and interpolation are the contract's. A picture that already has them is
    passed on untouched. Raises ValueError for an array that is no picture, PermanentError
    `unsupported` for one that the view's region, in pixels, does not lie within.
    """
    return _fit(pixels, contract, contract.view)


def fit_stored(pixels: Pixels, contract: Contract) -> Tensor:
    """As `fit`, for what a data set or a shard keeps as an array, and for golden samples: of the
    input's height and width it has been cut out of a picture already, and no view is applied.
    """
    size = pixels.size if isinstance(pixels, Image.Image) else pixels.shape[:2][::-1]
    whole = size == (contract.width, contract.height)
    return _fit(pixels, contract, WHOLE if whole else contract.view)


def encode_png(pixels: Pixels) -> bytes:
    """The picture as PNG bytes."""
    picture = _to_picture(pixels)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def _opened(data: bytes, max_pixels: int, max_bytes: int) -> Iterator[Image.Image]:
    """The picture with its header read and checked."""
    if not data:
        raise PermanentError("corrupt", "0 bytes")
    if len(data) > max_bytes:
        raise PermanentError("too-large", f"{len(data):,} bytes, the limit is {max_bytes:,}")
    with _refusing(data), Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        _check_pixels(picture, max_pixels)
        if jpeg.is_jpeg(picture):
            jpeg.check_scans(data)
        if picture.format == "TIFF":
            tiff.check_tiles(data, picture.width * picture.height)
        yield picture


@contextmanager
def _refusing(data: bytes = b"") -> Iterator[None]:
    """Whatever Pillow raises inside becomes a PermanentError."""
    try:
        yield
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
        told = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise PermanentError("corrupt", told) from None


def _fit(pixels: Pixels, contract: Contract, view: View) -> Tensor:
    if isinstance(pixels, Image.Image):
        return _fitted(pixels, contract, view, _cut(pixels.size, UPRIGHT, contract, view))
    if view == WHOLE and _is_tensor(pixels, contract):
        return pixels.reshape(contract.height, contract.width, contract.channels)
    pixels = _checked(pixels)
    size = (pixels.shape[1], pixels.shape[0])
    return _fitted(pixels, contract, view, _cut(size, UPRIGHT, contract, view))


def _cut(size: Size, upright: Turn, contract: Contract, view: View) -> Cut | None:
    """What is cut out of a picture and turned; None where nothing is."""
    if view == WHOLE:
        return None if upright is UPRIGHT else cut(size, upright, view, contract)
    return cut(size, upright.then(turn.of_view(view)), view, contract)


def _fitted(pixels: Pixels, contract: Contract, view: View, seen: Cut | None) -> Tensor:
    mode = "L" if contract.color == "gray" else "RGB"
    size = (contract.width, contract.height)
    # Before colours are converted: a region is less to convert.
    picture = seen.apply(pixels) if seen else _to_picture(pixels)
    picture = picture if picture.mode == mode else picture.convert(mode)
    if picture.size != size:
        picture = resize(picture, contract, seen.seen if seen else None)
    # Half of what np.asarray costs, which asks the picture for its bytes in a roundabout way.
    tensor = np.frombuffer(picture.tobytes(), np.uint8).reshape(*size[::-1], contract.channels)
    return np.invert(tensor) if view.invert else tensor


def _scaled(picture: Image.Image, contract: Contract) -> Cut | None:
    """Have a JPEG decoded no larger than it must be: what the model then sees of it; None for what
    is decoded in full.
    """
    # Of others the orientation may stand behind the pixels, which would be decoded to come to it.
    if not jpeg.is_jpeg(picture):
        return None
    turned = turn.of_picture(picture).then(turn.of_view(contract.view))
    whole = cut(picture.size, turned, contract.view, contract)
    scale = next((one for one in jpeg.SCALES if one <= whole.seen.reserve), 1)
    if scale == 1 or not jpeg.shrink(picture, scale):
        return None
    return whole.scaled(scale, picture.size)


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
    return turn.of_picture(picture).apply(_to_8_bit(picture))


def _to_8_bit(picture: Image.Image) -> Image.Image:
    if picture.mode in ("L", "RGB"):
        return picture
    if picture.mode in _SIXTEEN_BIT:
        return _from_16_bit(picture)
    if picture.mode == "F":
        raise PermanentError("unsupported", "floating-point pixels have no 8-bit meaning")
    if picture.mode in ("1", "LA"):
        return picture.convert("L")
    if "transparency" in picture.info:
        # It changes no colour here, and Pillow would warn of it. A caller's picture keeps it.
        picture = picture.copy()
        del picture.info["transparency"]
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


def _to_picture(pixels: Pixels) -> Image.Image:
    if isinstance(pixels, Image.Image):
        return pixels
    return Image.fromarray(np.ascontiguousarray(_checked(pixels)))


def _checked(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The array of a picture, [h, w] or [h, w, 3]."""
    if pixels.dtype != np.uint8:
        raise ValueError(f"pixels are uint8, not {pixels.dtype}")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.size and (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        return pixels
    raise ValueError(f"an array of shape {pixels.shape} is no picture: [h, w], [h, w, 1 or 3]")
