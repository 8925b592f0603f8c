"""The options that say where frames come from, and which of them go with which kind of source."""

from __future__ import annotations

import re
from dataclasses import dataclass

import click

from litescore.errors import UsageError
from litescore.options import gathered

HUNG_AFTER = 10.0

# kind -> the options that it can honour; --interval every kind can, since the loop does.
KINDS = {
    "a folder of images": ("loop",),
    "a clip": ("loop", "real_time"),
    "a V4L2 camera": ("size", "fps", "hung_after", "wait_for_source"),
    "a Pi camera": ("size", "fps", "hung_after", "wait_for_source"),
    "a network camera": ("hung_after", "wait_for_source"),
}
FOLDER, CLIP, DEVICE, PI_CAMERA, STREAM = KINDS
_FLAGS = {
    "size": "--size",
    "fps": "--fps",
    "loop": "--loop/--once",
    "real_time": "--real-time",
    "hung_after": "--hung-after",
    "wait_for_source": "--wait-for-source",
}


@dataclass(frozen=True)
class SourceOptions:
    """What a user says of the source; None where nothing was said.

    words            of `--source`
    size             (width, height) in pixels to ask a camera for
    fps              frames a second to ask a camera for
    loop             whether a clip or folder begins again at its end
    real_time        whether a clip plays at its own pace
    interval         at least so many seconds from one frame to the next; the loop's to keep
    hung_after       seconds without a frame after which a camera is opened again
    wait_for_source  whether a camera that is not there at the start is waited for

    Raises UsageError for a rate so low that every camera would be taken for hung.
    """

    words: str
    size: tuple[int, int] | None = None
    fps: float | None = None
    loop: bool | None = None
    real_time: bool = False
    interval: float = 0.0
    hung_after: float | None = None
    wait_for_source: bool = False

    def __post_init__(self) -> None:
        patience = self.hung_after or HUNG_AFTER
        if self.fps and 1 / self.fps >= patience:
            raise UsageError(
                f"--fps {self.fps:g} is a frame every {1 / self.fps:g} s, and --hung-after "
                f"{patience:g} takes that for a hung camera: give it more seconds, or let --interval "
                "take fewer frames"
            )

    def check(self, kind: str) -> None:
        """Raise UsageError for an option that a source of this kind, one of KINDS, cannot honour."""
        for name, flag in _FLAGS.items():
            if getattr(self, name) not in (None, False) and name not in KINDS[kind]:
                able = [other for other, honoured in KINDS.items() if name in honoured]
                raise UsageError(f"{flag} goes with {' or '.join(able)}, and not with {kind}")
        # --once is said, too.
        if self.loop is False and "loop" not in KINDS[kind]:
            raise UsageError(f"--once goes with {FOLDER} or {CLIP}, and not with {kind}")


def _size(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if not found:
        raise click.BadParameter(f"{text!r} is no size; such as 640x480")
    return int(found[1]), int(found[2])


source_options = gathered(
    "source",
    SourceOptions,
    click.option(
        "--source",
        "words",
        required=True,
        metavar="SOURCE",
        help="A folder of images, a video file, a V4L2 camera (0, /dev/video0), a CSI camera "
        "(picamera, picamera:1), or the URL of a network camera (rtsp://, http:// for MJPEG). A user "
        "and password that it wants are in the URL, or in the environment as "
        "LITESCORE_SOURCE_USER and LITESCORE_SOURCE_PASSWORD.",
    ),
    click.option(
        "--size",
        callback=_size,
        metavar="WxH",
        help="Size to ask a V4L2 or CSI camera for; what it gives instead stands in the source's status.",
    ),
    click.option(
        "--fps",
        type=click.FloatRange(0.01, 1000),
        metavar="N",
        help="Rate to ask a V4L2 or CSI camera for.",
    ),
    click.option(
        "--loop/--once",
        default=None,
        help="Begin a clip or folder again at its end, for ever; a folder is listed anew each time, an empty one waited for.",
    ),
    click.option(
        "--real-time",
        is_flag=True,
        help="Play a clip at its own pace and leave out what is late, as a camera would.",
    ),
    click.option(
        "--interval",
        type=click.FloatRange(0),
        default=0.0,
        metavar="SECONDS",
        help="At least so long from one frame to the next; of a camera, a fresh one each time.",
    ),
    click.option(
        "--hung-after",
        type=click.FloatRange(2, 3600),
        metavar="SECONDS",
        help=f"Open a camera again that gave no frame for so long.  [default: {HUNG_AFTER:g}]",
    ),
    click.option(
        "--wait-for-source",
        is_flag=True,
        help="Wait for a camera that is not there at the start, instead of ending with exit code 3.",
    ),
)
