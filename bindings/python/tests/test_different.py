"""What is different from subprocess on purpose: each is a sentence of docs/PYTHON.md."""

from __future__ import annotations

import errno
import os
import pathlib
import signal
import subprocess
import sys
import time
from typing import Any, cast

import pytest

import gaol


def output(sandbox: gaol.Sandbox, *args: str, **keywords: Any) -> str:
    return gaol.check_output(list(args), sandbox=sandbox, text=True, **keywords)


def test_neither_or_both_of_profile_and_sandbox_are_refused(sandbox: gaol.Sandbox, profile: gaol.Profile) -> None:
    for keywords in ({}, {"profile": profile, "sandbox": sandbox}):
        with pytest.raises(TypeError, match="either profile= or sandbox="):
            gaol.run(["true"], **cast(Any, keywords))
    with pytest.raises(TypeError, match="gaol.Sandbox, not Profile"):
        gaol.run(["true"], sandbox=profile)  # type: ignore[call-overload]


def test_the_environment_is_minimal_and_not_this_processs(sandbox: gaol.Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "secret")
    names = {line.split("=")[0] for line in output(sandbox, "env").splitlines()}
    assert names == {"PATH", "HOME", "LANG"}
    assert "A_TOKEN=secret" in output(sandbox, "env", env=os.environ)


