"""`litescore edge install`: what it writes, what it leaves alone, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.cli import edge
from edge.service import installing, unit
from edge.service.reach import hindrance
from litescore import contract as contracts
from litescore.contract import Contract
from litescore.errors import LitescoreError
from litescore.releases import keys, publishing
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.litescore import tiny
from tests.releases.conftest import key, key_file, make_model
from tests.rig.seaweed import S3
from tests.rig.web import Web, serve

__all__ = ["key", "key_file"]

Install = Callable[..., Result]
PROGRAM = "/opt/litescore/bin/litescore"
ETC, STATE = Path("etc/litescore"), Path("var/lib/litescore-edge")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A device's files: an SD card with a `litescore` below /opt."""
    root = tmp_path / "card"
    program = root / PROGRAM[1:]
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return root


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A small real model with the labels red, green and blue."""
    path = tmp_path / "small.tflite"
    contract = Contract(("red", "green", "blue"), "rgb", 8, 8, variant="f32")
    path.write_bytes(contracts.append(tiny.build((8, 8, 3)), contract))
    return path


@pytest.fixture
def install(root: Path, model: Path) -> Install:
    """The command with a model, a source and the root; more words as given."""

    def run(*words: object, source: str = "picamera", **environ: str) -> Result:
        fixed = ["--model", model, "--source", source, "--prefix", root]
        line = ["install", *fixed, "--program", PROGRAM, *words]
        return CliRunner().invoke(edge, list(map(str, line)), env=environ, standalone_mode=False)

    return run


def refusal(result: Result) -> str:
    assert isinstance(result.exception, LitescoreError), result.output
    return str(result.exception)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_three_files(install: Install, root: Path, model: Path) -> None:
    """Unit, settings and model lie where the unit looks for them; what comes next is said."""
    done = install("--", "--interval", "2")
    assert done.exception is None
    text = (root / "etc/systemd/system/litescore-edge.service").read_text()
    assert f"ExecStart={PROGRAM} edge run --source ${{LITESCORE_SOURCE}}" in text
    settings = (root / ETC / "litescore-edge.env").read_text()
    assert 'LITESCORE_EDGE_OPTIONS="--wait-for-source --interval 2"\n' in settings
    assert "LITESCORE_MODEL=/var/lib/litescore-edge/model.tflite\n" in settings
    assert (root / STATE / "model.tflite").read_bytes() == model.read_bytes()
    assert "systemctl daemon-reload" in done.output
    assert "journalctl -u litescore-edge" in done.output


def test_modes_hold_whatever_the_umask(install: Install, root: Path) -> None:
    """Secrets are root's alone; unit and model are for all, or systemd grumbles and nobody scores."""
    before = os.umask(0o027)
    try:
        assert install().exception is None
    finally:
        os.umask(before)
    assert mode(root / ETC / "litescore-edge.env") == 0o600
    assert mode(root / "etc/systemd/system/litescore-edge.service") == 0o644
    assert mode(root / STATE / "model.tflite") == 0o644


def test_secrets_come_from_the_environment(install: Install, root: Path) -> None:
    """Into the settings that root alone reads, and nowhere else."""
    assert install(LITESCORE_MQTT_PASSWORD="hidden").exception is None
    holding = [
        path for path in root.rglob("*") if path.is_file() and b"hidden" in path.read_bytes()
    ]
    assert holding == [root / ETC / "litescore-edge.env"]


def test_twice_is_once(install: Install, root: Path) -> None:
    """The same again writes nothing and is no error."""
    install()
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    done = install()
    assert done.exception is None
    assert done.output.count("as it was") == 3
    assert before == {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "changed",
    [
        "etc/systemd/system/litescore-edge.service",
        ETC / "litescore-edge.env",
        STATE / "model.tflite",
    ],
)
def test_what_somebody_changed_is_left_alone(install: Install, root: Path, changed: Path) -> None:
    """And nothing else is written either."""
    target = root / changed
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("mine")
    assert f"{target} is there and differs: --overwrite" in refusal(install())
    files = [path for path in root.rglob("*") if path.is_file()]
    assert sorted(files) == sorted([root / PROGRAM[1:], target])


