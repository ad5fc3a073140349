"""What a type checker makes of the package; nothing here is run."""

from __future__ import annotations

import asyncio
import subprocess
from typing import Any, Optional

from typing_extensions import assert_type

import gaol

profile = gaol.Profile(gaol.system(), read=["/srv"], deny={"read": "/srv/x"}, map={"/a": ("/b", "rw")}, limits=gaol.Limits(wall=1, memory="1 GiB"))
box = gaol.Sandbox(profile)
choice: bool = bool(box)

assert_type(gaol.run(["a"], sandbox=box), gaol.CompletedProcess[bytes])
assert_type(gaol.run("a", sandbox=box, text=True, capture_output=True, timeout=1, check=True), gaol.CompletedProcess[str])
assert_type(gaol.run(["a"], sandbox=box, encoding="utf-8", input="x"), gaol.CompletedProcess[str])
assert_type(gaol.run(["a"], sandbox=box, errors="replace"), gaol.CompletedProcess[str])
assert_type(gaol.run(["a"], sandbox=box, universal_newlines=True), gaol.CompletedProcess[str])
assert_type(gaol.run(["a"], sandbox=box, text=choice), gaol.CompletedProcess[Any])
assert_type(gaol.run(["a"], profile=profile).report, gaol.Report)
assert_type(gaol.check_output(["a"], profile=profile), bytes)
assert_type(gaol.check_output(["a"], profile=profile, text=True), str)
assert_type(gaol.call(["a"], profile=profile, stdout=gaol.DEVNULL), int)

popen: gaol.Popen[str] = gaol.Popen(["a"], sandbox=box, text=True)
base: subprocess.Popen[str] = popen
assert_type(popen.wait(1), int)
assert_type(popen.poll(), Optional[int])
assert_type(popen.report, gaol.Report)


async def main() -> None:
    process = await gaol.create_subprocess_exec("a", sandbox=box, stdin=gaol.PIPE, limits=gaol.Limits(cpu=1))
    base: asyncio.subprocess.Process = process
    assert_type(await process.wait(), int)
    assert_type(base.returncode, Optional[int])


gaol.run(["a"], sandbox=box, preexec_fn=print)  # type: ignore[call-overload]
gaol.run(["a"], sandbox=box, close_fds=False)  # type: ignore[call-overload]
gaol.Profile(read=5)  # type: ignore[arg-type]
gaol.Profile(ipc="pigeons")  # type: ignore[arg-type]
