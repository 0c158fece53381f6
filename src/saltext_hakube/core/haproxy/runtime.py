"""What a running haproxy says of itself: the replies of its stats socket and master socket, read.

Columns are found by their names, so that those which a version adds or lacks do no harm (2.2 has
no ``srv_check_port`` in ``show servers state``, 3.x has more in ``show stat``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from saltext_hakube.core.errors import HakubeError

# Bits of srv_admin_state: enum srv_admin in haproxy's include/haproxy/server-t.h. Maintenance by
# command, inherited (track), by the configuration, by name resolution; draining likewise.
MAINTENANCE = 0x01 | 0x02 | 0x04 | 0x20
DRAINING = 0x08 | 0x10
# enum srv_state there, and of check-t.h the results of a check and the bits of its state.
STOPPED, STOPPING = 0, 3  # one that stops runs, and gets no new sessions
FAILED, PASSED = 2, (3, 4)  # passed, passed on condition
_ENABLED = 0x04
# Proxies that haproxy makes itself: old versions show them among the others.
_INTERNAL = ("MASTER", "<HTTPCLIENT>", "<CLI>", "<SSL>", "<OCSP-UPDATE>")


class Info(msgspec.Struct, frozen=True):
    """``show info``: the process that answers. ``uptime`` in seconds."""

    version: str
    pid: int
    uptime: int
    connections: int
    stopping: bool
    values: dict[str, str]


class Server(msgspec.Struct, frozen=True):
    """One server: ``show servers state``, and of ``show stat`` what that does not have."""

    backend: str
    name: str
    address: str  # "-" where it has none (yet)
    port: int
    operational: int
    admin: int
    weight: int
    since: int  # seconds since its state changed
    check_enabled: bool
    check_result: int
    check_health: int
    status: str = ""  # such as "UP", "DOWN 1/2", "no check", "MAINT"
    check_status: str = ""  # such as L7OK; empty where none ended yet
    check_code: int | None = None
    check_told: str = ""  # the reason, such as "Connection refused"
    sessions: int = 0
    limit: int | None = None  # maxconn

    @property
    def maintenance(self) -> bool:
        """Whether it is taken out altogether."""
        return bool(self.admin & MAINTENANCE)

    @property
    def draining(self) -> bool:
        """Whether it gets no new sessions, by somebody's word."""
        return bool(self.admin & DRAINING) and not self.maintenance

    @property
    def serving(self) -> bool:
        """Whether it gets new sessions now."""
        up = self.operational not in (STOPPED, STOPPING)
        return up and not self.admin and self.weight > 0

    @property
    def state(self) -> str:
        """The word of ``set server ... state`` that brings about its administrative state."""
        return "maint" if self.maintenance else "drain" if self.draining else "ready"


class Session(msgspec.Struct, frozen=True):
    """One session of ``show sess``."""

    id: str
    source: str
    frontend: str
    backend: str
    server: str  # "" where none was chosen
    age: int  # seconds


class Process(msgspec.Struct, frozen=True):
    """One process of the master's ``show proc``. ``reloads``: how many it has outlived."""

    pid: int
    kind: str  # master, worker, program
    old: bool
    reloads: int
    uptime: int
    version: str


def info(text: str) -> Info:
    """``show info``. Raises HakubeError."""
    pairs = (line.partition(": ") for line in text.splitlines())
    values = {name: value.strip() for name, sign, value in pairs if sign}
    _demand({"Version", "Pid", "Uptime_sec"} <= values.keys(), "show info", text)
    return Info(
        version=values["Version"],
        pid=_number(values["Pid"]),
        uptime=_number(values["Uptime_sec"]),
        connections=_number(values.get("CurrConns", "")),
        stopping=_number(values.get("Stopping", "")) > 0,
        values=values,
    )


def stat(text: str) -> list[dict[str, str]]:
    """``show stat``: a mapping for each frontend, server and backend. Raises HakubeError."""
    _demand(text.lstrip().startswith("# pxname,svname"), "show stat", text)
    try:
        rows = list(csv.DictReader(io.StringIO(text.lstrip()[2:])))
    except csv.Error:
        raise HakubeError(f"haproxy answered `show stat` with: {told(text)}") from None
    whole = [{name: value or "" for name, value in row.items() if name} for row in rows]
    return [
        row for row in whole if row.get("svname") and row.get("pxname", "") not in ("", *_INTERNAL)
    ]


