"""What ministack's log says of the function: its invocations, and the exceptions that ended some."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from infra.local.cloud import LocalCloud

_ENTRY = re.compile(r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d )", re.MULTILINE)
_DONE = r"ESM: Lambda {} processed (\d+) SQS messages from \S+(?: \((\d+) partial failures\))?"
_FAILED = r"ESM: Lambda {} failed processing SQS batch"
_KILLED = ("Worker process died", "Worker process exited immediately", "Broken pipe")
# The last line of a traceback; of chained ones the last counts.
_RAISED = re.compile(r"^([A-Za-z_][\w.]*): ", re.MULTILINE)
_OURS = "litescore.errors."
# Of what must be set right by somebody there is one case here; a fault that passes must not be told
# as another.
_TO_SET_RIGHT, _DENIED = "ConfigurationError", "every object is denied"


@dataclass
class Invocations:
    """What became of the function's invocations.

    answered     came to an end; `handed_back` messages of theirs were to be delivered again
    killed       their process was gone
    raised       exceptions by name
    unexpected   what the log says of those that litescore does not raise, or not for this
    """

    answered: int = 0
    handed_back: int = 0
    killed: int = 0
    raised: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Those whose whole batch comes again."""
        return self.killed + self.raised.total()

    @property
    def total(self) -> int:
        return self.answered + self.lost


def read(cloud: LocalCloud) -> Invocations:
    """All invocations of the cloud's function so far."""
    text = cloud.server.program.log.read_text(encoding="utf-8", errors="replace")
    name = re.escape(cloud.stack.outputs["FunctionName"])
    done, failed = re.compile(_DONE.format(name)), re.compile(_FAILED.format(name))
    found = Invocations()
    for entry in _ENTRY.split(text):
        if match := done.search(entry):
            found.answered += 1
            found.handed_back += int(match[2] or 0)
        elif failed.search(entry):
            _count_failed(entry, found)
    return found


def _count_failed(entry: str, found: Invocations) -> None:
    if any(words in entry.partition("\n")[0] for words in _KILLED):
        found.killed += 1
        return
    names = _RAISED.findall(entry)
    name = names[-1] if names else "nothing that can be read"
    ours = name.removeprefix(_OURS)
    found.raised[ours] += 1
    if ours == name or (ours == _TO_SET_RIGHT and _DENIED not in entry):
        found.unexpected.append(entry)
