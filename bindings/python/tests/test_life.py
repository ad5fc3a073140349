"""The library inside a Python process: threads, signals, fork, garbage, and the end."""

from __future__ import annotations

import concurrent.futures
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from typing import Any, cast

import pytest
from conftest import settled

import gaol
import gaol._ffi as ffi

PREFACE = "import gaol, os, sys, time, signal, gc, warnings\nprofile = gaol.Profile(system=True, process=True)\n"


def python(script: str, *flags: str, timeout: float = 60, **keywords: Any) -> subprocess.CompletedProcess[str]:
    """Run a script in a Python of its own."""
    return subprocess.run([sys.executable, *flags, "-c", PREFACE + script], capture_output=True, text=True, timeout=timeout, **keywords)


def quiet(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_many_threads_share_a_sandbox(sandbox: gaol.Sandbox) -> None:
    def one(number: int) -> str:
        return gaol.run(["echo", str(number)], sandbox=sandbox, capture_output=True, text=True, timeout=60).stdout

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(64))) == [f"{number}\n" for number in range(64)]


def test_many_threads_wait_for_one_program(sandbox: gaol.Sandbox) -> None:
    with gaol.Popen(["cat"], sandbox=sandbox, stdin=gaol.PIPE) as p, concurrent.futures.ThreadPoolExecutor(6) as pool:
        waits = [pool.submit(p.wait, timeout) for timeout in (None, 60, None, 60, None, 60)]
        assert p.stdin is not None
        p.stdin.close()
        assert [wait.result(60) for wait in waits] == [0] * 6


def test_a_program_outlives_the_thread_that_started_it(sandbox: gaol.Sandbox) -> None:
    started: list[gaol.Popen[bytes]] = []
    thread = threading.Thread(target=lambda: started.append(gaol.Popen(["cat"], sandbox=sandbox, stdin=gaol.PIPE, stdout=gaol.PIPE)))
    thread.start()
    thread.join()
    with started[0] as p:
        assert p.communicate(b"here") == (b"here", None)


@pytest.mark.parametrize("where", ["main", "thread"])
def test_other_threads_run_while_one_waits(sandbox: gaol.Sandbox, where: str) -> None:
    """Without the interpreter's lock being released, the counting thread would stand still."""
    counted, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        wait = lambda: gaol.run(["sleep", "0.5"], sandbox=sandbox)
        if where == "main":
            wait()
        else:
            waiter = threading.Thread(target=wait)
            waiter.start()
            waiter.join()
        assert counted[0] > 50
    finally:
        stop.set()
        thread.join()


def test_signal_handlers_run_while_the_main_thread_waits() -> None:
    script = (
        "signal.signal(signal.SIGALRM, lambda *_: print('handled', flush=True))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.2)\n"
        "print(gaol.run(['sleep', '1'], profile=profile).returncode)\n"
    )
    assert quiet(python(script)) == "handled\n0\n"


def test_ctrl_c_ends_the_waiting_and_the_program() -> None:
    script = (
        "import threading\n"
        "threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "try: gaol.run(['sleep', '60'], profile=profile)\n"
        "except KeyboardInterrupt: print('interrupted')\n"
    )
    assert quiet(python(script, timeout=30)) == "interrupted\n"


def test_other_children_of_the_process_are_left_alone(sandbox: gaol.Sandbox) -> None:
    other = subprocess.Popen(["sh", "-c", "exit 7"])
    gaol.run(["true"], sandbox=sandbox)
    assert other.wait() == 7


def test_sigchld_handlers_and_ignored_sigchld_are_no_harm() -> None:
    for setting in ("lambda *_: None", "signal.SIG_IGN"):
        assert (
            quiet(python(f"signal.signal(signal.SIGCHLD, {setting})\nprint(gaol.run(['sh', '-c', 'exit 3'], profile=profile).returncode)\n")) == "3\n"
        )


