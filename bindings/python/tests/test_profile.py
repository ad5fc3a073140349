"""Profiles, limits, sandboxes and hosts."""

from __future__ import annotations

import datetime
import errno
import os
import pathlib
import pickle
from typing import Any

import pytest

import gaol


def toml(**keywords: Any) -> str:
    return gaol.Profile(**keywords).toml()


KEYWORDS: list[tuple[dict[str, Any], list[gaol.Operation], str]] = [
    ({"system": True}, [gaol.system()], "system = true"),
    ({"read": "/a"}, [gaol.file_read("/a")], 'read = ["/a"]'),
    ({"read": ["/a", pathlib.Path("/b")]}, [gaol.file_read("/a"), gaol.file_read("/b")], 'read = ["/a", "/b"]'),
    ({"read": gaol.optional("/a")}, [gaol.file_read(gaol.optional(gaol.subpath("/a")))], 'read = ["/a?"]'),
    ({"metadata": ["/a"]}, [gaol.file_read_metadata("/a")], 'metadata = ["/a"]'),
    ({"write": ["/a"]}, [gaol.file_write("/a")], 'write = ["/a"]'),
    ({"exec": ["/a"]}, [gaol.file_execute("/a")], 'exec = ["/a"]'),
    ({"connect": "all"}, [gaol.network_outbound(gaol.all())], 'connect = ["all"]'),
    ({"connect": "tcp:443"}, [gaol.network_outbound(gaol.tcp(443))], 'connect = ["tcp:443"]'),
    ({"connect": "udp:53"}, [gaol.network_outbound(gaol.udp(53))], 'connect = ["udp:53"]'),
    ({"connect": "unix:/run/x"}, [gaol.network_outbound(gaol.local_socket("/run/x"))], 'connect = ["unix:/run/x"]'),
    ({"connect": "a.example:443"}, [gaol.network_outbound(gaol.host("a.example", 443))], 'connect = ["a.example:443"]'),
    ({"connect": "10.0.0.0/8:80"}, [gaol.network_outbound(gaol.cidr("10.0.0.0/8", 80))], 'connect = ["10.0.0.0/8:80"]'),
    ({"connect": "2001:db8::/32:80"}, [gaol.network_outbound(gaol.cidr("2001:db8::/32", 80))], 'connect = ["2001:db8::/32:80"]'),
    ({"listen": "loopback:80"}, [gaol.network_inbound(gaol.loopback(80))], 'listen = ["loopback:80"]'),
    ({"listen": ["all"]}, [gaol.network_inbound("all")], 'listen = ["all"]'),
    ({"sysinfo": True}, [gaol.system_info_read()], "sysinfo = true"),
    ({"process": True}, [gaol.process_create()], "process = true"),
    ({"signal": True}, [gaol.signal()], "signal = true"),
    ({"trace": True}, [gaol.trace()], "trace = true"),
    ({"ipc": "system-v"}, [gaol.ipc("system-v")], 'ipc = ["system-v"]'),
    ({"ipc": ["named-pipes", "posix-queues"]}, [gaol.ipc("named-pipes"), gaol.ipc("posix-queues")], 'ipc = ["named-pipes", "posix-queues"]'),
    ({"device": "/dev/kvm"}, [gaol.device("/dev/kvm")], 'device = ["/dev/kvm"]'),
    ({"syscall": "personality"}, [gaol.syscall("personality")], 'syscall = ["personality"]'),
    ({"mach_lookup": "com.apple.x"}, [gaol.mach_lookup("com.apple.x")], 'mach-lookup = ["com.apple.x"]'),
    ({"private": "/tmp"}, [gaol.private("/tmp")], 'private = ["/tmp"]'),
    ({"map": {"/in": "/srv"}}, [gaol.map("/in", "/srv")], 'map = ["/in=/srv"]'),
    ({"map": {"/in": ("/srv", "rw")}}, [gaol.map("/in", "/srv", "rw")], 'map = ["/in=/srv:rw"]'),
    (
        {"read": "/a", "deny": {"read": "/a/b"}},
        [gaol.file_read("/a"), gaol.deny(gaol.file_read("/a/b"))],
        'read = ["/a"]\ndeny = [{ read = "/a/b" }]',
    ),
    ({"best_effort": gaol.file_write("/a")}, [gaol.best_effort(gaol.file_write("/a"))], 'best-effort = [{ write = "/a" }]'),
]


@pytest.mark.parametrize("keywords, operations, text", KEYWORDS)
def test_a_keyword_an_operation_and_a_key_are_the_same(keywords: dict[str, Any], operations: list[gaol.Operation], text: str) -> None:
    profile = gaol.Profile(**keywords)
    assert profile == gaol.Profile(*operations)
    assert gaol.Profile.from_toml(f"schema = 1\n{text}\n") == profile == gaol.Profile.from_toml(profile.toml())


