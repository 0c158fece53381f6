"""A cluster that answers jobs: three nodes, each with its components, and hands that mend them."""

import time

from saltext_hakube.core.remedy.decision import Cluster
from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.core.remedy.words import PROBES
from saltext_hakube.healing import ask
from saltext_hakube.healing.ask import Answer

NODES = ("node1", "node2", "node3")


def cluster(mode="act", **policy):
    return Cluster(
        name="k8s",
        nodes={node: f"{node}.example" for node in NODES},
        policy=Heal(mode=mode, **policy),
    )


class World:
    """``down``: (node, probe) -> the rung that mends it. ``jobs``: what was asked, in order.
    ``witness``: what nodes see of another one."""

    def __init__(self):
        self.down = {}
        self.silent = set()
        self.away = set()  # in standby
        self.instead = {}  # node -> the answer that it gives in place of a report
        self.jobs = []
        self.seq = 0
        self.witness = "up"
        self.holder = "node3"
        self.came = {}
        self.before = lambda function: None

    def __call__(self, minions, function, deadline, /, *, patient=None, sent=None, **arguments):
        ask.target(minions)
        if sent:
            sent(ask.Ticket(str(len(self.jobs)), "nonce"))
        self.jobs.append((tuple(minions), function, arguments))
        self.before(function)
        nodes = [minion.removesuffix(".example") for minion in minions]
        if function == "hakube_heal.report":
            return {
                f"{node}.example": self.instead.get(node) or Answer(self.report(node), True)
                for node in nodes
                if node not in self.silent
            }
        if function == "hakube_heal.witness":
            return {
                f"{node}.example": Answer({"value": self.witness, "why": "it was asked"}, True)
                for node in nodes
                if node not in self.silent
            }
        (node,) = nodes
        if arguments["rung"] == "standby":
            (self.away.discard if arguments.get("undo") else self.away.add)(node)
            return {f"{node}.example": Answer({"result": "done", "verified": True}, True)}
        mended = [key for key, rung in self.down.items() if rung == arguments["rung"]]
        for key in mended:
            if key[0] == node:
                del self.down[key]
        return {f"{node}.example": Answer({"result": "done" if mended else "nothing"}, True)}

    def report(self, node, **more):
        self.seq += 1
        looks = {
            name: {"value": "down" if (node, name) in self.down else "up", "since": 1.0}
            for name in PROBES
        }
        head = {"format": 1, "cluster": "k8s", "node": node, "boot": f"boot-{node}"}
        return (
            head
            | {"seq": self.seq, "at": time.time(), "looks": looks, "quorate": True}
            | {"online": list(NODES), "holder": node == self.holder}
            | {"standby": node in self.away}
            | more
        )

    def late(self, minion, ticket):
        """What came of a job since."""
        return self.came.pop(ticket.jid, None)

    @property
    def acts(self):
        return [(who[0], said["rung"]) for who, what, said in self.jobs if what.endswith(".act")]