def test_overwrite_keeps_what_was(install: Install, root: Path) -> None:
    """A password typed into the settings is not lost: the old file stays beside, as closed."""
    install()
    settings = root / ETC / "litescore-edge.env"
    settings.write_text("LITESCORE_MQTT_PASSWORD=typed\n")
    assert install("--overwrite").exception is None
    assert "LITESCORE_SOURCE=picamera" in settings.read_text()
    kept = settings.with_name("litescore-edge.env.old")
    assert kept.read_text() == "LITESCORE_MQTT_PASSWORD=typed\n"
    assert mode(kept) == 0o600


def test_print_writes_nothing(install: Install, root: Path) -> None:
    """And shows no secret."""
    done = install("--print", LITESCORE_MQTT_PASSWORD="hidden")
    assert "[Service]" in done.output
    assert "LITESCORE_SOURCE=picamera" in done.output
    assert "hidden" not in done.output
    assert [path for path in root.rglob("*") if path.is_file()] == [root / PROGRAM[1:]]


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


@pytest.fixture
def published(tmp_path: Path, key: PrivateKey) -> Publisher:
    """A shelf below the temporary folder with a release whose labels are red, green and blue."""
    publisher = Publisher(open_shelf(str(tmp_path / "shelf" / "colors")), key)
    publishing.publish(publisher, make_model(1, labels=("red", "green", "blue")), "stable")
    return publisher


@pytest.fixture
def web(published: Publisher, tmp_path: Path) -> Iterator[Web]:
    with serve(tmp_path / "shelf") as one:
        yield one


def test_a_channel(install: Install, root: Path, web: Web, key: PrivateKey, key_file: Path) -> None:
    """It is what the service follows, with the trusted key where any user can read it, and no copy of
    a model.
    """
    channel = f"{web.url}/colors@stable"
    before = os.umask(0o077)
    try:
        done = install(
            "--model", channel, "--trust", f"{key_file}.pub", "--", "--check-every", "60"
        )
    finally:
        os.umask(before)
    assert done.exception is None, done.output
    assert mode(root / ETC) == 0o755
    assert mode(root / ETC / "litescore-edge.env") == 0o600
    settings = (root / ETC / "litescore-edge.env").read_text()
    assert f"LITESCORE_MODEL={channel}\n" in settings
    trusted = ETC / f"litescore-edge.{key.public.id}.pub"
    assert f"LITESCORE_TRUST=/{trusted}\n" in settings
    assert (root / trusted).read_bytes() == key.public.to_pem()
    assert mode(root / trusted) == 0o644
    assert not (root / STATE).exists()
    assert "AWS_" not in settings
    again = install("--model", channel, LITESCORE_TRUST=f"{key_file}.pub")
    assert "is there and differs" in refusal(again)  # of the option after --, and of nothing else


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--min-confidence x=0.7", "the model has no label 'x' (it has red, green, blue)"),
        ("--keep kept --keep-when label:x", "--keep-when label:x: the model has no such label"),
        ("--trust {key} ", "all of them before --"),
        ("--check-every x", "'x' is not a valid number of seconds"),
    ],
)
def test_options_of_a_channel(
    install: Install, web: Web, key_file: Path, root: Path, words: str, message: str
) -> None:
    """They are held against what it hands out now."""
    readable = "/var/lib/litescore-edge/a.pub"
    line = ["--model", f"{web.url}/colors@stable", "--trust", f"{key_file}.pub", "--"]
    done = install(*line, *words.format(key=readable).split())
    assert message in str(done.exception)
    assert not (root / "etc").exists()


