"""Operations: the entries of a profile. They are values, and look at nothing of the host.

A path given as a string is that path and everything below it. No character of it means anything else: unlike in files, no trailing "?",
no "${HOME}", since a program often has its paths from others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Union

from ._address import Address, address
from ._text import StrPath, encode

# enum gaol_operation
_SYSTEM, _FILE_READ, _FILE_READ_METADATA, _FILE_WRITE, _FILE_EXECUTE, _OUTBOUND, _INBOUND, _SYSTEM_INFO_READ = range(1, 9)
_PROCESS_CREATE, _SIGNAL, _TRACE, _IPC, _DEVICE, _SYSCALL, _PRIVATE, _MAP, _MACH_LOOKUP = range(9, 18)
_BEST_EFFORT, _OPTIONAL, _LITERAL, _SUBPATH = 0x100, 0x200, 1, 2
_IPC_KINDS = {"named-pipes": 1, "system-v": 2, "posix-shared-memory": 3, "posix-queues": 4}
_MODES = {"ro": 1, "rw": 2}


@dataclass(frozen=True)
class Pattern:
    """Which paths an operation is about: made by literal(), subpath() and optional()."""

    path: bytes
    match: int

    def __repr__(self) -> str:
        text = f"{'literal' if self.match & _LITERAL else 'subpath'}({os.fsdecode(self.path)!r})"
        return f"optional({text})" if self.match & _OPTIONAL else text


Path = Union[StrPath, Pattern]


def literal(path: StrPath) -> Pattern:
    """Return the path alone, which is no directory."""
    return Pattern(encode(path), _LITERAL)


def subpath(path: StrPath) -> Pattern:
    """Return the path and everything below it."""
    return Pattern(encode(path), _SUBPATH)


def optional(path: Path) -> Pattern:
    """Return a pattern that grants nothing where the path is missing, which is else an error."""
    pattern = _pattern(path)
    return replace(pattern, match=pattern.match | _OPTIONAL)


def _pattern(path: Path) -> Pattern:
    return path if isinstance(path, Pattern) else subpath(path)


@dataclass(frozen=True)
class Operation:
    """What a program may do: made by system(), file_read() and so on."""

    text: str
    calls: tuple[tuple[str, tuple[Any, ...]], ...]  # of gaol_profile_..., with the arguments

    def __repr__(self) -> str:
        return self.text


def _operation(text: str, function: str, *arguments: Any) -> Operation:
    return Operation(text, ((function, arguments),))


def _file(name: str, number: int, path: Path) -> Operation:
    pattern = _pattern(path)
    return _operation(f"{name}({pattern!r})", "allow_path", number, pattern.match, pattern.path)


def system() -> Operation:
    """Allow what a dynamically linked program needs to start; no user's data."""
    return _operation("system()", "allow", _SYSTEM)


def file_read(path: Path) -> Operation:
    """Allow reading, listing, metadata."""
    return _file("file_read", _FILE_READ, path)


def file_read_metadata(path: Path) -> Operation:
    """Allow stat, readlink, existence; not contents, not listing."""
    return _file("file_read_metadata", _FILE_READ_METADATA, path)


def file_write(path: Path) -> Operation:
    """Allow creating, writing, renaming, removing, changing metadata; not reading."""
    return _file("file_write", _FILE_WRITE, path)


def file_execute(path: Path) -> Operation:
    """Allow execve and executable mappings."""
    return _file("file_execute", _FILE_EXECUTE, path)


def _network(name: str, number: int, peer: Union[Address, str]) -> Operation:
    peer = address(peer)
    return _operation(f"{name}({peer!r})", "allow_address", number, peer.form, peer.name or None, peer.port)


def network_outbound(peer: Union[Address, str]) -> Operation:
    """Allow reaching an address."""
    return _network("network_outbound", _OUTBOUND, peer)


def network_inbound(peer: Union[Address, str]) -> Operation:
    """Allow listening on an address."""
    return _network("network_inbound", _INBOUND, peer)


