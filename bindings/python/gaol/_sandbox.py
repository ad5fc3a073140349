"""Sandboxes and hosts: a profile that was compiled for this host, and what this host can enforce."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from types import TracebackType
from typing import Optional, Union

from . import _ffi
from ._operation import Operation
from ._profile import _ENGINES, Engine, Profile
from ._report import Report


class Sandbox:
    """A profile that was resolved and compiled for this host, once for all commands. Threads may share it.

    It raises UnsupportedError for what this host cannot enforce exactly. As a context manager it is closed at the end; else when nothing
    refers to it any more. Commands that run go on.
    """

    __slots__ = ("__weakref__", "_handle")

    def __init__(self, profile: Profile) -> None:
        if not isinstance(profile, Profile):
            raise TypeError(f"a gaol.Profile, not {type(profile).__name__}")
        self._handle = _ffi.Sandbox.new(profile._handle)

    def close(self) -> None:
        """Free what the sandbox holds. No command can be started in it any more."""
        self._handle.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._handle.closed

    @property
    def report(self) -> Report:
        """What it enforces, and by which mechanisms."""
        return self._handle.report().read()

    def explain(self) -> str:
        """Return the policy and the plan as text for people."""
        return self._handle.explain()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def __reduce__(self) -> str:
        raise TypeError("a Sandbox belongs to its process; pass its Profile on")


class Level(enum.IntEnum):
    """How far a host can enforce an operation."""

    NEVER_ALLOWED = 0  #: no profile with it is accepted
    CANNOT_BE_ALLOWED_PRECISELY = 1  #: only with best_effort()
    CAN_BE_ALLOWED = 2  #: it is enforced as it says
    ALWAYS_ALLOWED = 3  #: every program may do so


@dataclass(frozen=True)
class Check:
    """One mechanism of a host."""

    mechanism: str
    ok: bool
    detail: str  #: what was found, or what stood in the way
    fix: str  #: what would provide it


@dataclass(frozen=True)
class Support:
    """How far the host can enforce an operation, taken alone."""

    operation: str
    level: Level
    mechanism: str  #: what enforces it, or what is missing


class Host:
    """What this host can enforce; see probe()."""

    __slots__ = ("_handle",)

    def __init__(self) -> None:
        self._handle = _ffi.Host.probe()

    @property
    def system(self) -> str:
        """The operating system and its release."""
        return self._handle.system()

    @property
    def checks(self) -> tuple[Check, ...]:
        """Each mechanism."""
        return tuple(Check(mechanism, ok, detail, fix) for mechanism, detail, fix, ok in self._handle.checks())

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that work here, the best first."""
        names = {number: name for name, number in _ENGINES.items()}
        return tuple(names[number] for number in self._handle.engines())

    def support(self, of: Union[Profile, Operation], engine: Engine = "") -> tuple[Support, ...]:
        """Return how far each operation of a profile can be enforced."""
        profile = of if isinstance(of, Profile) else Profile(of)
        found = []
        for index, operation in enumerate(profile.operations):
            level, mechanism = self._handle.support(profile._handle, index, _ENGINES[engine])
            found.append(Support(operation, Level(level), mechanism))
        return tuple(found)


def probe() -> Host:
    """Try the mechanisms of this host in a throw-away child, once in the life of this process."""
    return Host()