def test_a_channel_that_is_away(install: Install, web: Web, root: Path, key_file: Path) -> None:
    """A service may be written without a network: that its labels were not looked at is said. A wrong
    option of another kind is still refused.
    """
    web.status = 503
    line = ["--model", f"{web.url}/colors@stable", "--trust", f"{key_file}.pub", "--"]
    assert "--emit never" in refusal(install(*line, "--emit", "never"))
    done = install(*line, "--min-confidence", "x=0.7")
    assert done.exception is None
    assert "503 Service Unavailable: the options are not held against its labels" in done.output
    assert (root / ETC / "litescore-edge.env").exists()
    stick = install("--overwrite", "--model", "/media/stick/colors@stable", *line[2:])
    assert stick.exception is None
    assert "/media/stick/colors is not there now" in stick.output


def test_a_channel_that_no_service_could_follow(
    install: Install, published: Publisher, web: Web, key_file: Path, root: Path, tmp_path: Path
) -> None:
    """Not signed by who is trusted, without a key, in a folder that it does not see, by a path that
    begins here; and a key for a file.
    """
    channel, trust = f"{web.url}/colors@stable", ("--trust", f"{key_file}.pub")
    keys.create(tmp_path / "other.key")
    other = ("--trust", tmp_path / "other.key.pub")
    assert "not signed by a key that is trusted" in refusal(install("--model", channel, *other))
    assert "no key is trusted" in refusal(install("--model", channel, LITESCORE_TRUST=""))
    assert "is a private key" in refusal(install("--model", channel, "--trust", key_file))
    folder = f"{published.shelf.root}@stable"
    assert "does not see" in refusal(install("--model", folder, *trust))
    assert "give the whole path" in refusal(install("--model", "shelf/colors@stable", *trust))
    assert "no such file" in refusal(install("--model", f"{web.url}/colors@nosuch", *trust))
    assert "goes with a channel" in refusal(install(*trust))
    assert "does not see" in refusal(install("--model", channel, "--", *trust))
    assert not (root / "etc").exists()


