"""The environment variables: the settings of the floor, as `litescore.settings` declares them, and
the others, whose meaning stands here alone. And the variables that the code names, by which a test
holds both complete.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from docs.reference.markdown import code
from docs.reference.tree import Command, commands
from litescore.settings import TABLE, Settings

ROOT = Path(__file__).parents[2]
ROOMS = ("litescore", "trainer", "export", "lambda_handler", "edge", "infra")
FUNCTION = "the function"
API = "`litescore.Model`"
# Settings that are read where no command's help can name them.
READ_BY = {
    FUNCTION: (
        "model", "model_version", "model_sha256", "model_check", "output", "input", "runtime",
        "threads", "batch", "top", "max_bytes", "max_shard_bytes", "max_pixels", "trust",
    ),
    API: ("runtime", "threads", "batch", "top", "max_bytes", "max_pixels"),
}  # fmt: skip
_NAME = re.compile(r"(?:LITESCORE|AWS|XDG|KERAS)_[A-Z0-9_]*[A-Z0-9]")


@dataclass(frozen=True)
class Variable:
    """A variable of the environment.

    meaning  prose of one line
    default  what holds where it is not set; empty for nothing
    allowed  what it may be; empty for any text
    readers  the commands that name it in their help, the function, the Python API
    """

    name: str
    meaning: str
    default: str = ""
    allowed: str = ""
    readers: tuple[str, ...] = ()


def settings() -> list[Variable]:
    """The settings of the floor."""
    return [
        Variable(
            name,
            meaning[:1].upper() + meaning[1:],
            _told(Settings._field_defaults[field]),
            "" if parse.__doc__ == "text" else str(parse.__doc__),
            readers(name, field),
        )
        for field, (name, parse, meaning) in TABLE.items()
    ]


def readers(name: str, field: str = "") -> tuple[str, ...]:
    """Who reads a variable, as Markdown: commands by their help; where none names it, rooms."""
    found = [code(one.words) for one in commands() if _names(one, name)]
    found += [who for who, names in READ_BY.items() if field in names]
    return tuple(found or (code(room) for room in ROOMS if name in in_code(room)))


DEVICE = [
    Variable("LITESCORE_DEVICE", "What records, topics and shares of a channel call this device", "a digest of the machine's id"),
    Variable("LITESCORE_SOURCE_USER", "The user that a network camera asks for, where its URL names none"),
    Variable("LITESCORE_SOURCE_PASSWORD", "Its password"),
    Variable("LITESCORE_MQTT_PASSWORD", "The password of the MQTT broker, for the user in `--mqtt`"),
    Variable("LITESCORE_MQTT_PASSWORD_FILE", "A file that holds it, in place of the former"),
    Variable("LITESCORE_PREVIEW_TOKEN", "What the preview asks for; must be set where others than this machine can reach it", "", "16 to 128 letters, digits and any of `. _ ~ -`"),
    Variable("LITESCORE_REVIEW_TOKEN", "What `litescore review` asks for; must be set where others than this machine can reach it", "", "16 to 128 letters, digits and any of `. _ ~ -`"),
    Variable("LITESCORE_SOURCE", "Of a service that `edge install` wrote: its source"),
    Variable("LITESCORE_EDGE_OPTIONS", "Of such a service: further options of `edge run`"),
]  # fmt: skip
OTHERS = [
    Variable("AWS_ACCESS_KEY_ID", "The key that requests to AWS are signed with", "what boto3 finds: profiles, SSO, the machine's role"),
    Variable("AWS_SECRET_ACCESS_KEY", "Its secret"),
    Variable("AWS_SESSION_TOKEN", "Its token, where it is a session's"),
    Variable("AWS_REGION", "The region", "`us-east-1` for S3; for commands the profile's"),
    Variable("AWS_DEFAULT_REGION", "The region, where `AWS_REGION` is not set"),
    Variable("AWS_ENDPOINT_URL_S3", "The server of S3, where it is not AWS's", "", "an http:// or https:// URL"),
    Variable("AWS_ENDPOINT_URL", "The same, for all services", "", "an http:// or https:// URL"),
    Variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "Set by AWS in containers: S3's client takes credentials from there, not from boto3"),
    Variable("AWS_WEB_IDENTITY_TOKEN_FILE", "Set by AWS in Kubernetes: the same"),
    Variable("AWS_LAMBDA_RUNTIME_API", "Set by Lambda: the model is loaded when the function starts, not at the first event"),
    Variable("AWS_LAMBDA_FUNCTION_NAME", "Set by Lambda: whose place in a roll-out counts"),
    Variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "Set by Lambda: bounds the sizes of images and models"),
    Variable("AWS_LAMBDA_FUNCTION_TIMEOUT", "Set for AWS's emulator: seconds that an event may take"),
    Variable("AWS_BATCH_JOB_ARRAY_INDEX", "Set by AWS Batch: the share of `score --share array`"),
    Variable("AWS_BATCH_JOB_ARRAY_SIZE", "Set by AWS Batch: of how many"),
    Variable("XDG_CACHE_HOME", "Below it lie decoded images, and ministack's environment", "`~/.cache`"),
    Variable("XDG_STATE_HOME", "Below it lies what outlives a process: of a device, of a local cloud that is kept", "`~/.local/state`"),
    Variable("LOCALAPPDATA", "On Windows: below it lie decoded images"),
    Variable("STATE_DIRECTORY", "Set by systemd: what a device keeps lies there"),
    Variable("NOTIFY_SOCKET", "Set by systemd: where a service says that it runs"),
    Variable("WATCHDOG_USEC", "Set by systemd: how often it wants a sign of life, in microseconds"),
    Variable("WATCHDOG_PID", "Set by systemd: from which process"),
    Variable("KERAS_HOME", "Keras' folder: its cache of data sets and of ImageNet's weights", "`~/.keras`"),
    Variable("PYENV_ROOT", "Where pyenv's Pythons lie: `package` compiles the function's modules with one of them", "`~/.pyenv`"),
    Variable("OPENCV_FFMPEG_CAPTURE_OPTIONS", "How FFmpeg opens a network camera; `rtsp_transport;udp` for one that has UDP only", "`rtsp_transport;tcp`"),
    Variable("OPENCV_FFMPEG_LOGLEVEL", "What FFmpeg says of a stream", "`-8`: nothing"),
    Variable("TF_CPP_MIN_LOG_LEVEL", "What TensorFlow says while it trains or converts", "`3`: errors that end it"),
    Variable("OPENBLAS_NUM_THREADS", "Threads of numpy's BLAS in the function, which has no use for them", "`1`"),
]  # fmt: skip


def everything() -> list[Variable]:
    """All of them."""
    return [*settings(), *DEVICE, *OTHERS]


@cache
def in_code(room: str) -> frozenset[str]:
    """The variables that the code of a room names."""
    return frozenset(name for path in (ROOT / room).rglob("*.py") for name in _read_in(path))


def _read_in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if _NAME.fullmatch(node.value):
                yield node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if _is_environ(node.func.value) and node.args:
                yield from _texts(node.args[0])
        elif isinstance(node, ast.Subscript) and _is_environ(node.value):
            yield from _texts(node.slice)


def _is_environ(node: ast.expr) -> bool:
    return ast.unparse(node).rpartition(".")[2] == "environ"


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _names(command: Command, name: str) -> bool:
    found = command.own
    told = [found.help or "", found.epilog or ""]
    for option in command.options:
        told += [option.help or "", *_envvars(option.envvar)]
    return re.search(rf"\b{name}\b", "\n".join(told)) is not None


def _envvars(named: Any) -> list[str]:
    return [named] if isinstance(named, str) else list(named or ())


def _told(default: Any) -> str:
    if isinstance(default, int):
        return f"{default:,}"
    return "" if default is None else code(str(default))
