"""Popen: subprocess.Popen, in a sandbox.

It is a subclass so that annotations and isinstance() hold, but nothing of the base class's own work is used: how that starts a program
is private to it and changes, and one that it started would run outside of the sandbox.
"""

from __future__ import annotations

import io
import math
import os
import select
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Iterable
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, AnyStr, Callable, Literal, Optional, Union, cast, overload

from . import _child, _ffi, _refuse
from ._child import Arguments, Env, File
from ._communicate import Conversation
from ._errors import TimeoutExpired
from ._limits import Limits
from ._profile import Profile
from ._report import Report
from ._sandbox import Sandbox
from ._text import StrPath

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import PopenOptions

# Commands are held while the program runs, since freeing one ends its program: those that a Popen has (of which a collected cycle must not free the
# command first), and those that nobody refers to any more.
_running: set[_ffi.Command] = set()
_abandoned: set[_ffi.Command] = set()


_SHORT = 20_000_000  # nanoseconds
_FOREVER = 1 << 50  # 13 days


def _nanoseconds(end: float, most: int) -> int:
    """Return the time that is left, and no more than that."""
    left = (end - time.monotonic()) * 1e9
    return most if left >= most else max(0, math.ceil(left))


def _ended(command: _ffi.Command) -> select.poll:
    """Return what tells of the end."""
    poll = select.poll()
    poll.register(command.poll_fd(), select.POLLIN)
    return poll


def read(told: Union[_ffi.Command, _ffi.Report]) -> Report:
    """Return the report of what has ended."""
    return (told.report() if isinstance(told, _ffi.Command) else told).read()


def _reap() -> None:
    for command in list(_abandoned):
        try:
            ended = command.wait(0) is not None
        except Exception:
            ended = True
        if ended:
            _abandoned.discard(command)


