"""Programs for asyncio: create_subprocess_exec, in a sandbox. The loop is told of a program's end by a descriptor: no thread waits, and no
signal handler or child watcher is needed, so that it works in each thread's loop.
"""

from __future__ import annotations

import asyncio
from typing import Any, Optional

from ._child import File
from ._popen import Popen
from ._profile import Profile
from ._report import Report
from ._sandbox import Sandbox
from ._text import StrPath

_LIMIT = 2**16  # asyncio's own, of a StreamReader


class Process(asyncio.subprocess.Process):
    """``asyncio.subprocess.Process``, and the report. Nothing of the base class's own work is used."""

    def __init__(self, popen: Popen[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self._popen, self._loop = popen, loop
        self._ended = asyncio.Event()
        self.stdin: Optional[asyncio.StreamWriter] = None
        self.stdout: Optional[asyncio.StreamReader] = None
        self.stderr: Optional[asyncio.StreamReader] = None
        self.pid = popen.pid
        self._transports: dict[str, asyncio.BaseTransport] = {}
        # held until this loop knows of the end: with the command goes the descriptor, and somebody else may have looked before
        self._command = popen._command
        assert self._command is not None, "nobody else has waited for it"
        self._fd = self._command.poll_fd()
        loop.add_reader(self._fd, self._readable)

    def _readable(self) -> None:
        self._loop.remove_reader(self._fd)
        self._finish(0.001)

    def _finish(self, later: float) -> None:
        """Take the end, or look again: for a limit of output, that is copied first, into a pipe that this loop may have to read."""
        if self._popen.poll() is None:
            self._loop.call_later(later, self._finish, min(2 * later, 0.05))
        else:
            self._command = None
            self._ended.set()

    async def _connect(self, limit: int) -> None:
        popen, loop = self._popen, self._loop
        if popen.stdin is not None:
            # StreamReaderProtocol knows how to wait until the pipe takes more; nothing is read by it
            protocol = asyncio.StreamReaderProtocol(asyncio.StreamReader(limit=limit, loop=loop), loop=loop)
            transport, _ = await loop.connect_write_pipe(lambda: protocol, popen.stdin)
            self._transports["stdin"] = transport
            self.stdin = asyncio.StreamWriter(transport, protocol, None, loop)
        for name in ("stdout", "stderr"):
            pipe = getattr(popen, name)
            if pipe is not None:
                reader = asyncio.StreamReader(limit=limit, loop=loop)
                self._transports[name], _ = await loop.connect_read_pipe(lambda to=reader: asyncio.StreamReaderProtocol(to, loop=loop), pipe)  # type: ignore[misc]
                setattr(self, name, reader)

    def _discard(self) -> None:
        """End a program that nobody will get to see."""
        self._loop.remove_reader(self._fd)
        self._popen.kill()
        for name in ("stdin", "stdout", "stderr"):
            pipe = self._transports.get(name) or getattr(self._popen, name)
            if pipe is not None:
                pipe.close()
        self._popen.wait()  # which is soon, since it is killed

    @property
    def returncode(self) -> Optional[int]:
        """The returncode, or None while the program runs."""
        return self._popen.returncode if self._ended.is_set() else None

    @property
    def report(self) -> Report:
        """What was enforced and denied; after the end also how the program ended."""
        return self._popen.report

    async def wait(self) -> int:
        """Wait for the end and return the returncode."""
        await self._ended.wait()
        return self._popen._result()

    def send_signal(self, signal: int) -> None:
        """Send a signal to the program; ProcessLookupError if it has ended."""
        if self._command is None:
            raise ProcessLookupError
        self._command.kill() if signal == 9 else self._command.signal(int(signal))

    def terminate(self) -> None:
        """Send SIGTERM to the program."""
        self.send_signal(15)

    def kill(self) -> None:
        """End everything in the sandbox."""
        self.send_signal(9)

    async def communicate(self, input: Any = None) -> tuple[Any, Any]:
        """Write input, read all output, wait for the end; return what was read, None where there is no pipe."""

        async def write() -> None:
            if self.stdin is None:
                return
            try:
                if input is not None:
                    self.stdin.write(input)
                    await self.stdin.drain()
            except (BrokenPipeError, ConnectionResetError):
                pass  # a program need not read what it is given
            self.stdin.close()

        async def read(stream: Optional[asyncio.StreamReader]) -> Optional[bytes]:
            return None if stream is None else await stream.read()

        _, out, err = await asyncio.gather(write(), read(self.stdout), read(self.stderr))
        await self.wait()
        return out, err

    def __repr__(self) -> str:
        return f"<Process {self.pid}>"


async def create_subprocess_exec(
    program: StrPath,
    *args: StrPath,
    stdin: File = None,
    stdout: File = None,
    stderr: File = None,
    limit: int = _LIMIT,
    profile: Optional[Profile] = None,
    sandbox: Optional[Sandbox] = None,
    **kwds: Any,
) -> Process:
    """Start a program, as asyncio.create_subprocess_exec; with profile= or sandbox=, and the keywords of Popen."""
    return await _create([program, *args], False, stdin, stdout, stderr, limit, profile, sandbox, kwds)


async def create_subprocess_shell(
    cmd: StrPath,
    stdin: File = None,
    stdout: File = None,
    stderr: File = None,
    limit: int = _LIMIT,
    *,
    profile: Optional[Profile] = None,
    sandbox: Optional[Sandbox] = None,
    **kwds: Any,
) -> Process:
    """Start a shell's command, as asyncio.create_subprocess_shell. The profile has to allow the shell, too."""
    return await _create(cmd, True, stdin, stdout, stderr, limit, profile, sandbox, kwds)


async def _create(
    args: Any,
    shell: bool,
    stdin: File,
    stdout: File,
    stderr: File,
    limit: int,
    profile: Optional[Profile],
    sandbox: Optional[Sandbox],
    kwds: dict[str, Any],
) -> Process:
    for name, nothing in (("universal_newlines", False), ("text", False), ("encoding", None), ("errors", None), ("bufsize", 0)):
        if kwds.pop(name, nothing) not in (nothing, None):
            raise ValueError(f"{name} must be {nothing!r}: streams are of bytes")
    loop = asyncio.get_running_loop()
    own = None
    if profile is not None and sandbox is None:
        own = sandbox = await loop.run_in_executor(None, Sandbox, profile)  # which the loop need not wait for
        profile = None
    try:
        popen: Popen[bytes] = Popen(
            args, 0, None, stdin, stdout, stderr, shell=shell, profile=profile, sandbox=sandbox, **kwds
        )  # as asyncio's, it is quick enough for the loop's thread
    finally:
        if own is not None:
            own.close()
    process = Process(popen, loop)
    try:
        await process._connect(limit)
    except BaseException:
        process._discard()
        raise
    return process
