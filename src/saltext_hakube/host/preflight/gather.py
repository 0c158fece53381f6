"""All that preflight looks at, gathered side by side: a few seconds, however many are silent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any, TypeVar

from msgspec import structs

from saltext_hakube.core.config import Config
from saltext_hakube.core.corosync import Corosync
from saltext_hakube.core.errors import HakubeError, NotInstalled
from saltext_hakube.core.preflight import network, words
from saltext_hakube.core.preflight.finding import Unseen, seen
from saltext_hakube.core.preflight.machine import SHORT
from saltext_hakube.core.preflight.observed import Cluster, Observed, Peer, Program
from saltext_hakube.core.status import Status
from saltext_hakube.host import cib, systemd
from saltext_hakube.host.corosync import corosync_conf
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.preflight import kube, local, neighbours, remote
from saltext_hakube.host.preflight.busy import busy
from saltext_hakube.host.preflight.sockets import listeners
from saltext_hakube.host.run import run
from saltext_hakube.host.status import status

T = TypeVar("T")

CLUSTER = 10.0  # seconds for the cluster's own tools
THREADS = 16  # most of them wait for others
NO_MACHINE = Unseen("a folder stands for this machine")


def observe(config: Config, machine: Machine) -> Observed:
    """What can be seen from here, now."""
    now = datetime.now(timezone.utc)
    with ThreadPoolExecutor(THREADS) as pool:
        facts = {name: pool.submit(_seen, look) for name, look in _files(config, machine).items()}
        if machine.live:
            live = _live(config)
            facts |= {name: pool.submit(_seen, look) for name, look in live.items()}
            peers = _peers(pool, config)
            servers = {
                it.name: pool.submit(remote.server, it, config, machine) for it in config.servers
            }
            macs = _seen(lambda: _answering(config))
        found: dict[str, Any] = {name: future.result() for name, future in facts.items()}
        if machine.live:
            found["servers"] = _all(servers)
            found |= _network(_all(peers), macs, config)
    programs = found["programs"]
    apiserver = programs if isinstance(programs, Unseen) else programs["kube-apiserver"]
    found["apiserver"] = apiserver
    found["certificates"] = (
        _seen(lambda: kube.certificates(apiserver, machine))
        if isinstance(apiserver, Program)
        else apiserver
    )
    if not machine.live:
        rest = [name for name in Observed.__struct_fields__ if name not in (*found, "now")]
        found |= {name: NO_MACHINE for name in rest if name not in ("cluster", "hostname")}
    return Observed(now=now, **found)


def _files(config: Config, machine: Machine) -> Mapping[str, Callable[[], Any]]:
    """What stands in files, also below a folder that stands for a machine."""
    return {
        "vip_files": lambda: local.vip_files(config, machine),
        "managers": lambda: local.managers(config, machine),
        "ca": lambda: machine.path(config.haproxy.ca_file).exists(),
        "manifests": lambda: kube.manifests(config, machine),
        "programs": lambda: kube.programs(config, machine),
        "haproxy": lambda: local.haproxy(config, machine),
        "cluster": lambda: _cluster(config, machine),
    }


def _live(config: Config) -> Mapping[str, Callable[[], Any]]:
    haproxy = config.haproxy
    ports = {haproxy.secure_port, *([haproxy.insecure_port] if haproxy.insecure else [])}
    return {
        "hostname": local.hostname,
        "link": local.link,
        "listeners": lambda: listeners(ports),
        "units": lambda: local.units(config),
        "space": lambda: local.space(Machine()),
        **({"busy": busy} if config.totem.token < SHORT else {}),
        "clock": local.clock,
        "firewall": lambda: local.firewall(network.interface(config, local.link())),
        "own_names": lambda: remote.resolved(config.node or local.hostname()),
    }


def _peers(pool: ThreadPoolExecutor, config: Config) -> dict[str, Future[Peer]]:
    others = [node for node in config.nodes if node.name != config.node]
    return {node.name: pool.submit(remote.peer, node) for node in others}


def _answering(config: Config) -> neighbours.Answers:
    """Who answers for the VIP and for the other nodes, on each of our own networks."""
    link = local.link()
    asked: dict[str, set[str]] = {}
    on_vip = network.interface(config, link)
    if on_vip is None:
        raise HakubeError("no interface here is on the VIP's subnet")
    asked[on_vip] = {config.vip.address}
    for node in config.nodes:
        for address in node.addresses:
            name = network.carrier(link, address) or network.owner(link, address)
            if name is not None:
                asked.setdefault(name, set()).add(address)
    answers: neighbours.Answers = {}
    with ThreadPoolExecutor(len(asked)) as pool:
        for found in pool.map(lambda item: neighbours.ask(*item), asked.items()):
            answers |= found
    return answers


def _network(
    peers: dict[str, Peer], macs: neighbours.Answers | Unseen, config: Config
) -> dict[str, Any]:
    if isinstance(macs, Unseen):
        return {"vip_macs": macs, "own_macs": macs, "peers": peers}
    nodes = {node.name: node.addresses for node in config.nodes}
    own = nodes.get(config.node or "", ())
    return {
        "vip_macs": tuple(sorted(macs[config.vip.address])),
        "own_macs": {it: tuple(sorted(macs[it])) for it in own if it in macs},
        "peers": {
            name: structs.replace(
                peer,
                macs=tuple(sorted(set().union(*(macs.get(it, ()) for it in nodes[name])))),
                doubled=tuple(it for it in nodes[name] if len(macs.get(it, ())) > 1),
            )
            for name, peer in peers.items()
        },
    }


def _cluster(config: Config, machine: Machine) -> Cluster:
    if not machine.live:
        return Cluster(
            conf=NO_MACHINE, cib=_seen(lambda: _cib(machine)), status=NO_MACHINE, links=NO_MACHINE
        )
    conf = _seen(lambda: corosync_conf(machine))
    return Cluster(
        conf=conf,
        cib=_seen(lambda: _cib(machine)),
        status=_seen(_status),
        links=_seen(lambda: _links(seen(conf, None), config.node)),
    )


def _cib(machine: Machine) -> str:
    text = cib.find(machine)
    if text is None:
        raise HakubeError("no cluster runs on this machine")
    return text


def _status() -> Status | None:
    try:
        return status(CLUSTER)
    except NotInstalled:
        return None


def _links(conf: Corosync | None, own: str | None) -> Mapping[str, tuple[str, ...]]:
    if conf is None or not systemd.active("corosync"):
        raise HakubeError("corosync does not run on this machine")
    others = {it.name: it.addresses for it in conf.members if it.name != own}
    return words.lost_links(run(["corosync-cfgtool", "-n"], timeout=CLUSTER).stdout, others)


def _all(futures: Mapping[str, Future[T]]) -> dict[str, T]:
    return {name: future.result() for name, future in futures.items()}


def _seen(look: Callable[[], T]) -> T | Unseen:
    """What there is to see, or why it could not be seen."""
    try:
        return look()
    except (HakubeError, OSError) as error:
        return Unseen(str(error).splitlines()[0])
