"""subprocess and gaol side by side: each case runs through both, and what comes of it is compared to the word.

What is different on purpose is in test_different.py, and in docs/PYTHON.md.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from typing import Any, Callable

import pytest

import gaol

ENV = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


class Side:
    """One of the two modules. Its functions are given what both need to do the same."""

    def __init__(self, module: Any, **keywords: Any) -> None:
        self.module, self.keywords = module, {"env": ENV, "cwd": "/", **keywords}

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.module, name)
        if name not in ("run", "Popen", "call", "check_call", "check_output"):
            return value
        return lambda *args, **keywords: value(*args, **{**self.keywords, **keywords})


CASES: dict[str, Callable[[Any], Any]] = {}


def case(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    CASES[function.__name__] = function
    return function


def done(completed: Any) -> Any:
    return completed.args, completed.returncode, completed.stdout, completed.stderr, repr(completed)


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


# what is one expression: a name, and the call
LINES: dict[str, Callable[[Any], Any]] = {
    "run": lambda m: done(m.run(["true"])),
    "run_exit_code": lambda m: done(m.run(sh("exit 7"))),
    "run_exit_255": lambda m: done(m.run(sh("exit 255"))),
    "run_signal": lambda m: done(m.run(sh("kill -TERM $$"))),
    "run_sigkill": lambda m: done(m.run(sh("kill -KILL $$"))),
    "run_sigsegv": lambda m: done(m.run(sh("kill -SEGV $$"))),
    "run_string_is_a_program": lambda m: done(m.run("true")),
    "run_bytes_is_a_program": lambda m: done(m.run(b"true")),
    "run_path_is_a_program": lambda m: done(m.run(pathlib.Path("/bin/true"))),
    "run_tuple": lambda m: done(m.run(("echo", "a"), stdout=m.PIPE)),
    "run_args_by_keyword": lambda m: done(m.run(args=["true"])),
    "run_path_argument": lambda m: done(m.run(["echo", pathlib.Path("/x/y")], stdout=m.PIPE)),
    "run_bytes_arguments": lambda m: done(m.run([b"echo", b"\xff\xfe"], stdout=m.PIPE)),
    "run_surrogate_argument": lambda m: done(m.run(["echo", "\udcff"], stdout=m.PIPE)),
    "run_empty_argument": lambda m: done(m.run(["printf", "[%s]", ""], stdout=m.PIPE)),
    "run_many_arguments": lambda m: done(m.run(["echo", *map(str, range(20000))], stdout=m.PIPE)),
    "run_capture": lambda m: done(m.run(sh("echo out; echo err >&2"), capture_output=True)),
    "run_capture_text": lambda m: done(m.run(sh("echo out; echo err >&2"), capture_output=True, text=True)),
    "run_capture_nothing": lambda m: done(m.run(["true"], capture_output=True)),
    "run_capture_nothing_text": lambda m: done(m.run(["true"], capture_output=True, text=True)),
    "run_capture_much": lambda m: done(m.run(sh("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"), capture_output=True)),
    "run_encoding": lambda m: done(m.run(["printf", r"\351"], stdout=m.PIPE, encoding="latin-1")),
    "run_errors": lambda m: done(m.run(["printf", r"a\377"], stdout=m.PIPE, encoding="utf-8", errors="replace")),
    "run_errors_alone": lambda m: done(m.run(["printf", r"a\377"], stdout=m.PIPE, errors="ignore")),
    "run_universal_newlines": lambda m: done(m.run(["printf", r"a\r\nb\rc\n"], stdout=m.PIPE, universal_newlines=True)),
    "run_newlines_two_pipes": lambda m: done(m.run(["printf", r"a\r\nb\rc\n"], capture_output=True, text=True)),
    "run_bad_utf8": lambda m: m.run(["printf", r"a\377"], stdout=m.PIPE, text=True, encoding="utf-8"),
    "run_bad_utf8_two_pipes": lambda m: m.run(["printf", r"a\377"], capture_output=True, encoding="utf-8"),
    "run_unknown_encoding": lambda m: m.run(["true"], stdout=m.PIPE, encoding="no-such"),
    "run_input": lambda m: done(m.run(["cat"], input=b"in", stdout=m.PIPE)),
    "run_input_text": lambda m: done(m.run(["cat"], input="in\u00e9", stdout=m.PIPE, encoding="utf-8")),
    "run_input_empty": lambda m: done(m.run(["cat"], input=b"", stdout=m.PIPE)),
    "run_input_much": lambda m: done(m.run(["cat"], input=b"x" * 500000, stdout=m.PIPE)),
    "run_input_not_read": lambda m: done(m.run(["true"], input=b"x" * 500000)),
    "run_input_not_read_captured": lambda m: done(m.run(["true"], input=b"x" * 500000, capture_output=True)),
    "run_input_bytearray": lambda m: done(m.run(["cat"], input=bytearray(b"ba"), capture_output=True)),
    "run_input_memoryview": lambda m: done(m.run(["cat"], input=memoryview(b"mv"), capture_output=True)),
    "run_input_str_without_text": lambda m: m.run(["cat"], input="in", stdout=m.PIPE),
    "run_input_bytes_with_text": lambda m: m.run(["cat"], input=b"in", stdout=m.PIPE, text=True),
    "run_input_and_stdin": lambda m: m.run(["cat"], input=b"in", stdin=m.PIPE),
    "run_capture_and_stdout": lambda m: m.run(["true"], capture_output=True, stdout=m.PIPE),
    "run_capture_and_stderr": lambda m: m.run(["true"], capture_output=True, stderr=m.PIPE),
    "run_stderr_to_stdout": lambda m: done(m.run(sh("echo a; echo b >&2; echo c"), stdout=m.PIPE, stderr=m.STDOUT)),
    "run_devnull": lambda m: done(m.run(sh("cat; echo a; echo b >&2"), stdin=m.DEVNULL, stdout=m.DEVNULL, stderr=m.DEVNULL)),
    "run_stderr_to_devnull_stdout": lambda m: done(m.run(sh("echo b >&2"), stdout=m.DEVNULL, stderr=m.STDOUT)),
    "run_check": lambda m: m.run(sh("echo out; echo err >&2; exit 3"), check=True, capture_output=True),
    "run_check_signal": lambda m: m.run(sh("kill -TERM $$"), check=True),
    "run_check_unknown_signal": lambda m: m.run(sh("kill -40 $$"), check=True),
    "run_check_good": lambda m: done(m.run(["true"], check=True)),
    "run_check_returncode": lambda m: m.run(["false"]).check_returncode(),
    "run_timeout": lambda m: m.run(["sleep", "30"], timeout=0.2),
    "run_timeout_output": lambda m: m.run(sh("echo a; echo b >&2; exec sleep 30"), timeout=0.5, capture_output=True),
    "run_umask": lambda m: done(m.run(sh("umask"), umask=0o27, stdout=m.PIPE)),
    "run_umask_of_this_process": lambda m: done(m.run(sh("umask"), umask=-1, stdout=m.PIPE)),
    "run_umask_that_is_larger": lambda m: done(m.run(sh("umask"), umask=0o7022, stdout=m.PIPE)),
    "run_umask_that_is_no_number": lambda m: m.run(["true"], umask="022"),
    "run_timeout_output_text": lambda m: m.run(sh("echo a; exec sleep 30"), timeout=0.5, stdout=m.PIPE, text=True),
    "run_timeout_not_reached": lambda m: done(m.run(["echo", "a"], timeout=20, capture_output=True)),
    "run_timeout_zero": lambda m: m.run(["sleep", "30"], timeout=0),
    "run_timeout_negative": lambda m: m.run(["sleep", "30"], timeout=-1),
    "run_shell": lambda m: done(m.run("echo $((1 + 2)) | cat", shell=True, stdout=m.PIPE)),
    "run_shell_list": lambda m: done(m.run(["echo $0 $1", "a", "b"], shell=True, stdout=m.PIPE)),
    "run_shell_not_found": lambda m: done(m.run("no-such-program", shell=True, stderr=m.DEVNULL)),
    "run_shell_executable": lambda m: done(m.run("echo $0", shell=True, executable="/bin/dash", stdout=m.PIPE)),
    "run_executable": lambda m: done(m.run(["other-name", "-c", "echo $0"], executable="/bin/sh", stdout=m.PIPE)),
    "run_env": lambda m: done(m.run(["env"], env={"PATH": "/usr/bin:/bin", "A": "1"}, stdout=m.PIPE)),
    "run_env_empty": lambda m: done(m.run(["/usr/bin/env"], env={}, stdout=m.PIPE)),
    "run_env_bytes": lambda m: done(m.run(["/usr/bin/env"], env={b"A": b"\xff"}, stdout=m.PIPE)),
    "run_env_path": lambda m: done(m.run(["/usr/bin/env"], env={"A": pathlib.Path("/x")}, stdout=m.PIPE)),
    "run_env_bad_name": lambda m: m.run(["true"], env={"A=B": "1"}),
    "run_env_number": lambda m: m.run(["true"], env={"A": 1}),
    "run_env_null": lambda m: m.run(["true"], env={"A": "x\0y"}),
    "run_env_finds_program": lambda m: m.run(["true"], env={"PATH": "/nowhere"}),
    "run_cwd": lambda m: done(m.run(["pwd"], cwd="/usr/bin", stdout=m.PIPE)),
    "run_cwd_path": lambda m: done(m.run(["pwd"], cwd=pathlib.Path("/usr"), stdout=m.PIPE)),
    "run_cwd_bytes": lambda m: done(m.run(["pwd"], cwd=b"/usr", stdout=m.PIPE)),
    "run_cwd_missing": lambda m: m.run(["true"], cwd="/no/such"),
    "run_cwd_null": lambda m: m.run(["true"], cwd="/u\0sr"),
    "run_program_relative_to_cwd": lambda m: done(m.run(["./true"], cwd="/usr/bin")),
    "run_not_found": lambda m: m.run(["no-such-program"]),
    "run_not_found_path": lambda m: m.run(["/usr/bin/no-such-program"]),
    "run_not_executable": lambda m: m.run(["/etc/ld.so.cache"]),
    "run_directory": lambda m: m.run(["/usr/bin"]),
    "run_below_file": lambda m: m.run(["/usr/bin/env/x"]),
    "run_argument_null": lambda m: m.run(["true", "a\0b"]),
    "run_argument_null_bytes": lambda m: m.run(["true", b"a\0b"]),
    "run_argument_number": lambda m: m.run(["true", 1]),
    "run_argument_none": lambda m: m.run(["true", None]),
    "run_too_large": lambda m: m.run(["true", "x" * 200000]),
    "run_pass_fds_negative": lambda m: m.run(["true"], pass_fds=[-1]),
    "run_unknown_keyword": lambda m: m.run(["true"], no_such=1),
    "run_bufsize_no_number": lambda m: m.run(["true"], bufsize="1"),
    "run_text_and_not_universal": lambda m: m.run(["true"], text=True, universal_newlines=False),
    "run_closed_file": lambda m: m.run(["true"], stdout=closed()),
    "run_file_without_fileno": lambda m: m.run(["true"], stdout=object()),
    "run_start_new_session": lambda m: done(m.run(["true"], start_new_session=True)),
    "call": lambda m: m.call(sh("exit 4")),
    "call_timeout": lambda m: m.call(["sleep", "30"], timeout=0.2),
    "check_call": lambda m: m.check_call(["true"]),
    "check_call_fails": lambda m: m.check_call(["false"]),
    "check_call_args_keyword": lambda m: m.check_call(args=["false"]),
    "check_output": lambda m: m.check_output(["echo", "a"]),
    "check_output_text": lambda m: m.check_output(["echo", "a"], text=True),
    "check_output_fails": lambda m: m.check_output(sh("echo out; exit 9")),
    "check_output_input": lambda m: m.check_output(["cat"], input=b"in"),
    "check_output_input_none": lambda m: m.check_output(["cat"], input=None),
    "check_output_input_none_text": lambda m: m.check_output(["cat"], input=None, text=True),
    "check_output_stdout": lambda m: m.check_output(["true"], stdout=m.PIPE),
    "check_output_check": lambda m: m.check_output(["true"], check=True),
    "check_output_stderr": lambda m: m.check_output(sh("echo a >&2"), stderr=m.STDOUT),
    "check_output_timeout": lambda m: m.check_output(sh("echo a; exec sleep 30"), timeout=0.5),
}
CASES.update(LINES)
if sys.version_info < (3, 11):
    del CASES["check_output_check"]  # a TypeError there, of two values for one keyword


def closed() -> Any:
    with tempfile.TemporaryFile() as file:
        return file


@case
def popen_attributes(m: Any) -> Any:
    with m.Popen(["cat"], stdin=m.PIPE, stdout=m.PIPE, text=True) as p:
        seen = p.args, p.returncode, p.poll(), p.stderr, type(p.stdin).__name__, type(p.stdout).__name__, p.errors, p.text_mode
        return *seen, p.universal_newlines, p.pid > 0, p.communicate("a"), p.returncode


@case
def popen_binary_files(m: Any) -> Any:
    with m.Popen(["cat"], stdin=m.PIPE, stdout=m.PIPE) as p:
        return type(p.stdin).__name__, type(p.stdout).__name__, p.text_mode, p.communicate(b"a")


@case
def popen_unbuffered(m: Any) -> Any:
    with m.Popen(["cat"], stdin=m.PIPE, stdout=m.PIPE, bufsize=0) as p:
        written = p.stdin.write(b"abc")
        return type(p.stdin).__name__, type(p.stdout).__name__, written, p.stdout.read(3), p.communicate()


@case
def popen_unbuffered_text(m: Any) -> Any:
    with m.Popen(["cat"], stdin=m.PIPE, stdout=m.PIPE, bufsize=0, text=True) as p:
        return p.communicate("abc")


@case
def popen_line_buffered(m: Any) -> Any:
    with m.Popen(["cat"], stdin=m.PIPE, stdout=m.PIPE, bufsize=1, text=True) as p:
        p.stdin.write("line\n")
        return p.stdout.readline(), p.stdin.line_buffering


@case
def popen_line_buffered_binary_warns(m: Any) -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with m.Popen(["true"], stdout=m.PIPE, bufsize=1):
            pass
    return [str(w.message) for w in caught if w.category is RuntimeWarning]


@case
def popen_iterates(m: Any) -> Any:
    with m.Popen(sh("echo a; echo b"), stdout=m.PIPE, text=True) as p:
        return list(p.stdout)


@case
def popen_dialog(m: Any) -> Any:
    with m.Popen(sh("while read x; do echo got $x; done"), stdin=m.PIPE, stdout=m.PIPE, text=True, bufsize=1) as p:
        answers = []
        for word in ("one", "two"):
            p.stdin.write(word + "\n")
            answers.append(p.stdout.readline())
        p.stdin.close()
        return answers, p.stdout.read(), p.wait()


@case
def popen_wait_timeout(m: Any) -> Any:
    with m.Popen(["cat"], stdin=m.PIPE) as p:
        try:
            p.wait(timeout=0.1)
        except m.TimeoutExpired as expired:
            told = str(expired), expired.timeout, expired.cmd, expired.output
        p.stdin.close()
        return told, p.wait(timeout=20), p.wait(), p.poll()


@case
def popen_communicate_retry(m: Any) -> Any:
    with m.Popen(sh("echo a; sleep 1; echo b; cat"), stdin=m.PIPE, stdout=m.PIPE, stderr=m.PIPE) as p:
        try:
            p.communicate(b"in", timeout=0.4)
        except m.TimeoutExpired as expired:
            told = expired.output, expired.stderr
        try:
            p.communicate(b"more")
        except ValueError as error:
            refused = str(error)
        return told, refused, p.communicate(), p.returncode


@case
def popen_communicate_twice(m: Any) -> Any:
    with m.Popen(sh("echo a; echo b >&2"), stdout=m.PIPE, stderr=m.PIPE) as p:
        return p.communicate(), p.communicate()


@case
def popen_communicate_closed_twice(m: Any) -> Any:
    with m.Popen(["echo"], stdout=m.PIPE) as p:
        p.communicate()
        return p.communicate()


@case
def popen_communicate_nothing(m: Any) -> Any:
    with m.Popen(["true"]) as p:
        return p.communicate(), p.communicate(timeout=5), p.returncode


@case
def popen_signals(m: Any) -> Any:
    codes = []
    for send in (lambda p: p.terminate(), lambda p: p.kill(), lambda p: p.send_signal(signal.SIGINT), lambda p: p.send_signal(1)):
        with m.Popen(["cat"], stdin=m.PIPE) as p:
            p.stdin.flush()
            send(p)
            codes.append(p.wait(20))
    return codes


@case
def popen_signal_caught(m: Any) -> Any:
    with m.Popen(sh("trap 'echo term; exit 5' TERM; echo ready; while :; do sleep 0.05; done"), stdout=m.PIPE, text=True) as p:
        p.stdout.readline()
        p.terminate()
        return p.stdout.read(), p.wait()


@case
def popen_signal_zero(m: Any) -> Any:
    with m.Popen(["cat"], stdin=m.PIPE) as p:
        p.send_signal(0)
        return p.poll()


@case
def popen_signal_after_the_end(m: Any) -> Any:
    with m.Popen(["true"]) as p:
        p.wait()
        return p.send_signal(signal.SIGTERM), p.terminate(), p.kill(), p.returncode


@case
def popen_context_closes(m: Any) -> Any:
    with m.Popen(["cat"], stdin=m.PIPE, stdout=m.PIPE, stderr=m.PIPE) as p:
        pass
    return p.stdin.closed, p.stdout.closed, p.stderr.closed, p.returncode


@case
def popen_repr(m: Any) -> Any:
    with m.Popen(["false"]) as p:
        before = repr(p)
    return before, repr(p)


@case
def popen_poll(m: Any) -> Any:
    with m.Popen(["cat"], stdin=m.PIPE) as p:
        running = p.poll()
        p.stdin.close()
        while p.poll() is None:
            time.sleep(0.01)
        return running, p.returncode


@case
def popen_positional(m: Any) -> Any:
    with m.Popen(["x", "-c", "echo a"], -1, "/bin/sh", None, m.PIPE) as p:
        return p.communicate()


@case
def popen_pipesize(m: Any) -> Any:
    if sys.version_info < (3, 10) and m.module is subprocess:
        return 65536 * 2
    with m.Popen(["true"], stdout=m.PIPE, pipesize=65536 * 2) as p:
        import fcntl

        return fcntl.fcntl(p.stdout.fileno(), 1032)


@case
def stdio_files(m: Any) -> Any:
    with tempfile.TemporaryFile() as inp, tempfile.TemporaryFile() as out, tempfile.TemporaryFile("w+") as err:
        inp.write(b"from a file")
        inp.seek(0)
        code = m.call(sh("cat; echo err >&2"), stdin=inp, stdout=out, stderr=err)
        out.seek(0)
        err.seek(0)
        return code, out.read(), err.read()


@case
def stdio_fds(m: Any) -> Any:
    r, w = os.pipe()
    code = m.call(sh("echo to a descriptor"), stdout=w)
    os.close(w)
    with open(r, "rb") as file:
        return code, file.read()


@case
def stdio_one_file_for_both(m: Any) -> Any:
    with tempfile.TemporaryFile() as file:
        m.call(sh("echo a; echo b >&2"), stdout=file, stderr=file)
        file.seek(0)
        return file.read()


@case
def stdio_stderr_to_a_file_by_stdout(m: Any) -> Any:
    with tempfile.TemporaryFile() as file:
        m.call(sh("echo a; echo b >&2"), stdout=file, stderr=m.STDOUT)
        file.seek(0)
        return file.read()


@case
def stdio_pipeline(m: Any) -> Any:
    with m.Popen(["echo", "through"], stdout=m.PIPE) as first, m.Popen(["cat"], stdin=first.stdout, stdout=m.PIPE) as second:
        first.stdout.close()
        return second.communicate()


@case
def pass_fds(m: Any) -> Any:
    r, w = os.pipe()
    with m.Popen(sh(f"echo through >&{w}; exec {w}>&-; cat"), pass_fds=(w,), stdin=m.DEVNULL) as p:
        os.close(w)
        with open(r, "rb") as file:
            return file.read(), p.wait()


@case
def pass_fds_several(m: Any) -> Any:
    a, b = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    with a, b:
        m.call(sh(f"echo a >&{a.fileno()}; echo b >&{b.fileno()}"), pass_fds={a.fileno(), b.fileno()})
        return [(f.seek(0), f.read()) for f in (a, b)]


@case
def pass_fds_standard(m: Any) -> Any:
    return done(m.run(["echo", "a"], stdout=m.PIPE, pass_fds=[1]))


@case
def descriptors_are_not_passed(m: Any) -> Any:
    with open("/dev/null") as file:
        os.set_inheritable(file.fileno(), True)
        return m.call(sh(f"test -e /proc/self/fd/{file.fileno()}"))


@case
def completed_is_false_of_nothing(m: Any) -> Any:
    completed = m.run(["true"])
    return bool(completed), completed == m.run(["true"])


@case
def exceptions_are_the_same_classes(m: Any) -> Any:
    caught = []
    for wanted, action in (
        (subprocess.CalledProcessError, lambda: m.run(["false"], check=True)),
        (subprocess.TimeoutExpired, lambda: m.run(["sleep", "9"], timeout=0.05)),
        (subprocess.SubprocessError, lambda: m.run(["false"], check=True)),
        (FileNotFoundError, lambda: m.run(["no-such-program"])),
        (PermissionError, lambda: m.run(["/etc/ld.so.cache"])),
        (OSError, lambda: m.run(["/usr/bin/no-such"])),
    ):
        try:
            action()
        except wanted as error:
            caught.append(isinstance(error, wanted))
    return caught


def told(error: BaseException, side: Side) -> Any:
    """What there is to compare of an exception."""
    kinds: list[type[BaseException]] = [OSError, ValueError, TypeError, LookupError, UnicodeError, subprocess.SubprocessError, AttributeError]
    kinds += [FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError, subprocess.CalledProcessError, subprocess.TimeoutExpired]
    parts: list[Any] = [kind.__name__ for kind in kinds if isinstance(error, kind)]
    if isinstance(error, OSError):
        return [*parts, error.errno, error.strerror, error.filename and os.fsdecode(error.filename)]
    if isinstance(error, subprocess.CalledProcessError):
        return [*parts, str(error), error.returncode, error.cmd, error.output, error.stderr]
    if isinstance(error, subprocess.TimeoutExpired):
        return [*parts, round(error.timeout, 1), error.cmd, error.output, error.stderr]
    if isinstance(error, subprocess.SubprocessError) or type(error) is ValueError:
        return [*parts, str(error)]
    return parts


def outcome(side: Side, function: Callable[[Any], Any]) -> Any:
    try:
        return "returned", function(side)
    except Exception as error:
        return "raised", told(error, side)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # subprocess's, of an unknown encoding
@pytest.mark.parametrize("name", sorted(CASES))
def test_same(name: str, sandbox: gaol.Sandbox) -> None:
    theirs = outcome(Side(subprocess), CASES[name])
    ours = outcome(Side(gaol, sandbox=sandbox), CASES[name])
    assert ours == theirs
