"""The package: what it declares against what the library, its header and subprocess have."""

from __future__ import annotations

import asyncio
import inspect
import pathlib
import re
import subprocess
import sys
import time

import pytest

import gaol
import gaol._codes as codes
import gaol._declarations as declarations
import gaol._ffi as ffi
from gaol._profile import _ENGINES

PACKAGE = pathlib.Path(gaol.__file__).parent
HEADER = pathlib.Path(__file__).parents[3] / "include" / "gaol.h"


def test_the_versions_of_package_library_and_project_agree() -> None:
    assert gaol.__version__ == ffi.version()
    if sys.version_info >= (3, 10) and "site-packages" in str(PACKAGE):
        import importlib.metadata

        assert importlib.metadata.version("gaol") == gaol.__version__


@pytest.mark.skipif("site-packages" not in str(PACKAGE), reason="the package is not installed")
def test_the_licences_of_all_that_is_in_the_library_are_with_it() -> None:
    import importlib.metadata

    texts = {str(path.name): path.read_text() for path in importlib.metadata.files("gaol") or () if "licenses" in path.parts}
    assert set(texts) >= {"LICENSE-APACHE", "LICENSE-MIT", "LGPL-2.1", "libseccomp", "Go", "go-toml", "libseccomp-golang"}
    for name in ("Go", "go-toml", "libseccomp-golang"):
        assert name in texts["libseccomp"] and "Copyright" in texts[name]


def test_only_ffi_has_ctypes() -> None:
    found = {path.name for path in PACKAGE.glob("*.py") if re.search(r"^\s*(import|from) ctypes", path.read_text(), re.M)}
    assert found == {"_ffi.py"}


def test_the_package_is_typed_and_says_what_it_has() -> None:
    assert (PACKAGE / "py.typed").exists()
    assert sorted(gaol.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)) == gaol.__all__
    for name in gaol.__all__:
        value = getattr(gaol, name)
        assert isinstance(value, (int, str)) or value.__doc__, name


# How the header's types are written in _declarations.py.
KINDS = [
    (r"gaol_error \*\*", "E"), (r"(const )?gaol_(profile|host|sandbox|cmd|report|error) \*", "H"), (r"const char \*const \w*\[\]", "P"),
    (r"const char \*", "S"), (r"int64_t", "L"), (r"size_t", "Z"), (r"unsigned", "U"), (r"int \*", "P"), (r"int", "I"), (r".*\*", "P"),
]  # fmt: skip


def kind(declared: str) -> str:
    for pattern, letter in KINDS:
        if re.match(pattern, declared.strip()):
            return letter
    raise AssertionError(declared)


@pytest.mark.skipif(not HEADER.exists(), reason="the header is not beside an installed package")
def test_functions_are_declared_as_in_the_header() -> None:
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    declared = {}
    for result, name, parameters in re.findall(r"^((?:const )?\w+ \*?)gaol_(\w+)\(([^;]*)\);", text, re.M):
        letters = [] if parameters == "void" else [kind(parameter) for parameter in parameters.split(",")]
        declared[name] = ("B" if result == "char *" else kind(result), "".join(letters))
    used = dict(entry.split() for entry in declarations.FUNCTIONS.replace("\n", ";").split(";") if entry.strip())
    for name, kinds in used.items():
        assert (kinds[0], kinds[1:]) == declared[name], name


@pytest.mark.skipif(not HEADER.exists(), reason="the header is not beside an installed package")
def test_structs_are_declared_as_in_the_header() -> None:
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    checked = 0
    for name, body in re.findall(r"typedef struct gaol_(\w+) \{(.*?)\}", text, re.S):
        struct = getattr(ffi, "_" + name.title().replace("_", ""), None)
        if struct is None:
            continue
        fields = []
        for declaration in body.split(";"):
            match = re.match(r"\s*((?:const )?\w+)\s+(.*)", declaration, re.S)
            if match:
                fields += [field.strip().lstrip("*") for field in match[2].split(",")]
        assert [field[0] for field in struct._fields_] == fields, name
        checked += 1
    assert checked == 9


