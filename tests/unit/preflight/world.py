"""A healthy cluster as preflight sees it, and ways to spoil one thing of it."""

import ipaddress
from datetime import datetime, timedelta, timezone
from functools import cache

from msgspec import structs

from saltext_hakube.core.cib.document import EMPTY
from saltext_hakube.core.cib.plan import plan
from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.corosync import Corosync, Member
from saltext_hakube.core.preflight.observed import (
    Busy,
    Cluster,
    Haproxy,
    Interface,
    Link,
    Observed,
    Peer,
    Program,
    Server,
    Space,
    Unit,
)
from saltext_hakube.core.preflight.traps import judge
from saltext_hakube.core.preflight.x509 import Certificate
from saltext_hakube.core.status import Status
from saltext_hakube.core.topology import topology
from tests.unit.config.pillars import GOOD, changed

VIP = GOOD["vip"]["address"]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
NODES = ("node1", "node2", "node3")
MACS = {name: f"02:00:00:00:00:0{name[-1]}" for name in NODES}
STRANGER = "02:00:00:00:00:99"

PILLAR = {
    **GOOD,
    "fencing": {
        f"fence-{name}": {"agent": "fence_ipmilan", "options": {"pcmk_host_list": name}}
        for name in NODES
    },
    "kubernetes": {"version": "1.32"},
}

CERTIFICATE = Certificate(
    names=("kubernetes",),
    addresses=("192.0.2.11", VIP),
    begins=NOW - timedelta(days=100),
    ends=NOW + timedelta(days=200),
)

HAPROXY_CFG = """\
global
    maxconn 20000
defaults
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend web
    bind :80
    default_backend web
backend web
    server one 192.0.2.50:80
"""


@cache
def _config(key):
    return resolve(dict(_pillars)[key], Facts(names=("node1",)))


_pillars: list = []


def config(changes=()):
    """The configuration of node1, with these places of the pillar changed."""
    pillar = changed(dict(changes), PILLAR)
    key = repr(pillar)
    _pillars.append((key, pillar))
    return _config(key)


@cache
def cib(key="healthy"):
    return plan(topology(config()), EMPTY).after


def interfaces(**networks):
    """Interfaces with addresses: ``eth0="192.0.2.11/24"``."""
    return {name: (ipaddress.ip_interface(it),) for name, it in networks.items()}


APISERVER = Program(
    "unit kube-apiserver",
    {
        "bind-address": "192.0.2.11",
        "secure-port": "6443",
        "advertise-address": "192.0.2.11",
        "shutdown-delay-duration": "10s",
        "etcd-servers": "https://192.0.2.11:2379,https://192.0.2.12:2379,https://192.0.2.13:2379",
    },
    (1, 32),
)

PROGRAMS = {
    "kube-apiserver": APISERVER,
    "kube-controller-manager": Program("unit kube-controller-manager", {}, (1, 32)),
    "kube-scheduler": Program("unit kube-scheduler", {"leader-elect": "true"}, (1, 32)),
}


def healthy():
    """What node1 of a healthy cluster shows."""
    return Observed(
        now=NOW,
        hostname="node1",
        link=Link(interfaces(eth0="192.0.2.11/24"), {"eth0": Interface(MACS["node1"])}),
        vip_macs=(MACS["node2"],),
        own_macs={"192.0.2.11": ()},
        vip_files=(),
        managers=(),
        listeners=(),
        peers={
            name: Peer("open", (MACS[name],), skew=0.2, names=(f"192.0.2.1{name[-1]}",))
            for name in ("node2", "node3")
        },
        own_names=("192.0.2.11",),
        servers={name: Server("open", CERTIFICATE, "", 200) for name in NODES},
        certificates={"/etc/kubernetes/pki/apiserver.crt": CERTIFICATE},
        ca=True,
        apiserver=APISERVER,
        programs=PROGRAMS,
        manifests={},
        haproxy=Haproxy(HAPROXY_CFG, True, (), 65536, True, True),
        units={unit: Unit(stop=90.0) for unit in config().units},
        cluster=Cluster(
            conf=Corosync(
                "hakube", tuple(Member(name, (f"192.0.2.1{name[-1]}",)) for name in NODES)
            ),
            cib=cib(),
            status=Status("node1", True, frozenset(NODES), {"VIP-apiserver": ("node2",)}),
            links={"0": ()},
        ),
        space={"/etc": Space(5000, 100000)},
        busy=Busy((), 12.0, 0.7),
        clock=True,
        firewall=None,
    )


def but(**parts):
    """The healthy machine, but for these parts."""
    return structs.replace(healthy(), **parts)


def with_cib(extra, tag="</resources>", text=None):
    """A healthy cluster whose CIB has this XML before the tag."""
    text = (text or cib()).replace(tag, extra + tag, 1)
    return but(cluster=structs.replace(healthy().cluster, cib=text))


def cluster(**parts):
    return but(cluster=structs.replace(healthy().cluster, **parts))


def haproxy(**parts):
    return but(haproxy=structs.replace(healthy().haproxy, **parts))


def peer(**parts):
    """node2, but for these parts."""
    peers = dict(healthy().peers)
    peers["node2"] = structs.replace(peers["node2"], **parts)
    return but(peers=peers)


def server(**parts):
    """node2's apiserver, but for these parts."""
    servers = dict(healthy().servers)
    servers["node2"] = structs.replace(servers["node2"], **parts)
    return but(servers=servers)


def program(name, version=(1, 32), environment=(), **flags):
    """A component with these flags (``bind_address`` for --bind-address); None takes one away."""
    old = PROGRAMS.get(name, Program(f"unit {name}", {}))
    given = {key.replace("_", "-"): value for key, value in flags.items()}
    flags = {key: value for key, value in {**old.flags, **given}.items() if value is not None}
    new = Program(old.source, flags, version, dict(environment))
    programs = {**PROGRAMS, name: new}
    return but(programs=programs, apiserver=programs["kube-apiserver"])


def units(name, **parts):
    found = dict(healthy().units)
    found[name] = structs.replace(found[name], **parts)
    return but(units=found)


def report(code, observed=None, pillar=()):
    """What preflight says of one code."""
    return judge(config(pillar), observed or healthy(), [code])


def told(code, observed=None, pillar=()):
    """Severity, place and words of what it finds."""
    return [
        (it.severity, it.where, f"{it.told}; {it.remedy}")
        for it in report(code, observed, pillar).findings
    ]


def is_found(code, severity, where, words, observed=None, *, pillar=()):
    """Exactly one finding, of this severity, at this place, with these words."""
    found = told(code, observed, pillar)
    assert [item[:2] for item in found] == [(severity, where)], found
    assert words in found[0][2]


def is_fine(code, observed=None, pillar=()):
    """Looked at, and nothing found."""
    said = report(code, observed, pillar)
    assert said.findings == ()
    assert said.passed == (code,), said.unseen


def is_unseen(code, words, observed=None, pillar=()):
    """Not looked at, so neither fine nor found."""
    said = report(code, observed, pillar)
    assert said.findings == ()
    assert said.passed == ()
    assert words in said.unseen[code]
