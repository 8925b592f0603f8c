"""Commands in a process where TensorFlow stays loaded: its import takes longer than most of them.

Only for what does not hang on a process of its own. That a command works from a terminal, says
nothing but its own words and leaves nothing behind is shown by tests that start one.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Collection
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from tests.rig.locked import ROOT

Warmed = Callable[..., "Said"]


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    returncode: int
    stdout: str
    stderr: str


def litescore(*words: str) -> Said:
    """`litescore WORDS...` here, for `tensorflow(litescore, ...)`."""
    from litescore import cli

    if "keras" in sys.modules:
        # Layers are numbered over all models of a process, and their names are in the files.
        sys.modules["keras"].utils.clear_session()
    out, err = io.StringIO(), io.StringIO()
    before = set(sys.modules)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            cli.run(cli.litescore, [*words])
        except SystemExit as ended:
            code = int(str(ended.code))
    _forget(set(sys.modules) - before)
    return Said(code, out.getvalue(), err.getvalue())


def _forget(names: Collection[str]) -> None:
    """Modules of a user's working directory: another one may have others of the same names."""
    here = Path.cwd()
    if ROOT.is_relative_to(here):
        return  # they are litescore's own
    for name in names:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(f"{here}{os.sep}"):
            del sys.modules[name]
