"""How the apiserver here is started, and how the apiservers answer haproxy's health checks."""

from __future__ import annotations

from saltext_hakube.core.cib.meaning import duration, text
from saltext_hakube.core.config import Config
from saltext_hakube.core.preflight.finding import Check, Look, Unseen, error, need, seen, warning
from saltext_hakube.core.preflight.observed import Observed
from saltext_hakube.core.preflight.words import seconds
from saltext_hakube.core.topology import UNIT

# The apiserver goes on for up to a minute with what it has begun (its --request-timeout), after
# the delay in which it says that it is not ready.
DRAIN = 60.0
LOOPBACK = ("127.", "::1", "localhost")


def health_check_refused(config: Config, observed: Observed) -> Look:
    """haproxy asks without credentials, and the apiserver does not answer such."""
    if config.haproxy.check != "https" or config.haproxy.plain:
        return
    remedy = (
        f"let {config.haproxy.check_path} be asked anonymously: leave --anonymous-auth on, from "
        "Kubernetes 1.34 with an AuthenticationConfiguration that allows the health paths only"
    )
    told = "so haproxy calls it down"
    for name, server in need(observed.servers).items():
        where = f"{name}{config.haproxy.check_path}"
        if isinstance(server.health, Unseen):
            yield Unseen(f"{name}: {server.health.why}")
        elif server.health == 401:
            yield error(where, f"answered with 401 to who has no credentials, {told}", remedy)
        elif server.health == 403:
            yield warning(
                where,
                f"answered with 403 to who has no credentials, {told}",
                "a new apiserver does so for seconds; if it stays, the ClusterRole "
                "system:public-info-viewer is not bound to system:unauthenticated",
            )
    program = seen(observed.apiserver, None)
    if program is not None and program.flags.get("anonymous-auth") == "false":
        answered = [it for it in seen(observed.servers, {}).values() if it.health == 401]
        if not answered:
            yield error(program.source, f"--anonymous-auth=false: answers 401, {told}", remedy)


def apiserver_unreachable(config: Config, observed: Observed) -> Look:
    """haproxy here cannot reach an apiserver there."""
    for name, server in need(observed.servers).items():
        if isinstance(server.port, Unseen):
            yield Unseen(f"{name}: {server.port.why}")
        elif server.port == "refused":
            yield Unseen(f"{name}: no apiserver listens there now")
        elif server.port == "silent":
            where = next(it for it in config.servers if it.name == name)
            yield warning(
                f"{where.address} port {where.port}",
                f"the apiserver {name} does not answer from here, and nobody refuses either",
                "is the machine up? else a firewall drops it: haproxy of every node must reach "
                "every apiserver",
            )


def apiserver_elsewhere(config: Config, observed: Observed) -> Look:
    """The apiserver of this node does not listen where haproxy will look for it."""
    program = need(observed.apiserver)
    own = next((node for node in config.nodes if node.name == config.node), None)
    servers = [it for it in config.servers if own is not None and it.address in own.addresses]
    if not servers:
        return
    bound = program.flags.get("bind-address", "")
    port = program.flags.get("secure-port", "6443")
    ports = [str(server.port) for server in servers]
    remedy = "set --bind-address and --secure-port, or hakube:apiserver:servers, so that they agree"
    if port not in ports:
        yield warning(
            program.source,
            f"the apiserver listens on port {port}, and haproxy is to look on {', '.join(ports)}",
            remedy,
        )
    if bound.startswith(LOOPBACK):
        yield warning(
            program.source,
            f"the apiserver listens on {bound} only, where no other machine's haproxy reaches it",
            remedy,
        )


def advertised_vip(config: Config, observed: Observed) -> Look:
    """Pods are told to reach this apiserver at an address that floats."""
    program = need(observed.apiserver)
    if program.flags.get("advertise-address") == config.vip.address:
        yield warning(
            program.source,
            f"--advertise-address is the VIP {config.vip.address}: all apiservers are one endpoint "
            "of the service kubernetes then, and pods lose the API with every move",
            "advertise the machine's own address",
        )


def drain_too_short(config: Config, observed: Observed) -> Look:
    """A planned stop ends before haproxy has noticed it."""
    haproxy = config.haproxy
    if haproxy.plain or haproxy.check != "https":
        return
    program = need(observed.apiserver)
    flag = program.flags.get("shutdown-delay-duration", "0s")
    delay, needed = seconds(flag), detection(config)
    if delay is not None and delay < needed:
        yield warning(
            program.source,
            f"--shutdown-delay-duration is {flag}, and haproxy takes {needed:g} s to see that "
            "/readyz fails: each planned stop fails requests",
            f"set --shutdown-delay-duration={int(needed) + 3}s",
        )


def stop_too_short(config: Config, observed: Observed) -> Look:
    """Who stops the apiserver kills it before its last requests have ended."""
    program = need(observed.apiserver)
    delay = seconds(program.flags.get("shutdown-delay-duration", "0s")) or 0.0
    needed = delay + DRAIN
    given = config.resources.apiserver.operations.get("stop")
    timeout = text((given.timeout if given else None) or UNIT["stop"]["timeout"])
    micro = duration(timeout)
    if micro.endswith("us") and int(micro[:-2]) / 1e6 < needed:
        yield warning(
            "hakube:resources:apiserver:operations:stop:timeout",
            f"{timeout} is less than the apiserver may take to stop ({delay:g} s of delay, "
            f"{DRAIN:g} s for its last requests); a stop that is not done in time is a failure, "
            "which fences the node or blocks the resource",
            f"set it to {needed + 10:.0f}s",
        )
    unit = config.resources.apiserver.unit
    patience = need(need(observed.units)[unit].stop)
    if patience < needed:
        yield warning(
            f"unit {unit}",
            f"systemd kills it {patience:g} s after a stop, and it may take {needed:g} s",
            f"set TimeoutStopSec={needed + 5:.0f} in a drop-in (`systemctl edit {unit}`)",
        )


def check_is_blind(config: Config, observed: Observed) -> Look:
    """A check that a hung or a leaving apiserver passes."""
    haproxy = config.haproxy
    if haproxy.plain or haproxy.check == "tcp":
        key = "plain" if haproxy.plain else "check"
        yield warning(
            f"hakube:haproxy:{key}",
            "haproxy only looks whether a connection is accepted, which a hung apiserver and one "
            "that is not ready do, too: a third of all requests then fail",
            "use `check: https` without `plain`",
        )
    elif not haproxy.check_path.startswith("/readyz"):
        yield warning(
            "hakube:haproxy:check_path",
            f"{haproxy.check_path} goes on to answer 200 while an apiserver that was told to stop "
            "drains",
            "use /readyz",
        )


def detection(config: Config) -> float:
    """Seconds until haproxy has called a server down whose check fails."""
    haproxy = config.haproxy
    slow, fast = (seconds(text_) or 0.0 for text_ in (haproxy.inter, haproxy.fastinter))
    return slow + (haproxy.fall - 1) * fast


CHECKS: dict[str, Check] = {
    "health-check-refused": health_check_refused,
    "health-check-blind": check_is_blind,
    "apiserver-unreachable": apiserver_unreachable,
    "apiserver-elsewhere": apiserver_elsewhere,
    "vip-advertised": advertised_vip,
    "drain-too-short": drain_too_short,
    "stop-too-short": stop_too_short,
}
