"""The pillar's shape: every key under ``hakube``, with its kind and default.

Subjects with a room of their own bring their part along (core.haproxy.options, core.kubernetes,
core.reflex, core.remedy.policy, core.sysctl, core.timing, core.watch). What the values mean
together is judged in core.config.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from saltext_hakube.core.cib.declaration import AbsentObjects, Objects, Purge
from saltext_hakube.core.cib.disruption import Limits
from saltext_hakube.core.haproxy.options import Haproxy, Words
from saltext_hakube.core.kubernetes import Kubernetes
from saltext_hakube.core.preflight.options import Preflight
from saltext_hakube.core.reflex import Reflex
from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.core.sysctl import Sysctl
from saltext_hakube.core.timing import Profile, Totem
from saltext_hakube.core.values import (
    Address,
    ClusterName,
    Duration,
    Id,
    Interface,
    MinionId,
    NodeName,
    PackageName,
    Port,
    RepositoryId,
    Scalar,
    Seconds,
    Secret,
    Unit,
    is_fence_secret,
)
from saltext_hakube.core.watch import Watch


class Shape(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the pillar's parts."""


class Node(Shape):
    """One machine. ``addresses``: one for each corosync link; ``minion``: its Salt id."""

    addresses: Annotated[
        tuple[Address, ...],
        Meta(min_length=1, max_length=8, description="a list of 1 to 8 addresses"),
    ]
    minion: MinionId | None = None


class QuorumDevice(Shape):
    """A corosync quorum device: a third voice for an even number of nodes."""

    host: NodeName
    address: Address | None = None
    algorithm: Literal["ffsplit", "lms"] = "ffsplit"


class Cluster(Shape):
    """The machines and how they become one cluster."""

    nodes: Annotated[
        dict[NodeName, Address | Node],
        Meta(min_length=1, description="a mapping of at least one node's name to its address"),
    ]
    password: Secret
    name: ClusterName = "hakube"
    peers_timeout: Seconds = 30
    start_timeout: Seconds = 180
    settle_timeout: Seconds = 300
    totem: Totem = Totem()
    accept_split_brain: bool = False
    quorum_device: QuorumDevice | None = None


Prefix = Annotated[
    int, Meta(ge=1, le=128, description="a prefix length: 1 to 32 for IPv4, to 128 for IPv6")
]


class Vip(Shape):
    """The floating address."""

    address: Address
    prefix: Prefix | None = None
    interface: Interface | None = None


class ServerEntry(Shape):
    """Where one apiserver listens. ``node`` gives address and name, if these are not given."""

    node: NodeName | None = None
    address: Address | None = None
    name: Id | None = None
    port: Port | None = None
    insecure_port: Port | None = None
    options: Words | None = None


class Apiserver(Shape):
    """Where the apiservers listen; by default one on every node, at its first address."""

    port: Port = 6443
    insecure_port: Port = 8080
    servers: (
        Annotated[
            tuple[ServerEntry, ...],
            Meta(
                min_length=1,
                description="a list of at least one apiserver (without it: one on every node)",
            ),
        ]
        | None
    ) = None


class Operation(Shape, rename="kebab"):
    """One operation of a resource; what is not given is left to pacemaker or our default."""

    interval: Duration | None = None
    timeout: Duration | None = None
    role: Literal["Started", "Promoted", "Unpromoted", "Master", "Slave", "Stopped"] | None = None
    on_fail: (
        Literal[
            "ignore", "block", "stop", "restart", "demote", "standby", "fence", "restart-container"
        ]
        | None
    ) = None
    start_delay: Duration | None = None
    enabled: bool | None = None
    record_pending: bool | None = None


OperationName = Annotated[
    str, Meta(pattern=r"^[a-z_-]+\Z", description="an operation, such as monitor, start, stop")
]
Operations = dict[OperationName, Operation]
# An empty value takes a default of ours away: it is left to pacemaker.
Meta_ = dict[Id, Scalar | None]


class Resource(Shape):
    """Something that Pacemaker runs."""

    name: Id
    operations: Operations = field(default_factory=dict)
    meta: Meta_ = field(default_factory=dict)


