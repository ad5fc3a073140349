"""All ctypes of the package: libgaol.so, its functions, structs and handles. Nothing outside of this file knows a C type.

The library is loaded by the first call, since it brings a Go runtime along: a process that only imports the package can still fork. It
must never be used by a child that was forked afterwards; it says so itself there (RuntimeError).
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from ctypes import POINTER, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint, c_uint32, c_void_p
from typing import Any, Callable, Optional, TypeVar

from . import _errors, _report
from ._codes import AFTER_FORK, PROFILE, SETUP, UNSUPPORTED, plain, refused
from ._declarations import FUNCTIONS
from ._text import StrPath, decode, encode, whole


class _Struct(ctypes.Structure):
    """One of the structs that begin with their size."""

    def __init__(self) -> None:
        super().__init__()
        self.size = ctypes.sizeof(self)


def _struct(name: str, **fields: Any) -> type[_Struct]:
    return type(name, (_Struct,), {"_fields_": [("size", c_size_t), *fields.items()]})


_TEXT = c_char_p
_Limits = _struct(
    "_Limits", wall_ns=c_int64, cpu_ns=c_int64, memory=c_int64, processes=c_int64, files=c_int64, file_size=c_int64, stack=c_int64,
    core=c_int64, output=c_int64, disk=c_int64, instructions=c_int64, processors=c_double, read_rate=c_int64, write_rate=c_int64,
    per_process=c_int,
)  # fmt: skip
_Credential = _struct("_Credential", uid=c_uint32, gid=c_uint32, groups=POINTER(c_uint32), ngroups=c_size_t, dynamic=c_int)
_Unsupported = _struct("_Unsupported", operation=_TEXT, mechanism=_TEXT, detail=_TEXT, fix=_TEXT, gap=_TEXT)
_Check = _struct("_Check", mechanism=_TEXT, detail=_TEXT, fix=_TEXT, ok=c_int)
_Enforcement = _struct("_Enforcement", operation=_TEXT, mechanism=_TEXT)
_Gap = _struct("_Gap", operation=_TEXT, detail=_TEXT)
_Denial = _struct("_Denial", operation=_TEXT, path=_TEXT, syscall=_TEXT, number=c_int, suggestion=_TEXT)
_Ending = _struct("_Ending", end=c_int, code=c_int, signal=c_int, core=c_int, killed=c_int, syscall=c_int, syscall_name=_TEXT)
_Usage = _struct(
    "_Usage", wall_ns=c_int64, user_ns=c_int64, system_ns=c_int64, max_rss=c_int64, minor_faults=c_int64, major_faults=c_int64,
    voluntary_switches=c_int64, involuntary_switches=c_int64,
    block_read=c_int64, block_written=c_int64, instructions=c_int64, output=c_int64,
)  # fmt: skip

# What the letters of _declarations.py are.
_KINDS: dict[str, Any] = {
    "H": c_void_p, "S": c_char_p, "B": c_void_p, "I": c_int, "U": c_uint, "Z": c_size_t, "L": c_int64, "P": c_void_p, "E": c_void_p,
}  # fmt: skip

_library: Optional[Any] = None
_loading = threading.RLock()  # a signal's handler may come in between
_busy = False  # somebody loads it
_half = False  # another thread did when this process was forked: it will never be done


def library() -> Any:
    """Return the library, loading it the first time: that of the wheel, else the one that the system has."""
    global _library, _busy
    if _library is None:
        with _loading:
            if _half:
                raise RuntimeError(AFTER_FORK)
            if _library is None:
                _busy = True
                try:
                    _library = _load()
                finally:
                    _busy = False
    if _OWN_STACK:
        _move_handlers()
    return _library


# Python 3.9 has its signal handlers run on the stack of whatever thread runs; in the library that is a goroutine's of a few KiB, and what lies
# beside it is overwritten. Go sees to those that are there when it is loaded. It is done before each call, since signal.signal undoes it.
_OWN_STACK = sys.version_info < (3, 10) and sys.platform == "linux"
_SA_ONSTACK = 0x08000000


class _Action(ctypes.Structure):  # struct sigaction of glibc
    _fields_ = [("handler", c_void_p), ("mask", ctypes.c_char * 128), ("flags", c_int), ("restorer", c_void_p)]


def _move_handlers() -> None:
    process, action = ctypes.pythonapi, _Action()
    for number in range(1, signal.NSIG):
        if callable(signal.getsignal(number)) and process.sigaction(number, None, ctypes.byref(action)) == 0 and not action.flags & _SA_ONSTACK:
            action.flags |= _SA_ONSTACK
            process.sigaction(number, ctypes.byref(action), None)


def _forked() -> None:
    global _loading, _half
    if _busy:
        _loading, _half = threading.RLock(), True


os.register_at_fork(after_in_child=_forked)


def _load() -> Any:
    if sys.version_info < (3, 10) and not _OWN_STACK:
        raise RuntimeError("gaol needs Python 3.10 here: an older one runs its handlers of signals on a stack of the library's")
    name = "libgaol.1.dylib" if sys.platform == "darwin" else "libgaol.so.1"
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    loaded = ctypes.CDLL(own if os.path.exists(own) else name, use_errno=True)
    for declaration in FUNCTIONS.replace("\n", ";").split(";"):
        if declaration.strip():
            name, kinds = declaration.split()
            function = getattr(loaded, "gaol_" + name)
            function.restype, function.argtypes = _KINDS[kinds[0]], [_KINDS[kind] for kind in kinds[1:]]
    return loaded


def version() -> str:
    """Return the version of the library."""
    return decode(library().gaol_version())


# ---- errors ----


def _call(name: str, *arguments: Any) -> Any:
    """Call a function that has an error parameter, and raise what it says."""
    fault = c_void_p()
    result = getattr(library(), name)(*arguments, ctypes.byref(fault))
    if fault.value:
        raise _taken(fault.value)
    return result


def _taken(fault: int) -> BaseException:
    """Return the exception for a gaol_error, which is freed."""
    try:
        return _exception(fault)
    finally:
        library().gaol_error_free(fault)


def _exception(fault: int) -> BaseException:
    lib = library()
    code, number, message = lib.gaol_error_code(fault), lib.gaol_error_errno(fault), decode(lib.gaol_error_message(fault))
    path = decode(lib.gaol_error_path(fault))
    error: _errors.Error
    if code == PROFILE:
        profile = _errors.ProfileError(message)
        profile.path, profile.errno = path, number
        profile.file, profile.line, profile.key = decode(lib.gaol_error_file(fault)), lib.gaol_error_line(fault), decode(lib.gaol_error_key(fault))
        error = profile
    elif code == UNSUPPORTED:
        unsupported = _errors.UnsupportedError(number, message)
        unsupported.operations = tuple(
            _errors.Unsupported(decode(u.operation), decode(u.mechanism), decode(u.detail), decode(u.fix), decode(u.gap))
            for u in _entries("gaol_error_unsupported", fault, _Unsupported)
        )
        error = unsupported
    elif code == SETUP:
        setup = _errors.SetupError.of(number)(number, os.strerror(number), path or None)
        setup.step = decode(lib.gaol_error_step(fault))
        error = setup
    else:
        return plain(code, number, message)
    error.message, error.operation, error.hint = message, decode(lib.gaol_error_operation(fault)), decode(lib.gaol_error_hint(fault))
    return error


_S = TypeVar("_S", bound=_Struct)


def _entries(name: str, handle: int, struct: type[_S]) -> Iterator[_S]:
    """Yield each entry of a list that is read by index."""
    function, index = getattr(library(), name), 0
    while True:
        entry = struct()
        if _behind(function(handle, index, ctypes.byref(entry))):
            return
        yield entry
        index += 1


def _behind(result: int) -> bool:
    """Return whether an index was behind the last; what else is wrong must not look like the end of a list."""
    if result < 0 and result != -errno.ENOENT:
        raise refused(-result)
    return result < 0


def _given(buffer: Optional[int]) -> Optional[str]:
    """Return a string that is for gaol_free."""
    if not buffer:
        return None
    try:
        return decode(ctypes.string_at(buffer))
    finally:
        library().gaol_free(buffer)


# ---- handles ----


class Handle:
    """Owns a handle: it is freed once, when close is called or nothing refers to the object any more."""

    _free = ""

    def __init__(self, value: Optional[int]) -> None:
        if not value:
            raise refused(ctypes.get_errno() or errno.ENOMEM)
        self.value = value
        self.closed = False  # whether it was freed

    def close(self) -> None:
        """Free the handle; every later use is a ValueError."""
        if not self.closed:  # of two threads that see this the library takes one, since no handle is given out twice
            self.closed = True
            getattr(library(), self._free)(self.value)

    def __del__(self, _ending: Callable[[], bool] = sys.is_finalizing) -> None:
        # the process's end is the end of all of them
        if not getattr(self, "closed", True) and not _ending():
            self.close()


class Profile(Handle):
    """A gaol_profile."""

    _free = "gaol_profile_free"

    @classmethod
    def new(cls) -> Profile:
        """Return one that grants nothing."""
        return cls(library().gaol_profile_new())

    @classmethod
    def load(cls, path: StrPath) -> Profile:
        """Read a file."""
        return cls(_call("gaol_profile_load", encode(path)))

    @classmethod
    def parse(cls, name: StrPath, text: bytes) -> Profile:
        """Read a text."""
        return cls(_call("gaol_profile_parse", encode(name), text, len(text)))

    def add(self, function: str, *arguments: Any) -> None:
        """Call gaol_profile_FUNCTION. What is wrong the profile keeps, for check."""
        result = getattr(library(), "gaol_profile_" + function)(self.value, *arguments)
        if result in (-errno.EBADF, -errno.EDEADLK, -errno.ENOMEM):
            raise refused(-result)

    def limit(self, limits: dict[str, Any]) -> None:
        """Add limits."""
        self.add("limit", ctypes.byref(_limits(limits)))

    def join(self, other: Profile) -> None:
        """Add all of another profile."""
        self.add("add", other.value)

    def check(self) -> None:
        """Raise the first fault."""
        _call("gaol_profile_check", self.value)

    def toml(self) -> str:
        """Return it as a file."""
        return _given(_call("gaol_profile_toml", self.value)) or ""

    def operations(self) -> list[str]:
        """Return the operations, as Go writes them."""
        found: list[str] = []
        while True:
            text = _given(library().gaol_profile_operation(self.value, len(found)))
            if text is None:
                _behind(-(ctypes.get_errno() or errno.ENOENT))
                return found
            found.append(text)


def _limits(limits: dict[str, Any]) -> _Struct:
    struct = _Limits()
    for name, value in limits.items():
        setattr(struct, name, value)
    return struct


class Host(Handle):
    """A gaol_host."""

    _free = "gaol_host_free"

    @classmethod
    def probe(cls) -> Host:
        """Try this host's mechanisms."""
        return cls(_call("gaol_host_probe"))

    def system(self) -> str:
        """Return the operating system and its release."""
        return decode(library().gaol_host_system(self.value))

    def checks(self) -> list[tuple[str, str, str, bool]]:
        """Return mechanism, detail, fix and whether it works."""
        return [(decode(c.mechanism), decode(c.detail), decode(c.fix), bool(c.ok)) for c in _entries("gaol_host_check", self.value, _Check)]

    def engines(self) -> list[int]:
        """Return the engines that work."""
        found: list[int] = []
        while not _behind(engine := library().gaol_host_engine(self.value, len(found))):
            found.append(engine)
        return found

    def support(self, profile: Profile, index: int, engine: int) -> tuple[int, str]:
        """Return level and mechanism of an operation."""
        mechanism = c_void_p()
        level = library().gaol_host_support(self.value, profile.value, index, engine, ctypes.byref(mechanism))
        if level < 0:
            raise refused(-level)
        return level, _given(mechanism.value) or ""