def test_each_keyword_is_a_key_of_files_and_each_key_a_keyword() -> None:
    with pytest.raises(gaol.ProfileError, match="the keys are") as caught:
        gaol.Profile.from_toml("schema = 1\nno-such = 1\n")
    keys = {key.replace("-", "_") for key in str(caught.value).split("the keys are ")[1].split(", ")} - {"schema", "extends", "widen"}
    keywords = set(gaol.Profile.__init__.__annotations__) - {"operations", "return", "engine"}
    assert keywords == keys


def test_settings() -> None:
    text = toml(env={"A": "1", "B": "x y"}, pass_env=["TERM"], dir="/srv", on_denied="kill", limits=gaol.Limits(wall=1.5, memory="2 MiB"))
    for line in ('pass-env = ["TERM"]', 'dir = "/srv"', 'on-denied = "kill"', 'wall = "1.5s"', 'memory = "2 MiB"', 'A = "1"', 'B = "x y"'):
        assert line in text


def test_limits_are_those_of_files() -> None:
    given: dict[str, Any] = {
        "wall": 30, "cpu": datetime.timedelta(seconds=10), "memory": "512 MiB", "processes": 64, "files": 256, "file_size": "1GiB", "stack": "8 MiB",
        "core": 1024, "output": "10 MB", "disk": 10**6, "instructions": 10**9, "processors": 1.5, "read_rate": "10MiB", "write_rate": 1 << 20,
        "per_process": True,
    }  # fmt: skip
    text = (
        'schema = 1\n[limits]\nwall = "30s"\ncpu = "10s"\nmemory = "512 MiB"\nprocesses = 64\nfiles = 256\nfile-size = "1 GiB"\nstack = "8 MiB"\n'
        'core = 1024\noutput = "10 MB"\ndisk = 1000000\ninstructions = 1000000000\nprocessors = 1.5\nread-rate = "10 MiB"\nwrite-rate = "1 MiB"\n'
        "per-process = true\n"
    )
    assert gaol.Profile(limits=gaol.Limits(**given)) == gaol.Profile.from_toml(text)


@pytest.mark.parametrize(
    "name, value, kind",
    [
        ("wall", 0, ValueError), ("wall", -1, ValueError), ("wall", "30s", TypeError), ("wall", float("nan"), ValueError), ("wall", float("inf"), ValueError),
        ("wall", True, TypeError), ("wall", 1e30, ValueError), ("memory", 0, ValueError), ("memory", "5 parsecs", ValueError), ("memory", "-1", ValueError),
        ("memory", "1.5 GiB", ValueError), ("memory", 1 << 63, ValueError), ("memory", "9999999999 TiB", ValueError), ("memory", 1.5, TypeError),
        ("processes", "64", TypeError), ("processors", float("nan"), ValueError),
    ],
)  # fmt: skip
def test_a_limit_that_means_nothing_is_refused(name: str, value: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=name):
        gaol.Limits(**{name: value})


def test_a_path_means_itself_whatever_is_in_it(directory: pathlib.Path) -> None:
    for name in (b"a?", b"${HOME}", b"*", b"\xff\xfe", b'"', b"new\nline", b"a:rw", b"a=b"):
        path = os.fsencode(directory) + b"/" + name
        os.mkdir(path)
        with open(path + b"/file", "wb") as file:
            file.write(name)
        profile = gaol.Profile(system=True, read=[path])
        assert gaol.check_output([b"cat", path + b"/file"], profile=profile) == name
        assert gaol.Profile.from_toml(profile.toml()) == profile


@pytest.mark.parametrize(
    "keywords, told",
    [
        ({"read": ["relative"]}, "relative"), ({"read": ["/a/../b"]}, "clean|plain|[.][.]"), ({"read": [""]}, "empty"), ({"connect": "tcp:70000"}, "65535"),
        ({"connect": "loopback:80"}, "127.0.0.1"), ({"connect": "EXAMPLE.com:80"}, "lower case"), ({"listen": "a.example:80"}, "peer"),
        ({"syscall": "no such call"}, "not the name"), ({"device": "dev"}, "relative"), ({"env": {"A=B": "1"}}, "="), ({"dir": "x"}, "relative"),
    ],
)  # fmt: skip
def test_a_profile_that_means_nothing_is_refused_when_it_is_made(keywords: dict[str, Any], told: str) -> None:
    with pytest.raises(gaol.ProfileError, match=told) as caught:
        gaol.Profile(**keywords)
    assert isinstance(caught.value, ValueError) and caught.value.errno == errno.EINVAL


