"""What a machine shows of itself and of its peers. A fact that could not be seen is Unseen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from saltext_hakube.core.addresses import Interfaces
from saltext_hakube.core.corosync import Corosync
from saltext_hakube.core.preflight.finding import Unseen
from saltext_hakube.core.preflight.x509 import Certificate
from saltext_hakube.core.status import Status

NOT_LOOKED = Unseen("not looked at")
# Somebody listens; the machine says that nobody does; no answer at all.
Port = Literal["open", "refused", "silent"]


class Interface(Struct, frozen=True):
    """A network interface. ``up``: it has a carrier; ``ipv6``: the kernel has IPv6 on it."""

    mac: str = ""
    up: bool = True
    ipv6: bool = True


class Link(Struct, frozen=True):
    """What the machine's own interfaces show."""

    addresses: Interfaces = {}
    interfaces: dict[str, Interface] = {}


class Peer(Struct, frozen=True):
    """Another declared node, seen from here. ``macs``: of its addresses on our own networks.

    ``doubled``: those of its addresses that more than one of them answers for. ``skew``: by how
    many seconds its clock is ahead of ours.
    """

    pcsd: Port | Unseen = NOT_LOOKED
    macs: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    skew: float | Unseen = NOT_LOOKED
    names: tuple[str, ...] | Unseen = NOT_LOOKED


class Server(Struct, frozen=True):
    """An apiserver as a client without credentials sees it.

    ``distrust``: why haproxy would not trust its certificate, empty where it would. ``health``:
    the status with which it answers the health check.
    """

    port: Port | Unseen = NOT_LOOKED
    certificate: Certificate | Unseen = NOT_LOOKED
    distrust: str | Unseen = NOT_LOOKED
    health: int | Unseen = NOT_LOOKED


class Program(Struct, frozen=True):
    """How a component is started here. ``source``: the unit or manifest that says so.

    ``flags``: the last value of each, without the dashes; "true" for a bare one. ``environment``:
    only what speaks of a proxy.
    """

    source: str
    flags: Mapping[str, str]
    version: tuple[int, int] | Unseen = NOT_LOOKED
    environment: Mapping[str, str] = {}


class Listener(Struct, frozen=True):
    """A TCP socket that listens, and the name of its process, "" where that is not known."""

    address: str
    port: int
    program: str = ""


class Manager(Struct, frozen=True):
    """Another program that moves addresses. ``file``: where it is told to take our VIP."""

    name: str
    running: bool
    file: str | None = None


class Unit(Struct, frozen=True):
    """A unit that Pacemaker manages. ``stop``: systemd's patience with a stop, in seconds."""

    known: bool = True
    enabled: bool = False
    active: bool = False
    stop: float | Unseen = NOT_LOOKED


class Space(Struct, frozen=True):
    """Room in a folder: megabytes and inodes; None where the file system does not count them."""

    free_mb: int
    free_inodes: int | None = None
    writable: bool = True


class Busy(Struct, frozen=True):
    """How the machine keeps up. ``missed``: when corosync found that it had not been scheduled,
    and for how many milliseconds. ``pressure``: of the last minute, the percentage in which
    somebody waited for a processor (PSI), None where the kernel does not count it. ``load``: the
    last minute's, for each processor."""

    missed: tuple[tuple[datetime, float], ...] = ()
    pressure: float | None = None
    load: float = 0.0


class Firewall(Struct, frozen=True):
    """firewalld's zone of our network: what it lets in. ``target``: what becomes of the rest."""

    zone: str
    services: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    target: str = "default"


class Haproxy(Struct, frozen=True):
    """haproxy here. ``refused``: what ``haproxy -c`` says against the file; ``files``: LimitNOFILE.

    ``nonlocal_bind``: whether the kernel lets it bind to the VIP where that is not.
    """

    text: str | None = None
    running: bool | Unseen = NOT_LOOKED
    refused: tuple[str, ...] | Unseen = NOT_LOOKED
    files: int | Unseen | None = NOT_LOOKED
    nonlocal_bind: bool | Unseen = NOT_LOOKED
    connect_any: bool | Unseen = NOT_LOOKED  # SELinux's boolean; True where it does not enforce


class Cluster(Struct, frozen=True):
    """The cluster as this node sees it. ``links``: corosync's, with the nodes each has lost."""

    conf: Corosync | Unseen | None = NOT_LOOKED
    cib: str | Unseen = NOT_LOOKED
    status: Status | Unseen | None = NOT_LOOKED
    links: Mapping[str, tuple[str, ...]] | Unseen = NOT_LOOKED


class Observed(Struct, frozen=True):
    """All of it. ``vip_macs``: who answers for the VIP, ``own_macs``: for our own
    addresses, besides us; ``vip_files``: what sets it by hand.

    ``certificates``: by file, those that the apiserver is told to use; ``ca``: whether haproxy's
    ca_file is there. ``manifests``: static pods of components that Pacemaker manages, by unit.
    """

    now: datetime
    hostname: str = ""
    link: Link | Unseen = NOT_LOOKED
    vip_macs: tuple[str, ...] | Unseen = NOT_LOOKED
    own_macs: Mapping[str, tuple[str, ...]] | Unseen = NOT_LOOKED
    vip_files: tuple[str, ...] | Unseen = NOT_LOOKED
    managers: tuple[Manager, ...] | Unseen = NOT_LOOKED
    listeners: tuple[Listener, ...] | Unseen = NOT_LOOKED
    peers: Mapping[str, Peer] | Unseen = NOT_LOOKED
    own_names: tuple[str, ...] | Unseen = NOT_LOOKED
    servers: Mapping[str, Server] | Unseen = NOT_LOOKED
    certificates: Mapping[str, Certificate | Unseen] | Unseen = NOT_LOOKED
    ca: bool | Unseen = NOT_LOOKED
    apiserver: Program | Unseen = NOT_LOOKED
    programs: Mapping[str, Program | Unseen] | Unseen = NOT_LOOKED
    manifests: Mapping[str, str] | Unseen = NOT_LOOKED
    haproxy: Haproxy | Unseen = NOT_LOOKED
    units: Mapping[str, Unit] | Unseen = NOT_LOOKED
    cluster: Cluster = Cluster()
    space: Mapping[str, Space] | Unseen = NOT_LOOKED
    busy: Busy | Unseen = NOT_LOOKED
    clock: bool | Unseen = NOT_LOOKED
    firewall: Firewall | Unseen | None = NOT_LOOKED
