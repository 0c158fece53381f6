"""hakube-probe: its configuration, its unit. What it looks at beside what hakube-watch sees."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from saltext_hakube.core import guard, kubelayout
from saltext_hakube.core.daemon import Daemon
from saltext_hakube.core.haproxy.options import Haproxy, Server

if TYPE_CHECKING:
    from saltext_hakube.core.config import Config

#: Where Pacemaker's alert agent (agents/alert) leaves what it was told.
SPOOL = "/run/hakube/alerts"
#: What an apply wrote, for the eyes to compare.
MANIFEST = "/etc/hakube/files.json"
PKI = "/etc/kubernetes/pki"

DISKS = ("/var/lib/pacemaker", "/var/log")

# It takes part in what hacluster's daemons share in /dev/shm (crm_mon), and reads kubeconfigs that
# belong to others (CAP_DAC_OVERRIDE); it asks the neighbours who has the VIP (CAP_NET_RAW,
# AF_PACKET). The alert agent runs as hacluster, which must not need root for a folder; where there
# is no such user yet there are no alerts either (the minus). The plus: outside of what is closed to
# the daemon.
DAEMON = Daemon(
    "probe",
    about="hakube's slow eyes on this node",
    settings=f"""
ExecStartPre=-+/usr/bin/install -d -o hacluster -g haclient -m 0750 {SPOOL}
MemoryMax=256M
TasksMax=32
CapabilityBoundingSet=CAP_NET_RAW CAP_DAC_OVERRIDE
MemoryDenyWriteExecute=yes
ProtectHome=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_PACKET AF_INET AF_INET6
""",
)

# Of Kubernetes 1.20 and later, over TLS; on this machine unless their flags say otherwise.
_PORTS = {kubelayout.SCHEDULER: 10259, kubelayout.CONTROLLER_MANAGER: 10257}
_CERTIFICATES = re.compile(r"(?:^|\s)(?:ca-file|crt)\s+(/[^\s#]+)", re.MULTILINE)

Flags = Mapping[str, str]


class Place(Struct, frozen=True):
    """This machine. ``flags``: by component, those of its command line; ``haproxy``: its file."""

    flags: Mapping[str, Flags]
    haproxy: str


def config(config: Config, place: Place) -> bytes:
    """The daemon's configuration."""
    haproxy, resources = config.haproxy, config.resources
    own = _own_server(config)
    scheduler, controllers = kubelayout.SCHEDULER, kubelayout.CONTROLLER_MANAGER
    data = {
        "node": config.node,
        "vip": {
            **guard.vip(config),
            "port": haproxy.secure_port,
            "resource": resources.vip.name,
        },
        "ca": haproxy.ca_file if _verifies(haproxy) else None,
        "api": _api(config),
        "apiserver": None
        if own is None
        else {
            "address": own.address,
            "port": own.port,
            "resource": resources.apiserver.name,
            "kubeconfigs": [*_kubeconfigs(place, scheduler), *_kubeconfigs(place, controllers)],
        },
        scheduler: _component(place, scheduler, resources.scheduler.name),
        controllers: _component(place, controllers, resources.controller.name),
        "manifest": MANIFEST,
        "certificates": _certificates(config, place),
        "disks": list(DISKS),
        "spool": SPOOL,
        "interval": 1.0,
        "sample": DAEMON.sample,
    }
    return json.dumps(data, indent=2).encode() + b"\n"


def _verifies(haproxy: Haproxy) -> bool:
    """Whether haproxy itself trusts only what the CA has signed; then the CA is there."""
    return haproxy.check == "https" and haproxy.verify == "required" and not haproxy.plain


def _own_server(config: Config) -> Server | None:
    """The apiserver of this node."""
    nodes = [node for node in config.nodes if node.name == config.node]
    own = {address for node in nodes for address in node.addresses}
    return next((server for server in config.servers if server.address in own), None)


def _api(config: Config) -> dict[str, Any]:
    """The API by way of this node's haproxy; where it has no socket for that, of the VIP's."""
    haproxy = config.haproxy
    if haproxy.api_socket == "none" or haproxy.plain:
        return {"address": config.vip.address, "port": haproxy.secure_port}
    return {"address": haproxy.api_socket, "port": 0}


def _component(place: Place, name: str, resource: str) -> dict[str, Any]:
    flags = place.flags.get(name, {})
    port = flags.get("secure-port", "")
    return {
        "address": _reachable(flags.get("bind-address", "")),
        "port": int(port) if port.isdecimal() and 0 < int(port) < 65536 else _PORTS[name],
        "resource": resource,
        "kubeconfigs": _kubeconfigs(place, name),
    }


def _reachable(bound: str) -> str:
    """Where something that listens there is reached on its machine."""
    try:
        address = ipaddress.ip_address(bound)
    except ValueError:
        return "127.0.0.1"
    if address.is_unspecified:  # [::] hears IPv4, too
        return "127.0.0.1"
    return str(address)


def _kubeconfigs(place: Place, name: str) -> list[str]:
    """As whom it may be asked: as itself, by preference; an administrator's can do more."""
    given = place.flags.get(name, {}).get("kubeconfig")
    folder = "/etc/kubernetes"
    known = [f"{folder}/{who}.{it}" for who in (name, "admin") for it in ("kubeconfig", "conf")]
    return list(dict.fromkeys([*([given] if given else []), *known]))


def _certificates(config: Config, place: Place) -> list[str]:
    """Files with certificates, kubeconfigs among them, and folders of such files."""
    flags = place.flags.get(kubelayout.APISERVER, {})
    found = [flags.get(name, "") for name in ("tls-cert-file", "client-ca-file")]
    found += _CERTIFICATES.findall(place.haproxy)
    if _verifies(config.haproxy):
        found.append(config.haproxy.ca_file)
    clients = config.kubernetes.kubeconfigs
    found += kubelayout.KUBECONFIGS if clients is None else clients
    return [*dict.fromkeys(path for path in found if path.startswith("/")), PKI]
