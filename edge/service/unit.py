"""The text of the systemd unit and of its environment file.

The unit is the same for every source and option: these stand in the environment file, which root
alone can read. Both are held to what systemd 252 (Debian bookworm) and newer understand.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from litescore import settings
from litescore.errors import UsageError

NAME = "litescore-edge"
# What `edge run` reads and nobody else should: never words of a command line, which all can see.
SECRETS = {
    "LITESCORE_MQTT_PASSWORD": "the password of the MQTT broker",
    "LITESCORE_SOURCE_USER": "the user that a network camera asks for",
    "LITESCORE_SOURCE_PASSWORD": "its password",
    "LITESCORE_PREVIEW_TOKEN": "what the preview asks for when it is bound wider than loopback",
}
# What S3 asks for, where a channel there is followed. A session's keys end within hours: of no use.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "of a user that may read the shelf, and nothing else",
    "AWS_SECRET_ACCESS_KEY": "its secret",
    "AWS_REGION": "where the bucket is",
    "AWS_ENDPOINT_URL": "where S3 is, if it is not AWS's",
}
_OFFERED = ("model_sha256", "runtime", "top", "max_bytes", "max_pixels")
# systemd allows more; these are what is easy to type after systemctl.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_SPECIAL = re.compile(r'["\\$`]')
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


@dataclass(frozen=True)
class Service:
    """A service by its name, with the places that belong to it.

    Raises UsageError for a name that is no unit's.
    """

    name: str = NAME

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(f"--name {self.name}: small letters, digits, - and _ make a name")

    @property
    def unit(self) -> Path:
        """The unit's file, readable by all."""
        return Path(f"/etc/systemd/system/{self.name}.service")

    @property
    def environment(self) -> Path:
        """The file of its options, which root alone can read."""
        return Path(f"/etc/litescore/{self.name}.env")

    @property
    def state(self) -> Path:
        """What the service may write to; systemd keeps it below /var/lib/private, by this name."""
        return Path(f"/var/lib/{self.name}")

    @property
    def model(self) -> Path:
        """Where `--model` is copied to, in the state."""
        return self.state / "model.tflite"

    def key(self, identity: str) -> Path:
        """Where the public key of this id lies, which the service trusts."""
        return self.environment.with_name(f"{self.name}.{identity}.pub")

    def owns(self, path: Path) -> bool:
        """Whether `path` lies in the state."""
        return Path(os.path.normpath(path)).is_relative_to(self.state)


def unit(service: Service, program: Path) -> str:
    """The unit that starts `program`, the `litescore` command, as a user of its own."""
    return _UNIT.format(
        name=service.name,
        environment=service.environment,
        program=_word(str(program)).replace("%", "%%"),
    )


@dataclass(frozen=True)
class Followed:
    """A channel that the service follows.

    model  as `SHELF@CHANNEL`
    keys   files of the public keys that it trusts, as the service finds them
    """

    model: str
    keys: Sequence[Path]

    @property
    def is_s3(self) -> bool:
        """Whether its shelf is in S3, so that credentials and a network are needed."""
        return self.model.startswith("s3://")


def environment(
    service: Service,
    source: str,
    options: Sequence[str],
    secrets: Mapping[str, str],
    followed: Followed | None = None,
) -> str:
    """The environment file: source, further options of `edge run`, the model or the channel that is
    followed, and what is known of SECRETS, and of CREDENTIALS where they are needed.

    Raises UsageError for a value that no line can hold.
    """
    lines = [
        f"# What {service.name}.service starts with: NAME=value, a line each; root alone reads it.",
        f"# After a change: sudo systemctl restart {service.name}",
        "",
        "# Where frames come from: picamera, /dev/video0, rtsp://..., a clip or a folder.",
        _setting("LITESCORE_SOURCE", source),
        "",
        "# Further options, as `litescore edge run --help` has them.",
        _setting("LITESCORE_EDGE_OPTIONS", " ".join(map(_word, options))),
        "",
        *_model(service, followed),
        "",
        "# Settings that may be given; without the # in front they hold.",
    ]
    for variable, _, meaning in (settings.TABLE[name] for name in _OFFERED):
        lines += [f"# {meaning}", f"#{variable}="]
    lines += ["", "# Secrets."]
    needed = CREDENTIALS if followed is not None and followed.is_s3 else {}
    for variable, meaning in (SECRETS | needed).items():
        given = secrets.get(variable, "")
        lines += [f"# {meaning}", _setting(variable, given) if given else f"#{variable}="]
    return "\n".join([*lines, ""])


