"""Become another program, which the kernel kills when the process that asked for it dies.

    python -I -S tether.py PARENT PROGRAM [ARGUMENT...]

Run as a file by `infra.processes`, in an interpreter that imports nothing else. A function given
to `subprocess` (`preexec_fn`) could do the same, but not safely in a program with threads.
Elsewhere than on Linux it only starts the program.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Become PROGRAM; exits with 1 where PARENT is gone already, or it cannot be run."""
    parent, *program = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # Too late for the kernel to tell, where the parent is gone already.
        if os.getppid() != int(parent):
            sys.exit(1)
    try:
        os.execvp(program[0], program)  # noqa: S606 becoming that program is the purpose
    except OSError as error:
        sys.exit(f"cannot run {program[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
