"""Run programs with only the rights that you list.

>>> profile = gaol.Profile(system=True, read=["/srv/in"], write=["/srv/out"])
>>> done = gaol.run(["convert", "/srv/in/a.png", "/srv/out/a.jpg"], profile=profile, capture_output=True, text=True, timeout=10, check=True)

The names, arguments and behaviour are those of ``subprocess`` and ``asyncio.subprocess``; docs/PYTHON.md lists every difference.
"""

from __future__ import annotations

from subprocess import DEVNULL, PIPE, STDOUT

from ._address import Address, all_, cidr, host, local_socket, loopback, tcp, udp
from ._asyncio import Process, create_subprocess_exec, create_subprocess_shell
from ._credential import DYNAMIC
from ._errors import CalledProcessError, Error, ProfileError, SetupError, TimeoutExpired, Unsupported, UnsupportedError
from ._limits import Limits
from ._operation import (
    Operation,
    Pattern,
    best_effort,
    deny,
    device,
    file_execute,
    file_read,
    file_read_metadata,
    file_write,
    ipc,
    literal,
    mach_lookup,
    map_,
    network_inbound,
    network_outbound,
    optional,
    private,
    process_create,
    signal,
    subpath,
    syscall,
    system,
    system_info_read,
    trace,
)
from ._popen import Popen
from ._profile import Profile
from ._report import Denial, Enforcement, Gap, Report, Usage
from ._run import CompletedProcess, call, check_call, check_output, run
from ._sandbox import Check, Host, Level, Sandbox, Support, probe

__version__ = "1.0.0"

all, map = all_, map_

# all and map are left out: `from gaol import *` is not to hide Python's own.
__all__ = [
    "DEVNULL",
    "DYNAMIC",
    "PIPE",
    "STDOUT",
    "Address",
    "CalledProcessError",
    "Check",
    "CompletedProcess",
    "Denial",
    "Enforcement",
    "Error",
    "Gap",
    "Host",
    "Level",
    "Limits",
    "Operation",
    "Pattern",
    "Popen",
    "Process",
    "Profile",
    "ProfileError",
    "Report",
    "Sandbox",
    "SetupError",
    "Support",
    "TimeoutExpired",
    "Unsupported",
    "UnsupportedError",
    "Usage",
    "best_effort",
    "call",
    "check_call",
    "check_output",
    "cidr",
    "create_subprocess_exec",
    "create_subprocess_shell",
    "deny",
    "device",
    "file_execute",
    "file_read",
    "file_read_metadata",
    "file_write",
    "host",
    "ipc",
    "literal",
    "local_socket",
    "loopback",
    "mach_lookup",
    "network_inbound",
    "network_outbound",
    "optional",
    "private",
    "probe",
    "process_create",
    "run",
    "signal",
    "subpath",
    "syscall",
    "system",
    "system_info_read",
    "tcp",
    "trace",
    "udp",
]
