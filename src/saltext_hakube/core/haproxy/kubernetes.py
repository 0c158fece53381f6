"""The document's frontends and backends, rendered for haproxy 2.2 and later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saltext_hakube.core.haproxy.options import Haproxy, Server
from saltext_hakube.core.haproxy.section import Section

# For a machine that has no haproxy.cfg. No chroot: it would hide the CA's folder and /dev/log
# from a reload. Both systems' packages make the user, and both allow this socket (SELinux knows
# its name as haproxy_var_run_t).
BASE = (
    Section(
        "global",
        (
            "log /dev/log local0",
            "user haproxy",
            "group haproxy",
            "stats socket /run/haproxy.sock mode 660 level admin",
            "stats timeout 30s",
        ),
    ),
    Section(
        "defaults",
        (
            "log global",
            "mode tcp",
            "option dontlognull",
            "timeout connect 5s",
            "timeout client 50s",
            "timeout server 50s",
        ),
    ),
)


def sections(options: Haproxy, vip: str, servers: Sequence[Server]) -> tuple[Section, ...]:
    """The sections for the Kubernetes API at ``vip``, in the document's order and names."""
    secure = (
        _frontend(
            options, "apiserver-secure", address(vip, options.secure_port), "kube-apiservers-secure"
        ),
        _backend(
            options,
            "kube-apiservers-secure",
            _check(options) if not options.plain else "check",
            [(f"secure-{server.name}", address(server.address, server.port)) for server in servers],
        ),
    )
    if not options.insecure:
        return secure
    insecure = (
        _frontend(
            options,
            "apiservers-insecure",
            address(vip, options.insecure_port),
            "kube-apiservers-insecure",
        ),
        _backend(
            options,
            "kube-apiservers-insecure",
            "check",
            [
                (f"insecure-{server.name}", address(server.address, server.insecure_port))
                for server in servers
            ],
        ),
    )
    return (insecure[0], secure[0], insecure[1], secure[1])


def address(host: str, port: int) -> str:
    """Host and port as haproxy reads them: an IPv6 address needs brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _frontend(options: Haproxy, name: str, bind: str, backend: str) -> Section:
    own = () if options.plain else ("option tcplog", *_keepalive(options, "clitcpka"))
    timeout = () if options.plain else (f"timeout client {options.timeouts.client}",)
    lines = ("mode tcp", f"bind {bind}", *own, *timeout, f"default_backend {backend}")
    return Section(f"frontend {name}", lines)


def _backend(
    options: Haproxy, name: str, check: str, servers: Iterable[tuple[str, str]]
) -> Section:
    own = () if options.plain else tuple(_own_lines(options))
    lines = (
        "mode tcp",
        f"balance {options.balance}",
        *own,
        *(f"server {server} {where} {check}" for server, where in servers),
    )
    return Section(f"backend {name}", lines)


def _own_lines(options: Haproxy) -> Iterable[str]:
    """What a backend needs besides the document's lines, whatever the file's defaults say."""
    timeouts = options.timeouts
    yield f"retries {options.retries}"
    yield "option redispatch 1"  # every retry goes to another server, not only the last one
    yield from _keepalive(options, "srvtcpka")
    if options.check == "https":
        yield f"option httpchk GET {options.check_path}"
        yield "http-check expect status 200"
    else:
        yield "option tcp-check"  # undoes an httpchk of the defaults
    yield f"timeout connect {timeouts.connect}"
    yield f"timeout server {timeouts.server}"
    yield f"timeout tunnel {timeouts.server}"  # one in the defaults would win over both others
    yield f"timeout check {timeouts.check}"
    down = "" if options.on_marked_down == "none" else f" on-marked-down {options.on_marked_down}"
    yield (
        f"default-server inter {options.inter} fastinter {options.fastinter} "
        f"fall {options.fall} rise {options.rise}{down}"
    )


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
