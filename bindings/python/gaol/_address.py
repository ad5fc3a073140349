"""Addresses: the peers that a network operation reaches. What makes one valid the library knows; here is only how it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Union

from ._text import StrPath, encode, whole

# enum gaol_address
_ALL, _TCP, _UDP, _LOCAL_SOCKET, _LOOPBACK, _HOST, _CIDR = range(1, 8)


@dataclass(frozen=True)
class Address:
    """Made by tcp(), host() and so on, or by a string: "all", "tcp:443", "unix:/run/x", "api.example.com:443", "10.0.0.0/8:5432"."""

    form: int
    name: bytes
    port: int
    text: str

    def __post_init__(self) -> None:
        whole(self.port)

    def __repr__(self) -> str:
        return self.text


def all_() -> Address:
    """Return every internet address."""
    return Address(_ALL, b"", 0, "all()")


def tcp(port: int) -> Address:
    """Return a TCP port of any peer, or to listen on."""
    return Address(_TCP, b"", port, f"tcp({port})")


def udp(port: int) -> Address:
    """Return a UDP port of any peer, or to receive at."""
    return Address(_UDP, b"", port, f"udp({port})")


def loopback(port: int) -> Address:
    """Return a TCP port to listen on that only this host reaches."""
    return Address(_LOOPBACK, b"", port, f"loopback({port})")


def local_socket(path: StrPath) -> Address:
    """Return the Unix socket at a path."""
    return Address(_LOCAL_SOCKET, encode(path), 0, f"local_socket({path!r})")


def host(name: str, port: int) -> Address:
    """Return a port of the host that a name stands for."""
    return Address(_HOST, encode(name), port, f"host({name!r}, {port})")


def cidr(prefix: str, port: int) -> Address:
    """Return a port of all addresses in a prefix such as "10.0.0.0/8"."""
    return Address(_CIDR, encode(prefix), port, f"cidr({prefix!r}, {port})")


_WORDS = {"tcp": tcp, "udp": udp, "loopback": loopback}


def address(value: Union[Address, str]) -> Address:
    """Read an address as files and flags write it."""
    if isinstance(value, Address):
        return value
    if value == "all":
        return all_()
    if value.startswith("unix:"):
        return local_socket(value[5:])
    name, _, port = value.rpartition(":")
    if not name or not re.fullmatch("[0-9]{1,5}", port):
        raise ValueError(f"{value!r} is no address: all, tcp:PORT, udp:PORT, loopback:PORT, unix:PATH, HOST:PORT or CIDR:PORT")
    if name in _WORDS:
        return _WORDS[name](int(port))
    return cidr(name, int(port)) if "/" in name else host(name, int(port))
