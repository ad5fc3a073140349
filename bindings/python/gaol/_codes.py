"""The codes of the library's errors, and the exceptions for what is no matter of sandboxes."""

from __future__ import annotations

import errno
import os

AFTER_FORK = (
    "this process was forked from one that had loaded gaol's library, which cannot work in it; "
    "start it by exec, as multiprocessing's 'spawn' and 'forkserver' do"
)

# enum gaol_code
ARGUMENT, HANDLE, PROFILE, UNSUPPORTED, SETUP, CLOSED, STATE, TIMEOUT, WAIT_DELAY, SYSTEM, MEMORY, FORKED, INTERNAL = range(1, 14)


def plain(code: int, number: int, message: str) -> BaseException:
    """Return the exception for what is no matter of sandboxes."""
    if code == ARGUMENT and number == errno.EINVAL:
        return ValueError(message)
    if code in (HANDLE, CLOSED):
        return ValueError("it is closed")
    if code == MEMORY:
        return MemoryError(message)
    if code == FORKED:
        return RuntimeError(AFTER_FORK)
    if code == INTERNAL:
        return RuntimeError(message)
    return OSError(number, message)


def refused(number: int) -> BaseException:
    """Return the exception for a function that has no error parameter."""
    code = {errno.EBADF: HANDLE, errno.EINVAL: ARGUMENT, errno.ENOMEM: MEMORY, errno.EDEADLK: FORKED}.get(number, SYSTEM)
    return plain(code, number, os.strerror(number))