def test_importing_does_not_load_the_library_so_that_a_process_can_fork_before_its_first_use() -> None:
    script = (
        "import gaol, os\n"
        "assert 'libgaol' not in open('/proc/self/maps').read()\n"
        "pid = os.fork()\n"
        "done = gaol.run(['echo', 'child' if pid == 0 else 'parent'], profile=gaol.Profile(system=True), stdout=-1)\n"
        "if pid == 0: os._exit(done.stdout != b'child\\n')\n"
        "print(os.waitpid(pid, 0)[1], done.stdout)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("0 b'parent\\n'\n", "")


def test_use_after_fork_raises() -> None:
    script = (
        "box = gaol.Sandbox(profile)\n"
        "p = gaol.Popen(['sleep', '60'], sandbox=box)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    signal.alarm(20)\n"
        "    uses = [lambda: gaol.run(['true'], sandbox=box), lambda: gaol.run(['true'], profile=profile), lambda: gaol.Profile(system=True),\n"
        "            lambda: gaol.Sandbox(profile), gaol.probe, p.poll, p.wait, lambda: p.wait(1), p.kill, lambda: p.report, lambda: profile.toml()]\n"
        "    told = []\n"
        "    for use in uses:\n"
        "        try: use()\n"
        "        except RuntimeError as error: told.append('forked' in str(error))\n"
        "    box.close(); del p, box; gc.collect()\n"
        "    os._exit(told != [True] * len(uses))\n"
        "print(os.waitpid(pid, 0)[1], p.poll())\n"
        "p.kill(); print(p.wait())\n"
    )
    assert quiet(python(script, "-W", "ignore::DeprecationWarning")) == "0 None\n-9\n"


@pytest.mark.keeps_descriptors  # multiprocessing's own, to its servers
def test_multiprocessing_spawn_and_forkserver(profile: gaol.Profile) -> None:
    for method in ("spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            done = pool.map(in_worker, [profile] * 4)
            assert [(d.stdout, d.report.end) for d in done] == [(b"worker\n", "exited")] * 4


def in_worker(profile: gaol.Profile) -> Any:
    return gaol.run(["echo", "worker"], profile=profile, stdout=gaol.PIPE)


def test_multiprocessing_fork_tells_what_to_do() -> None:
    script = (
        "import multiprocessing\n"
        "def work(_): return gaol.run(['true'], profile=profile)\n"
        "try: multiprocessing.get_context('fork').Pool(1).map(work, [1])\n"
        "except RuntimeError as error: print('spawn' in str(error))\n"
    )
    assert python(script, timeout=60).stdout == "True\n"


def test_a_program_that_nobody_refers_to_runs_on_with_a_warning(sandbox: gaol.Sandbox) -> None:
    r, w = os.pipe()
    p = gaol.Popen(["sh", "-c", "sleep 0.5; echo to the end"], sandbox=sandbox, stdout=w)
    os.close(w)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pid = p.pid
        del p
        gc.collect()
    assert [str(c.message) for c in caught if c.category is ResourceWarning] == [f"subprocess {pid} is still running"]
    with open(r, "rb") as file:
        assert file.read() == b"to the end\n"


def test_collected_handles_are_freed(profile: gaol.Profile, sandbox: gaol.Sandbox) -> None:
    fds = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        gaol.Sandbox(profile | gaol.Profile(read=["/usr/share"]))
        gaol.run(["true"], sandbox=sandbox, capture_output=True)
    assert settled(fds + 3)  # a sandbox has its next command's ready


def test_ended_commands_hold_no_descriptor(sandbox: gaol.Sandbox) -> None:
    fds = len(os.listdir("/proc/self/fd"))
    kept = [gaol.run(["true"], sandbox=sandbox) for _ in range(30)]
    assert settled(fds + 3)
    assert {done.report.end for done in kept} == {"exited"}


def test_a_failed_start_leaves_nothing(sandbox: gaol.Sandbox) -> None:
    fds = sorted(os.listdir("/proc/self/fd"))
    for keywords in ({}, {"stdin": -1, "stdout": -1, "stderr": -1}, {"cwd": "/no/such", "stdout": -1}, {"env": {"=": ""}, "stdout": -1}):
        for _ in range(5):
            with pytest.raises((OSError, ValueError)):
                gaol.Popen(["no-such-program"], sandbox=sandbox, **cast(Any, keywords))
    with pytest.raises(LookupError):
        gaol.Popen(["sleep", "60"], sandbox=sandbox, stdin=-1, stdout=-1, encoding="no-such")
    assert settled(len(fds) + 3)


@pytest.mark.parametrize("flags", [(), ("-X", "dev"), ("-O",)])
def test_the_interpreter_ends_quietly(flags: tuple[str, ...]) -> None:
    script = (
        "box = gaol.Sandbox(profile)\nkept = gaol.run(['true'], sandbox=box)\nhost = gaol.probe()\n"
        "cycle = [box, kept]; cycle.append(cycle)\nprint(kept.returncode)\n"
    )
    assert quiet(python(script, *flags)) == "0\n"


def test_the_interpreter_ends_while_programs_run_and_they_end_with_it() -> None:
    script = (
        "r, w = os.pipe()\n"
        "p = gaol.Popen(['sh', '-c', 'sleep 60 & sleep 60'], profile=profile, stdin=gaol.DEVNULL, stdout=1, pass_fds=[1])\n"
        "q = gaol.Popen(['sleep', '60'], profile=profile, stdout=1)\nwarnings.simplefilter('ignore')\ndel q\nprint('end', flush=True)\n"
    )
    began = time.monotonic()
    assert quiet(python(script, timeout=50)) == "end\n"  # the output's end: nobody holds it
    assert time.monotonic() - began < 50


def test_a_killed_host_process_takes_its_programs_with_it() -> None:
    script = "p = gaol.Popen(['sleep', '60'], profile=profile, stdout=1)\nprint('up', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    done = python(script, timeout=50)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "up\n")


def test_faulthandler_and_crashes_are_pythons_own() -> None:
    script = "import faulthandler; gaol.run(['true'], profile=profile); faulthandler.enable()\nfaulthandler._sigsegv()\n"
    done = python(script)
    assert done.returncode == -signal.SIGSEGV and "Fatal Python error: Segmentation fault" in done.stderr and "goroutine" not in done.stderr


def test_subprocess_still_works_in_a_process_with_the_library(sandbox: gaol.Sandbox) -> None:
    assert subprocess.run(["sh", "-c", "kill -PIPE $$"]).returncode == -signal.SIGPIPE
    assert subprocess.run("yes | head -1", shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout == b"y\n"


def test_broken_pipes_are_exceptions(sandbox: gaol.Sandbox) -> None:
    with gaol.Popen(["true"], sandbox=sandbox, stdin=gaol.PIPE, bufsize=0) as p:
        p.wait()
        assert p.stdin is not None
        with pytest.raises(BrokenPipeError):
            p.stdin.write(b"x")


def test_a_host_without_streams_hands_on_none_of_gaol_s_descriptors() -> None:
    # what gaol and the Go runtime open gets the lowest numbers; the events of the runtime's epoll instance are addresses in this process
    script = """
gaol.Host().system
time.sleep(0.3)
report = os.fdopen(os.dup(1), "w")
for fd in range(3):
    os.close(fd)
box = gaol.Sandbox(profile)
for _ in range(2):
    try:
        gaol.run(["true"], sandbox=box)
        print("inherited", file=report)
    except OSError as error:
        print(error.errno, file=report)
    done = gaol.run(["cat"], sandbox=box, stdin=gaol.DEVNULL, stdout=gaol.PIPE, stderr=gaol.STDOUT)
    print(done.returncode, done.stdout, file=report)
report.flush()
os._exit(0)
"""
    assert quiet(python(script)) == "9\n0 b''\n" * 2


def test_what_is_collected_in_a_cycle_goes_on(sandbox: gaol.Sandbox) -> None:
    reading, writing = os.pipe()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        p = gaol.Popen(["sh", "-c", "sleep 0.3; echo here"], sandbox=sandbox, stdout=writing)
        os.close(writing)
        cast(Any, p).itself = p
        del p
        gc.collect()
    with open(reading, "rb") as file:
        assert file.read() == b"here\n"
    assert [warning.category for warning in caught] == [ResourceWarning]


def test_a_program_is_not_started_for_files_that_cannot_be_made(tmp_path: Any) -> None:
    made = tmp_path / "made"
    with gaol.Sandbox(gaol.Profile(system=True, process=True, read=[tmp_path], write=[tmp_path])) as box:
        with pytest.raises(LookupError):
            gaol.Popen(["touch", made], sandbox=box, stdout=gaol.PIPE, encoding="none such")
        time.sleep(0.2)
        assert not made.exists()
        assert gaol.run(["touch", made], sandbox=box, stdout=gaol.PIPE, encoding="utf-8").returncode == 0
        assert made.exists()


def test_a_child_that_was_forked_is_told_so_by_lists_too() -> None:
    script = """
warnings.simplefilter("ignore")  # which tells of threads from Python 3.12 on
host, profile = gaol.probe(), gaol.Profile(system=True)
if os.fork() == 0:
    for look in (lambda: profile.operations, lambda: host.checks, lambda: host.engines, lambda: repr(profile)):
        try:
            print(look())
        except RuntimeError:
            print("forked", flush=True)
    os._exit(0)
os.wait()
print(*profile.operations, len(host.checks) > 3)
"""
    assert quiet(python(script)) == "forked\n" * 4 + "System() True\n"


def test_a_fork_while_the_library_is_loaded_does_not_hang() -> None:
    script = """
import gaol._ffi
gaol._ffi._busy = True  # as another thread has it while it loads
pid = os.fork()
if pid:
    gaol._ffi._busy = False
if pid == 0:
    try:
        gaol.Profile(system=True)
    except RuntimeError:
        print("forked", flush=True)
    os._exit(0)
os.wait()
print(*gaol.Profile(system=True).operations)
"""
    done = subprocess.run([sys.executable, "-c", "import gaol, os\n" + script], capture_output=True, text=True, timeout=60)
    assert quiet(done) == "forked\nSystem()\n"


def test_a_handler_of_sigchld_may_poll() -> None:
    script = """
box, running = gaol.Sandbox(profile), []
def ended(*_):
    for p in running:
        p.poll()
signal.signal(signal.SIGCHLD, ended)
for _ in range(100):
    running.append(gaol.Popen(["true"], sandbox=box))
    os.kill(os.getpid(), signal.SIGCHLD)
    assert running[-1].wait() == 0
    running.pop()
print("done")
"""
    assert quiet(python(script)) == "done\n"


def test_a_handler_that_comes_while_an_end_is_noted(sandbox: gaol.Sandbox) -> None:
    p = gaol.Popen(["true"], sandbox=sandbox)
    with p._lock:  # where a handler may find this thread
        assert p.wait() == 0


def test_handlers_run_on_a_stack_of_their_own(sandbox: gaol.Sandbox) -> None:
    # on a goroutine's they would overwrite the memory of this process
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        gaol.run(["true"], sandbox=sandbox)
        action = ffi._Action()
        assert ffi.ctypes.pythonapi.sigaction(signal.SIGUSR1, None, ffi.ctypes.byref(action)) == 0
        assert action.flags & ffi._SA_ONSTACK
    finally:
        signal.signal(signal.SIGUSR1, before)
