"""While a value is in memory: nothing writes that memory to a disk, and no other process of the person reads it."""

import ctypes
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def guard() -> None:
    """Switch core dumps off for this process, and on Linux close its memory to others of the same user.

    A core limit of 0 does not hold where the kernel pipes cores to a program (core(5)); a process that cannot be
    dumped does not write one there either. It also keeps `ptrace`, `/proc/PID/mem` and `/proc/PID/environ` from every
    other process of the same user (prctl(2)). Neither reaches root, swap or hibernation.
    """
    try:
        import resource
    except ImportError:  # Windows has no core dumps, and no such limits
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
