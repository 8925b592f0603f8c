"""`litescore edge install`: what it writes, what it leaves alone, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.service import installing
from edge.service.reach import hindrance
from litescore.errors import LitescoreError
from tests.edge.service.installed import ETC, PROGRAM, STATE, Install, mode, refusal


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
