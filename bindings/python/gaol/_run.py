"""run and its older names: subprocess's functions, in a sandbox."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any, AnyStr, Literal, Optional, Union, cast, overload

from . import _ffi
from ._child import Arguments
from ._errors import CalledProcessError, TimeoutExpired
from ._popen import Popen, read
from ._report import Report

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import OutputOptions, RunOptions


class CompletedProcess(subprocess.CompletedProcess[AnyStr]):
    """``subprocess.CompletedProcess`` with the report."""

    def __init__(
        self, args: Any, returncode: int, stdout: Any = None, stderr: Any = None, report: Union[Report, _ffi.Command, _ffi.Report, None] = None
    ) -> None:
        super().__init__(args, returncode, stdout, stderr)
        self._report = report

    @property
    def report(self) -> Report:
        """What was enforced and denied, and how the program ended."""
        if isinstance(self._report, (_ffi.Command, _ffi.Report)):
            self._report = read(self._report)
        return cast(Report, self._report)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_report": self.report}

    def check_returncode(self) -> None:
        """Raise CalledProcessError if the exit code is not zero."""
        if self.returncode:
            error = CalledProcessError(self.returncode, self.args, self.stdout, self.stderr)
            error.report = self.report
            raise error


@overload
def run(
    args: Arguments,
    *,
    text: Literal[True],
    encoding: Optional[str] = None,
    errors: Optional[str] = None,
    universal_newlines: Optional[bool] = None,
    input: Optional[str] = None,
    **options: Unpack[RunOptions],
) -> CompletedProcess[str]: ...
@overload
def run(
    args: Arguments,
    *,
    encoding: str,
    errors: Optional[str] = None,
    text: Optional[bool] = None,
    universal_newlines: Optional[bool] = None,
    input: Optional[str] = None,
    **options: Unpack[RunOptions],
) -> CompletedProcess[str]: ...
@overload
def run(
    args: Arguments,
    *,
    errors: str,
    encoding: Optional[str] = None,
    text: Optional[bool] = None,
    universal_newlines: Optional[bool] = None,
    input: Optional[str] = None,
    **options: Unpack[RunOptions],
) -> CompletedProcess[str]: ...
@overload
def run(
    args: Arguments,
    *,
    universal_newlines: Literal[True],
    encoding: Optional[str] = None,
    errors: Optional[str] = None,
    text: Optional[bool] = None,
    input: Optional[str] = None,
    **options: Unpack[RunOptions],
) -> CompletedProcess[str]: ...
@overload
def run(
    args: Arguments,
    *,
    text: Literal[False, None] = None,
    encoding: None = None,
    errors: None = None,
    universal_newlines: Literal[False, None] = None,
    input: Any = None,
    **options: Unpack[RunOptions],
) -> CompletedProcess[bytes]: ...
@overload
def run(
    args: Arguments,
    *,
    text: Optional[bool] = None,
    encoding: Optional[str] = None,
    errors: Optional[str] = None,
    universal_newlines: Optional[bool] = None,
    input: Any = None,
    **options: Unpack[RunOptions],
) -> CompletedProcess[Any]: ...  # fmt: skip


def run(*popenargs: Any, input: Any = None, capture_output: bool = False, timeout: Optional[float] = None, check: bool = False, **kwargs: Any) -> Any:
    """Run a program and return a CompletedProcess when it has ended, as subprocess.run; with profile= or sandbox=."""
    if input is not None:
        if kwargs.get("stdin") is not None:
            raise ValueError("stdin and input arguments may not both be used.")
        kwargs["stdin"] = subprocess.PIPE
    if capture_output:
        if kwargs.get("stdout") is not None or kwargs.get("stderr") is not None:
            raise ValueError("stdout and stderr arguments may not be used with capture_output.")
        kwargs["stdout"] = kwargs["stderr"] = subprocess.PIPE
    process: Popen[Any]
    with Popen(*popenargs, **kwargs) as process:
        try:
            out, err = process.communicate(input, timeout=timeout)
        except TimeoutExpired as expired:
            process.kill()
            process.wait()
            expired.report = process.report
            raise
        except BaseException:
            process.kill()
            raise
    done: CompletedProcess[Any] = CompletedProcess(process.args, process.returncode, out, err, process._told)
    if check:
        done.check_returncode()
    return done


def call(*popenargs: Any, timeout: Optional[float] = None, **kwargs: Any) -> int:
    """Run a program and return its returncode, as subprocess.call."""
    process: Popen[Any]
    with Popen(*popenargs, **kwargs) as process:
        try:
            return process.wait(timeout=timeout)
        except BaseException:
            process.kill()
            raise


def check_call(*popenargs: Any, timeout: Optional[float] = None, **kwargs: Any) -> int:
    """Run a program; raise CalledProcessError if its exit code is not zero, as subprocess.check_call."""
    process: Popen[Any]
    with Popen(*popenargs, **kwargs) as process:
        try:
            code = process.wait(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    if code:
        error = CalledProcessError(code, cast(Any, process.args))
        error.report = process.report
        raise error
    return 0


@overload
def check_output(
    args: Arguments,
    *,
    text: Literal[True],
    encoding: Optional[str] = None,
    errors: Optional[str] = None,
    universal_newlines: Optional[bool] = None,
    input: Optional[str] = None,
    **options: Unpack[OutputOptions],
) -> str: ...
@overload
def check_output(
    args: Arguments,
    *,
    encoding: str,
    errors: Optional[str] = None,
    text: Optional[bool] = None,
    universal_newlines: Optional[bool] = None,
    input: Optional[str] = None,
    **options: Unpack[OutputOptions],
) -> str: ...
@overload
def check_output(
    args: Arguments,
    *,
    text: Literal[False, None] = None,
    encoding: None = None,
    errors: None = None,
    universal_newlines: Literal[False, None] = None,
    input: Any = None,
    **options: Unpack[OutputOptions],
) -> bytes: ...
@overload
def check_output(
    args: Arguments,
    *,
    text: Optional[bool] = None,
    encoding: Optional[str] = None,
    errors: Optional[str] = None,
    universal_newlines: Optional[bool] = None,
    input: Any = None,
    **options: Unpack[OutputOptions],
) -> Any: ...  # fmt: skip


def check_output(*popenargs: Any, timeout: Optional[float] = None, **kwargs: Any) -> Any:
    """Run a program and return what it wrote; raise CalledProcessError if its exit code is not zero, as subprocess.check_output."""
    for name in ("stdout", "check"):
        if name in kwargs:
            raise ValueError(f"{name} argument not allowed, it will be overridden.")
    if "input" in kwargs and kwargs["input"] is None:  # which stands for nothing, not for this process's input
        text = kwargs.get("text") or kwargs.get("universal_newlines") or kwargs.get("encoding") or kwargs.get("errors")
        kwargs["input"] = "" if text else b""
    return run(*popenargs, stdout=subprocess.PIPE, timeout=timeout, check=True, **kwargs).stdout
