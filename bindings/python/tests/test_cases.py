"""The table of cases, tests/cases.json, through Python. tests/cases_test.go and tests/abi/cases.c do the same with the same words, line by
line; the table says what each part of it means. What was seen goes to $GAOL_CASES_RESULTS/python.
"""

from __future__ import annotations

import errno
import json
import os
import pathlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple, Optional

import pytest

import gaol

ROOT = pathlib.Path(__file__).resolve().parents[3]
TABLE_FILE = ROOT / "tests" / "cases.json"
if not TABLE_FILE.exists():
    pytest.skip("the repository is missing: tests/cases.json is no part of the package", allow_module_level=True)
TABLE: dict[str, Any] = json.loads(TABLE_FILE.read_text())
ENGINES = ("namespace", "landlock")


class Part(NamedTuple):
    """One run of a case in an engine: the case itself, or its twin."""

    name: str
    want: str
    profile: dict[str, Any]
    action: list[str]


def expected(expect: Any, engine: str) -> Optional[str]:
    return expect if isinstance(expect, str) else expect.get(engine)


def parts(case: dict[str, Any], engine: str) -> Iterator[Part]:
    want = expected(case["expect"], engine)
    if want is None:
        return
    yield Part("case", want, case["profile"], case["action"])
    twin = case.get("twin")
    if twin is None:
        return
    want = expected(twin.get("expect", "ok"), engine)
    if want is not None:
        yield Part("twin", want, twin.get("profile", case["profile"]), twin.get("action", case["action"]))


def met(want: str, saw: str) -> bool:
    return any(saw.startswith(one[:-1]) if one.endswith("…") else saw == one for one in want.split("|"))


def has(name: str, least: int, ok: bool) -> bool:
    for check in gaol.probe().checks:
        if check.mechanism == name and check.ok == ok:
            version = check.detail[4:] if check.detail.startswith("ABI ") else "0"
            return not ok or int(version) >= least
    return False


def lacks(engine: str, needs: list[str]) -> str:
    """Say what this host has not, or has; "" if nothing is in the way."""
    for need in [{"namespace": "namespaces", "landlock": "Landlock 2"}[engine], *needs]:
        opposite = need.startswith("no ")
        name, least = need[3:] if opposite else need, 0
        if name.startswith("Landlock "):
            name, least = "Landlock", int(name[9:])
        there = has(name, least, True)
        if there and opposite:
            return f"skipped: {need[3:]} is there"
        if not there and not opposite:
            return f"skipped: {need} is missing"
    return ""