def servers(state: str, stat_text: str | None = None) -> list[Server]:
    """``show servers state``, with what ``show stat`` adds. Raises HakubeError."""
    found = {(row["pxname"], row["svname"]): row for row in stat(stat_text)} if stat_text else {}
    rows = list(_state_rows(state))
    return [_server(row, found.get((row["be_name"], row["srv_name"]), {})) for row in rows]


def sessions(text: str) -> list[Session]:
    """``show sess``, without those of the socket itself."""
    found = []
    for line in text.splitlines():
        identity, sign, rest = line.partition(": ")
        if not sign or not re.fullmatch(r"0x[0-9a-f]+", identity):
            continue
        values = dict(word.partition("=")[::2] for word in rest.split() if "=" in word)
        if values.get("fe") in (None, "GLOBAL", *_INTERNAL):
            continue
        server = values.get("srv", "")
        found.append(
            Session(
                id=identity,
                source=values.get("src", ""),
                frontend=values["fe"],
                backend="" if values.get("be", "").startswith("<") else values.get("be", ""),
                server="" if server.startswith("<") else server,
                age=seconds(values.get("age", "")),
            )
        )
    return found


def processes(text: str) -> list[Process]:
    """The master's ``show proc``. Raises HakubeError."""
    lines = text.splitlines()
    _demand(bool(lines) and lines[0].startswith("#<PID>"), "show proc", text)
    # haproxy 2.2 has a column more than the later ones.
    columns = re.findall(r"<([^>]+)>", lines[0])
    found, old = [], False
    for line in lines[1:]:
        if line.startswith("#"):
            old = line.startswith("# old")
            continue
        # "2 [failed: 0]" are the master's reloads, "[was: 1]" is a column of 2.2.
        words = line.replace("[was: ", "[was:").split()
        words = [word for word in words if word != "[failed:" and not re.fullmatch(r"\d+\]", word)]
        if len(words) < len(columns) - 1:
            continue
        values = dict(zip(columns, words, strict=False))
        found.append(
            Process(
                pid=_number(values["PID"]),
                kind=values.get("type", ""),
                old=old,
                reloads=_number(values.get("reloads", "")),
                uptime=seconds(values.get("uptime", "")),
                version=values.get("version", ""),
            )
        )
    return found


def seconds(text: str) -> int:
    """A time as haproxy shows it: ``5s``, ``2h3m``, ``0d00h02m44s``."""
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([dhms])", text))


def told(text: str) -> str:
    """What haproxy answered, as one line for an error."""
    return " ".join(text.split())[:300] or "nothing"


def _state_rows(text: str) -> Iterator[Mapping[str, str]]:
    """The rows of ``show servers state``: its format's number, the names, the values."""
    lines: Iterable[str] = text.strip().splitlines()
    columns: list[str] = []
    for line in lines:
        if line.startswith("#"):
            columns = line[1:].split()
        elif columns and line.strip():
            row = dict(zip(columns, line.split(), strict=False))
            if row.get("be_name") not in _INTERNAL and "srv_name" in row:
                yield row
    _demand("be_name" in columns and "srv_name" in columns, "show servers state", text)


def _server(row: Mapping[str, str], shown: Mapping[str, str]) -> Server:
    return Server(
        backend=row["be_name"],
        name=row["srv_name"],
        address=row.get("srv_addr", "-"),
        port=_number(row.get("srv_port", "")),
        operational=_number(row.get("srv_op_state", "")),
        admin=_number(row.get("srv_admin_state", "")),
        weight=_number(row.get("srv_uweight", "")),
        since=_number(row.get("srv_time_since_last_change", "")),
        check_enabled=bool(_number(row.get("srv_check_state", "")) & _ENABLED),
        check_result=_number(row.get("srv_check_result", "")),
        check_health=_number(row.get("srv_check_health", "")),
        status=shown.get("status", ""),
        # "* L7OK" while the next check goes on, "INI" before the first.
        check_status=shown.get("check_status", "").removeprefix("* ").removeprefix("INI"),
        check_code=int(code) if (code := shown.get("check_code", "")).isdecimal() else None,
        check_told=shown.get("last_chk", "") or shown.get("check_desc", ""),
        sessions=_number(shown.get("scur", "")),
        limit=int(limit) if (limit := shown.get("slim", "")).isdecimal() else None,
    )


def _number(text: str) -> int:
    found = re.match(r"-?\d+", text)
    return int(found[0]) if found else 0


def _demand(good: bool, asked: str, text: str) -> None:
    if not good:
        raise HakubeError(f"haproxy answered `{asked}` with: {told(text)}")
