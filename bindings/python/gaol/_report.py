"""Reports: what was enforced and denied, and how a program ended. They are values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Enforcement:
    """An operation of the profile and the mechanism that holds it."""

    operation: str
    mechanism: str


@dataclass(frozen=True)
class Gap:
    """What an operation with best_effort() left open."""

    operation: str
    detail: str


@dataclass(frozen=True)
class Denial:
    """What the program tried and was not allowed."""

    operation: str
    path: str
    syscall: str  #: of a system call: its name
    suggestion: str  #: the entry of a profile that would allow it


@dataclass(frozen=True)
class Usage:
    """What the program, and those of its children that it waited for, have used. Times are seconds."""

    wall: float
    user: float
    system: float
    max_rss: int  #: bytes, of the largest process
    minor_faults: int
    major_faults: int
    voluntary_switches: int
    involuntary_switches: int
    block_read: int  #: bytes, from block devices
    block_written: int  #: and to them
    instructions: int  #: with Limits.instructions; else 0
    output: int  #: bytes that came through gaol


#: The words for how a program ends; "" where it has not, or never ran.
ENDS = (
    "", "exited", "signal", "canceled", "wall limit", "CPU limit", "memory limit", "output limit", "instructions limit", "denied", "lost",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What the sandbox enforces; of a program that has ended, also how it did."""

    engine: str
    mechanisms: tuple[str, ...]
    enforced: tuple[Enforcement, ...]
    gaps: tuple[Gap, ...]
    denials: tuple[Denial, ...]
    end: str  #: one of ENDS
    code: Optional[int]  #: the exit code; None: ended by a signal, or not ended
    signal: Optional[int]  #: the signal that ended it
    core: bool  #: a core was written
    killed: int  #: processes that were still there when the program ended, and were killed
    syscall: Optional[str]  #: of the end "denied": the system call
    usage: Usage

    @property
    def reason(self) -> str:
        """Return why gaol ended the program, in words; "" if gaol did not."""
        if self.end in ENDS[4:9]:
            return self.end
        if self.end == "denied":
            return f"denied system call {self.syscall}" if self.syscall else "denied system call"
        return "the sandbox was killed from outside" if self.end == "lost" else ""