def test_env_and_pass_env_of_the_profile_hold_where_there_is_no_env(profile: gaol.Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSED", "p")
    monkeypatch.setenv("LEFT_OUT", "l")
    with gaol.Sandbox(profile.with_(env={"SET": "s"}, pass_env="PASSED")) as box:
        lines = output(box, "env").splitlines()
        assert "SET=s" in lines and "PASSED=p" in lines and not any("LEFT_OUT" in line for line in lines)
        assert output(box, "/usr/bin/env", env={"A": "1"}) == "A=1\n"


def test_cwd_is_absolute_and_inside(sandbox: gaol.Sandbox, directory: pathlib.Path) -> None:
    with pytest.raises(gaol.SetupError, match="relative") as caught:
        output(sandbox, "pwd", cwd="usr")
    assert caught.value.errno == errno.EINVAL
    with pytest.raises(FileNotFoundError) as missing:
        output(sandbox, "pwd", cwd=directory)
    assert missing.value.filename == str(directory)
    with gaol.Sandbox(gaol.Profile(system=True, read=[directory])) as box:
        assert output(box, "pwd", cwd=directory) == f"{directory}\n"


def test_without_cwd_it_is_this_processs_where_the_program_sees_it(
    sandbox: gaol.Sandbox, directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    assert output(sandbox, "pwd") == "/\n"
    with gaol.Sandbox(gaol.Profile(system=True, read=[directory])) as box:
        assert output(box, "pwd") == f"{directory}\n"


@pytest.mark.parametrize(
    "name, value",
    [
        ("preexec_fn", print),
        ("close_fds", False),
        ("startupinfo", object()),
        ("creationflags", 1),
        ("restore_signals", False),
        ("process_group", 0),
    ],
)
def test_what_a_sandbox_has_no_use_for_is_refused_by_name(sandbox: gaol.Sandbox, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name}=.* is not supported: "):
        gaol.run(["true"], sandbox=sandbox, **{name: value})


def test_a_program_always_has_a_session_of_its_own(sandbox: gaol.Sandbox) -> None:
    fields = output(sandbox, "cat", "/proc/self/stat").split()
    assert fields[5] != str(os.getsid(0)) and fields[6] == "0"  # no terminal


def test_a_directory_cannot_be_handed_over(sandbox: gaol.Sandbox) -> None:
    fd = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        with pytest.raises(IsADirectoryError):
            gaol.run(["true"], sandbox=sandbox, stdin=fd)
        with pytest.raises(gaol.SetupError, match="leads to the whole host"):
            gaol.run(["true"], sandbox=sandbox, pass_fds=[fd])
    finally:
        os.close(fd)


def test_below_the_largest_of_pass_fds_is_the_null_device(sandbox: gaol.Sandbox) -> None:
    r, w = os.pipe()
    high = os.dup2(w, 40)
    try:
        assert output(sandbox, "readlink", "/proc/self/fd/39", pass_fds=[high]) == "/dev/null\n"
        assert gaol.call(["test", "-e", "/proc/self/fd/41"], sandbox=sandbox, pass_fds=[high]) == 1
    finally:
        for fd in (r, w, high):
            os.close(fd)


def test_a_descriptor_that_is_not_open_is_an_error(sandbox: gaol.Sandbox) -> None:
    for keywords in ({"stdin": 3999}, {"stdin": -7}, {"stdout": 3999}, {"pass_fds": [3999]}):
        with pytest.raises(OSError) as caught:
            gaol.run(["true"], sandbox=sandbox, **cast(Any, keywords))
        assert caught.value.errno == errno.EBADF
    with pytest.raises(ValueError, match="4095"):
        gaol.run(["true"], sandbox=sandbox, pass_fds=[5000])


def test_sigstop_cannot_be_passed_on(sandbox: gaol.Sandbox) -> None:
    with gaol.Popen(["sleep", "60"], sandbox=sandbox) as p:
        with pytest.raises(ValueError, match="cannot be sent"):
            p.send_signal(signal.SIGSTOP)
        with pytest.raises(ValueError):
            p.send_signal(4711)
        assert p.poll() is None
        p.kill()


def test_kill_ends_all_that_the_program_has_started(sandbox: gaol.Sandbox) -> None:
    r, w = os.pipe()
    with gaol.Popen(["sh", "-c", "sleep 60 & sleep 60 & echo up; wait"], sandbox=sandbox, stdout=w, pass_fds=[w]) as p:
        os.close(w)
        with open(r, "rb") as file:
            assert file.readline() == b"up\n"
            p.kill()
            assert file.read() == b""  # nobody holds it any more
        assert p.wait() == -signal.SIGKILL


def test_what_a_program_leaves_behind_ends_with_it(sandbox: gaol.Sandbox) -> None:
    done = gaol.run(["sh", "-c", "sleep 60 & echo done"], sandbox=sandbox, capture_output=True, timeout=30)
    assert done.stdout == b"done\n" and done.report.killed == 1


def test_communicate_goes_on_where_stdin_was_closed(sandbox: gaol.Sandbox) -> None:
    with gaol.Popen(["cat"], sandbox=sandbox, stdin=gaol.PIPE, stdout=gaol.PIPE, stderr=gaol.PIPE) as p:
        assert p.stdin is not None
        p.stdin.write(b"x")
        p.stdin.close()
        assert p.communicate() == (b"x", b"")


def test_errors_are_both_gaols_and_pythons(sandbox: gaol.Sandbox) -> None:
    for args, kind, number, file in (
        (["no-such-program"], FileNotFoundError, errno.ENOENT, "no-such-program"),
        (["/etc/ld.so.cache"], PermissionError, errno.EACCES, "/etc/ld.so.cache"),
        (["/usr/bin/env/x"], NotADirectoryError, errno.ENOTDIR, "/usr/bin/env/x"),
    ):
        with pytest.raises(gaol.SetupError, match="gaol: execute ") as caught:
            gaol.run(args, sandbox=sandbox)
        error = caught.value
        assert isinstance(error, kind) and isinstance(error, gaol.Error)
        assert (error.errno, error.filename, error.strerror, error.step) == (number, file, os.strerror(number), "execute")


def test_a_limit_tells_itself(sandbox: gaol.Sandbox) -> None:
    with pytest.raises(subprocess.CalledProcessError, match="SIGKILL.*wall limit") as caught:
        gaol.run(["sleep", "60"], sandbox=sandbox, limits=gaol.Limits(wall=0.2), check=True)
    assert isinstance(caught.value, gaol.CalledProcessError) and caught.value.report is not None
    assert caught.value.report.end == "wall limit" and caught.value.report.signal == signal.SIGKILL


def test_a_denied_system_call_tells_itself(profile: gaol.Profile) -> None:
    with pytest.raises(gaol.CalledProcessError, match="SIGSYS.*denied system call unshare") as caught:
        gaol.run(["unshare", "-m", "true"], profile=gaol.Profile(system=True, on_denied="kill"), check=True)
    assert caught.value.report is not None and (caught.value.report.end, caught.value.report.syscall) == ("denied", "unshare")
    assert gaol.run(["unshare", "-m", "true"], profile=gaol.Profile(system=True), stderr=gaol.DEVNULL).report.end == "exited"


def test_timeout_of_run_has_the_report(sandbox: gaol.Sandbox) -> None:
    with pytest.raises(gaol.TimeoutExpired) as caught:
        gaol.run(["sleep", "60"], sandbox=sandbox, timeout=0.1)
    assert caught.value.report is not None and caught.value.report.end == "canceled"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may choose a user")
def test_user_alone_brings_its_own_group_and_no_others(sandbox: gaol.Sandbox) -> None:
    assert output(sandbox, "id", "-un", user="nobody") == "nobody\n"
    assert output(sandbox, "id", "-G", user="nobody") == "65534\n"
    assert output(sandbox, "id", "-G", user=1234, group=5678, extra_groups=[1, "daemon", 2]) == "5678 1 2\n"
    with pytest.raises(ValueError, match="give group="):
        gaol.run(["true"], sandbox=sandbox, user=1234567)
    with pytest.raises(KeyError):
        gaol.run(["true"], sandbox=sandbox, user="no-such-user")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may choose a user")
def test_a_dynamic_user_is_nobody_else(sandbox: gaol.Sandbox) -> None:
    uid = output(sandbox, "id", "-u", user=gaol.DYNAMIC)
    assert int(uid) > 65536
    with pytest.raises(ValueError, match="give no group="):
        gaol.run(["true"], sandbox=sandbox, user=gaol.DYNAMIC, group=0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may choose any user")
def test_another_user_takes_root(sandbox: gaol.Sandbox) -> None:
    with pytest.raises(PermissionError):
        gaol.run(["true"], sandbox=sandbox, user="nobody")
    with pytest.raises(gaol.SetupError, match="that is root"):
        gaol.run(["true"], sandbox=sandbox, user="root")


def test_ones_own_user_takes_nothing(sandbox: gaol.Sandbox) -> None:
    assert gaol.run(["true"], sandbox=sandbox, user=os.getuid(), group=os.getgid()).returncode == 0
    assert gaol.run(["true"], sandbox=sandbox, user=os.getuid(), group=os.getgid(), extra_groups=os.getgroups()).returncode == 0


@pytest.mark.parametrize("user", [-1, 2**32 - 1, 2**40])
def test_a_user_out_of_range_is_refused(sandbox: gaol.Sandbox, user: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        gaol.run(["true"], sandbox=sandbox, user=user, group=0)


def test_popen_is_one_of_subprocess(sandbox: gaol.Sandbox) -> None:
    with gaol.Popen(["true"], sandbox=sandbox) as p:
        assert isinstance(p, subprocess.Popen)
    assert isinstance(gaol.run(["true"], sandbox=sandbox), subprocess.CompletedProcess)


def test_the_base_class_starts_nothing(sandbox: gaol.Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def outside(*_: Any, **__: Any) -> None:
        raise AssertionError("started outside of the sandbox")

    for name in dir(subprocess.Popen):
        if (name.startswith("_") and not name.startswith("__")) or name in ("__init__", "__del__", "__enter__", "__exit__"):
            monkeypatch.setattr(subprocess.Popen, name, outside)
    for module, name in ((subprocess, "_fork_exec"), (os, "posix_spawn"), (os, "fork")):
        monkeypatch.setattr(module, name, outside, raising=False)
    assert gaol.run(["cat"], sandbox=sandbox, input="a", capture_output=True, text=True, timeout=30).stdout == "a"


def test_hooks_see_the_program_start(sandbox: gaol.Sandbox) -> None:
    script = (
        "import sys, gaol; seen = []\n"
        "sys.addaudithook(lambda name, args: seen.append(args) if name == 'subprocess.Popen' else None)\n"
        "gaol.run(['true', 'x'], profile=gaol.Profile(system=True))\n"
        "assert seen and seen[0][1] == ['true', 'x'], seen\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("to", ["pipe", "file", "stderr too"])
def test_the_limit_of_output_holds_wherever_it_goes(sandbox: gaol.Sandbox, directory: pathlib.Path, to: str) -> None:
    limits = gaol.Limits(output=100_000, wall=60)
    if to == "file":
        with open(directory / "out", "wb") as file:
            done = gaol.run(["yes"], sandbox=sandbox, limits=limits, stdout=file)
        size = (directory / "out").stat().st_size
    else:
        stderr = gaol.PIPE if to == "stderr too" else None
        done = gaol.run(["yes"], sandbox=sandbox, limits=limits, stdout=gaol.PIPE, stderr=stderr)
        size = len(done.stdout)
    assert (size, done.report.end) == (100_000, "output limit")
    assert done.returncode in (-signal.SIGKILL, -signal.SIGPIPE)  # whichever is first
    assert gaol.check_output(["echo", "within"], sandbox=sandbox, limits=limits) == b"within\n"


def test_poll_does_not_wait_for_output_that_nobody_reads(sandbox: gaol.Sandbox) -> None:
    limits = gaol.Limits(output="10 MB", wall=60)
    with gaol.Popen(["head", "-c", "100000", "/dev/zero"], sandbox=sandbox, stdout=gaol.PIPE, limits=limits) as p:
        time.sleep(0.5)
        assert p.poll() is None  # gaol has read it, and this pipe does not take it
        with pytest.raises(gaol.TimeoutExpired):
            p.wait(0.1)
        assert p.stdout is not None and len(p.stdout.read()) == 100_000
        assert p.wait() == 0


def test_with_a_limit_of_output_a_timeout_is_one_all_the_same(sandbox: gaol.Sandbox) -> None:
    began = time.monotonic()
    with pytest.raises(gaol.TimeoutExpired):
        gaol.run(["yes"], sandbox=sandbox, stdout=gaol.PIPE, timeout=0.3, limits=gaol.Limits(output="1 GiB"))
    assert time.monotonic() - began < 10


def test_with_a_limit_of_output_what_cannot_be_handed_on_is_an_error(sandbox: gaol.Sandbox) -> None:
    limits = gaol.Limits(output="1 MiB")
    with open("/dev/full", "wb") as full:
        with pytest.raises(OSError) as caught:
            gaol.run(["echo", "lost"], sandbox=sandbox, stdout=full, limits=limits)
        assert caught.value.errno == errno.ENOSPC
        p = gaol.Popen(["echo", "lost"], sandbox=sandbox, stdout=full, limits=limits)
        with pytest.raises(OSError):
            p.wait()
        assert (p.wait(), p.returncode) == (0, 0)
    with open("/dev/null", "wb") as null:
        assert gaol.run(["echo", "lost"], sandbox=sandbox, stdout=null, limits=limits).returncode == 0
    p = gaol.Popen(["yes"], sandbox=sandbox, stdout=gaol.PIPE, limits=limits)
    assert p.stdout is not None
    p.stdout.close()  # who wants no more is told of no error
    p.wait()
