"""The arguments of subprocess.Popen that a sandbox has no use for. Each is refused by name, with the reason: none is ever ignored."""

from __future__ import annotations

from typing import Any

# name: the value that asks for nothing, and why no other is taken
_REFUSED: dict[str, tuple[Any, str]] = {
    "preexec_fn": (None, "no Python runs in the child; what it would set up, the profile, cwd=, user=, limits= and pass_fds= do"),
    "close_fds": (True, "a program in a sandbox has no descriptors but 0, 1, 2 and pass_fds="),
    "startupinfo": (None, "it is only for Windows"),
    "creationflags": (0, "it is only for Windows"),
    "restore_signals": (True, "a program in a sandbox starts with the default action for each signal"),
    "process_group": (None, "a program in a sandbox has a session and a process group of its own"),
}

_NOTHING = [nothing for nothing, _ in _REFUSED.values()]


def check(**given: Any) -> None:
    """Raise ValueError for the first that asks for something."""
    if list(given.values()) == _NOTHING:  # as nearly always
        return
    for name, value in given.items():
        nothing, why = _REFUSED[name]
        if value != nothing:
            raise ValueError(f"{name}={value!r} is not supported: {why}")
