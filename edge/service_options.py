"""What a service starts `litescore edge run` with, proven as that start would, without a camera, a
broker or S3: what is wrong would be found out at boot, again and again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from edge.decision_options import deciding, telling
from edge.decisions import Decider
from edge.frames.opening import checked_kind, is_camera
from edge.keeping.options import checked_rules, local_folder
from edge.run_command import group_options, run, run_options
from edge.running import RunOptions
from edge.service.reach import hindrance
from edge.service.unit import Service
from edge.sinks.mqtt_options import server_of
from litescore.contract import Contract
from litescore.errors import ConfigurationError, UsageError

# Parameters of `edge run` whose files the service writes; others it reads.
_WRITTEN = ("out", "state")


def parse(service: Service, source: str, words: tuple[str, ...]) -> RunOptions:
    """The options that `words` are, each by itself as it should be.

    Raises click's UsageError for words that are none, and UsageError for values that cannot be and
    for files and folders that the service cannot use.
    """
    values = run.make_context("litescore edge run", ["--source", source, *words]).params
    # Of two the last would hold.
    if values.pop("model") is not None or values["words"] != source:
        raise UsageError("--model and --source are the service's own: name them once, before --")
    values.pop("top")
    _check_files(service, values)
    options: RunOptions = group_options(run_options)(**values)
    folder = local_folder(options.keep.keep) if options.keep.keep else None
    if folder is not None:
        _check_written(service, "--keep", folder)
    return options


def check(options: RunOptions, contract: Contract | None, secrets: Mapping[str, str]) -> None:
    """Raises UsageError or ContractError for what does not go with the source, with the model or with
    the secrets that the service is given; those that it lacks may be typed in later.

    contract  of the model; None where it is not known, then what hangs on it is not looked at
    """
    checked_kind(options.source)
    live = is_camera(options.source.words)
    decided = deciding(options.decision, live=live)
    telling(options.decision, live=live)
    if contract is not None:
        Decider(contract, decided)
        options.view.apply(contract.view)
        checked_rules(options.keep, contract.labels)
    if options.mqtt.mqtt is not None:
        server_of(options.mqtt, secrets)


def source_path(service: Service, words: str) -> str:
    """The source as the service finds it. Raises ConfigurationError for files it cannot read."""
    path = Path(words)
    if not path.exists() or path.is_char_device() or service.owns(path):
        return words
    if found := hindrance(path.absolute()):
        raise ConfigurationError(f"--source {words}: {found}")
    return str(path.absolute())


def _check_files(service: Service, values: dict[str, Any]) -> None:
    for parameter in run.params:
        name = parameter.name or ""
        if isinstance(parameter.type, click.Path) and values[name] is not None:
            check = _check_written if name in _WRITTEN else _check_read
            for path in values[name] if parameter.multiple else (values[name],):
                check(service, parameter.opts[0], Path(path))


def _check_read(service: Service, option: str, path: Path) -> None:
    path = _whole(service, option, path)
    if service.owns(path):
        return
    if found := hindrance(path):
        raise UsageError(
            f"{option} {path}: {found}; what a service reads may lie in /etc/litescore"
        )


def _check_written(service: Service, option: str, path: Path) -> None:
    path = _whole(service, option, path)
    if not service.owns(path):
        raise UsageError(
            f"{option} {path}: a service writes nowhere but below {service.state}, which is also "
            "where relative paths begin"
        )


def _whole(service: Service, option: str, path: Path) -> Path:
    """The path as the service reads it."""
    if path.is_absolute():
        return path
    if path.exists():
        raise UsageError(
            f"{option} {path} is in this folder, and the service works in {service.state}: "
            "give the whole path"
        )
    return service.state / path
