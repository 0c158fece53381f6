"""The healing as a person turns it on in a lab, and asks the master about it."""

from __future__ import annotations

import re
from typing import Any

import yaml
from msgspec import Struct

from bench import lab as labs
from tests.lab import Lab, LabError
from tests.lab.process import wait_until
from tests.lab.salt import PILLAR_ROOT, wait_for_minions

CONFIG = "/etc/salt/master.d/hakube.conf"
CLUSTER = "hakube"
#: Other than by default: more is done within an hour than anybody allows, and a node that has lost
#: its master need not wait for two minutes.
HEAL: dict[str, Any] = {
    "mode": "act",
    "budget": {"each": 100, "cluster": 100},
    "alone": {"after": 60},
}
#: Seconds between two rounds of the minion's schedule that calls hakube_heal.alone.
ALONE_EVERY = 60.0
_LINE = re.compile(r"(?P<id>[a-z-]+-[a-z0-9]+-\d+) +(?P<outcome>(open|given up|well|mended)\b.*)")
_ACTIONS = re.compile(r"\((\d+) actions?\)")


class Line(Struct, frozen=True):
    """What ``hakube.history`` tells of an incident."""

    id: str
    outcome: str

    @property
    def actions(self) -> int:
        found = _ACTIONS.search(self.outcome)
        return int(found[1]) if found else 0

    @property
    def over(self) -> bool:
        return not self.outcome.startswith(("open", "given up"))


def lines(text: str) -> list[Line]:
    """The incidents out of what ``hakube.history`` printed."""
    found = (_LINE.search(line) for line in text.splitlines())
    return [Line(it["id"], it["outcome"]) for it in found if it]


class Master:
    """The lab's master, with the healing of its cluster."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def turn_on(self, pillar: dict[str, Any]) -> None:
        """`state.apply hakube` with the healing, reactor and schedule; until all is well."""
        heal = {**HEAL, **pillar.get("heal", {})}
        labs.apply(self.lab, {**pillar, "heal": heal})
        self.configure()
        self.wait()

    def configure(self) -> None:
        """Reactor and schedule, as docs/healing.md has it."""
        new = f"{CONFIG}.new"
        told = f"salt-run hakube.master_config > {new} && mv {new} {CONFIG}"
        self.lab.master.run(told, timeout=120)
        self.restart()

    def restart(self) -> None:
        self.lab.master.run("systemctl restart salt-master", timeout=300)
        wait_for_minions(self.lab.master, [node for node in self.lab.nodes if node.running])

    def stop(self) -> None:
        """As one whose machine lost its power."""
        self.lab.master.run("systemctl kill --signal=KILL salt-master; systemctl stop salt-master")

    def start(self) -> None:
        self.lab.master.run("systemctl start salt-master", timeout=300)

    def mode(self, mode: str) -> None:
        """Another mode, in the pillar and as the nodes know it."""
        path = f"{PILLAR_ROOT}/hakube.sls"
        pillar = yaml.safe_load(self.lab.master.read(path))
        pillar["hakube"]["heal"]["mode"] = mode
        self.lab.write_pillar(yaml.safe_dump(pillar, sort_keys=False))
        numbers = [name.removeprefix("node") for name in pillar["hakube"]["cluster"]["nodes"]]
        target = f"node[{''.join(numbers)}]"
        done = self.lab.salt(target, "state.apply", "hakube.beacon", timeout=300)
        for minion, states in done.items():
            wrong = [it["comment"] for it in states.values() if it["result"] is not True]
            if wrong:
                raise LabError(f"hakube.beacon on {minion}: {wrong[0]}")
        # Who asks for a cluster that the master does not know has it read the pillars anew; else it
        # does so within three minutes.
        self.run("status", "a-cluster-that-there-is-not")

    # -- what people ask -----------------------------------------------------------------------

    def run(self, function: str, *words: str) -> str:
        """`salt-run hakube.FUNCTION`: what it prints."""
        argv = ["salt-run", "--log-level=quiet", f"hakube.{function}", *words]
        return self.lab.master.run(argv, timeout=120, check=False).stdout

    def history(self) -> list[Line]:
        return lines(self.run("history", CLUSTER, "limit=1000"))

    def explain(self, incident: str) -> str:
        return self.run("explain", incident)

    def well(self) -> bool:
        """Whether all is known, and nothing is open."""
        screen = self.run("status", CLUSTER)
        known = " ? " not in screen.split("apiserver")[0]
        return "all well" in screen and "STORM" not in screen and known

    def wait(self, timeout: float = 240) -> None:
        wait_until(self.well, "the healing to find all well", timeout=timeout, every=1)

    def pause(self, reason: str) -> None:
        self.run("pause", CLUSTER, reason)

    def resume(self) -> None:
        self.run("resume", CLUSTER)
