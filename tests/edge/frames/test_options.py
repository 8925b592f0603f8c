"""The options of a source: what they take, and what each kind of source refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from edge.device import Device
from edge.frames.clip import Clip
from edge.frames.live import LiveCamera
from edge.frames.opening import choose
from edge.frames.options import SourceOptions, source_options
from litescore import image
from litescore.contract import Contract
from litescore.errors import UsageError
from litescore.settings import Settings
from tests.edge.conftest import RED, Write, plain

CONTRACT = Contract(("a", "b"), "rgb", 28, 28)


def parsed(*words: str) -> SourceOptions | str:
    """What a command with these options is given, or what click says instead."""
    found: list[SourceOptions] = []

    @click.command()
    @source_options
    def command(source: SourceOptions) -> None:
        found.append(source)

    result = CliRunner().invoke(command, words)
    return found[0] if found else result.output


def test_defaults() -> None:
    """Nothing said is nothing asked for."""
    assert parsed("--source", "0") == SourceOptions("0")


def test_all_words() -> None:
    """Each option becomes a field."""
    words = "--source rtsp://c/ --size 640x480 --fps 15 --loop --real-time --interval 2"
    rest = "--hung-after 5 --wait-for-source"
    assert parsed(*words.split(), *rest.split()) == SourceOptions(
        "rtsp://c/", (640, 480), 15.0, True, True, 2.0, 5.0, True
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "Missing option '--source'"),
        ("--source 0 --size 640", "'640' is no size; such as 640x480"),
        ("--source 0 --size 0x480", "'0x480' is no size"),
        ("--source 0 --fps 0", "0.0 is not in the range"),
        ("--source 0 --hung-after 0.1", "0.1 is not in the range 2<=x<=3600"),
    ],
)
def test_bad_words(words: str, message: str) -> None:
    """What is no value of an option is refused with an example or the range."""
    assert message in str(parsed(*words.split()))


@pytest.mark.parametrize(
    ("words", "given", "message"),
    [
        ("0", {"real_time": True}, "--real-time goes with a clip, and not with a V4L2 camera"),
        ("/dev/video0", {"loop": True}, "--loop/--once goes with a folder of images or a clip"),
        ("0", {"loop": False}, "--once goes with a folder of images or a clip"),
        (
            "rtsp://c/",
            {"size": (640, 480)},
            "--size goes with a V4L2 camera or a Pi camera, and not",
        ),
        ("rtsp://c/", {"fps": 5.0}, "--fps goes with .* and not with a network camera"),
        ("picamera", {"real_time": True}, "--real-time .* and not with a Pi camera"),
        ("FOLDER", {"size": (640, 480)}, "--size .* and not with a folder of images"),
        ("FOLDER", {"real_time": True}, "--real-time .* and not with a folder of images"),
        ("FOLDER", {"wait_for_source": True}, "--wait-for-source .* not with a folder of images"),
        ("CLIP", {"fps": 5.0}, "--fps .* and not with a clip"),
        ("CLIP", {"hung_after": 5.0}, "--hung-after .* and not with a clip"),
    ],
)
def test_option_that_a_source_cannot_honour(
    words: str, given: dict[str, Any], message: str, tmp_path: Path, device: Device
) -> None:
    """It is refused by name, not left out in silence."""
    (tmp_path / "a.png").write_bytes(image.encode_png(plain(RED)))
    words = {"FOLDER": str(tmp_path), "CLIP": str(tmp_path / "clip.mp4")}.get(words, words)
    with pytest.raises(UsageError, match=message):
        choose(replace(SourceOptions(words), **given), CONTRACT, device, Settings())


def test_what_is_honoured(write_clip: Write, device: Device) -> None:
    """Clips take their options, cameras theirs, and --interval goes with all."""
    clip = str(write_clip("clip.avi", [plain(RED)]))
    options = SourceOptions(clip, loop=True, real_time=True, interval=1.0)
    assert isinstance(choose(options, CONTRACT, device, Settings()), Clip)
    options = SourceOptions("rtsp://u:p@c/", hung_after=5.0, wait_for_source=True, interval=1.0)
    camera = choose(options, CONTRACT, device, Settings())
    assert isinstance(camera, LiveCamera)
    assert camera.name == "rtsp://c/"