def test_a_channel_in_s3(
    install: Install,
    root: Path,
    s3: S3,
    key: PrivateKey,
    key_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The service has the keys of whoever installs it, in the file that root alone reads; those of a
    session are not written down.
    """
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    shelf = open_shelf(f"s3://{s3.make_bucket()}/colors")
    publishing.publish(
        Publisher(shelf, key), make_model(1, labels=("red", "green", "blue")), "stable"
    )
    line = ["--model", f"{shelf.root}@stable", "--trust", f"{key_file}.pub"]
    assert install(*line).exception is None
    settings = root / ETC / "litescore-edge.env"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        assert f"{name}={s3.environ[name]}\n" in settings.read_text()
    assert (
        s3.environ["AWS_SECRET_ACCESS_KEY"] not in install("--overwrite", "--print", *line).output
    )


def test_a_session_s_keys(install: Install, web: Web, key_file: Path, root: Path) -> None:
    """Would work until tonight."""
    done = install(
        "--model", "s3://bucket/colors@stable", "--trust", f"{key_file}.pub",
        AWS_SESSION_TOKEN="t", AWS_ACCESS_KEY_ID="hidden", AWS_SECRET_ACCESS_KEY="hidden",
        AWS_REGION="us-east-1", AWS_ENDPOINT_URL="http://127.0.0.1:9",
    )  # fmt: skip
    assert done.exception is None
    assert "are a session's" in " ".join(done.output.split())
    assert "hidden" not in (root / ETC / "litescore-edge.env").read_text()


def test_what_is_no_model(install: Install, root: Path, tmp_path: Path) -> None:
    """A text file, and no file."""
    text = tmp_path / "model.tflite"
    text.write_text("no model\n" * 100)
    for path in (text, tmp_path / "nosuch"):
        assert str(path) in refusal(install("--model", path))
    assert not (root / "etc").exists()


def test_files_that_the_service_could_not_see(install: Install, tmp_path: Path) -> None:
    """Labels in a home folder, records where the system is read only, a source below /tmp."""
    labels = tmp_path / "labels.txt"
    labels.write_text("red\ngreen\nblue\n")
    assert "does not see" in refusal(install("--", "--labels", labels))
    out = refusal(install("--", "--out", "/srv/records.jsonl"))
    assert "--out /srv/records.jsonl" in out
    assert "/var/lib/litescore-edge" in out
    assert "does not see" in refusal(install(source=str(tmp_path)))
    assert "--out /var/lib" in refusal(install("--", "--out", "../other/records.jsonl"))


def test_files_of_its_own(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative to the state, or by their whole path; what lies here by that name is another file."""
    assert install("--", "--out", "records.jsonl").exception is None
    whole = "/var/lib/litescore-edge/records.jsonl"
    assert install("--overwrite", "--", "--out", whole).exception is None
    (tmp_path / "records.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    assert "give the whole path" in refusal(install("--", "--out", "records.jsonl"))


def test_a_program_that_is_not_there(install: Install) -> None:
    """On the card, not on this machine; nor one that depends on the folder one is in."""
    assert "--program /opt/nosuch" in refusal(install("--program", "/opt/nosuch"))
    assert "give the whole path" in refusal(install("--program", "bin/litescore"))


def test_this_environment_must_be_within_reach(model: Path, tmp_path: Path) -> None:
    """Run from an environment that a service cannot see, the fix is named."""
    hidden = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", hidden], check=True)
    paths = os.pathsep.join(path for path in sys.path if path)
    words = ["--model", model, "--source", "0", "--prefix", tmp_path / "root"]
    done = subprocess.run(
        [hidden / "bin/python", "-m", "edge", "install", *words],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert "which a service does not see" in line
    assert "python3 -m venv --system-site-packages /opt/litescore" in line


def test_a_closed_folder_is_in_the_way(tmp_path: Path) -> None:
    """The folder that is closed is named, with its mode."""
    inner = tmp_path / "srv/closed/bin"
    inner.mkdir(parents=True)
    (inner / "run").touch(0o755)
    (tmp_path / "srv/closed").chmod(0o700)
    found = hindrance(Path("/srv/closed/bin/run"), tmp_path, execute=True)
    assert found == "/srv/closed is closed to other users (mode 0700)"
    (tmp_path / "srv/closed").chmod(0o711)
    assert hindrance(Path("/srv/closed/bin/run"), tmp_path, execute=True) is None
    (inner / "run").chmod(0o644)
    assert "mode 0644" in (hindrance(Path("/srv/closed/bin/run"), tmp_path, execute=True) or "")
    assert hindrance(Path("/srv/closed/bin/run"), tmp_path) is None


def test_a_link_leads_where_it_leads() -> None:
    """What can be reached on this machine can be; what is in a home folder cannot, nor a link to it."""
    assert hindrance(Path("/bin/sh"), execute=True) is None
    assert "does not see" in (hindrance(Path("/home/pi/litescore/bin/litescore")) or "")


@pytest.mark.parametrize(("controllers", "limited"), [("cpu io pids", False), ("cpu memory", True)])
def test_a_kernel_without_memory_limits(tmp_path: Path, controllers: str, limited: bool) -> None:
    """Raspberry Pi OS leaves the controller off: the limit would be a wish."""
    folder = tmp_path / "sys/fs/cgroup"
    folder.mkdir(parents=True)
    (folder / "cgroup.controllers").write_text(f"{controllers}\n")
    assert installing.memory_is_limited(tmp_path) is limited


def test_only_root_may_write_to_etc(monkeypatch: pytest.MonkeyPatch) -> None:
    """sudo is named, and the ways without it.

    That this process is not root is pretended: tests run as root where the rest needs it.
    """
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LitescoreError, match="sudo"):
        installing.check_may_write(Path("/"))
    installing.check_may_write(Path("/mnt"))
