"""What the tests share. Each test also has to leave as many descriptors open as it found."""

from __future__ import annotations

import gc
import os
import pathlib
import time
from collections.abc import Iterator

import pytest

import gaol
import gaol._popen


@pytest.fixture(scope="session")
def profile() -> gaol.Profile:
    """What the programs of the tests need: the system's files and processes."""
    return gaol.Profile(system=True, process=True, private=["/tmp"])


@pytest.fixture(scope="session")
def sandbox(profile: gaol.Profile) -> Iterator[gaol.Sandbox]:
    with gaol.Sandbox(profile) as box:
        gaol.run(["true"], sandbox=box)  # what a sandbox opens for its commands is open from now on
        yield box


def descriptors() -> list[str]:
    """What is open, but for the Go runtime's own, such as its epoll."""
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            to = os.readlink(f"/proc/self/fd/{fd}")
        except FileNotFoundError:
            continue
        if to not in ("anon_inode:[eventpoll]", "anon_inode:[eventfd]"):
            found.append(to)
    return sorted(found)


@pytest.fixture(autouse=True)
def no_leak(sandbox: gaol.Sandbox, request: pytest.FixtureRequest) -> Iterator[None]:
    gc.collect()
    before = descriptors()
    yield
    if request.node.get_closest_marker("keeps_descriptors"):
        return
    deadline = time.monotonic() + 5
    while True:  # what the library clears away, it does behind the end of a command
        gc.collect()
        gaol._popen._reap()
        now = descriptors()
        if len(now) <= len(before) or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    assert len(now) <= len(before), f"{before} {now}"


@pytest.fixture
def directory(tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory that everybody may reach."""
    return tmp_path


def settled(most: int) -> bool:
    """Wait until so many descriptors are open: what the library clears away, it does behind the end of a command."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        gc.collect()
        if len(os.listdir("/proc/self/fd")) <= most:
            return True
        time.sleep(0.01)
    return False