class VipResource(Resource):
    """The floating address, run by the agent IPaddr2."""

    name: Id = "VIP-apiserver"


class HaproxyResource(Resource):
    """haproxy, cloned; its unit stands in ``hakube:haproxy:unit``."""

    name: Id = "haproxy"
    clone_meta: Meta_ = field(default_factory=dict)


class ApiserverResource(Resource):
    """The apiserver, a systemd unit in a cloned group."""

    name: Id = "apiserver"
    unit: Unit = "kube-apiserver"
    group: Id = "apiserver-group"
    group_meta: Meta_ = field(default_factory=dict)
    clone_meta: Meta_ = field(default_factory=dict)


class SchedulerResource(Resource):
    """The scheduler, a systemd unit."""

    name: Id = "scheduler"
    unit: Unit = "kube-scheduler"


class ControllerResource(Resource):
    """The controller-manager, a systemd unit."""

    name: Id = "controller"
    unit: Unit = "kube-controller-manager"


class Orders(Shape):
    """The document's two orders: VIP before haproxy, haproxy before apiserver."""

    kind: Literal["Optional", "Mandatory", "Serialize"] = "Optional"
    symmetrical: bool = False


class Resources(Shape):
    """Names and options of what Pacemaker runs."""

    vip: VipResource = VipResource()
    haproxy: HaproxyResource = HaproxyResource()
    apiserver: ApiserverResource = ApiserverResource()
    scheduler: SchedulerResource = SchedulerResource()
    controller: ControllerResource = ControllerResource()
    controller_group: Id = "controller-scheduler"
    controller_group_meta: Meta_ = field(default_factory=dict)
    orders: Orders = Orders()


FenceAgent = Annotated[
    str,
    Meta(
        pattern=r"^(stonith:)?[A-Za-z0-9_./-]+\Z",
        description="a fence agent, such as fence_ipmilan",
    ),
]


class FenceDevice(Shape):
    """A fencing (stonith) device."""

    agent: FenceAgent
    options: Annotated[
        dict[Id, Scalar],
        Meta(extra={"is_secret": is_fence_secret}, description="a mapping of the agent's options"),
    ] = field(default_factory=dict)
    operations: Operations = field(default_factory=dict)
    meta: Meta_ = field(default_factory=dict)


Fencing = Annotated[
    Literal["none"] | dict[Id, FenceDevice],
    Meta(description="a mapping of fence devices, or the word none to run without fencing"),
]


class Install(Shape):
    """What is installed, in place of the defaults of the operating system."""

    packages: Annotated[tuple[PackageName, ...], Meta(description="a list of packages")] | None = (
        None
    )
    # The word none is such an id, too.
    repository: RepositoryId | None = None
    manage: bool = True


class Declarations(Shape):
    """What a pillar may say of the cluster's objects, beside or without a Kubernetes API."""

    objects: Objects = Objects()
    absent: AbsentObjects = AbsentObjects()
    purge: Purge = ()
    safety: Limits = Limits()


class Pillar(Shape, kw_only=True):
    """Everything under ``hakube``. What else is declared in the cluster comes last."""

    cluster: Cluster
    vip: Vip
    timing: Profile = "safe"
    fencing: Fencing | None = None
    apiserver: Apiserver = Apiserver()
    haproxy: Haproxy = Haproxy()
    kubernetes: Kubernetes = Kubernetes()
    sysctl: Sysctl = Sysctl()
    watch: Watch = Watch()
    reflex: Reflex = Reflex()
    heal: Heal = Heal()
    resources: Resources = Resources()
    properties: dict[Id, Scalar] = field(default_factory=dict)
    install: Install = Install()
    preflight: Preflight = Preflight()
    objects: Objects = Objects()
    absent: AbsentObjects = AbsentObjects()
    purge: Purge = ()
    safety: Limits = Limits()

    @property
    def devices(self) -> dict[str, FenceDevice]:
        """The declared fence devices; none where the pillar says so."""
        return self.fencing if isinstance(self.fencing, dict) else {}
