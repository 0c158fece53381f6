"""Who listens on this machine, as /proc tells it."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Collection, Iterator
from pathlib import Path

from saltext_hakube.core.preflight.observed import Listener

_LISTEN = "0A"  # TCP_LISTEN, include/net/tcp_states.h


def listeners(ports: Collection[int]) -> tuple[Listener, ...]:
    """The sockets that listen on these TCP ports, with the names of their programs."""
    found = [(address, port, inode) for address, port, inode in _sockets() if port in ports]
    programs = _programs({inode for _, _, inode in found})
    return tuple(Listener(address, port, programs.get(it, "")) for address, port, it in found)


def processes(names: Collection[str]) -> set[str]:
    """Which of these programs run."""
    found = set()
    # Never a glob of two levels: it fails where a process ends while it looks.
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            found.add((process / "comm").read_text(encoding="utf-8", errors="replace").strip())
    return found & set(names)


def _sockets() -> Iterator[tuple[str, int, str]]:
    for file in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", file).read_text(encoding="ascii").splitlines()[1:]
        except FileNotFoundError:  # no IPv6
            continue
        for words in (line.split() for line in lines):
            if words[3] == _LISTEN:
                address, port = words[1].split(":")
                yield _address(address), int(port, 16), words[9]


def _address(text: str) -> str:
    """Words of 32 bits, each in the machine's own order: little endian, wherever Salt runs."""
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    return str(ipaddress.ip_address(b"".join(words)))


def _programs(inodes: set[str]) -> dict[str, str]:
    """The program that has each of these sockets open."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[str, str] = {}
    for process in Path("/proc").glob("[0-9]*") if wanted else ():
        for entry in _opened(process):
            with contextlib.suppress(OSError):  # it was closed meanwhile; the others are not
                inode = wanted.get(str(entry.readlink()))
                if inode is not None:
                    name = (process / "comm").read_text(encoding="utf-8", errors="replace")
                    found.setdefault(inode, name.strip())
    return found


def _opened(process: Path) -> list[Path]:
    """What a process has open; nothing where it ended meanwhile."""
    try:
        return list((process / "fd").iterdir())
    except OSError:
        return []
