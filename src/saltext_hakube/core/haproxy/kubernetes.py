"""The document's frontends and backends, rendered for haproxy 2.2 and later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from saltext_hakube.core.haproxy.live_file import duration
from saltext_hakube.core.haproxy.options import Haproxy, Server
from saltext_hakube.core.haproxy.section import Section

FRONTEND = "apiserver-secure"
BACKEND = "kube-apiservers-secure"
INSECURE_FRONTEND = "apiservers-insecure"
INSECURE_BACKEND = "kube-apiservers-insecure"
HEALTH = "hakube-health"

# The connect timeout of the unchecked copy. When the node dies that leads etcd, no apiserver is
# ready until etcd has another leader, and one in three new connections asks the dead one first:
# with the 500 ms of the profile fast that was all the time that a client had (measured: 2.7 s more
# without service). A server of the same site answers in some milliseconds.
SOON = "200ms"

# A check that passes on condition: 2.2 refuses it ("'error-status' only supports ...").
DRAINS = (2, 4)


def unchecked(backend: str) -> str:
    """The copy of a backend that is asked when none of its servers is up."""
    return f"{backend}-unchecked"


def adapted(options: Haproxy, version: str | None) -> Haproxy:
    """The options as far as this haproxy knows them; None: not known yet, taken for a new one."""
    found = tuple(int(part) for part in re.findall(r"\d+", version or "")[:2])
    if found and found < DRAINS and options.unready == "drain":
        return replace(options, unready="down")
    return options


def sections(options: Haproxy, vip: str, servers: Sequence[Server]) -> tuple[Section, ...]:
    """The sections for the Kubernetes API at ``vip``, in the document's order and names.

    Ours mean what they say whatever the file's ``defaults`` are; the document's inherit them.
    """
    local = () if options.api_socket == "none" else (f"bind {options.api_socket} mode 600",)
    secure = _pair(
        options,
        (
            FRONTEND,
            (f"bind {address(vip, options.secure_port)}", *(() if options.plain else local)),
        ),
        (BACKEND, "check" if options.plain else _check(options)),
        [
            (f"secure-{it.name}", address(it.address, it.port), _words(options, it))
            for it in servers
        ],
    )
    if not options.insecure:
        return (*secure, *_health(options))
    insecure = _pair(
        options,
        (INSECURE_FRONTEND, (f"bind {address(vip, options.insecure_port)}",)),
        (INSECURE_BACKEND, "check"),
        [
            (f"insecure-{it.name}", address(it.address, it.insecure_port), _words(options, it))
            for it in servers
        ],
    )
    return (insecure[0], secure[0], *insecure[1:], *secure[1:], *_health(options))


def backends(options: Haproxy) -> tuple[str, ...]:
    """The names of the backends whose servers are checked."""
    return (BACKEND, INSECURE_BACKEND) if options.insecure else (BACKEND,)


def address(host: str, port: int) -> str:
    """Host and port as haproxy reads them: an IPv6 address needs brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _pair(
    options: Haproxy,
    front: tuple[str, tuple[str, ...]],
    back: tuple[str, str],
    servers: Sequence[tuple[str, str, str]],
) -> tuple[Section, ...]:
    """A frontend (name, its bind lines), its backend (name, check), and the unchecked copy."""
    (frontend, binds), (backend, check) = front, back
    rescued = options.fallback and not options.plain
    found = (
        _frontend(options, frontend, binds, backend, rescued),
        _backend(options, backend, check, servers),
    )
    return (*found, _unchecked(options, backend, servers)) if rescued else found


def _frontend(
    options: Haproxy, name: str, binds: tuple[str, ...], backend: str, rescued: bool
) -> Section:
    own: tuple[str, ...] = ()
    if not options.plain:
        own = (
            "option tcplog",
            *_keepalive(options, "clitcpka"),
            f"timeout client {options.timeouts.client}",
            *options.frontend_options,
        )
    rescue = (f"use_backend {unchecked(backend)} if {{ nbsrv({backend}) eq 0 }}",) * rescued
    lines = ("mode tcp", *binds, *own, *rescue, f"default_backend {backend}")
    return Section(f"frontend {name}", lines, apart=not options.plain)


