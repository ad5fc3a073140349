"""The keywords that functions pass on to Popen, for type checkers alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Optional, TypedDict, Union

from ._child import Env, File
from ._limits import Limits
from ._profile import Profile
from ._sandbox import Sandbox
from ._text import StrPath


class PopenOptions(TypedDict, total=False):
    """What Popen has behind its first six parameters, but for those that say whether it is text."""

    preexec_fn: None
    close_fds: Literal[True]
    shell: bool
    cwd: Optional[StrPath]
    env: Optional[Env]
    startupinfo: None
    creationflags: int
    restore_signals: Literal[True]
    start_new_session: bool
    pass_fds: Iterable[int]
    user: Union[str, int, None]
    group: Union[str, int, None]
    extra_groups: Optional[Iterable[Union[str, int]]]
    umask: int
    pipesize: int
    process_group: Optional[int]
    profile: Optional[Profile]
    sandbox: Optional[Sandbox]
    limits: Optional[Limits]


class Options(PopenOptions, total=False):
    """What each function passes on."""

    bufsize: int
    executable: Optional[StrPath]
    stdin: File
    stderr: File


class RunOptions(Options, total=False):
    """Those and run's own."""

    stdout: File
    capture_output: bool
    timeout: Optional[float]
    check: bool


class OutputOptions(Options, total=False):
    """Those of check_output, whose standard output is what it returns."""

    timeout: Optional[float]
