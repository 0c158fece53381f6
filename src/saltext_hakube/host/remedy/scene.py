"""Where a rung works: this node, what is asked of it, and how it looks around."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import HakubeError, Refused, TimedOut
from saltext_hakube.core.remedy import local
from saltext_hakube.core.remedy.local import Local, View
from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.core.remedy.task import Place, Task, places
from saltext_hakube.core.remedy.words import Component
from saltext_hakube.host import cib, forget, network, turn
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.remedy import claim
from saltext_hakube.host.remedy import unit as units
from saltext_hakube.host.remedy.deadline import Deadline
from saltext_hakube.host.remedy.unit import Unit
from saltext_hakube.host.run import run
from saltext_hakube.host.turn import Turn

MON = ("crm_mon", "--one-shot", "--inactive", "--output-as=xml")
LOOK = 10.0  # seconds for the cluster to say how it is; it takes some hundredths
# Seconds to wait for the cluster's turn: a node that makes a change has it, and ends it. What is
# not mended now is mended at the next attempt.
TURN = 5.0
SEEN = "turn.json"  # of others' turns, from one action to the next
CLEANUP = 30.0  # seconds; crm_resource waits for the controllers' answers
CALM = 10.0  # seconds to wait for a monitor's answer before a cleanup: the longest interval of ours


class Subject(NamedTuple):
    """A subject of ours: the two functions of its face. ``components``: whose files these are;
    ``paths``: patterns of those that are only put right as they were applied."""

    name: str
    components: frozenset[str]
    paths: tuple[str, ...]
    plan: Callable[[], Mapping[str, Any]]
    apply: Callable[[], Mapping[str, Any]]


class Scene:
    """``subjects``: whose files may be mended; ``busy``: what Salt does here just now; ``begun``:
    whether anything may have been touched; ``did``: what was done, in order, a line each."""

    def __init__(
        self,
        machine: Machine,
        config: Config,
        task: Task,
        subjects: tuple[Subject, ...] = (),
        busy: str = "",
    ) -> None:
        self.machine = machine
        self.config = config
        self.task = task
        self.subjects = subjects
        self.busy = busy
        self.deadline = Deadline(task.deadline)
        self.places = places(config)
        self.begun = False
        self.did: list[str] = []

    @property
    def heal(self) -> Heal:
        """What the pillar allows."""
        return self.config.heal

    @property
    def node(self) -> str:
        """This machine's name in the cluster."""
        return self.config.node or ""

    @property
    def place(self) -> Place | None:
        """Of the component; None for one that Pacemaker does not run."""
        return self.places.get(self.task.component)

    def local(self) -> Local:
        """The cluster as it is now. Raises HakubeError."""
        mon = self.run(*MON, most=LOOK, env={"TZ": "UTC0"})
        return local.read(mon, cib.read(self.machine, timeout=self.deadline.most(LOOK)), self.node)

    def view(self, component: Component | None = None) -> View:
        """What Pacemaker says of the component, or of this one."""
        return self.local().view(self.places[component or self.task.component].resource)

    def unit(self, component: Component | None = None) -> Unit | None:
        """Its unit now; None where it has none."""
        name = self.places[component or self.task.component].unit
        return units.look(name) if name else None

    def address_here(self) -> bool:
        """Whether the VIP's address is on this machine. Raises HakubeError where nobody knows."""
        found = network.interfaces()
        if not found:  # a node of a cluster has one: it could not be asked
            raise HakubeError("nobody says which addresses this machine has")
        address = self.config.vip.address
        return any(address == str(one.ip) for networks in found.values() for one in networks)

    def run(self, *argv: str, most: float, env: Mapping[str, str] | None = None) -> str:
        """Run a program, at most so many seconds and never beyond the deadline; its output."""
        return run(argv, timeout=self.deadline.most(most), env=env).stdout

    def turn(self, lease: float) -> Turn:
        """The cluster's turn, for so many seconds. Raises Refused where another one has it."""
        try:
            wait, memory = self.deadline.most(TURN), claim.FOLDER / SEEN
            return turn.take(self.machine, self.node, lease, wait, memory=memory)
        except TimedOut as error:
            raise Refused(str(error)) from None

    def say(self, line: str) -> None:
        self.did.append(line)

    def calm(self, resource: str) -> None:
        """Wait for the moment at which it may be cleaned up. Raises Refused where none comes."""
        forget.calm(self.machine, resource, self.node, self.deadline.most(LOOK), CALM)

    def clean_up(self, resource: str) -> None:
        """Let Pacemaker forget what failed of the resource here, and look again."""
        forget.clean_up(self.machine, resource, self.node, self.deadline.most(CLEANUP), CALM)
        self.say(f"cleaned up {resource} on {self.node}: Pacemaker looks again")

    def refresh(self, resource: str) -> None:
        """Let Pacemaker forget all that it knows of the resource here, and look."""
        forget.refresh(self.machine, resource, self.node, self.deadline.most(CLEANUP), CALM)
        self.say(f"refreshed {resource} on {self.node}: Pacemaker looks whether it is there")

    def hand_over(self, resource: str) -> None:
        """Tell Pacemaker that the resource failed here, so that it recovers it."""
        words = ("--fail", "--resource", resource, "--node", self.node)
        self.run("crm_resource", *words, most=CLEANUP)
        self.say(f"told Pacemaker that {resource} failed on {self.node}: it recovers it")
