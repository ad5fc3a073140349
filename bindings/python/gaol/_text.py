"""Texts and numbers between Python and C."""

from __future__ import annotations

import os
import sys
from typing import Optional, Union

StrPath = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]

_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()


def encode(value: StrPath) -> bytes:
    """Return the bytes of a path, argument or variable, as the kernel takes them."""
    # what os.fsencode does, which takes its time to look for __fspath__ first
    out = value.encode(_ENCODING, _ERRORS) if type(value) is str else os.fsencode(value)
    if b"\0" in out:
        raise ValueError("embedded null byte")
    return out


def whole(value: int) -> int:
    """Return a number that an int of C holds; ctypes would cut a larger one to another."""
    if not -(1 << 31) <= value < 1 << 31:
        raise ValueError(f"{value} is out of range")
    return value


def decode(value: Optional[bytes]) -> str:
    """Return a string of C's; none is empty."""
    return os.fsdecode(value or b"")