def test_constants_are_those_of_the_header() -> None:
    if not HEADER.exists():
        pytest.skip("the header is not beside an installed package")
    import gaol._address as a
    import gaol._operation as o
    import gaol._report as r

    text = HEADER.read_text()
    header = {name: int(value, 0) for name, value in re.findall(r"\bGAOL_(\w+)\s*=\s*(\d+)", text)}
    header.update((name, int(value, 16)) for name, value in re.findall(r"#define GAOL_(\w+)\s+(0x\w+)u", text))
    ours = {"SYSTEM": o._SYSTEM, "FILE_READ": o._FILE_READ, "FILE_READ_METADATA": o._FILE_READ_METADATA, "FILE_WRITE": o._FILE_WRITE}
    ours |= {"FILE_EXECUTE": o._FILE_EXECUTE, "NETWORK_OUTBOUND": o._OUTBOUND, "NETWORK_INBOUND": o._INBOUND, "DEVICE": o._DEVICE}
    ours |= {"SYSTEM_INFO_READ": o._SYSTEM_INFO_READ, "PROCESS_CREATE": o._PROCESS_CREATE, "SIGNAL": o._SIGNAL, "TRACE": o._TRACE, "IPC": o._IPC}
    ours |= {"SYSCALL": o._SYSCALL, "PRIVATE": o._PRIVATE, "MAP": o._MAP, "BEST_EFFORT": o._BEST_EFFORT, "OPTIONAL": o._OPTIONAL}
    ours |= {"LITERAL": o._LITERAL, "SUBPATH": o._SUBPATH, "READ_ONLY": o._MODES["ro"], "READ_WRITE": o._MODES["rw"]}
    ours |= {"IPC_" + name.replace("-", "_").upper(): number for name, number in o._IPC_KINDS.items()}
    ours |= {f"ADDRESS_{name}": getattr(a, "_" + name) for name in ("ALL", "TCP", "UDP", "LOCAL_SOCKET", "LOOPBACK", "HOST", "CIDR")}
    ours |= {
        f"ERROR_{name}": getattr(codes, name) for name in ("ARGUMENT", "HANDLE", "PROFILE", "UNSUPPORTED", "SETUP", "CLOSED", "STATE", "TIMEOUT")
    }
    ours |= {"ENGINE_" + (name or "any").upper(): number for name, number in _ENGINES.items()}
    ours |= {level.name: level.value for level in gaol.Level}
    assert {name: header[name] for name in ours} == ours
    assert len(r.ENDS) == len([name for name in header if name.startswith("END_")])


@pytest.mark.parametrize("name", ["Popen", "run", "call", "check_call", "check_output"])
def test_parameters_are_those_of_subprocess(name: str) -> None:
    theirs = inspect.signature(getattr(subprocess, name)).parameters
    ours = inspect.signature(getattr(gaol, name)).parameters
    for parameter in theirs.values():
        assert parameter.name in ours
        assert (ours[parameter.name].kind, ours[parameter.name].default) == (parameter.kind, parameter.default), parameter.name
    positional = [p.name for p in theirs.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [p.name for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD] == positional


@pytest.mark.parametrize("name", ["create_subprocess_exec", "create_subprocess_shell"])
def test_parameters_are_those_of_asyncio(name: str) -> None:
    theirs = inspect.signature(getattr(asyncio, name)).parameters
    ours = inspect.signature(getattr(gaol, name)).parameters
    assert [(p.name, p.default) for p in theirs.values() if p.name != "loop"] == [(p.name, p.default) for p in ours.values() if p.name in theirs]


def test_each_public_name_of_popen_is_gaols_own() -> None:
    inherited = {name for name in dir(subprocess.Popen) if not name.startswith("_")} - set(vars(gaol.Popen))
    assert not inherited
    own = {name for name in ("__init__", "__enter__", "__exit__", "__del__", "__repr__") if name in vars(gaol.Popen)}
    assert len(own) == 5


def test_the_library_is_there_soon() -> None:
    script = "import time, gaol._ffi as f; t = time.perf_counter(); f.library(); print((time.perf_counter() - t) * 1000)"
    took = [float(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout) for _ in range(5)]
    print(f"loading the library takes {min(took):.1f} ms")  # no assertion of time: the machine may be busy


def test_a_start_is_not_slow(sandbox: gaol.Sandbox) -> None:
    began = time.perf_counter()
    for _ in range(20):
        gaol.run(["true"], sandbox=sandbox)
    print(f"gaol.run takes {(time.perf_counter() - began) / 20 * 1000:.2f} ms")
