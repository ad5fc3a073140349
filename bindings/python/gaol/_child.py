"""Starting a program: subprocess's arguments become those of a gaol_cmd, with pipes where they are asked for.

It must never leave a descriptor open that nobody owns, whatever fails.
"""

from __future__ import annotations

import fcntl
import operator
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from subprocess import DEVNULL, PIPE, STDOUT
from typing import IO, Any, Callable, Optional, Union

from . import _ffi
from ._credential import credential
from ._limits import Limits
from ._profile import Profile
from ._sandbox import Sandbox
from ._text import StrPath, encode, whole

Arguments = Union[StrPath, Sequence[StrPath]]
File = Union[None, int, IO[Any]]
Env = Union[Mapping[str, StrPath], Mapping[bytes, StrPath]]

_NULL, _INHERIT, _FD, _PIPE, _STDOUT = range(5)  # enum gaol_stdio


class Pipes:
    """The pipes of a command: this process's ends, by stream, and the program's, which are closed once it has them."""

    def __init__(self) -> None:
        self.ours: list[int] = [-1, -1, -1]
        self._theirs: list[int] = []

    def open(self, stream: int, size: int) -> int:
        """Make the pipe of a stream, and return the program's end."""
        reading, writing = os.pipe()
        ours, theirs = (writing, reading) if stream == 0 else (reading, writing)
        self.ours[stream] = ours
        self._theirs.append(theirs)
        if size > 0:
            fcntl.fcntl(theirs, 1031, size)  # F_SETPIPE_SZ, which fcntl names from Python 3.10 on
        return theirs

    def close(self) -> None:
        """Close the program's ends, and those of this process that nobody has taken."""
        while self._theirs:
            os.close(self._theirs.pop())
        for stream, fd in enumerate(self.ours):
            if fd >= 0:
                self.ours[stream] = -1
                os.close(fd)


def words(args: Arguments, shell: bool, executable: Optional[StrPath]) -> list[bytes]:
    """Return the argument list as bytes."""
    if type(args) is not list and isinstance(args, (str, bytes, os.PathLike)):
        args = [args]
    given = [encode(arg) for arg in args]
    return [encode(executable or "/bin/sh"), b"-c", *given] if shell else given


def start(
    args: Arguments,
    *,
    sandbox: Optional[Sandbox],
    profile: Optional[Profile],
    limits: Optional[Limits],
    executable: Optional[StrPath],
    streams: tuple[File, File, File],
    shell: bool,
    cwd: Optional[StrPath],
    env: Optional[Env],
    pass_fds: Iterable[int],
    user: Union[str, int, None],
    group: Union[str, int, None],
    extra_groups: Optional[Iterable[Union[str, int]]],
    umask: int,
    pipesize: int,
    opened: Callable[[Pipes], None],
) -> tuple[_ffi.Command, int]:
    """Start the program; return the command and the process number.

    What can fail comes first: opened takes this process's ends of the pipes over, and nothing has run where it raises.
    """
    arguments = words(args, shell, executable)
    if not arguments:
        raise ValueError("args has not even the program's name")
    if (sandbox is None) == (profile is None):
        raise TypeError("a program is run in a sandbox: give either profile= or sandbox=")
    own = Sandbox(profile) if profile is not None else None
    box = own or sandbox
    if not isinstance(box, Sandbox):
        raise TypeError(f"sandbox= takes a gaol.Sandbox, not {type(box).__name__}")
    if box.closed:
        raise ValueError("the sandbox is closed")
    if limits is not None and not isinstance(limits, Limits):
        raise TypeError(f"limits= takes a gaol.Limits, not {type(limits).__name__}")
    pipes = Pipes()
    try:
        command = _ffi.Command(box._handle, arguments)
        if executable is not None:
            command.set("set_program", encode(executable))
        if env is not None:
            command.set_env(_environment(env))
        if cwd is not None:
            command.set("set_dir", encode(cwd))
        if umask >= 0:
            command.set("set_umask", umask & 0o777)  # as umask(2) takes it
        for stream, file in enumerate(streams):
            command.set_stdio(stream, *_stdio(pipes, stream, file, pipesize))
        for fd in pass_fds:
            _pass(command, fd)
        if limits is not None:
            command.set_limits(limits._fields())
        if user is not None or group is not None or extra_groups is not None:
            other = credential(user, group, extra_groups)
            if other is not None:
                command.set_credential(*other)
        opened(pipes)
        # what watches programs being started by this name goes on seeing them
        sys.audit("subprocess.Popen", executable or arguments[0], args, cwd, env)
        return command, command.start()
    finally:
        pipes.close()
        if own is not None:
            own.close()


def _stdio(pipes: Pipes, stream: int, file: File, pipesize: int) -> tuple[int, int]:
    """Return where a stream leads, as gaol_cmd_set_stdio takes it."""
    if file is None:
        return _INHERIT, -1
    if isinstance(file, int):
        if file == PIPE:
            return _FD, pipes.open(stream, pipesize)
        if file == DEVNULL:
            return _NULL, -1
        if file == STDOUT and stream == 2:
            return _STDOUT, -1
        if file == STDOUT:
            raise ValueError("STDOUT can only be used for stderr")
        return _FD, whole(file)
    return _FD, whole(file.fileno())


def _environment(env: Env) -> list[bytes]:
    found = []
    for name, value in env.items():
        key = encode(name)
        if b"=" in key:
            raise ValueError("illegal environment variable name")
        found.append(key + b"=" + encode(value))
    return found


def _pass(command: _ffi.Command, fd: int) -> None:
    fd = whole(operator.index(fd))
    if fd < 0:
        raise ValueError("bad value(s) in fds_to_keep")
    if fd > 2:  # those below the program has anyhow
        command.set("pass_fd", fd, fd)
