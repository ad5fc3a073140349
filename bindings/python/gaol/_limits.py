"""Limits: what a command may use."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Optional, Union

Seconds = Union[int, float, timedelta]
Size = Union[int, str]

_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_LARGEST = 1 << 62


@dataclass(frozen=True)
class Limits:
    """What a command may use; None is no limit. Times are seconds; sizes are bytes, or texts such as "512 MiB".

    In a profile they hold for each command; ``limits=`` of run and the like narrows them for one: of each, the smaller holds.
    """

    wall: Optional[Seconds] = None  #: real time from the start; then everything in the sandbox is killed
    cpu: Optional[Seconds] = None  #: processor time, user and system
    memory: Optional[Size] = None
    processes: Optional[int] = None  #: processes and threads at once
    files: Optional[int] = None  #: descriptors that a process may have open
    file_size: Optional[Size] = None  #: of each file that is written
    stack: Optional[Size] = None  #: of the first thread of each process
    core: Optional[Size] = None  #: None: no core is written
    output: Optional[Size] = None  #: written to the standard output and error together
    disk: Optional[Size] = None  #: in the command's private directories
    instructions: Optional[int] = None  #: retired in user space
    processors: Optional[float] = None  #: how many may be busy: 1.5 is one and a half
    read_rate: Optional[Size] = None  #: bytes per second from block devices
    write_rate: Optional[Size] = None  #: and to them
    per_process: bool = False  #: cpu and memory hold for each process by itself, not for the sandbox together

    def __post_init__(self) -> None:
        self._fields()

    def _fields(self) -> dict[str, Any]:
        """Return what is set, as the fields of the C struct."""
        result: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or field.name == "per_process":
                continue
            name = field.name
            if name in ("wall", "cpu"):
                name, number = name + "_ns", _nanoseconds(name, value)
            elif name == "processors":
                number = value
            else:
                number = _size(name, value)
            if not 0 < number <= _LARGEST:  # NaN is not, either
                told = "is zero, which is no limit; leave it out" if number == 0 else "is out of range"
                raise ValueError(f"the limit {field.name}={value!r} {told}")
            result[name] = number
        if self.per_process:
            result["per_process"] = 1
        return result


def _nanoseconds(name: str, value: Seconds) -> int:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"the limit {name} is a number of seconds or a timedelta, not {type(value).__name__}")
    if not math.isfinite(seconds):
        raise ValueError(f"the limit {name}={value!r} is out of range")
    return math.ceil(seconds * 10**9)


def _size(name: str, value: Size) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or name in ("processes", "files", "instructions"):
        raise TypeError(f"the limit {name} is a whole number, not {type(value).__name__}")
    match = re.fullmatch("([0-9]{1,19})(?: ?([A-Za-z]+))?", value)
    if not match or (match[2] or "B") not in _UNITS:
        raise ValueError(f'the limit {name}={value!r} is no size such as 4096 or "512 MiB"; the units are {", ".join(_UNITS)}')
    return int(match[1]) * _UNITS[match[2] or "B"]
