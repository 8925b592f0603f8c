"""The parameters of a CloudFormation template as a table, read off the template itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from docs.reference.markdown import code, inline, table
from infra.cloud.deployment.deploy_options import SETTINGS

ROOT = Path(__file__).parents[2]
TEMPLATES = ("infra/template.yaml", "infra/batch.yaml")
_SECTION = re.compile(r"^Parameters:\n(?:[ #].*\n|\n)+", re.MULTILINE)
# A longer pattern says less than the meaning beside it.
_LONGEST_PATTERN = 40


def parameter_table(template: str) -> str:
    """The parameters of `template`, a path from the root of the repository."""
    options = _options() if template == TEMPLATES[0] else {}
    rows = [
        (
            code(name),
            inline(one["Description"]),
            _default(one),
            _allowed(one),
            options.get(name, ""),
        )
        for name, one in parameters(template).items()
    ]
    return table(("parameter", "means", "default", "allowed", "option of `deploy`"), rows)


def parameters(template: str) -> Mapping[str, Mapping[str, Any]]:
    """Name -> what the template says of the parameter."""
    found = _SECTION.search((ROOT / template).read_text(encoding="utf-8"))
    assert found is not None, f"{template}: no parameters"
    return yaml.safe_load(found[0])["Parameters"]  # type: ignore[no-any-return]


def _default(parameter: Mapping[str, Any]) -> str:
    if "Default" not in parameter:
        return "required"
    return "empty" if parameter["Default"] == "" else code(str(parameter["Default"]))


def _allowed(parameter: Mapping[str, Any]) -> str:
    if values := parameter.get("AllowedValues"):
        return ", ".join(code(str(value)) for value in values)
    low, high = parameter.get("MinValue"), parameter.get("MaxValue")
    if low is not None:
        return f"{low:,} to {high:,}" if high is not None else f"{low:,} or more"
    pattern = parameter.get("AllowedPattern", "")
    return code(pattern) if 0 < len(pattern) <= _LONGEST_PATTERN else ""


def _options() -> dict[str, str]:
    return {parameter: code(option) for option, (parameter, *_) in SETTINGS.items()}