def _model(service: Service, followed: Followed | None) -> list[str]:
    if followed is None:
        return [
            "# The model. A new one is moved into its place, never copied over it.",
            _setting("LITESCORE_MODEL", str(service.model)),
        ]
    trusted = os.pathsep.join(map(str, followed.keys))
    return [
        "# The channel that is followed, and the public keys that may have signed its releases.",
        _setting("LITESCORE_MODEL", followed.model),
        *([_setting("LITESCORE_TRUST", trusted)] if trusted else []),
    ]


def _setting(variable: str, value: str) -> str:
    """An assignment as systemd.exec(5) reads it from an EnvironmentFile."""
    if not value.isprintable():
        raise UsageError(f"{variable}={value!r} holds what no line of {NAME}'s settings can")
    if not value or _PLAIN.fullmatch(value):
        return f"{variable}={value}"
    escaped = _SPECIAL.sub(r"\\\g<0>", value)
    return f'{variable}="{escaped}"'


def _word(text: str) -> str:
    """One word of a command line as systemd.service(5) splits it."""
    if _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_UNIT = """\
# Written by `litescore edge install`. Settings are in {environment};
# what else is to be different goes into a drop-in: sudo systemctl edit {name}
[Unit]
Description=litescore: camera frames into records ({name})
# Nothing here waits for a network or for the right time: a Pi may boot without either.
After=network.target time-set.target
# Restart=always means always: without this systemd gives up after five failures in a row.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
EnvironmentFile={environment}
ExecStart={program} edge run --source ${{LITESCORE_SOURCE}} $LITESCORE_EDGE_OPTIONS
WorkingDirectory=%S/{name}

# Started again after every end. The first start from a slow SD card takes its time.
Restart=always
RestartSec=5s
TimeoutStartSec=3min
TimeoutStopSec=10s
# A loop that gives no sign of life for so long is killed; PYTHONFAULTHANDLER says where it hung.
WatchdogSec=30s
Environment=PYTHONFAULTHANDLER=1

# Below these a leak hurts nobody else. They need the memory controller, which Raspberry Pi OS
# leaves off: cgroup_enable=memory in /boot/firmware/cmdline.txt.
# Threads come and go with cameras and connections; an arena for each would leave memory in pieces.
Environment=MALLOC_ARENA_MAX=2
MemoryHigh=384M
MemoryMax=512M
OOMScoreAdjust=200

# Low wear of the SD card: no log file, no core dump, no swap, scratch files in memory, and a flood
# of lines is cut off.
SyslogIdentifier={name}
LogRateLimitIntervalSec=30s
LogRateLimitBurst=300
LimitCORE=0
MemorySwapMax=0
RuntimeDirectory={name}
Environment=TMPDIR=%t/{name}

# A user that exists while the service runs, and owns {name} below /var/lib and nothing else.
DynamicUser=yes
StateDirectory={name}
StateDirectoryMode=0700
UMask=0077

# Cameras: V4L2, and what libcamera asks for beside it (media, buffers); the firmware, for vcgencmd.
SupplementaryGroups=video
DevicePolicy=closed
DeviceAllow=char-video4linux rw
DeviceAllow=char-media rw
DeviceAllow=char-dma_heap rw
DeviceAllow=/dev/vchiq rw
DeviceAllow=/dev/vcio rw
DeviceAllow=/dev/vcio_gencmd rw

# The rest of the system is read only or out of sight. /proc must stay whole (no ProcSubset=pid): the
# boot id, and the processor's features that the runtimes ask for, are there.
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
CapabilityBoundingSet=
NoNewPrivileges=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
# Netlink is how libcamera hears of devices from udev.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""
