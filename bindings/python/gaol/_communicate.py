"""Talking to a program over several pipes at once, with a timeout, as often as the caller asks. It must never lose what was read."""

from __future__ import annotations

import os
import selectors
import time
from typing import IO, TYPE_CHECKING, Any, Optional

from ._errors import TimeoutExpired

if TYPE_CHECKING:
    from ._popen import Popen

_ATOM = 512  # PIPE_BUF of POSIX: that much a pipe takes without blocking, once it is writable
_CHUNK = 32768
_LONG = 86400.0  # seconds; poll(2) takes no time without end


class Conversation:
    """What has been said so far. It goes on where it stopped."""

    def __init__(self, process: Popen[Any], input: Any) -> None:
        self.process = process
        self._read: dict[Any, list[bytes]] = {file: [] for file in (process.stdout, process.stderr) if file is not None}
        self._rest = memoryview(b"")
        stdin: Any = process.stdin
        if stdin is None or stdin.closed:
            return
        try:
            stdin.flush()
        except BrokenPipeError:
            pass
        if not input:
            _close(stdin)
            return
        if process.text_mode:
            input = input.encode(stdin.encoding, stdin.errors)
        self._rest = memoryview(input).cast("B")

    def go(self, end: Optional[float], timeout: Optional[float]) -> None:
        """Talk until all is said, or the time is over."""
        stdin = self.process.stdin
        with selectors.PollSelector() as selector:
            if stdin and not stdin.closed and self._rest:
                selector.register(stdin, selectors.EVENT_WRITE)
            for file in self._read:
                if not file.closed:
                    selector.register(file, selectors.EVENT_READ)
            while selector.get_map():
                left = None if end is None else end - time.monotonic()
                if left is not None and left < 0:
                    raise self.expired(timeout)
                for key, _ in selector.select(None if left is None else min(left, _LONG)):
                    done = self._write(key.fd) if key.fileobj is stdin else self._take(key)
                    if done:
                        selector.unregister(key.fileobj)
                        _close(key.fileobj)

    def _write(self, fd: int) -> bool:
        try:
            self._rest = self._rest[os.write(fd, self._rest[:_ATOM]) :]
        except BrokenPipeError:
            return True
        return not self._rest

    def _take(self, key: selectors.SelectorKey) -> bool:
        data = os.read(key.fd, _CHUNK)
        self._read[key.fileobj].append(data)
        return not data

    def said(self, file: Optional[IO[Any]]) -> Any:
        """Return what was read from a pipe, as text where that is wanted."""
        if file is None:
            return None
        data = b"".join(self._read[file])
        if not self.process.text_mode:
            return data
        text: Any = file
        return data.decode(text.encoding, text.errors).replace("\r\n", "\n").replace("\r", "\n")

    def expired(self, timeout: Optional[float]) -> TimeoutExpired:
        """Return the exception, with what was read so far: bytes, as subprocess has it."""
        out, err = (b"".join(self._read[file]) if file in self._read else None for file in (self.process.stdout, self.process.stderr))
        return TimeoutExpired(self.process.args, timeout or 0, output=out or None, stderr=err or None)


def _close(file: Any) -> None:
    try:
        file.close()
    except BrokenPipeError:
        pass
