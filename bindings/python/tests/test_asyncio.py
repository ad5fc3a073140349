"""asyncio: gaol.create_subprocess_exec beside asyncio's own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from typing import Any, Callable

import pytest
from conftest import settled

import gaol

ENV = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
Create = Callable[..., Any]


async def communicate(create: Create) -> Any:
    p = await create("cat", stdin=-1, stdout=-1)
    return await p.communicate(b"x" * 300000), p.returncode, p.stderr


async def communicate_nothing(create: Create) -> Any:
    p = await create("true")
    return await p.communicate(), p.returncode, p.stdin, p.stdout, p.stderr


async def not_read(create: Create) -> Any:
    p = await create("true", stdin=-1)
    return await p.communicate(b"x" * 300000), p.returncode


async def dialog(create: Create) -> Any:
    p = await create("cat", stdin=-1, stdout=-1)
    answers = []
    for word in (b"one\n", b"two\n"):
        p.stdin.write(word)
        await p.stdin.drain()
        answers.append(await p.stdout.readline())
    p.stdin.close()
    return answers, await p.stdout.read(), await p.wait(), p.returncode


async def codes(create: Create) -> Any:
    p = await create("sh", "-c", "exit 7")
    return await p.wait(), await p.wait(), p.returncode


async def signals(create: Create) -> Any:
    found = []
    for send in (lambda p: p.terminate(), lambda p: p.kill(), lambda p: p.send_signal(signal.SIGINT)):
        p = await create("sleep", "60")
        before = p.returncode
        send(p)
        found.append((before, await p.wait()))
    return found


async def signal_after_the_end(create: Create) -> Any:
    p = await create("true")
    await p.wait()
    try:
        p.kill()
    except ProcessLookupError:
        return "gone"


async def stderr_to_stdout(create: Create) -> Any:
    p = await create("sh", "-c", "echo a; echo b >&2", stdout=-1, stderr=-2)
    return await p.communicate()


async def both(create: Create) -> Any:
    p = await create("sh", "-c", "echo a; echo b >&2", stdout=-1, stderr=-1, stdin=-3)
    return await p.communicate()


async def waited_for_with_a_timeout(create: Create) -> Any:
    p = await create("sleep", "60")
    try:
        await asyncio.wait_for(p.wait(), 0.1)
    except asyncio.TimeoutError:
        p.kill()
        return "timeout", await p.wait()


async def limit(create: Create) -> Any:
    p = await create("sh", "-c", "head -c 5000 /dev/zero; echo", stdout=-1, limit=100)
    try:
        await p.stdout.readline()
    except ValueError:
        return "too long", await p.stdout.read() is None, await p.wait()


async def not_found(create: Create) -> Any:
    try:
        await create("no-such-program")
    except FileNotFoundError as error:
        return error.errno, error.filename


async def text(create: Create) -> Any:
    try:
        await create("true", text=True)
    except ValueError:
        return "refused"


CASES = [
    communicate,
    communicate_nothing,
    not_read,
    dialog,
    codes,
    signals,
    signal_after_the_end,
    stderr_to_stdout,
    both,
    waited_for_with_a_timeout,
    limit,
]
CASES += [not_found, text]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_same(case: Callable[[Create], Any], sandbox: gaol.Sandbox) -> None:
    def ours(*args: Any, **keywords: Any) -> Any:
        return gaol.create_subprocess_exec(*args, sandbox=sandbox, env=ENV, cwd="/", **keywords)

    def theirs(*args: Any, **keywords: Any) -> Any:
        return asyncio.create_subprocess_exec(*args, env=ENV, cwd="/", **keywords)

    assert asyncio.run(case(ours)) == asyncio.run(case(theirs))


def test_many_at_once(sandbox: gaol.Sandbox) -> None:
    threads = threading.active_count()
    seen: list[int] = []

    async def one(number: int) -> bytes:
        p = await gaol.create_subprocess_exec("sh", "-c", f"sleep 1; echo {number}", sandbox=sandbox, stdout=gaol.PIPE)
        seen.append(threading.active_count())
        out, _ = await p.communicate()
        assert p.report.end == "exited" and isinstance(p, asyncio.subprocess.Process)
        return out

    async def everything() -> list[bytes]:
        return await asyncio.gather(*(one(number) for number in range(100)))

    assert asyncio.run(everything()) == [b"%d\n" % number for number in range(100)]
    assert max(seen) <= threads  # nobody waits in a thread


def test_a_profile_and_a_shell(profile: gaol.Profile) -> None:
    async def main() -> Any:
        p = await gaol.create_subprocess_exec("echo", "a", profile=profile, stdout=gaol.PIPE, limits=gaol.Limits(wall=30))
        q = await gaol.create_subprocess_shell("echo $((1 + 1))", profile=profile, stdout=gaol.PIPE)
        return await p.communicate(), await q.communicate(), repr(p).startswith("<Process ")

    assert asyncio.run(main()) == ((b"a\n", None), (b"2\n", None), True)


def test_the_loop_of_another_thread(sandbox: gaol.Sandbox) -> None:
    async def main() -> bytes:
        p = await gaol.create_subprocess_exec("echo", "a", sandbox=sandbox, stdout=gaol.PIPE)
        return (await p.communicate())[0]

    result: list[bytes] = []
    thread = threading.Thread(target=lambda: result.append(asyncio.run(main())))
    thread.start()
    thread.join()
    assert result == [b"a\n"]


def test_the_loop_goes_on_meanwhile(sandbox: gaol.Sandbox) -> None:
    async def main() -> int:
        ticks = 0
        p = await gaol.create_subprocess_exec("sleep", "0.5", sandbox=sandbox)
        waiting = asyncio.ensure_future(p.wait())
        while not waiting.done():
            await asyncio.sleep(0.005)
            ticks += 1
        return ticks

    assert asyncio.run(main()) > 10


def test_a_cancelled_start_kills(sandbox: gaol.Sandbox) -> None:
    async def main() -> None:
        for delay in (0.0, 0.0005, 0.001, 0.002):
            task = asyncio.ensure_future(
                gaol.create_subprocess_exec("sleep", "60", sandbox=sandbox, stdin=gaol.PIPE, stdout=gaol.PIPE, stderr=gaol.PIPE)
            )
            await asyncio.sleep(delay)
            task.cancel()
            try:
                p = await task
            except asyncio.CancelledError:
                continue
            p.kill()
            await p.wait()

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 30


def test_descriptors_are_given_back(sandbox: gaol.Sandbox) -> None:
    async def main() -> None:
        for _ in range(20):
            p = await gaol.create_subprocess_exec("cat", sandbox=sandbox, stdin=gaol.PIPE, stdout=gaol.PIPE, stderr=gaol.PIPE)
            await p.communicate(b"x")

    asyncio.run(main())
    before = len(os.listdir("/proc/self/fd"))
    asyncio.run(main())
    assert settled(before + 3)


def test_the_limit_of_output(sandbox: gaol.Sandbox) -> None:
    async def main() -> Any:
        p = await gaol.create_subprocess_exec("yes", sandbox=sandbox, stdout=gaol.PIPE, limits=gaol.Limits(output=500_000, wall=60))
        out, _ = await p.communicate()
        return len(out), p.report.end

    assert asyncio.run(main()) == (500_000, "output limit")


def test_output_that_is_read_late(sandbox: gaol.Sandbox) -> None:
    async def main() -> Any:
        limits = gaol.Limits(output="10 MB", wall=60)
        p = await gaol.create_subprocess_exec("head", "-c", "1000000", "/dev/zero", sandbox=sandbox, stdout=gaol.PIPE, limits=limits)
        await asyncio.sleep(0.5)
        assert p.returncode is None and p.stdout is not None
        return len(await p.stdout.read()), await p.wait()

    assert asyncio.run(main()) == (1_000_000, 0)


def test_who_looks_before_the_loop_takes_nothing_from_it(sandbox: gaol.Sandbox) -> None:
    async def main() -> Any:
        p = await gaol.create_subprocess_exec("true", sandbox=sandbox)
        time.sleep(0.2)  # the loop learns nothing meanwhile
        with contextlib.suppress(ProcessLookupError):
            p.send_signal(signal.SIGTERM)
        assert p._popen.poll() == 0
        return await asyncio.wait_for(p.wait(), 10), p.report.end

    assert asyncio.run(main()) == (0, "exited")


def test_a_kill_ends_what_nobody_reads(sandbox: gaol.Sandbox) -> None:
    async def main() -> Any:
        p = await gaol.create_subprocess_exec("yes", sandbox=sandbox, stdout=-1, limits=gaol.Limits(output="1 GiB"))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(p.wait(), 0.2)
        p.kill()
        code = await asyncio.wait_for(p.wait(), 10)
        assert p.stdout is not None
        await p.stdout.read()
        return code

    assert asyncio.run(main()) == -signal.SIGKILL