def system_info_read() -> Operation:
    """Allow reading the system files of /proc."""
    return _operation("system_info_read()", "allow", _SYSTEM_INFO_READ)


def process_create() -> Operation:
    """Allow new processes; threads are always allowed."""
    return _operation("process_create()", "allow", _PROCESS_CREATE)


def signal() -> Operation:
    """Allow signals to other processes of the sandbox; never outside of it."""
    return _operation("signal()", "allow", _SIGNAL)


def trace() -> Operation:
    """Allow tracing other processes of the sandbox; never outside of it."""
    return _operation("trace()", "allow", _TRACE)


IPCKind = Literal["named-pipes", "system-v", "posix-shared-memory", "posix-queues"]


def ipc(kind: IPCKind) -> Operation:
    """Allow the processes of the sandbox to talk to each other."""
    if kind not in _IPC_KINDS:
        raise ValueError(f"{kind!r} is no kind of IPC: {', '.join(_IPC_KINDS)}")
    return _operation(f"ipc({kind!r})", "allow_ipc", _IPC_KINDS[kind])


def device(path: StrPath) -> Operation:
    """Allow opening a device, and its ioctls."""
    return _operation(f"device({path!r})", "allow_path", _DEVICE, _LITERAL, encode(path))


def mach_lookup(name: str) -> Operation:
    """Allow looking up a Mach service of macOS; other systems have none, and refuse it."""
    return _operation(f"mach_lookup({name!r})", "allow_name", _MACH_LOOKUP, encode(name))


def syscall(*names: str) -> Operation:
    """Allow system calls that no other operation brings."""
    if not names:
        raise TypeError("syscall() takes the names of system calls")
    calls = tuple(("allow_name", (_SYSCALL, encode(name))) for name in names)
    return Operation(f"syscall({', '.join(map(repr, names))})", calls)


def private(path: StrPath) -> Operation:
    """Give each command an empty, writable directory of its own."""
    return _operation(f"private({path!r})", "allow_path", _PRIVATE, _SUBPATH, encode(path))


def map_(inside: StrPath, host: StrPath, mode: Literal["ro", "rw"] = "ro") -> Operation:
    """Show a file or directory of the host at another path inside."""
    if mode not in _MODES:
        raise ValueError(f'{mode!r} is no mode of map(): "ro" or "rw"')
    return _operation(f"map({inside!r}, {host!r}, {mode!r})", "map", encode(inside), encode(host), _MODES[mode])


_DENIABLE = {"read": file_read, "metadata": file_read_metadata, "write": file_write, "exec": file_execute}


def deny(operation: Union[Operation, Mapping[str, Path]]) -> Operation:
    """Make a hole in what the file operations allow: the more specific path wins, and denial a tie.

    It takes an operation, or what files have: {"read": path}.
    """
    if not isinstance(operation, Operation):
        if len(operation) != 1 or not set(operation) <= set(_DENIABLE):
            raise ValueError(f"deny takes an operation, or a mapping with one key of {', '.join(_DENIABLE)}")
        ((key, path),) = operation.items()
        operation = _DENIABLE[key](path)
    calls = []
    for function, arguments in operation.calls:
        if function != "allow_path" or arguments[0] not in range(_FILE_READ, _FILE_EXECUTE + 1):
            raise ValueError(f"deny() takes an operation on files, not {operation!r}; what is not allowed is denied anyhow")
        calls.append(("deny_path", arguments))
    return Operation(f"deny({operation!r})", tuple(calls))


def best_effort(operation: Operation) -> Operation:
    """Accept less than exact enforcement where the host has no exact one. Each gap that it opens is in the report."""
    calls = []
    for function, arguments in operation.calls:
        at = -1 if function == "map" else 0
        changed = list(arguments)
        changed[at] |= _BEST_EFFORT
        calls.append((function, tuple(changed)))
    return Operation(f"best_effort({operation!r})", tuple(calls))
