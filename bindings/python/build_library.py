"""The hook of hatchling that builds libgaol.so into the wheel, and takes the Go sources that it needs for that into the sdist.

The sources are beside this file in ./source (an sdist), else two directories up (the repository). libseccomp is linked statically where its
archive is there, so that the wheel needs nothing but a C library; its licence asks for what ./licenses says. The tag of the wheel states the
version of glibc whose symbols the library really uses, never the one of the machine.
"""

from __future__ import annotations

import os
import pathlib
import platform
import re
import shutil
import subprocess
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = pathlib.Path(__file__).parent
# what the library is built from
SOURCES = ["*.go", "go.mod", "go.sum", "include/*", "csrc/*", "internal/**/*", "cmd/libgaol/*", "LICENSE-*"]
ARCHIVE = "libseccomp.a"


def root() -> pathlib.Path:
    """Return where the Go sources are."""
    packed = HERE / "source"
    return packed if packed.exists() else HERE.parents[1]


class BuildLibrary(BuildHookInterface[Any]):
    """Called by hatchling for the wheel and for the sdist."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what the target needs."""
        if self.target_name == "sdist":
            for path in sources(root()):
                build_data["force_include"][str(path)] = f"source/{path.relative_to(root())}"
            return
        library = HERE / "gaol" / "libgaol.so.1"
        if version == "editable" and library.exists():
            return
        build(library)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{tag(library)}"


def sources(top: pathlib.Path) -> list[pathlib.Path]:
    """Return the files that the library is built from, without their tests."""
    found = {path for pattern in SOURCES for path in top.glob(pattern) if path.is_file()}
    return sorted(path for path in found if "testdata" not in path.parts and not path.name.endswith("_test.go"))


def build(library: pathlib.Path) -> None:
    """Compile the library."""
    go = shutil.which("go")
    if go is None:
        raise SystemExit("gaol: building from source takes Go 1.26 or later (https://go.dev/dl), a C compiler and libseccomp-dev")
    top, static = root(), HERE / "build-static"
    flags = f"-Wl,-soname,libgaol.so.1 -Wl,--version-script={top / 'cmd/libgaol/exports.map'}"
    archive = pathlib.Path(
        subprocess.run([os.environ.get("CC", "cc"), f"-print-file-name={ARCHIVE}"], capture_output=True, text=True, check=True).stdout.strip()
    )
    if archive.is_absolute():
        shutil.rmtree(static, ignore_errors=True)  # a directory that has the archive alone: -lseccomp finds nothing else there
        static.mkdir()
        (static / ARCHIVE).symlink_to(archive)
        flags += f" -L{static} -Wl,--exclude-libs,ALL"
    command = [
        go,
        "build",
        "-trimpath",
        "-tags",
        "netgo,osusergo",
        "-buildmode=c-shared",
        "-ldflags",
        f"-s -w -extldflags '{flags}'",
        "-o",
        str(library),
    ]
    try:
        subprocess.run([*command, "./cmd/libgaol"], cwd=top, env={**os.environ, "CGO_ENABLED": "1"}, check=True)
    finally:
        shutil.rmtree(static, ignore_errors=True)
    library.with_suffix(".h").unlink(missing_ok=True)  # cgo's own header
    library.with_name("libgaol.so.h").unlink(missing_ok=True)


# What a system with that glibc may be relied on to have, of https://peps.python.org/pep-0600/
ALLOWED = {"libc.so.6", "libpthread.so.0", "libm.so.6", "libdl.so.2", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def tag(library: pathlib.Path) -> str:
    """Return the platform's tag: manylinux if the library needs nothing else, linux if it does."""
    needed = set(re.findall(r"\(NEEDED\)[^[]*\[(.*?)\]", elf("-d", library)))
    versions = [tuple(map(int, v.split("."))) for v in re.findall(r"Name: GLIBC_([0-9.]+)", elf("-V", library))]
    machine = platform.machine()
    if not versions or needed - ALLOWED:
        print(f"gaol: the wheel is for this system alone: it needs {', '.join(sorted(needed - ALLOWED))}")
        return f"linux_{machine}"
    major, minor = max(max(versions), (2, 17))[:2]
    return f"manylinux_{major}_{minor}_{machine}"


def elf(option: str, library: pathlib.Path) -> str:
    """Return what readelf tells."""
    return subprocess.run(["readelf", "-W", option, str(library)], capture_output=True, text=True, check=True).stdout