class Popen(subprocess.Popen[AnyStr]):
    """A program that runs in a sandbox.

    Arguments, attributes and methods are those of subprocess.Popen; docs/PYTHON.md lists every difference. Either profile= or sandbox= says
    what it may do; a Sandbox that is used again saves the compiling. env=None is a minimal environment, not this process's.
    """

    @overload
    def __init__(
        self: Popen[str],
        args: Arguments,
        bufsize: int = -1,
        executable: Optional[StrPath] = None,
        stdin: File = None,
        stdout: File = None,
        stderr: File = None,
        *,
        text: Literal[True],
        encoding: Optional[str] = None,
        errors: Optional[str] = None,
        universal_newlines: Optional[bool] = None,
        **options: Unpack[PopenOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Popen[str],
        args: Arguments,
        bufsize: int = -1,
        executable: Optional[StrPath] = None,
        stdin: File = None,
        stdout: File = None,
        stderr: File = None,
        *,
        text: Optional[bool] = None,
        encoding: str,
        errors: Optional[str] = None,
        universal_newlines: Optional[bool] = None,
        **options: Unpack[PopenOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Popen[str],
        args: Arguments,
        bufsize: int = -1,
        executable: Optional[StrPath] = None,
        stdin: File = None,
        stdout: File = None,
        stderr: File = None,
        *,
        text: Optional[bool] = None,
        encoding: Optional[str] = None,
        errors: str,
        universal_newlines: Optional[bool] = None,
        **options: Unpack[PopenOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Popen[str],
        args: Arguments,
        bufsize: int = -1,
        executable: Optional[StrPath] = None,
        stdin: File = None,
        stdout: File = None,
        stderr: File = None,
        *,
        text: Optional[bool] = None,
        encoding: Optional[str] = None,
        errors: Optional[str] = None,
        universal_newlines: Literal[True],
        **options: Unpack[PopenOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Popen[bytes],
        args: Arguments,
        bufsize: int = -1,
        executable: Optional[StrPath] = None,
        stdin: File = None,
        stdout: File = None,
        stderr: File = None,
        *,
        text: Literal[False, None] = None,
        encoding: None = None,
        errors: None = None,
        universal_newlines: Literal[False, None] = None,
        **options: Unpack[PopenOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Popen[Any],
        args: Arguments,
        bufsize: int = -1,
        executable: Optional[StrPath] = None,
        stdin: File = None,
        stdout: File = None,
        stderr: File = None,
        *,
        text: Optional[bool] = None,
        encoding: Optional[str] = None,
        errors: Optional[str] = None,
        universal_newlines: Optional[bool] = None,
        **options: Unpack[PopenOptions],
    ) -> None: ...

    def __init__(
        self,
        args: Arguments,
        bufsize: int = -1,
        executable: Optional[StrPath] = None,
        stdin: File = None,
        stdout: File = None,
        stderr: File = None,
        preexec_fn: Optional[Callable[[], Any]] = None,
        close_fds: bool = True,
        shell: bool = False,
        cwd: Optional[StrPath] = None,
        env: Optional[Env] = None,
        universal_newlines: Optional[bool] = None,
        startupinfo: Any = None,
        creationflags: int = 0,
        restore_signals: bool = True,
        start_new_session: bool = False,
        pass_fds: Iterable[int] = (),
        *,
        user: Union[str, int, None] = None,
        group: Union[str, int, None] = None,
        extra_groups: Optional[Iterable[Union[str, int]]] = None,
        encoding: Optional[str] = None,
        errors: Optional[str] = None,
        text: Optional[bool] = None,
        umask: int = -1,
        pipesize: int = -1,
        process_group: Optional[int] = None,
        profile: Optional[Profile] = None,
        sandbox: Optional[Sandbox] = None,
        limits: Optional[Limits] = None,
    ) -> None:
        self._command: Optional[_ffi.Command] = None  # None: not started, or ended
        self._told: Union[_ffi.Command, _ffi.Report, Report, None] = None  # of what has ended
        self._lock = threading.RLock()  # a handler of SIGCHLD may poll while this thread has it
        self._conversation: Optional[Conversation] = None
        self._fault: Optional[BaseException] = None  # what wait is to raise
        self.returncode: Any = None
        if not isinstance(bufsize, int):
            raise TypeError("bufsize must be an integer")
        if not isinstance(pipesize, int):
            raise TypeError("pipesize must be an integer")
        if text is not None and universal_newlines is not None and bool(universal_newlines) != bool(text):
            raise subprocess.SubprocessError(
                "Cannot disambiguate when both text and universal_newlines are supplied but different. Pass one or the other."
            )
        _refuse.check(
            preexec_fn=preexec_fn, close_fds=bool(close_fds), startupinfo=startupinfo, creationflags=creationflags,
            restore_signals=bool(restore_signals), process_group=process_group,
        )  # fmt: skip
        self.args = cast(Any, args)
        self.encoding, self.errors, self.pipesize = encoding, errors, pipesize
        self.text_mode: Any = encoding or errors or text or universal_newlines  # as it is, like subprocess
        if self.text_mode and bufsize == 0 and any(file == subprocess.PIPE for file in (stdin, stdout, stderr)):
            bufsize = -1  # can't have unbuffered text I/O
        _reap()
        self.stdin = self.stdout = self.stderr = None

        def opened(pipes: _child.Pipes) -> None:
            self.stdin = self._file(pipes, 0, bufsize)
            self.stdout = self._file(pipes, 1, bufsize)
            self.stderr = self._file(pipes, 2, bufsize)

        try:
            self._command, self.pid = _child.start(
                args, sandbox=sandbox, profile=profile, limits=limits, executable=executable, streams=(stdin, stdout, stderr),
                shell=shell, cwd=cwd, env=env, pass_fds=pass_fds, user=user, group=group, extra_groups=extra_groups, umask=umask, pipesize=pipesize,
                opened=opened,
            )  # fmt: skip
        except BaseException:
            for file in (self.stdin, self.stdout, self.stderr):
                if file is not None:
                    file.close()
            raise
        _running.add(self._command)

    def _file(self, pipes: _child.Pipes, stream: int, bufsize: int) -> Optional[IO[AnyStr]]:
        fd = pipes.ours[stream]
        if fd < 0:
            return None
        line_buffering = bufsize == 1
        mode = "wb" if stream == 0 else "rb"
        if line_buffering and not self.text_mode:
            warnings.warn("line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used", RuntimeWarning, 6)
        file: Any = open(fd, mode, -1 if line_buffering else bufsize)
        pipes.ours[stream] = -1  # the file's now
        if self.text_mode:
            text: dict[str, Any] = {"write_through": True, "line_buffering": line_buffering} if stream == 0 else {}
            try:
                file = io.TextIOWrapper(file, encoding=self.encoding, errors=self.errors, **text)
            except BaseException:  # an unknown encoding
                file.close()
                raise
        return cast("IO[AnyStr]", file)

    @property
    def universal_newlines(self) -> Any:
        """As subprocess has it: text_mode under its old name."""
        return self.text_mode

    @universal_newlines.setter
    def universal_newlines(self, value: Any) -> None:
        self.text_mode = bool(value)

    @property
    def report(self) -> Report:
        """What was enforced and denied; once poll() or wait() has told of the end, also how the program ended."""
        told, command = self._told, self._command
        if told is None:
            if command is None:
                raise ValueError("the program was not started")
            return command.report().read()
        if not isinstance(told, Report):
            told = self._told = read(told)
        return told

    # ---- the end ----

    def _look(self, command: _ffi.Command, nanoseconds: int) -> bool:
        """Return whether the program has ended, waiting for so long; with 0 it only looks."""
        ended = command.wait(nanoseconds)
        if ended is None:
            return False
        status, fault = ended
        with self._lock:
            if self.returncode is None:
                if not isinstance(fault, BrokenPipeError):  # who closes a pipe wants no more of it
                    self._fault = fault
                # reading it takes time that few need; but who keeps what has ended is to keep no descriptor
                self._told = command.report() if command.polled else command
                self.returncode = os.waitstatus_to_exitcode(status) if status >= 0 else -signal.SIGKILL
                self._command = None
                _running.discard(command)
        return True

    def _result(self) -> int:
        """Return the returncode; the first time, raise what kept gaol from handing on what the program wrote, which it does for a limit."""
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault
        return cast(int, self.returncode)

    def poll(self) -> Optional[int]:
        """Return the returncode, or None if the program still runs."""
        command = self._command
        if command is not None:
            self._look(command, 0)
        return cast(Optional[int], self.returncode)

    def wait(self, timeout: Optional[float] = None) -> int:
        """Wait for the end and return the returncode; raise TimeoutExpired if it is later than that."""
        end = None if timeout is None else time.monotonic() + timeout
        command = self._command
        if command is None:
            return self._result()
        if end is None and threading.current_thread() is not threading.main_thread():
            while not self._look(command, _FOREVER):
                pass
            return self._result()
        # In the library no signal's handler runs, and Ctrl-C is to end the waiting: so it is only for a short while that the main thread
        # waits there. It is the quicker way, since the descriptor tells later, when all that the kernel has to clear away is gone.
        if self._look(command, _SHORT if end is None else _nanoseconds(end, _SHORT)):
            return self._result()
        ended = _ended(command)
        while True:
            if end is not None and time.monotonic() >= end:
                raise TimeoutExpired(self.args, cast(float, timeout))
            if not ended.poll(None if end is None else _nanoseconds(end, _FOREVER) / 1e6):
                continue
            if self._look(command, _SHORT if end is None else _nanoseconds(end, _SHORT)):
                return self._result()

    def send_signal(self, sig: int) -> None:
        """Send a signal to the program; SIGKILL ends everything in the sandbox. If it has ended, nothing happens."""
        self.poll()
        command = self._command
        if command is None:
            return
        try:
            command.kill() if sig == signal.SIGKILL else command.signal(int(sig))
        except ProcessLookupError:
            pass

    def terminate(self) -> None:
        """Send SIGTERM to the program."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End everything in the sandbox."""
        self.send_signal(signal.SIGKILL)

    # ---- the talk ----

    def communicate(self, input: Optional[AnyStr] = None, timeout: Optional[float] = None) -> tuple[Any, Any]:
        """Write input, read all output, wait for the end; return what was read, None where there is no pipe.

        After a TimeoutExpired the program goes on, and communicate() may be called again: nothing is lost.
        """
        if self._conversation is not None and input:
            raise ValueError("Cannot send input after starting communication")
        end = None if timeout is None else time.monotonic() + timeout
        pipes = [file for file in (self.stdin, self.stdout, self.stderr) if file is not None]
        if timeout is None and self._conversation is None and len(pipes) <= 1:
            out = err = None
            if self.stdin is not None:
                self._write_all(input)
            elif self.stdout is not None:
                out = self.stdout.read()
                self.stdout.close()
            elif self.stderr is not None:
                err = self.stderr.read()
                self.stderr.close()
            self.wait()
            return out, err
        if self._conversation is None:
            self._conversation = Conversation(self, input)
        self._conversation.go(end, timeout)
        try:
            self.wait(None if end is None else max(0.0, end - time.monotonic()))
        except TimeoutExpired as expired:
            raise self._conversation.expired(cast(float, timeout)) from expired
        return self._conversation.said(self.stdout), self._conversation.said(self.stderr)

    def _write_all(self, input: Optional[AnyStr]) -> None:
        file = cast("IO[AnyStr]", self.stdin)
        try:
            if input:
                file.write(input)
        except BrokenPipeError:
            pass  # a program need not read what it is given
        finally:
            try:
                file.close()
            except BrokenPipeError:
                pass

    # ---- the life of the object ----

    def __enter__(self) -> Popen[AnyStr]:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        for file in (self.stdout, self.stderr):
            if file:
                file.close()
        try:
            if self.stdin:
                self.stdin.close()
        finally:
            if kind is not KeyboardInterrupt:  # which has to end this process, whether the program ends or not
                self.wait()

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        command = getattr(self, "_command", None)
        if command is None:
            return
        try:
            if self.poll() is not None:
                return
        except RuntimeError:  # this is another process, forked from that which started it
            return
        _abandoned.add(command)
        _running.discard(command)
        _warn(f"subprocess {self.pid} is still running", ResourceWarning, source=self)

    def __repr__(self) -> str:
        return f"<Popen: returncode: {self.returncode} args: {self.args!r}>"
