"""AWS's own checkers of templates: `sam validate --lint` (PyPI: aws-sam-cli, and cfn-lint in it).

Their pins would meet ours, so they live in an environment of their own in the cache folder, made on
first use from the versions in `cfnlint.txt`. All of it works offline and without an account.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from tests.rig import apart

_LOCK = Path(__file__).with_name("cfnlint.txt")
# Compiled when it is imported: of most of it nothing ever is.
_OPTIONS = ("--no-deps", "--no-compile")

_DATA = """
import json, sys
from importlib.resources import files
data = files("cfnlint.data")
lives = json.loads((data / "AdditionalSpecs" / "LmbdRuntimeLifecycle.json").read_text())
handlers = {}
for path in (data / "schemas" / "resources").iterdir():
    if path.name.endswith(".json"):
        schema = json.loads(path.read_text())
        if schema.get("typeName") in sys.argv[1:]:
            handlers[schema["typeName"]] = {
                name: one.get("permissions", []) for name, one in schema.get("handlers", {}).items()
            }
print(json.dumps({"lives": lives, "handlers": handlers}))
"""


def validate(template: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """`sam validate --lint`, ended; `home` takes what it would leave in the user's own."""
    # Not bin/sam: it names the folder in which the environment was made.
    command = [_bin() / "python", "-m", "samcli", "validate", "--lint", "--template", template]
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "AWS_DEFAULT_REGION": "us-east-1",
        "SAM_CLI_TELEMETRY": "0",
        "LANG": "C.UTF-8",
    }
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)


@cache
def deprecations() -> Mapping[str, date]:
    """Lambda's runtimes, and from when each is deprecated."""
    lives: dict[str, dict[str, str]] = _data()["lives"]
    return {name: date.fromisoformat(life["deprecated"]) for name, life in lives.items()}


def permissions(*kinds: str) -> Mapping[str, Mapping[str, list[str]]]:
    """Resource type -> handler (create, read, update, delete, list) -> the permissions that
    CloudFormation's registry says it needs.
    """
    found: dict[str, dict[str, list[str]]] = _data(*kinds)["handlers"]
    return found


@cache
def _data(*kinds: str) -> dict[str, Any]:
    command = [_bin() / "python", "-I", "-c", _DATA, *kinds]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _bin() -> Path:
    return apart.environment("cfnlint", _LOCK, *_OPTIONS)
