"""Whatever is given, an exception comes of it and never the end of the process: the tests would not go on."""

from __future__ import annotations

import errno
import os
import pathlib
import threading
from typing import Any

import pytest

import gaol
import gaol._ffi as ffi

HUGE = "x" * (8 << 20)


def test_handles_that_are_closed_or_null_or_of_another_kind(profile: gaol.Profile) -> None:
    lib = ffi.library()
    box = ffi.Sandbox.new(profile._handle)
    number = box.value
    box.close()
    box.close()
    for value in (number, profile._handle.value, 1, 2**63):
        assert lib.gaol_sandbox_free(value) == -errno.EBADF
        assert lib.gaol_cmd_free(value) == -errno.EBADF
    assert lib.gaol_sandbox_free(None) == 0
    with pytest.raises(ValueError):
        ffi.Command(box, [b"true"])


def test_two_threads_free_at_once(profile: gaol.Profile) -> None:
    lib = ffi.library()
    for _ in range(50):
        handle = lib.gaol_sandbox_new(profile._handle.value, None)
        results: list[int] = []
        barrier = threading.Barrier(4)

        def free(value: int = handle, barrier: threading.Barrier = barrier, results: list[int] = results) -> None:
            barrier.wait()
            results.append(lib.gaol_sandbox_free(value))

        threads = [threading.Thread(target=free) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == [-errno.EBADF] * 3 + [0]


@pytest.mark.parametrize(
    "args", [[], "", [""], [HUGE], ["true", HUGE], ["x" * 100_000] * 70, ["a\0b"], [None], None, 5, [b"\xff" * 100], ["/"], ["."], [".."]]
)
def test_arguments(sandbox: gaol.Sandbox, args: Any) -> None:
    with pytest.raises((ValueError, TypeError, OSError)):
        gaol.run(args, sandbox=sandbox)


@pytest.mark.parametrize(
    "keywords",
    [
        {"cwd": ""}, {"cwd": HUGE}, {"cwd": 5}, {"cwd": "/a\0"}, {"env": {"A": HUGE}}, {"env": {"A\0": "x"}}, {"env": 5}, {"env": ["A=1"]},
        {"executable": ""}, {"executable": HUGE}, {"executable": "\0"}, {"stdin": 1 << 40}, {"stdin": "/dev/null"}, {"stdout": -17}, {"pass_fds": [1 << 40]},
        {"pass_fds": ["3"]}, {"pass_fds": 3}, {"limits": 5}, {"timeout": "1"}, {"user": 1.5}, {"group": 1.5}, {"extra_groups": ["no-such-group"]},
        {"extra_groups": "root"}, {"extra_groups": [-1]},
    ],
)  # fmt: skip
def test_keywords(sandbox: gaol.Sandbox, keywords: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, OSError, AttributeError, KeyError, OverflowError)):
        gaol.run(["sleep", "60"], sandbox=sandbox, **keywords)


def test_paths_are_bytes(directory: pathlib.Path) -> None:
    name = os.fsencode(directory) + b"/\xff\xfe\x80"
    os.mkdir(name)
    profile = gaol.Profile(system=True, read=[name])
    assert gaol.check_output([b"pwd"], profile=profile, cwd=name) == name + b"\n"
    with pytest.raises(FileNotFoundError) as caught:
        gaol.run([name + b"/none"], profile=profile)
    assert os.fsencode(caught.value.filename) == name + b"/none"
    with pytest.raises(gaol.ProfileError) as missing:
        gaol.Sandbox(gaol.Profile(read=[name + b"/none"]))
    assert os.fsencode(missing.value.path) == name + b"/none"


@pytest.mark.parametrize(
    "text",
    ["", "\0", "x", "schema = 1\n" * 2, "schema = 2\n", "[" * 100000, "read = [" + '"/a",' * 100000 + "]", HUGE, "schema = 1\nread = ['/\udcff']\n"],
)
def test_texts(text: str) -> None:
    for parse in (gaol.Profile.from_toml, gaol.Profile.from_json):
        with pytest.raises((ValueError, OSError)):
            parse(text)


def test_profiles_of_many_entries() -> None:
    profile = gaol.Profile(read=[gaol.optional(f"/srv/{number}") for number in range(1000)])
    assert len(profile.operations) == 1000
    with pytest.raises(OSError, match="128 KiB"):
        gaol.Profile(read=["/" + HUGE])


@pytest.mark.parametrize("number", [-1, 0, 65536, 2**31, 2**32 + 80, 2**64 + 80])
def test_ports_out_of_range_are_not_cut_to_another(number: int) -> None:
    for make in (gaol.tcp, gaol.udp):
        with pytest.raises((ValueError, OverflowError)):
            gaol.Profile(connect=make(number))


@pytest.mark.parametrize("timeout", [float("inf"), 1e30, 1 << 70])
@pytest.mark.parametrize("keywords", [{}, {"capture_output": True}])
def test_times_without_end(sandbox: gaol.Sandbox, timeout: float, keywords: Any) -> None:
    assert gaol.run(["true"], sandbox=sandbox, timeout=timeout, **keywords).returncode == 0


def test_limits_are_limits(sandbox: gaol.Sandbox) -> None:
    wrong: Any = {"wall": 1}
    with pytest.raises(TypeError, match="a gaol.Limits, not dict"):
        gaol.run(["true"], sandbox=sandbox, limits=wrong)
    with pytest.raises(TypeError, match="a gaol.Limits, not dict"):
        gaol.Profile(limits=wrong)
