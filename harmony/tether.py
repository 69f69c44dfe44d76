"""Runs a program that must not outlive its parent: `python -I -S tether.py PARENT_PID PROGRAM [ARGUMENTS…]`.

The kernel kills the program when its parent dies, even by `kill -9`. This is set here, after the fork and before the
program, because Python code between fork and exec (`preexec_fn`) may deadlock. Standard library only: it starts in the
milliseconds of a bare interpreter.

Source: prctl(2), PR_SET_PDEATHSIG: it survives exec; "parent" means the thread, so start children from the
main one.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ties this process to PARENT_PID, then becomes the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # The parent may have died before the call above.
    if os.getppid() != parent:
        sys.exit(1)
    os.execvp(program[0], program)  # noqa: S606 - a list of arguments, no shell


if __name__ == "__main__":
    main()
