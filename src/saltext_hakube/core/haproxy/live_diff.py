"""In what a running haproxy and its configuration file differ, as far as haproxy tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from saltext_hakube.core.haproxy import live_file
from saltext_hakube.core.haproxy.live_file import FileServer
from saltext_hakube.core.haproxy.runtime import Server

Difference = dict[str, Any]


def differences(texts: Sequence[str], running: Sequence[Server]) -> list[Difference]:
    """One mapping for each thing that differs: ``backend``, ``server``, ``what``, ``file``,
    ``running``; None on the side that does not have it.

    ``texts``: the contents of all files that haproxy loads, in their order. Servers that a file
    only makes when it is loaded (``server-template``) are left out, and what stands in conditions
    counts as if there were none.
    """
    sections = [section for text in texts for section in live_file.sections(text)]
    proxies = live_file.proxies(sections)
    found: list[Difference] = [
        {"backend": one.backend, "server": one.name, "what": "server", **_there(None, one)}
        for one in running
        if one.backend not in proxies
    ]
    for proxy in proxies.values():
        now = {server.name: server for server in running if server.backend == proxy.name}
        if proxy.has("server-template"):
            continue
        for name in dict.fromkeys([*proxy.servers, *now]):
            said, is_so = proxy.servers.get(name), now.get(name)
            path = {"backend": proxy.name, "server": name}
            if said is None or is_so is None:
                found.append({**path, "what": "server", **_there(said, is_so)})
                continue
            found += [
                {**path, "what": what, "file": file, "running": running}
                for what, file, running in _fields(said, is_so)
                if file != running
            ]
    return found


def _there(said: FileServer | None, is_so: Server | None) -> Difference:
    return {
        "file": f"{said.address}:{said.port}" if said else None,
        "running": f"{is_so.address}:{is_so.port}" if is_so else None,
    }


def _fields(said: FileServer, is_so: Server) -> Iterator[tuple[str, Any, Any]]:
    if said.fixed:
        yield "address", said.address, is_so.address
        yield "port", said.port, is_so.port
    if said.unknown:
        return  # what follows an option that is not known cannot be told apart from its value
    yield "weight", said.weight, is_so.weight
    yield "state", "maint" if said.disabled else "ready", is_so.state
    yield "check", said.checked, is_so.check_enabled
    limit = said.number("maxconn", 0) or None
    # haproxy tells of none where there is none.
    yield "maxconn", limit, is_so.limit