class Sandbox(Handle):
    """A gaol_sandbox."""

    _free = "gaol_sandbox_free"

    @classmethod
    def new(cls, profile: Profile) -> Sandbox:
        """Resolve and compile."""
        return cls(_call("gaol_sandbox_new", profile.value))

    def explain(self) -> str:
        """Return policy and plan as text."""
        text = _given(library().gaol_sandbox_explain(self.value))
        if text is None:
            raise refused(ctypes.get_errno())
        return text

    def report(self) -> Report:
        """Return what it enforces."""
        return Report(_call("gaol_sandbox_report", self.value))


class Report(Handle):
    """A gaol_report."""

    _free = "gaol_report_free"

    def read(self) -> _report.Report:
        """Return it as a value."""
        lib, value = library(), self.value
        ending, usage = _Ending(), _Usage()
        for name, struct in (("gaol_report_ending", ending), ("gaol_report_usage", usage)):
            if (result := getattr(lib, name)(value, ctypes.byref(struct))) < 0:
                raise refused(-result)
        mechanisms: list[str] = []
        while text := lib.gaol_report_mechanism(value, len(mechanisms)):
            mechanisms.append(decode(text))
        return _report.Report(
            engine=decode(lib.gaol_report_engine(value)),
            mechanisms=tuple(mechanisms),
            enforced=tuple(
                _report.Enforcement(decode(e.operation), decode(e.mechanism)) for e in _entries("gaol_report_enforced", value, _Enforcement)
            ),
            gaps=tuple(_report.Gap(decode(g.operation), decode(g.detail)) for g in _entries("gaol_report_gap", value, _Gap)),
            denials=tuple(
                _report.Denial(decode(d.operation), decode(d.path), decode(d.syscall), decode(d.suggestion))
                for d in _entries("gaol_report_denial", value, _Denial)
            ),
            end=_report.ENDS[ending.end],
            code=None if ending.code < 0 else ending.code,
            signal=ending.signal or None,
            core=bool(ending.core),
            killed=ending.killed,
            syscall=decode(ending.syscall_name) or (None if ending.syscall < 0 else str(ending.syscall)),
            usage=_report.Usage(
                usage.wall_ns / 1e9, usage.user_ns / 1e9, usage.system_ns / 1e9, usage.max_rss, usage.minor_faults, usage.major_faults,
                usage.voluntary_switches, usage.involuntary_switches, usage.block_read, usage.block_written, usage.instructions, usage.output,
            ),
        )  # fmt: skip


