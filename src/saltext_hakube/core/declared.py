"""What the pillar declares in the cluster, all of it: the Kubernetes API's objects and others.

A pillar may declare objects without a Kubernetes API: one that has no other keys. An exported
cluster is such a pillar.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, structs

from saltext_hakube.core.cib import declaration
from saltext_hakube.core.cib.disruption import Limits
from saltext_hakube.core.cib.objects import Object
from saltext_hakube.core.cib.plan import Plan, named, plan
from saltext_hakube.core.cib.removal import Absent
from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.reading import read
from saltext_hakube.core.schema import Cluster, Declarations
from saltext_hakube.core.topology import absent, topology

# How long to wait until the cluster is at rest, where no pillar says so: hakube:cluster's default.
SETTLE_TIMEOUT = 300


class Api(Struct, frozen=True):
    """The ids of what the Kubernetes API stands on; empty where the pillar has none."""

    apiserver: str = ""
    haproxy: str = ""
    vip: str = ""


class Declared(Struct, frozen=True):
    """``places``: where in the pillar each object stands; ``api``: what must not be taken down."""

    objects: tuple[Object, ...] = ()
    absent: tuple[Absent, ...] = ()
    purge: tuple[type[Object], ...] = ()
    limits: Limits = Limits()
    api: Api = Api()
    settle_timeout: int = SETTLE_TIMEOUT
    places: dict[tuple[type[Object], str], str] = {}

    def plan(self, text: str) -> Plan:
        """The plan from the CIB ``text`` to what is declared. Raises ConfigError."""
        return plan(self.objects, text, self.absent, self.purge, self.place)

    @property
    def kinds(self) -> dict[str, type[Object]]:
        """The kinds of the declared objects by id."""
        return {item.id: type(item) for item in self.objects}

    def without(self, kind: type[Object]) -> Declared:
        """The same without the objects of a kind."""
        left = tuple(item for item in self.objects if not isinstance(item, kind))
        return structs.replace(self, objects=left)

    def allowing(self, disruption: bool) -> Declared:
        """The same, with or without limits to what may be disturbed."""
        limits = structs.replace(self.limits, allow_disruption=disruption)
        return structs.replace(self, limits=limits)

    def place(self, kind: type[Object], name: str) -> str:
        """Where an object is declared, for an error."""
        return self.places.get((kind, name), named(kind, name))


def declared(data: Any, facts: Facts) -> Declared:
    """What the pillar under ``hakube`` declares in the cluster. Raises ConfigError."""
    if alone(data):
        return _declared(read(data, Declarations, "hakube"))
    config = resolve(data, facts)
    names = config.resources
    api = Api(names.apiserver.name, names.haproxy.name, names.vip.name)
    wanted = _declared(config.declared, topology(config), api, config.cluster)
    # An object of the pillar's own may have the name of one of ours that is not to be there.
    gone = tuple(it for it in absent(config) if wanted.kinds.get(it.id) is not it.kind)
    return structs.replace(wanted, absent=(*wanted.absent, *gone))


def alone(data: Any) -> bool:
    """Whether a pillar declares objects and nothing else: no Kubernetes API, no machines."""
    return isinstance(data, Mapping) and bool(data) and data.keys() <= ALONE


def given(objects: Any, absent: Any, purge: Any, pillar: Any, facts: Facts) -> Declared:
    """What the arguments of a function or state declare, in a pillar's shape.

    Limits and waits are those of the pillar, if there is one. Raises ConfigError.
    """
    shared = declared(pillar, facts) if pillar else Declared()
    return structs.replace(
        shared,
        **_parts(
            read({} if objects is None else objects, declaration.Objects, "objects"),
            read({} if absent is None else absent, declaration.AbsentObjects, "absent"),
            read(() if purge is None else purge, declaration.Purge, "purge"),
            root="",
        ),
    )


# The keys of a pillar without a Kubernetes API.
ALONE = set(Declarations.__struct_fields__)


def _declared(
    pillar: Declarations,
    own: tuple[Object, ...] = (),
    api: Api = Api(),  # noqa: B008
    cluster: Cluster | None = None,
) -> Declared:
    parts = _parts(pillar.objects, pillar.absent, pillar.purge, declaration.PILLAR)
    return Declared(
        **{**parts, "objects": (*own, *parts["objects"])},
        limits=pillar.safety,
        api=api,
        settle_timeout=SETTLE_TIMEOUT if cluster is None else cluster.settle_timeout,
    )


def _parts(
    objects: declaration.Objects,
    absent: declaration.AbsentObjects,
    purge: declaration.Purge,
    root: str,
) -> dict[str, Any]:
    """``root``: what the places of objects begin with."""
    wanted, gone = tuple(objects.listed()), tuple(absent.listed())
    places = {
        (item.kind, item.id): declaration.absent_place(item.kind, item.id, root) for item in gone
    }
    places |= {
        (type(item), item.id): declaration.place(type(item), item.id, root) for item in wanted
    }
    return {
        "objects": wanted,
        "absent": gone,
        "purge": declaration.purged(purge),
        "places": places,
    }
