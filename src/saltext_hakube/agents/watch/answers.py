"""What haproxy says at its sockets, as values, in the words of haproxy 2.2 to 3.x.

An old worker says less: after a reload its proxies are stopped, and 2.2 lists none of them in
`show stat`. `show servers state` and `show sess` list them in all versions.
"""

from __future__ import annotations

import csv
import re
from typing import NamedTuple

SERVERS = "show stat -1 4 -1"  # of all proxies (-1) the servers (4), all of them (-1)
WORKERS = "show proc"
TABLE = "show servers state"
SESSIONS = "show sess"

_COLUMNS = ("pxname", "svname", "addr", "status", "check_status", "scur", "lastchg", "type")
_SESSION = re.compile(r"^(0x[0-9a-f]+): .*? be=(\S+) srv=(\S+) ", re.MULTILINE)


class Server(NamedTuple):
    """A server in the current worker. ``check``: how its last finished health check ended.

    ``address`` is empty where it is no address with a port. ``since``: seconds in this status.
    """

    backend: str
    name: str
    address: str
    status: str = ""
    check: str = ""
    sessions: int = 0
    since: int = 0


class Workers(NamedTuple):
    """The processes behind the master; ``current`` is 0 where there is none."""

    current: int
    old: tuple[int, ...]


class Session(NamedTuple):
    """A session of one worker, by its name there."""

    id: str
    backend: str
    server: str


def servers(text: str) -> list[Server] | None:
    """From SERVERS; None where this is no such table."""
    if not text.startswith("# pxname,"):
        return None
    try:
        header, *rows = csv.reader(text[2:].splitlines())
    except csv.Error:
        return None
    places = {name: number for number, name in enumerate(header)}
    if not set(_COLUMNS) <= places.keys():
        return None
    last = max(places[column] for column in _COLUMNS)
    found = []
    for row in rows:
        if len(row) <= last:
            continue
        backend, name, address, status, check, sessions, since, kind = (
            row[places[column]] for column in _COLUMNS
        )
        if kind == "2":  # 0 is a frontend, 1 a backend, 2 a server
            # A check that runs has a star before the end of the last one.
            check = check.removeprefix("* ")
            numbers = _number(sessions), _number(since)
            found.append(Server(backend, name, _address(address), status, check, *numbers))
    return found


def workers(text: str) -> Workers | None:
    """From WORKERS; None where this is no such table."""
    if not text.startswith("#<PID>"):
        return None
    current, old, is_old = 0, [], False
    for line in text.splitlines():
        words = line.split()
        if line.startswith("#"):
            is_old = line.startswith("# old workers")
        elif words[1:2] == ["worker"] and words[0].isdecimal():
            if is_old:
                old.append(int(words[0]))
            else:
                current = int(words[0])
    return Workers(current, tuple(old))


def table(text: str) -> dict[tuple[str, str], str] | None:
    """From TABLE: backend and server -> address; None where this is no such table."""
    lines = text.splitlines()
    if len(lines) < 2 or not lines[1].startswith("# be_id "):
        return None
    columns = lines[1][2:].split()
    wanted = ("be_name", "srv_name", "srv_addr", "srv_port")
    if not set(wanted) <= set(columns):
        return None
    places = [columns.index(name) for name in wanted]
    found = {}
    for line in lines[2:]:
        words = line.split()
        if len(words) > max(places):
            backend, name, host, port = (words[place] for place in places)
            where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            found[backend, name] = _address(where)
    return found


def sessions(text: str) -> list[Session]:
    """From SESSIONS."""
    return [Session(*found.groups()) for found in _SESSION.finditer(text)]


def _address(text: str) -> str:
    """Empty for what several servers can have in common: a Unix socket, a name not resolved."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or host in ("", "-", "0.0.0.0", "[::]"):
        return ""
    return text


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
