"""What the runs are given: pictures of the data set's test part as files and as a camera's clip."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litescore import dataset

SIDE = 160
_CLIP, _SEEN, _RATE = (640, 480), 352, 25
# Frames that show one picture, and those in which it fades into the next.
_HELD, _FADED = 75, 10


def photographs(data: Path, folder: Path, count: int) -> None:
    """The first `count` test images as class folders of JPEGs of 160 x 160."""
    test = dataset.load(data, "test")
    chosen = test.take(np.arange(min(count, len(test))))
    for number, (kind, pixels) in enumerate(zip(chosen.classes, _pixels(chosen), strict=True)):
        path = folder / test.labels[kind].replace("/", "-") / f"{number:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_jpeg(pixels))


def spoil(folder: Path) -> None:
    """Faults as they happen: a broken upload, a page saved as a picture, one picture under two
    labels, one twice, one that is all black.
    """
    classes = sorted(one for one in folder.iterdir() if one.is_dir())
    first, second, third = (sorted(one.glob("*.jpg")) for one in classes[:3])
    (classes[0] / "broken.jpg").write_bytes(first[0].read_bytes()[:700])
    (classes[1] / "saved.jpg").write_bytes(b"<html>404 Not Found</html>")
    (classes[1] / "moved.jpg").write_bytes(first[1].read_bytes())
    (classes[2] / "again.jpg").write_bytes(third[1].read_bytes())
    (classes[2] / "lens-cap.jpg").write_bytes(_jpeg(np.zeros((SIDE, SIDE), np.uint8)))
    second[0].write_bytes(_jpeg(np.asarray(Image.open(second[1]).convert("L")), quality=60))


def clip(data: Path, path: Path, numbers: tuple[int, ...]) -> None:
    """A camera's clip of 640 x 480 that shows the test images of these numbers one after the other."""
    import cv2

    test = dataset.load(data, "test")
    shown = [_frame(pixels) for pixels in _pixels(test.take(np.array(numbers)))]
    code = cv2.VideoWriter.fourcc(*"mp4v")
    made = cv2.VideoWriter(str(path), code, _RATE, _CLIP, True)
    for now, after in zip(shown, [*shown[1:], shown[0]], strict=True):
        for frame in range(_HELD + _FADED):
            share = max(0, frame - _HELD) / _FADED
            mixed = (now * (1 - share) + after * share).astype(np.uint8)
            made.write(np.repeat(mixed[:, :, None], 3, axis=2))
    made.release()


def region() -> str:
    """Where the clip shows a picture, as `--roi` takes it."""
    (width, height) = _CLIP
    return f"{(width - _SEEN) // 2},{(height - _SEEN) // 2},{_SEEN},{_SEEN}"


def _pixels(images: dataset.Dataset) -> list[NDArray[np.uint8]]:
    return [np.squeeze(np.asarray(images.pixels(number))) for number in range(len(images))]


def _frame(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    held = Image.fromarray(pixels).resize((_SEEN, _SEEN), Image.Resampling.BICUBIC)
    frame = Image.new("L", _CLIP, 12)
    frame.paste(held, ((_CLIP[0] - _SEEN) // 2, (_CLIP[1] - _SEEN) // 2))
    return np.asarray(frame, np.float64)


def _jpeg(pixels: NDArray[np.uint8], *, quality: int = 92) -> bytes:
    packed = io.BytesIO()
    large = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    large.save(packed, "JPEG", quality=quality)
    return packed.getvalue()
