"""What the scheduler would do: the actions in a transition graph, and the difference of two.

A graph is what ``crm_simulate --save-graph`` writes. It is the one output that all of pacemaker
2.0, 2.1 and 3.0 have and write alike (2.0 has no XML output, and the text differs), and it holds
what would be done, not what would be wished: an action that is blocked is not in it.

It is one transition. What a resource's agent says only later (the promotion scores of a clone
that starts for the first time) leads to another one, which nobody can foresee from here.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from saltext_hakube.core.cib.running import plain
from saltext_hakube.core.errors import HakubeError

Kind = Literal[
    "fence", "stop", "restart", "move", "migrate", "demote", "start", "promote", "reload"
]

# Where there are two nodes, the first is where the resource runs now.
TOLD = {
    "fence": "fencing of {0}",
    "stop": "{name} stops on {0}",
    "restart": "{name} restarts on {0}",
    "move": "{name} moves from {0} to {1}",
    "migrate": "{name} migrates live from {0} to {1}",
    "demote": "{name} is demoted on {0}",
    "start": "{name} starts on {0}",
    "promote": "{name} is promoted on {0}",
    "reload": "{name} reloads its options on {0}, without a restart",
}
ORDER = tuple(TOLD)


class Action(Struct, frozen=True):
    """One thing that happens to one instance of a resource, or to a node (``fence``).

    ``nodes``: where; of a move or migration from and to.
    """

    kind: Kind
    resource: str | None
    nodes: tuple[str, ...]

    def told(self) -> str:
        """In one line."""
        return TOLD[self.kind].format(*self.nodes, name=self.resource)

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return {"action": self.kind, "resource": self.resource, "nodes": list(self.nodes)}

    def order(self) -> tuple:
        """What to sort by: the worst first."""
        return ORDER.index(self.kind), self.resource or "", self.nodes


class Prediction(Struct, frozen=True):
    """The difference that a plan makes.

    ``pending``: what the cluster is about to do whether or not the plan is carried out.
    ``note``: why there is nothing to tell, or what is special about it.
    """

    actions: tuple[Action, ...] = ()
    pending: tuple[Action, ...] = ()
    note: str | None = None

    def told(self) -> list[str]:
        """A line for each action; what is the same on several nodes is one line."""
        return told(self.actions)

    def plain(self) -> dict[str, Any]:
        """As plain data, for what Salt returns."""
        return {
            "actions": [action.plain() for action in self.actions],
            "pending": [action.plain() for action in self.pending],
            "note": self.note,
        }


def told(actions: Iterable[Action]) -> list[str]:
    """A line for each action; what is the same on several nodes is one line."""
    together: dict[tuple, list[str]] = defaultdict(list)
    for action in actions:
        first, *rest = action.nodes
        # Moves have a line each.
        together[action.kind, action.resource, tuple(rest), first if rest else None].append(first)
    return [
        Action(kind, resource, (", ".join(nodes), *rest)).told()
        for (kind, resource, rest, _), nodes in together.items()
    ]


def compare(before: Collection[Action], after: Collection[Action]) -> Prediction:
    """What the plan adds to what happens anyway."""
    return Prediction(
        actions=tuple(action for action in after if action not in before),
        pending=tuple(action for action in before if action in after),
    )


def actions(graph: str, last: Mapping[str, Collection[str]]) -> tuple[Action, ...]:
    """The actions of a transition graph, the worst first; probes and monitors are not told.

    ``last``: resource -> nodes where it was seen last. Of what runs on a node that is fenced, the
    graph says that it stops, and not where.
    """
    fenced, guests, lost = set(), set(), set()
    done: dict[str, _Done] = defaultdict(_Done)
    for element in _elements(graph):
        operation, node = element.get("operation", ""), element.get("on_node", "")
        more = element.find("attributes")
        given = {} if more is None else more.attrib
        if element.tag == "crm_event" and operation == "stonith":
            # "on" is unfencing: it opens the node's way to its disks.
            if given.get("CRM_meta_stonith_action") != "on":
                fenced.add(node)
        elif element.tag == "pseudo_event" and operation == "stonith":
            # A guest is fenced by what happens to the resource that it is, which is told.
            guests.add(node)
        elif element.tag == "pseudo_event" and operation == "stop":
            lost.add(plain(_key(element).removesuffix("_stop_0")))
        elif element.tag == "rsc_op" and (primitive := element.find("primitive")) is not None:
            # Instances of an anonymous clone share one id here, those of a unique one have numbers.
            done[primitive.get("id", "")].add(operation, node, given)
    for name in lost:
        for node in (fenced | guests) & set(last.get(name, ())):
            done[name].add("stop", node, {})
    found = [Action("fence", None, (node,)) for node in fenced]
    for key, operations in done.items():
        found += operations.told(plain(key))
    return tuple(sorted(found, key=Action.order))


def _elements(graph: str) -> Iterator[ET.Element]:
    try:
        yield from ET.fromstring(graph).iterfind("synapse/action_set/*")
    except ET.ParseError as error:
        raise HakubeError(f"crm_simulate wrote a graph that cannot be read: {error}") from None


def _key(element: ET.Element) -> str:
    return element.get("internal_operation_key") or element.get("operation_key", "")


class _Done:
    """The operations on one resource, and how a person would tell them."""

    def __init__(self) -> None:
        self.on: dict[str, Counter[str]] = defaultdict(Counter)
        self.migrated: set[tuple[str, str]] = set()

    def add(self, operation: str, node: str, given: Mapping[str, str]) -> None:
        if operation in ("migrate_to", "migrate_from"):
            self.migrated.add((given["CRM_meta_migrate_source"], given["CRM_meta_migrate_target"]))
        else:
            # Pacemaker 2.1 has "reload-agent" beside the older "reload".
            self.on[operation.removesuffix("-agent")][node] += 1

    def told(self, name: str) -> Iterator[Action]:
        stops, starts = Counter(self.on["stop"]), Counter(self.on["start"])
        for source, target in sorted(self.migrated):
            yield Action("migrate", name, (source, target))
            # A live migration ends with a stop where the resource was.
            stops.subtract([source])
        stops = +stops
        restarts = stops & starts
        leaves, comes = (sorted((nodes - restarts).elements()) for nodes in (stops, starts))
        pairs = list(zip(leaves, comes, strict=False))
        yield from (Action("move", name, pair) for pair in pairs)
        for kind, nodes in (
            ("restart", restarts.elements()),
            ("stop", leaves[len(pairs) :]),
            ("start", comes[len(pairs) :]),
            ("reload", self.on["reload"]),
            *self._roles(stops, restarts),
        ):
            yield from (Action(kind, name, (node,)) for node in nodes)

    def _roles(self, stops: Counter[str], restarts: Counter[str]) -> Iterator[tuple[Kind, list]]:
        """What stops is demoted first, a restart gives back the role: neither is worth a line."""
        demoted, promoted = self.on["demote"], self.on["promote"]
        same = {node for node in demoted if node in promoted and node in restarts}
        gone = stops - restarts
        yield "demote", [node for node in demoted if node not in same and node not in gone]
        yield "promote", [node for node in promoted if node not in same]
