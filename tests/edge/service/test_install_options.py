"""`litescore edge install`: options, secrets and sources that `run` would refuse are refused now."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import edge
from edge.service import unit
from tests.edge.service.installed import ETC, Install, refusal


def test_an_option_that_run_has_not(install: Install, root: Path) -> None:
    """Found out now, not by a service that starts again and again."""
    assert "No such option '--intervall'" in str(install("--", "--intervall", "2").exception)
    assert not (root / "etc").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--smooth bogus", "--smooth bogus: none, exponential:SECONDS"),
        ("--smooth votes:1/5", "1 of 5 votes: more than half"),
        ("--emit never", "never"),
        ("--min-confidence x=7", "--min-confidence x=7: a probability 0..1"),
        ("--min-confidence x=0.7", "the model has no label 'x' (it has red, green, blue)"),
        ("--keep kept --keep-when nonsense", "--keep-when nonsense: one of"),
        ("--keep kept --keep-when label:x", "--keep-when label:x: the model has no such label"),
        ("--keep ftp://x --keep-when change", "--keep ftp://x: a folder, or s3://"),
        ("--keep kept", "--keep kept: say which frames"),
        ("--keep /home/pi/x --keep-when change", "--keep /home/pi/x: a service writes nowhere but"),
        ("--keep /etc --keep-when change", "--keep /etc: a service writes nowhere but"),
        ("--out /etc/hostname", "--out /etc/hostname: a service writes nowhere but"),
        ("--state /etc", "--state /etc: a service writes nowhere but"),
        ("--roi 0,0,2,0.5", "the region '0,0,2,0.5'"),
        ("--real-time", "--real-time goes with a clip, and not with a Pi camera"),
        ("--fps 0.05", "--fps 0.05 is a frame every 20 s"),
        ("--mqtt-picture 5", "give the broker by --mqtt too"),
        ("--preview --preview-bind nowhere", "nowhere"),
        ("--source 0", "name them once, before --"),
        ("--model other.tflite", "name them once, before --"),
    ],
)
def test_a_value_that_run_would_refuse(
    install: Install, root: Path, words: str, message: str
) -> None:
    """Each is what the service would end of, at every start."""
    assert message in refusal(install("--", *words.split()))
    assert not (root / "etc").exists()


def test_a_source_that_run_would_refuse(install: Install) -> None:
    """A URL that is no camera's, and one without a host."""
    assert "such URLs are no source" in refusal(install(source="ftp://camera/"))
    assert "no host or no port" in refusal(install(source="rtsp://"))


def test_values_that_run_takes(install: Install) -> None:
    """Of a camera, with the model's own labels, in the service's own state."""
    words = (
        "--smooth votes:3/5 --min-confidence red=0.7 --emit change,60 --roi 0.25,0,0.5,1 --fps 5 "
        "--keep kept --keep-when label:blue --mqtt mqtt://me@broker --top 2 --out -"
    )
    assert install("--", *words.split()).exception is None
    for place in ("/var/lib/litescore-edge/kept", "s3://bucket/kept/"):
        done = install("--overwrite", "--", "--keep", place, "--keep-when", "random:0.1")
        assert done.exception is None


def test_a_clip_that_comes_later(install: Install) -> None:
    """What is not on this machine may be on the device, and play as clips do."""
    assert install("--", "--loop", "--real-time", source="/srv/later.mp4").exception is None
    assert "--fps goes with" in refusal(install("--", "--fps", "5", source="/srv/later.mp4"))


def test_a_token_may_be_typed_later(install: Install, root: Path) -> None:
    """A preview for others takes one; it may be in the environment, or come into the settings."""
    words = ("--", "--preview", "--preview-bind", "0.0.0.0:8765")
    assert install(*words, LITESCORE_PREVIEW_TOKEN="").exception is None
    assert "#LITESCORE_PREVIEW_TOKEN=" in (root / ETC / "litescore-edge.env").read_text()
    assert "16 to 128 letters" in refusal(install(*words, LITESCORE_PREVIEW_TOKEN="short"))


def test_a_password_of_no_user(install: Install) -> None:
    """Which the broker would never be given; without one it may come later."""
    words = ("--", "--mqtt", "mqtt://broker")
    assert "a password of no user" in refusal(install(*words, LITESCORE_MQTT_PASSWORD="hidden"))
    assert install(*words, LITESCORE_MQTT_PASSWORD="").exception is None


def test_every_secret_is_named() -> None:
    """The help and the guide name what is taken from the environment."""
    told = CliRunner().invoke(edge, ["install", "--help"]).output
    guide = Path(__file__).parents[3].joinpath("docs/EDGE.md").read_text()
    section = guide.partition("## As a service")[2].partition("\n## ")[0]
    for secret in unit.SECRETS:
        assert secret in told
        assert secret in section
