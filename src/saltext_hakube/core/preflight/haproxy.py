"""haproxy on this machine: its file, its limits, what the kernel and SELinux let it do."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from saltext_hakube.core.config import Config
from saltext_hakube.core.haproxy.syntax import header, words
from saltext_hakube.core.preflight.finding import Check, Look, need, warning
from saltext_hakube.core.preflight.observed import Observed
from saltext_hakube.core.sysctl import for_vip

# A kubelet holds some ten watches, each a connection; haproxy uses two files for each.
FEWEST = 1000
SPARE_FILES = 100
NEEDED = {
    "frontend": ("client",),
    "backend": ("connect", "server"),
    "listen": ("client", "connect", "server"),
}


class Proxy(Struct):
    """A section of the file: its timeouts and maxconn, with those that it inherits."""

    keyword: str
    name: str
    timeouts: set[str] = field(default_factory=set)
    maxconn: int | None = None


def no_timeouts(config: Config, observed: Observed) -> Look:
    """Connections that nobody ends stay for ever, and fill haproxy."""
    for proxy in _proxies(need(observed.haproxy).text or ""):
        missing = [it for it in NEEDED.get(proxy.keyword, ()) if it not in proxy.timeouts]
        if missing:
            yield warning(
                config.haproxy.config,
                f"{proxy.keyword} {proxy.name} has no timeout {', '.join(missing)}, of its own or "
                "by its defaults: dead connections stay for ever",
                "set `timeout connect`, `timeout client`, `timeout server` in its defaults",
            )


def config_refused(config: Config, observed: Observed) -> Look:
    """haproxy would not start with the file as it is on the disk."""
    for line in need(need(observed.haproxy).refused):
        yield warning(
            config.haproxy.config,
            f"haproxy does not take the file as it is now: {line}",
            "mend what is not hakube's; what it declares hakube.haproxy repairs",
        )


def nonlocal_bind_off(config: Config, observed: Observed) -> Look:
    """Where the VIP is not, haproxy cannot bind to it, and does not start."""
    haproxy = need(observed.haproxy)
    if need(haproxy.running) and not need(haproxy.nonlocal_bind):
        (key,) = for_vip(config.vip.address)
        yield warning(
            key,
            "is 0 while haproxy runs: at its next start it binds to the VIP only where that is",
            f"hakube.sysctl sets it; by hand: `sysctl -w {key}=1`",
        )


def too_few_connections(config: Config, observed: Observed) -> Look:
    """haproxy lets clients wait when it has as many connections as it may have."""
    haproxy = need(observed.haproxy)
    limit = _global_maxconn(haproxy.text or "")
    files = need(haproxy.files)
    told = f"fewer than the {FEWEST} that watches of a cluster take easily; further clients wait"
    if limit is not None and limit < FEWEST:
        yield warning(
            config.haproxy.config,
            f"maxconn {limit} in global is {told}",
            "raise it, or leave it out",
        )
    if files is None:
        return
    if limit is not None and 2 * limit + SPARE_FILES > files:
        yield warning(
            f"unit {config.haproxy.unit}",
            f"LimitNOFILE={files} is too low for maxconn {limit}, which takes two files for each "
            "connection: haproxy does not start, or takes fewer",
            f"set LimitNOFILE={2 * limit + 1000} in a drop-in",
        )
    elif limit is None and (files - SPARE_FILES) // 2 < FEWEST:
        yield warning(
            f"unit {config.haproxy.unit}",
            f"LimitNOFILE={files} allows {max(0, (files - SPARE_FILES) // 2)} connections, {told}",
            "set LimitNOFILE=65536 in a drop-in",
        )


def own_limit(config: Config, observed: Observed) -> Look:
    """The limit that our frontends inherit."""
    for proxy in _proxies(need(observed.haproxy).text or ""):
        inherited = proxy.keyword == "defaults" and proxy.maxconn is not None
        if inherited and (proxy.maxconn or 0) < FEWEST:
            yield warning(
                config.haproxy.config,
                f"maxconn {proxy.maxconn} in defaults {proxy.name} holds for the API's frontend, "
                f"too: fewer than the {FEWEST} that watches of a cluster take easily",
                "raise it, or leave it out",
            )


def selinux_connect(config: Config, observed: Observed) -> Look:
    """SELinux keeps haproxy from ports that are not http's."""
    if not need(need(observed.haproxy).connect_any):
        yield warning(
            "SELinux boolean haproxy_connect_any",
            f"off, so haproxy may neither bind to port {config.haproxy.secure_port} nor reach the "
            "apiservers, unless a module of yours allows it",
            "`setsebool -P haproxy_connect_any on`",
        )


def _proxies(text: str) -> Iterator[Proxy]:
    """The sections that take or make connections, and the defaults, in their order."""
    unnamed, named = Proxy("defaults", ""), dict[str, Proxy]()
    current: Proxy | None = None
    found: list[Proxy] = []
    for line in text.splitlines():
        head = header(line)
        if head is not None:
            keyword, name = head
            current = None
            if keyword in (*NEEDED, "defaults"):
                whole = words(line)
                base = named.get(whole[whole.index("from") + 1]) if "from" in whole[2:-1] else None
                base = base or (unnamed if keyword != "defaults" else None)
                current = Proxy(
                    keyword,
                    name,
                    timeouts=set(base.timeouts) if base else set(),
                    maxconn=base.maxconn if base else None,
                )
                found.append(current)
                if keyword == "defaults":
                    unnamed = named[name] = current
            continue
        statement = words(line)
        if current is None or len(statement) < 2:
            continue
        if statement[0] == "timeout":
            current.timeouts.add(statement[1])
        elif statement[0] == "maxconn" and statement[1].isdecimal():
            current.maxconn = int(statement[1])
    return iter(found)


def _global_maxconn(text: str) -> int | None:
    inside = False
    for line in text.splitlines():
        head, statement = header(line), words(line)
        inside = head[0] == "global" if head is not None else inside
        if inside and len(statement) > 1 and statement[0] == "maxconn" and statement[1].isdecimal():
            return int(statement[1])
    return None


CHECKS: dict[str, Check] = {
    "haproxy-without-timeouts": no_timeouts,
    "haproxy-config-refused": config_refused,
    "nonlocal-bind-off": nonlocal_bind_off,
    "too-few-connections": too_few_connections,
    "defaults-maxconn-low": own_limit,
    "selinux-connect-any-off": selinux_connect,
}
