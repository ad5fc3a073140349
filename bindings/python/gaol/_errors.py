"""The exceptions. They are values: nothing here knows the library, and each can be pickled.

Whoever comes from ``subprocess`` catches what was caught there: a program that is not there is a FileNotFoundError, one that may not be
executed a PermissionError, and both are OSErrors.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Optional

if TYPE_CHECKING:
    from ._report import Report


class Error(Exception):
    """What gaol itself reports: a profile that means nothing, a host that cannot enforce it, a program that never ran."""

    message: str = ""
    operation: str = ""  #: the entry of the profile that it is about, as Go writes it
    hint: str = ""  #: what may be done about it

    def __str__(self) -> str:
        return self.message or super().__str__()


class ProfileError(Error, ValueError):
    """The profile cannot mean anything."""

    path: str = ""  #: the path that it is about
    file: str = ""  #: where in a profile file
    line: int = 0  #: counts from 1; 0 is none
    key: str = ""
    errno: int = 0  #: EINVAL, or why a path or file cannot be had


@dataclass(frozen=True)
class Unsupported:
    """One thing that this host cannot enforce."""

    operation: str  #: of the profile, or a limit such as "Limits.Memory"
    mechanism: str  #: what is missing
    detail: str  #: why it is missing
    fix: str  #: what would provide it
    gap: str  #: what best_effort() would leave open; empty where it does not help


class UnsupportedError(Error, OSError):
    """The host cannot enforce the profile exactly; nothing was started."""

    operations: tuple[Unsupported, ...] = ()


class SetupError(Error, OSError):
    """The program never ran. ``errno`` and ``filename`` are of the step that failed."""

    step: str = ""
    _kinds: ClassVar[dict[int, type[SetupError]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for number in cls.__dict__.get("numbers", ()):
            SetupError._kinds[number] = cls

    @classmethod
    def of(cls, number: int) -> type[SetupError]:
        """Return the kind of error that OSError itself would become."""
        return SetupError._kinds.get(number, SetupError)


class SetupFileNotFoundError(SetupError, FileNotFoundError):
    """The program never ran, since it or something else is not there."""

    numbers = (2,)


class SetupPermissionError(SetupError, PermissionError):
    """The program never ran, since something may not be done."""

    numbers = (1, 13)


class SetupNotADirectoryError(SetupError, NotADirectoryError):
    """The program never ran, since something is no directory."""

    numbers = (20,)


class SetupIsADirectoryError(SetupError, IsADirectoryError):
    """The program never ran, since something is a directory."""

    numbers = (21,)


class CalledProcessError(subprocess.CalledProcessError):
    """``subprocess.CalledProcessError`` with the report."""

    report: Optional[Report] = None

    def __str__(self) -> str:
        text = super().__str__()
        if self.report is not None and self.report.reason:
            return f"{text} ({self.report.reason})"
        return text


class TimeoutExpired(subprocess.TimeoutExpired):
    """``subprocess.TimeoutExpired``. The report is there if the program was killed for it, as by ``gaol.run``."""

    report: Optional[Report] = None
