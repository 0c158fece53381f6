"""Whether a new configuration file can be had without a reload, and by which orders.

Only servers can change in a running haproxy: their weight, address, maximum of connections,
whether they are disabled, and (2.6 and later, where the backend balances dynamically) which there
are. Whatever else differs needs a reload.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from saltext_hakube.core.haproxy import live_file
from saltext_hakube.core.haproxy.live_file import FileServer, Proxy, Words
from saltext_hakube.core.haproxy.live_orders import Change, orders, wanted
from saltext_hakube.core.haproxy.live_steps import Plan, Reload
from saltext_hakube.core.haproxy.runtime import Server

# `add server` and `del server` are there since 2.4, as an experiment; in 2.6 they are finished.
DYNAMIC = (2, 6)

# Algorithms that take servers at run time, and for which a server's number means nothing.
_BALANCES = ("roundrobin", "leastconn", "random")
# What in a proxy names its servers, or ties clients to them.
_TIES = ("cookie", "stick", "use-server", "server-template", "dynamic-cookie-key")
# Nothing that has a meaning of its own on the command line.
_PLAIN = re.compile(r"[A-Za-z0-9_.:/@%+=,()\[\]-]+")
# Options that may differ; all others need a reload.
_CHANGEABLE = ("weight", "disabled", "maxconn")


def plan(old: str, new: str, version: str, running: Sequence[Server]) -> Plan:
    """How a haproxy that runs with ``old`` gets what ``new`` says.

    ``version``: that of the running process. ``running``: its servers as they are now.
    """
    before, after = live_file.sections(old), live_file.sections(new)
    now = {(server.backend, server.name): server for server in running}
    try:
        changes = tuple(_changes(before, after))
        _demand_possible(changes, tuple(int(part) for part in re.findall(r"\d+", version)[:2]))
        _demand_known(changes, live_file.proxies(before), running)
        steps = tuple(orders(changes, now))
    except Reload as why:
        return Plan(why=str(why))
    return Plan(
        steps=steps,
        wanted=tuple(wanted(change, now) for change in changes if change.new),
        names={change.proxy.name: tuple(change.proxy.servers) for change in changes},
    )


def _changes(old: Sequence[Words], new: Sequence[Words]) -> Iterator[Change]:
    """The servers that differ, where nothing else does."""
    if old == new:
        return
    if live_file.conditional(old) or live_file.conditional(new):
        raise Reload("the file has conditions (.if), which only haproxy can judge")
    if [section.header for section in old] != [section.header for section in new]:
        raise Reload("the files do not have the same sections")
    before, after = live_file.proxies(old), live_file.proxies(new)
    for one, other in zip(old, new, strict=True):
        if one == other:
            continue
        name = " ".join(one.header[:2])
        if one.keyword not in live_file.BALANCING:
            raise Reload(f"{name or 'what stands before the first section'} differs")
        if before[one.name].lines != after[one.name].lines:
            raise Reload(f"{name} differs in more than its servers")
        yield from _servers(before[one.name], after[one.name])


def _servers(old: Proxy, new: Proxy) -> Iterator[Change]:
    for name in dict.fromkeys([*old.servers, *new.servers]):
        change = Change(new, old.servers.get(name), new.servers.get(name))
        if not (change.old and change.new) or _differ(change.path, change.old, change.new):
            yield change


def _differ(path: str, one: FileServer, other: FileServer) -> bool:
    """Whether they do, in what a running server can change; Reload where in something else."""
    same = (one.address, one.port) == (other.address, other.port)
    if one.words == other.words:
        return not same
    unknown = one.unknown or other.unknown
    if unknown:
        raise Reload(f"{path} differs and has `{unknown}`, which cannot be judged at run time")
    names = [
        name
        for name in {**one.options, **other.options}
        if one.options.get(name) != other.options.get(name)
    ]
    fixed = [name for name in names if name not in _CHANGEABLE]
    if fixed:
        raise Reload(f"{path}: `{fixed[0]}` differs, which a running server cannot change")
    if ("maxconn" in one.options) != ("maxconn" in other.options):
        raise Reload(f"{path}: a maxconn comes or goes")
    return bool(names) or not same


def _demand_possible(changes: Sequence[Change], version: tuple[int, ...]) -> None:
    """Raise Reload where this haproxy cannot do it in such a backend."""
    for change in changes:
        proxy = change.proxy
        if tie := proxy.has(*_TIES):
            raise Reload(f"{proxy.name} has `{tie}`")
        for server in (change.old, change.new):
            if server and not server.fixed:
                raise Reload(f"{change.path}: {server.address} is no address with a port")
        balance = (proxy.last("balance") or ("roundrobin",))[0]
        dynamic = balance.partition("(")[0] in _BALANCES
        if change.old and change.new:
            if not dynamic and change.old.weight != change.new.weight:
                raise Reload(f"{proxy.name} balances by {balance}: its weights are fixed")
        elif not dynamic:
            raise Reload(f"{proxy.name} balances by {balance}: its servers are fixed")
        elif version < DYNAMIC:
            said = ".".join(map(str, version))
            raise Reload(f"haproxy {said} cannot add or remove servers (2.6 can)")


def _demand_known(
    changes: Sequence[Change], before: Mapping[str, Proxy], running: Sequence[Server]
) -> None:
    """Raise Reload where the process is not what the old file says, or cannot take a server."""
    for backend in dict.fromkeys(change.proxy.name for change in changes):
        have = {server.name for server in running if server.backend == backend}
        if other := have ^ before[backend].servers.keys():
            raise Reload(
                f"the running haproxy has other servers in {backend} than the file had: "
                f"{', '.join(sorted(other))}"
            )
    every = [server for proxy in before.values() for server in proxy.servers.values()]
    loaded = {server.options.get("ca-file") for server in every}
    for server in (change.new for change in changes if change.new and not change.old):
        path = f"{server.backend}/{server.name}"
        if server.unknown:
            raise Reload(f"{path} has `{server.unknown}`, which cannot be added at run time")
        odd = [word for word in (server.name, *server.words) if not _PLAIN.fullmatch(word)]
        if odd:
            raise Reload(f"{path}: {odd[0]!r} cannot be said at run time")
        if server.options.get("ca-file") not in {None, *loaded}:
            raise Reload(f"{path}: its ca-file is one that the process has not loaded")
