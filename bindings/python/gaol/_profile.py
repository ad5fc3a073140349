"""Profiles: what a program may do. A Profile never changes; it is checked when it is made, without a look at the host."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Callable, Literal, Optional, Union, get_args

from . import _ffi, _operation
from ._address import Address
from ._limits import Limits
from ._operation import IPCKind, Operation, Path
from ._text import StrPath, encode

_ACTIONS = {"errno": 0, "kill": 1}
Engine = Literal["", "namespace", "landlock", "seatbelt", "capsicum", "jail"]
_ENGINES: dict[str, int] = {name: number for number, name in enumerate(get_args(Engine))}  # as in enum gaol_engine
_Mode = Literal["ro", "rw"]
_Calls = tuple[tuple[str, tuple[Any, ...]], ...]  # functions of the library, with what they are given
_FILE = "file"  # no function: all of a profile that is given as TOML


class Profile:
    """What a program may do: a whitelist. Nothing else is allowed.

    The keywords are the keys of a profile file. One that names paths or addresses takes one or several; a path is it and everything below
    it. ``map`` has the path inside for key and the host's, or ``(host's, "rw")``, for value.

    >>> Profile(system=True, read=["/srv/in"], write=["/srv/out"], connect=["api.example.com:443"])
    """

    __slots__ = ("__weakref__", "_calls", "_handle")

    def __init__(
        self,
        *operations: Operation,
        system: bool = False,
        read: Union[Path, Iterable[Path]] = (),
        metadata: Union[Path, Iterable[Path]] = (),
        write: Union[Path, Iterable[Path]] = (),
        exec: Union[Path, Iterable[Path]] = (),
        connect: Union[Address, str, Iterable[Union[Address, str]]] = (),
        listen: Union[Address, str, Iterable[Union[Address, str]]] = (),
        sysinfo: bool = False,
        process: bool = False,
        signal: bool = False,
        trace: bool = False,
        ipc: Union[IPCKind, Iterable[IPCKind]] = (),
        device: Union[StrPath, Iterable[StrPath]] = (),
        syscall: Union[str, Iterable[str]] = (),
        mach_lookup: Union[str, Iterable[str]] = (),
        private: Union[StrPath, Iterable[StrPath]] = (),
        map: Optional[Mapping[StrPath, Union[StrPath, tuple[StrPath, _Mode]]]] = None,
        deny: Union[Operation, Mapping[str, Path], Iterable[Union[Operation, Mapping[str, Path]]]] = (),
        best_effort: Union[Operation, Iterable[Operation]] = (),
        env: Optional[Mapping[str, str]] = None,
        pass_env: Union[str, Iterable[str]] = (),
        dir: Optional[StrPath] = None,
        on_denied: Literal["errno", "kill"] = "errno",
        limits: Optional[Limits] = None,
        engine: Engine = "",
    ) -> None:
        ops = list(operations)
        for wanted, make in (
            (system, _operation.system),
            (sysinfo, _operation.system_info_read),
            (process, _operation.process_create),
            (signal, _operation.signal),
            (trace, _operation.trace),
        ):
            if not isinstance(wanted, bool):
                raise TypeError(f"{make.__name__}: True or False, not {wanted!r}")
            if wanted:
                ops.append(make())
        entries: tuple[tuple[Any, Callable[[Any], Operation]], ...] = (
            (read, _operation.file_read),
            (metadata, _operation.file_read_metadata),
            (write, _operation.file_write),
            (exec, _operation.file_execute),
            (connect, _operation.network_outbound),
            (listen, _operation.network_inbound),
            (ipc, _operation.ipc),
            (device, _operation.device),
            (syscall, _operation.syscall),
            (mach_lookup, _operation.mach_lookup),
            (private, _operation.private),
            (deny, _operation.deny),
            (best_effort, _operation.best_effort),
        )
        for given, of in entries:
            ops.extend(of(one) for one in _several(given))
        for inside, target in (map or {}).items():
            to, mode = target if isinstance(target, tuple) else (target, "ro")
            ops.append(_operation.map_(inside, to, mode))
        calls: list[tuple[str, tuple[Any, ...]]] = []
        for op in ops:
            if not isinstance(op, Operation):
                raise TypeError(f"an operation such as gaol.system(), not {op!r}")
            calls.extend(op.calls)
        for name, value in (env or {}).items():
            calls.append(("set_env", (encode(name), encode(value))))
        calls.extend(("pass_env", (encode(name),)) for name in _several(pass_env))
        if dir is not None:
            calls.append(("set_dir", (encode(dir),)))
        if on_denied != "errno":
            calls.append(("set_on_denied", (_word("on_denied", on_denied, _ACTIONS),)))
        if engine:
            calls.append(("set_engine", (_word("engine", engine, _ENGINES),)))
        if limits is not None:
            if not isinstance(limits, Limits):
                raise TypeError(f"limits= takes a gaol.Limits, not {type(limits).__name__}")
            calls.append(("limit", (limits._fields(),)))
        self._fill(tuple(calls))

    def _fill(self, calls: _Calls) -> None:
        """Make the handle by what is called on it."""
        self._calls = calls
        self._handle = _ffi.Profile.new()
        for function, arguments in calls:
            if function == "limit":
                self._handle.limit(*arguments)
            elif function == _FILE:
                self._handle.join(_ffi.Profile.parse("profile.toml", *arguments))
            else:
                self._handle.add(function, *arguments)
        self._handle.check()

    @classmethod
    def _made(cls, calls: _Calls) -> Profile:
        profile = cls.__new__(cls)
        profile._fill(calls)
        return profile

    @classmethod
    def _of(cls, file: _ffi.Profile) -> Profile:
        return cls._made(((_FILE, (os.fsencode(file.toml()),)),))

    @classmethod
    def from_file(cls, path: StrPath) -> Profile:
        """Read a file, TOML or JSON by the ending of its name. ${HOME}, ${CWD} and ${TMP} stand for this process's."""
        return cls._of(_ffi.Profile.load(path))

    @classmethod
    def from_toml(cls, text: str) -> Profile:
        """Read what a file with the ending .toml would have."""
        return cls._of(_ffi.Profile.parse("profile.toml", text.encode()))

    @classmethod
    def from_json(cls, text: str) -> Profile:
        """Read what a file with the ending .json would have."""
        return cls._of(_ffi.Profile.parse("profile.json", text.encode()))

    def toml(self) -> str:
        """Return the profile as a file, but for the engine."""
        return self._handle.toml()

    @property
    def operations(self) -> tuple[str, ...]:
        """What is allowed, as Go and reports write it."""
        return tuple(self._handle.operations())

    def with_(self, *operations: Operation, **keywords: Any) -> Profile:
        """Return a profile that allows more: it takes what Profile takes. Of limits that are given twice, the smaller holds."""
        return self | Profile(*operations, **keywords)

    def __or__(self, other: Profile) -> Profile:
        if not isinstance(other, Profile):
            return NotImplemented
        return self._made(self._calls + other._calls)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Profile):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        """Return what makes two profiles equal: a file says all but the engine."""
        return self.toml(), tuple(arguments for function, arguments in self._calls if function == "set_engine")[-1:]

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (type(self), self._calls)

    def __repr__(self) -> str:
        return f"<gaol.Profile: {', '.join(self.operations) or 'nothing'}>"


def _unpickle(cls: type[Profile], calls: _Calls) -> Profile:
    return cls._made(calls)


def _several(given: Any) -> Iterable[Any]:
    """Return what is one or several as several."""
    if isinstance(given, (str, bytes, os.PathLike, Mapping, Operation, Address, _operation.Pattern)):
        return (given,)
    return given  # type: ignore[no-any-return]


def _word(keyword: str, word: str, words: Mapping[str, int]) -> int:
    if word not in words:
        raise ValueError(f"{keyword}={word!r}: {', '.join(filter(None, words))}")
    return words[word]