@pytest.mark.parametrize(
    "keywords, kind",
    [
        ({"connect": "nothing"}, ValueError), ({"connect": "a:x"}, ValueError), ({"connect": ":80"}, ValueError), ({"ipc": "pigeons"}, ValueError),
        ({"map": {"/a": ("/b", "rx")}}, ValueError), ({"on_denied": "sing"}, ValueError), ({"engine": "steam"}, ValueError),
        ({"deny": gaol.system()}, ValueError), ({"deny": {"listen": "/a"}}, ValueError), ({"deny": {}}, ValueError), ({"read": ["/a\0b"]}, ValueError),
        ({"read": [1]}, TypeError), ({"read": None}, TypeError), ({"system": "yes"}, TypeError), ({"no_such": 1}, TypeError),
        ({"env": {"A": 1}}, TypeError), ({"env": {"A": "x\0"}}, ValueError),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused(keywords: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        gaol.Profile(**keywords)
    with pytest.raises(TypeError):
        gaol.Profile("system")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        gaol.syscall()


def test_a_missing_path_is_an_error_unless_it_is_optional() -> None:
    with pytest.raises(gaol.ProfileError) as caught:
        gaol.Sandbox(gaol.Profile(read=["/no/such"]))
    assert (caught.value.errno, caught.value.path) == (errno.ENOENT, "/no/such")
    gaol.Sandbox(gaol.Profile(system=True, read=[gaol.optional("/no/such")])).close()


def test_files(directory: pathlib.Path) -> None:
    (directory / "p.toml").write_text('schema = 1\nsystem = true\nread = ["/usr/share"]\n')
    (directory / "p.json").write_text('{"schema": 1, "system": true, "read": ["/usr/share"]}')
    want = gaol.Profile(system=True, read=["/usr/share"])
    assert gaol.Profile.from_file(directory / "p.toml") == want == gaol.Profile.from_file(str(directory / "p.json"))
    assert gaol.Profile.from_json((directory / "p.json").read_text()) == want
    with pytest.raises(gaol.ProfileError) as caught:
        gaol.Profile.from_file(directory / "none.toml")
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(gaol.ProfileError, match="unknown key") as unknown:
        gaol.Profile.from_toml("schema = 1\nred = ['/a']\n")
    assert (unknown.value.line, unknown.value.key) == (2, "red")


def test_profiles_are_values() -> None:
    a, b = gaol.Profile(system=True), gaol.Profile(read=["/a"])
    both = a | b
    assert both == a.with_(gaol.file_read("/a")) == a.with_(read=["/a"]) == gaol.Profile(system=True, read=["/a"])
    assert a == gaol.Profile(system=True) and a != b and len({a, b, gaol.Profile(system=True)}) == 2
    assert repr(both) == '<gaol.Profile: System(), FileRead(Subpath("/a"))>' and both.operations == ("System()", 'FileRead(Subpath("/a"))')
    assert gaol.Profile.from_toml(a.toml()) | b == both == b | gaol.Profile.from_toml(a.toml())
    for profile in (a, both, gaol.Profile.from_toml(both.toml()), gaol.Profile(limits=gaol.Limits(wall=1))):
        assert pickle.loads(pickle.dumps(profile)) == profile
    with pytest.raises(TypeError):
        a | 1  # type: ignore[operator]
    assert repr(gaol.Profile()) == "<gaol.Profile: nothing>"


def test_an_empty_profile_runs_nothing() -> None:
    with pytest.raises(FileNotFoundError):
        gaol.run(["/bin/true"], profile=gaol.Profile())


def test_what_is_not_granted_is_not_there_and_its_twin_is(directory: pathlib.Path) -> None:
    (directory / "granted").mkdir()
    (directory / "granted" / "f").write_text("here")
    (directory / "other").write_text("secret")
    out = directory / "out"
    out.mkdir()
    profile = gaol.Profile(system=True, read=[directory / "granted"], write=[out])
    assert gaol.check_output(["cat", directory / "granted" / "f"], profile=profile) == b"here"
    assert gaol.run(["cat", directory / "other"], profile=profile, stderr=gaol.DEVNULL).returncode == 1
    assert gaol.run(["cp", directory / "granted" / "f", out / "copy"], profile=profile).returncode == 0
    assert (out / "copy").read_text() == "here"
    assert gaol.run(["cp", out / "copy", directory / "granted" / "g"], profile=profile, stderr=gaol.DEVNULL).returncode == 1
    assert not (directory / "granted" / "g").exists()


def test_sandbox(profile: gaol.Profile) -> None:
    with gaol.Sandbox(profile) as box:
        assert not box.closed and "System()" in box.explain()
        report = box.report
        assert report.engine in ("namespace", "landlock") and any(e.operation == "System()" for e in report.enforced) and report.end == ""
        assert gaol.run(["true"], sandbox=box).returncode == 0
    assert box.closed
    box.close()
    for use in (lambda: gaol.run(["true"], sandbox=box), lambda: box.explain(), lambda: box.report):
        with pytest.raises(ValueError, match="closed"):
            use()
    with pytest.raises(TypeError, match="belongs to its process"):
        pickle.dumps(box)
    with pytest.raises(TypeError, match="gaol.Profile"):
        gaol.Sandbox("system")  # type: ignore[arg-type]


def test_commands_outlive_their_sandbox(profile: gaol.Profile) -> None:
    with gaol.Sandbox(profile) as box:
        p = gaol.Popen(["cat"], sandbox=box, stdin=gaol.PIPE, stdout=gaol.PIPE)
    with p:
        assert p.communicate(b"still") == (b"still", None)


def test_an_operation_that_cannot_be_enforced_is_unsupported() -> None:
    profile = gaol.Profile(system=True, connect=["a.example:443"])
    with pytest.raises(gaol.UnsupportedError) as caught:
        gaol.run(["true"], profile=profile)
    error = caught.value
    assert isinstance(error, OSError) and error.errno == errno.EOPNOTSUPP
    (unsupported,) = error.operations
    assert unsupported.operation == 'NetworkOutbound(Host("a.example", 443))' and unsupported.mechanism
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.operations) == (str(error), error.operations)


def test_probe(profile: gaol.Profile) -> None:
    host = gaol.probe()
    assert host.system.startswith("Linux") and host.engines and any(check.ok for check in host.checks)
    levels = {s.operation: s.level for s in host.support(profile)}
    assert levels["System()"] == gaol.Level.CAN_BE_ALLOWED
    (one,) = host.support(gaol.network_outbound("a.example:443"))
    assert one.level == gaol.Level.NEVER_ALLOWED and one.mechanism


def test_exceptions_are_pickled_whole(sandbox: gaol.Sandbox) -> None:
    with pytest.raises(gaol.SetupError) as setup:
        gaol.run(["no-such"], sandbox=sandbox)
    copy = pickle.loads(pickle.dumps(setup.value))
    assert (type(copy), str(copy), copy.errno, copy.filename, copy.step) == (type(setup.value), str(setup.value), 2, "no-such", "execute")
    with pytest.raises(gaol.CalledProcessError) as called:
        gaol.run(["false"], sandbox=sandbox, check=True)
    failed = pickle.loads(pickle.dumps(called.value))
    assert (failed.returncode, failed.cmd, failed.report) == (1, ["false"], called.value.report)
    with pytest.raises(gaol.ProfileError) as bad:
        gaol.Profile(read="x")
    assert str(pickle.loads(pickle.dumps(bad.value))) == str(bad.value)


def test_completed_processes_are_pickled_with_the_report(sandbox: gaol.Sandbox) -> None:
    done = gaol.run(["true"], sandbox=sandbox)
    copy = pickle.loads(pickle.dumps(done))
    assert copy.report == done.report and copy.report.code == 0 and copy.report.usage.wall > 0


def test_the_engine_counts_when_profiles_are_compared() -> None:
    one, other = gaol.Profile(system=True, engine="namespace"), gaol.Profile(system=True, engine="landlock")
    assert one != other and len({one, other, gaol.Profile(system=True)}) == 3
    assert one == gaol.Profile(system=True, engine="namespace") == pickle.loads(pickle.dumps(one))


def test_the_engine_of_another_system_is_refused() -> None:
    for engine in ("seatbelt", "capsicum", "jail"):
        with pytest.raises(gaol.UnsupportedError):
            gaol.Sandbox(gaol.Profile(system=True, engine=engine))


def test_profiles_that_are_of_files_go_together() -> None:
    a = gaol.Profile.from_toml('schema = 1\nread = ["/a"]\non-denied = "kill"\ndir = "/a"\n[limits]\nfiles = 64\n')
    b = gaol.Profile.from_json('{"schema": 1, "system": true, "read": ["/a", "/b"], "dir": "/b", "limits": {"files": 32}}')
    both = a | b
    assert both.operations == ('FileRead(Subpath("/a"))', "System()", 'FileRead(Subpath("/b"))')
    want = toml(system=True, read=["/a", "/b"], on_denied="kill", dir="/b", limits=gaol.Limits(files=32))
    assert both.toml() == want == pickle.loads(pickle.dumps(both)).toml()
    assert (gaol.Profile(dir="/c") | a).toml() == a.toml()
    assert 'dir = "/c"' in a.with_(dir="/c").toml()
    with pytest.raises(gaol.ProfileError, match="has taken this place"):
        gaol.Profile.from_toml('schema = 1\nmap = ["/in=/srv"]\n') | gaol.Profile.from_toml('schema = 1\nmap = ["/in=/usr"]\n')