def _strings(values: Sequence[bytes]) -> Any:
    return (c_char_p * (len(values) + 1))(*values, None)


class Command(Handle):
    """A gaol_cmd. A program that still runs when it is freed is killed."""

    _free = "gaol_cmd_free"

    def __init__(self, sandbox: Sandbox, arguments: Sequence[bytes]) -> None:
        value = library().gaol_cmd_new(sandbox.value, _strings(arguments))
        if not value and ctypes.get_errno() == errno.E2BIG:
            raise OSError(errno.E2BIG, os.strerror(errno.E2BIG), os.fsdecode(arguments[0]))
        super().__init__(value)
        self.polled = False  # it holds a descriptor until it is freed

    def set(self, function: str, *arguments: Any) -> None:
        """Call gaol_cmd_FUNCTION."""
        if getattr(library(), "gaol_cmd_" + function)(self.value, *arguments) < 0:
            _call("gaol_cmd_check", self.value)  # says more than the number
            raise ValueError(f"gaol_cmd_{function}")  # not reached: the command keeps the fault

    def set_stdio(self, stream: int, how: int, fd: int) -> None:
        """Say where a stream leads."""
        if library().gaol_cmd_set_stdio(self.value, stream, how, fd) < 0:
            _call("gaol_cmd_check", self.value)

    def set_env(self, env: Sequence[bytes]) -> None:
        """Set the whole environment."""
        self.set("set_env", _strings(env))

    def set_limits(self, limits: dict[str, Any]) -> None:
        """Narrow the limits."""
        self.set("set_limits", ctypes.byref(_limits(limits)))

    def set_credential(self, uid: int, gid: int, groups: Iterable[int], dynamic: bool) -> None:
        """Set the user."""
        credential, numbers = _Credential(), list(groups)
        credential.uid, credential.gid, credential.dynamic = uid, gid, dynamic
        if numbers:
            credential.groups, credential.ngroups = (c_uint32 * len(numbers))(*numbers), len(numbers)
        self.set("set_credential", ctypes.byref(credential))

    def start(self) -> int:
        """Start the program; return its process number."""
        _call("gaol_cmd_start", self.value)
        return int(library().gaol_cmd_pid(self.value))

    def poll_fd(self) -> int:
        """Return the descriptor that becomes readable at the end. It is the command's."""
        self.polled = True
        return _number(library().gaol_cmd_poll_fd(self.value))

    def wait(self, nanoseconds: int) -> Optional[tuple[int, Optional[BaseException]]]:
        """Return the wait status, and what went wrong beside the program; or None if the time is over before."""
        status, fault = c_int(-1), c_void_p()
        result = library().gaol_cmd_wait_timeout(self.value, nanoseconds, ctypes.byref(status), ctypes.byref(fault))
        if result == -errno.ETIMEDOUT:
            library().gaol_error_free(fault)
            return None
        error = _taken(fault.value) if fault.value else None
        if error is not None and status.value < 0:
            raise error
        return status.value, error

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        result = library().gaol_cmd_signal(self.value, whole(number))
        if result == -errno.EINVAL:
            raise ValueError(f"signal {number} cannot be sent into a sandbox")
        _number(result)

    def kill(self) -> None:
        """End everything in the sandbox."""
        _number(library().gaol_cmd_kill(self.value))

    def report(self) -> Report:
        """Return what was enforced, and how it ended."""
        return Report(_call("gaol_cmd_report", self.value))


def _number(result: int) -> int:
    if result < 0:
        raise refused(-result)
    return result