def joined(always: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Put lists together; of the rest take the case's."""
    both = {**always, **own}
    for key, first in always.items():
        if isinstance(first, list) and isinstance(own.get(key), list):
            both[key] = first + own[key]
    return both


def listen(stack: ExitStack, family: int, address: Any) -> str:
    """Serve an address, and leave who comes to the kernel's queue. Return the port, if there is one."""
    server = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
    server.bind(address)
    server.listen(16)
    return str(server.getsockname()[1]) if family == socket.AF_INET else ""


def grown(stack: ExitStack, top: pathlib.Path, victim: pathlib.Path) -> dict[str, str]:
    """Make the tree, its sockets included, and the services. Return the words ${…} of the table, and what they stand for."""
    for entry in TABLE["tree"]:
        kind, name = next(iter(entry.items()))
        path = top / name
        if kind == "dir":
            path.mkdir()
            path.chmod(0o755)
        elif kind == "file":
            path.write_text(entry["text"])
            path.chmod(0o644)
        elif kind == "link":
            path.symlink_to(entry["to"])
        elif kind == "victim":
            shutil.copy(victim, path)
            path.chmod(0o755)
        elif kind == "socket":
            listen(stack, socket.AF_UNIX, str(path))
        else:
            raise AssertionError(f"what is {entry}?")
    abstract = f"gaol-cases-{os.getpid()}-{top.name}"
    listen(stack, socket.AF_UNIX, "\0" + abstract)
    udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(("127.0.0.1", 0))
    with ExitStack() as moment:
        free = listen(moment, socket.AF_INET, ("127.0.0.1", 0))
    return {
        "${T}": str(top), "${VICTIM}": str(victim),
        "${TCP}": listen(stack, socket.AF_INET, ("127.0.0.1", 0)), "${TCP2}": listen(stack, socket.AF_INET, ("127.0.0.1", 0)),
        "${UDP}": str(udp.getsockname()[1]), "${FREE}": free, "${ABSTRACT}": "@" + abstract, "${PID}": str(os.getpid()),
    }  # fmt: skip


def replaced(names: dict[str, str], text: str) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def run_part(engine: Any, part: Part, names: dict[str, str]) -> str:
    """Run the victim, and say in a line what came of it."""
    try:
        profile = gaol.Profile.from_json(replaced(names, json.dumps(joined(TABLE["always"], part.profile)))).with_(engine=engine)
        with gaol.Sandbox(profile) as sandbox:
            done = gaol.run(
                [names["${VICTIM}"], *(replaced(names, word) for word in part.action)],
                sandbox=sandbox, cwd=None if "dir" in part.profile else "/", capture_output=True, text=True, timeout=60,
            )  # fmt: skip
    except gaol.ProfileError as error:
        return f"profile {error.key or errno.errorcode[error.errno]}"
    except gaol.UnsupportedError as error:
        return f"unsupported {error.operations[0].mechanism}"
    except gaol.SetupError as error:
        return f"setup {error.step} {errno.errorcode[error.errno or 0]}"
    report = done.report
    if report.end == "signal":
        return f"signal {report.signal}"
    if report.end == "denied":
        return f"denied {report.syscall}"
    if report.end != "exited":
        return report.end
    if report.code:
        return f"exit {report.code}"
    said: str = done.stdout.replace(names["${T}"], "${T}")
    return (said[:-1] if said.endswith("\n") else said).replace("\n", "; ")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """Where the trees are: not in /tmp, which cases make private."""
    base = pathlib.Path(os.environ.get("TMPDIR", "/var/tmp"))
    top = base / f"gaol-cases-{os.getpid()}"
    top.mkdir()
    top.chmod(0o755)
    yield top.resolve()
    shutil.rmtree(top)


@pytest.fixture(scope="module")
def victim(place: pathlib.Path) -> pathlib.Path:
    if "GAOL_VICTIM" in os.environ:
        return pathlib.Path(os.environ["GAOL_VICTIM"])
    built = place / "victim"
    subprocess.run(["go", "build", "-o", built, "./tests/victim"], cwd=ROOT, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return built


@pytest.fixture(scope="module")
def results() -> Iterator[dict[int, str]]:
    """What was seen, by the number of the case: of each a block of lines."""
    seen: dict[int, str] = {}
    yield seen
    if "GAOL_CASES_RESULTS" in os.environ:
        pathlib.Path(os.environ["GAOL_CASES_RESULTS"], "python").write_text("".join(seen[i] for i in sorted(seen)))


@pytest.mark.parametrize("number", range(len(TABLE["cases"])), ids=[f"{c['operation']}: {c['name']}" for c in TABLE["cases"]])
def test_case(number: int, place: pathlib.Path, victim: pathlib.Path, results: dict[int, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAOL_CASES_WORD", "passed")
    case = TABLE["cases"][number]
    wrong, skipped, ran = [], "", 0
    results[number] = ""
    for engine in ENGINES:
        for part in parts(case, engine):
            saw = lacks(engine, case.get("needs", []))
            if not saw:
                top = place / f"{number}-{engine}-{part.name}"
                top.mkdir()
                top.chmod(0o755)
                with ExitStack() as stack:
                    saw = run_part(engine, part, grown(stack, top, victim))
                shutil.rmtree(top)
            right = met(part.want, saw)
            if not right and saw.startswith("unsupported ") and has(saw[12:], 0, False):
                saw = f"skipped: {saw[12:]} is missing"
            results[number] += f"{case['name']}\t{engine}\t{part.name}\t{saw}\n"
            if saw.startswith("skipped: "):
                skipped = saw[9:]
                continue
            ran += 1
            if not right:
                wrong.append(f"{part.name}, {engine} engine: {saw}, want {part.want}")
    assert not wrong
    if not ran:
        pytest.skip(skipped)