def _backend(
    options: Haproxy, name: str, check: str, servers: Iterable[tuple[str, str, str]]
) -> Section:
    own = () if options.plain else (*_own_lines(options), *options.backend_options)
    lines = (
        "mode tcp",
        f"balance {options.balance}",
        *own,
        *(_server(*server, check, words) for *server, words in servers),
    )
    return Section(f"backend {name}", lines, apart=not options.plain)


def _unchecked(options: Haproxy, backend: str, servers: Iterable[tuple[str, str, str]]) -> Section:
    """Every server, whatever its check says: a failure that all share (etcd stalls, the CA was
    changed) may be the check's, and who asks is better judge of it than a refused connection.
    Nor does a check tell which are dead: each new connection finds that out by itself, and soon."""
    lines = (
        "mode tcp",
        f"balance {options.balance}",
        *_connection_lines(options, _soon(options)),
        # Where the pillar's words for a server have a maxconn; else it were the connection's.
        f"timeout queue {options.timeouts.connect}",
        *(_server(*server, _without_check(words)) for *server, words in servers),
    )
    return Section(f"backend {unchecked(backend)}", lines, apart=True)


def _soon(options: Haproxy) -> str:
    return min(options.timeouts.connect, SOON, key=lambda it: duration(it) or 0.0)


def _words(options: Haproxy, server: Server) -> str:
    return " ".join(filter(None, (options.server_options, server.options)))


def _without_check(words: str) -> str:
    return " ".join(word for word in words.split() if word != "check")


def _server(*words: str) -> str:
    return " ".join(filter(None, ("server", *words)))


def _health(options: Haproxy) -> tuple[Section, ...]:
    """The listener on this machine alone. Plain http: it has nothing to hide and no certificate."""
    health = options.health
    if options.plain or not health.enabled:
        return ()
    lines = (
        "mode http",
        f"bind {address(health.address, health.port)}",
        # hakube-watch asks five times a second. Without a format of the log haproxy writes
        # "Connect from ..." for each, whatever the next line says.
        "option httplog",
        "option dontlog-normal",
        "timeout client 5s",
        "timeout http-request 5s",
        "http-request return status 200 content-type text/plain string ok if { path /livez }",
        f"http-request return status 503 content-type text/plain string down if {{ path /readyz }} "
        f"{{ nbsrv({BACKEND}) eq 0 }}",
        "http-request return status 200 content-type text/plain string ok if { path /readyz }",
        "http-request return status 404",
    )
    return (Section(f"frontend {HEALTH}", lines, apart=True),)


def _own_lines(options: Haproxy) -> Iterable[str]:
    """What a checked backend needs besides the document's lines, whatever the defaults say."""
    yield from _connection_lines(options, options.timeouts.connect)
    if options.check == "https":
        # A check can pass on condition (see DRAINS), which is what drains a server: no new
        # connections for it, none is cut. Without an answer it is down as ever.
        unready = " error-status L7OKC" if options.unready == "drain" else ""
        yield f"option httpchk GET {options.check_path}"
        yield f"http-check expect status 200{unready}"
    else:
        yield "option tcp-check"  # undoes an httpchk of the defaults
    yield f"timeout check {options.timeouts.check}"
    down = "" if options.on_marked_down == "none" else f" on-marked-down {options.on_marked_down}"
    yield (
        f"default-server inter {options.inter} fastinter {options.fastinter} "
        f"fall {options.fall} rise {options.rise}{down}"
    )


def _connection_lines(options: Haproxy, connect: str) -> Iterable[str]:
    timeouts = options.timeouts
    yield f"retries {options.retries}"
    yield "option redispatch 1"  # every retry goes to another server, not only the last one
    yield from _keepalive(options, "srvtcpka")
    yield f"timeout connect {connect}"
    yield f"timeout server {timeouts.server}"
    yield f"timeout tunnel {timeouts.server}"  # one in the defaults would win over both others


def _check(options: Haproxy) -> str:
    """The words of a server of the secure backend.

    ``check-ssl`` is understood by every haproxy since 1.5; ``http-check connect ssl`` needs 2.2.
    """
    if options.check == "tcp":
        return "check"
    if options.verify == "none":
        return "check check-ssl verify none"
    return f"check check-ssl verify required ca-file {options.ca_file}"


def _keepalive(options: Haproxy, option: str) -> tuple[str, ...]:
    return (f"option {option}",) if options.tcp_keepalive else ()
