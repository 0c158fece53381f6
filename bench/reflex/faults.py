"""The faults: how each is made, how it is taken back, and what is asked of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.reflex.eyes import Eyes
from bench.traffic import balancer
from tests.lab import Lab, Node

#: A process that answers nothing, whatever SIGTERM and SIGCONT say, until SIGKILL: the processes
#: are frozen in a cgroup *below* their unit's, for systemd thaws the unit's own before it stops it.
_HANG = """
unit=$1; group=/sys/fs/cgroup$(systemctl show --property=ControlGroup --value $unit)
mkdir -p $group/hung
for process in $(cat $group/cgroup.procs); do echo $process > $group/hung/cgroup.procs; done
echo 1 > $group/hung/cgroup.freeze
for _ in $(seq 100); do grep -q 'frozen 1' $group/hung/cgroup.events && exit; sleep 0.01; done
exit 1
"""
_THAW = """
unit=$1; group=/sys/fs/cgroup$(systemctl show --property=ControlGroup --value $unit)
test ! -d $group/hung && exit
echo 0 > $group/hung/cgroup.freeze
# What was frozen for too long (a lease was lost) may end now, and systemd removes its group.
for process in $(cat $group/hung/cgroup.procs || :); do
    echo $process > $group/cgroup.procs || test ! -e /proc/$process
done
rmdir $group/hung || test ! -e $group/hung
"""
CONFIG = "/etc/haproxy/haproxy.cfg"
_COPY = "/root/haproxy.cfg.before-the-fault"
_SPOIL = f"cp -p {CONFIG} {_COPY}; echo 'this is no configuration' > {CONFIG}; pkill -9 -x haproxy"
_RIGHT = f"test ! -e {_COPY} || {{ cat {_COPY} > {CONFIG}; rm {_COPY}; }}"


@dataclass
class Scene:
    """Where a fault is made. ``holder`` has the VIP when it begins."""

    lab: Lab
    nodes: list[Node]
    holder: Node
    eyes: Eyes
    #: Figures of this fault's own, for the record.
    told: dict[str, object] = field(default_factory=dict)

    @property
    def other(self) -> Node:
        """A node that is not the holder, always the same one for a holder."""
        at = self.nodes.index(self.holder)
        return self.nodes[(at + 1) % len(self.nodes)]


Do = Callable[[Scene], object]


@dataclass(frozen=True)
class Mark:
    """What is asked, seconds; None: not asked.

    ``half`` and ``most``: for the median and the longest *without service*. ``last``: the last new
    request that fails, after the fault. ``failed``: how many may fail at all, ``after``: once
    service is back. ``two``: with two owners of the VIP.
    """

    half: float | None = None
    most: float | None = None
    last: float | None = None
    failed: int | None = None
    after: int | None = None
    two: float | None = None
    #: How long until what was broken is seen whole again (``Scene.told["whole"]``).
    whole: float | None = None
    #: The VIP is somewhere all the time, also while nobody serves.
    stays: bool = False


@dataclass(frozen=True)
class Fault:
    """A row of the table.

    The fault is made by ``do``. Where it has a ``then``, that is done ``hold`` seconds later, and
    *without service* counts from there. The client is watched for at least ``least`` seconds, at
    most ``LONGEST``, until nothing has failed for ``steady``. ``undo`` takes back what does not
    heal by itself.
    """

    title: str
    do: Do
    safe: Mark
    fast: Mark
    undo: Do = lambda _: None
    hold: float = 0.0
    then: Do | None = None
    least: float = 4.0
    steady: float = 3.0

    def mark(self, timing: str) -> Mark:
        return self.fast if timing == "fast" else self.safe


def on_holder(script: str, *, check: bool = True, timeout: float = 120) -> Do:
    return lambda scene: scene.holder.run(script, check=check, timeout=timeout)


def on_all(script: str) -> Do:
    def do(scene: Scene) -> None:
        for node in scene.nodes:
            node.run(script)

    return do


def hang(node: Node, unit: str) -> None:
    node.run(["sh", "-euc", _HANG, "hang", unit])


def thaw(node: Node, unit: str) -> None:
    node.run(["sh", "-euc", _THAW, "thaw", unit])


def hang_all(scene: Scene) -> None:
    for node in scene.nodes:
        hang(node, "haproxy")


def thaw_all(scene: Scene) -> None:
    for node in scene.nodes:
        thaw(node, "haproxy")


def power_cut(scene: Scene) -> None:
    at = time.time()
    scene.holder.power_cut()
    scene.eyes.gone(scene.holder, at)


def boot(scene: Scene) -> None:
    if not scene.holder.running:
        scene.holder.boot()
        scene.eyes.look_at(scene.holder)


def cut(carrier: bool) -> Do:
    return lambda scene: scene.holder.cut_network(carrier=carrier)


def mend(scene: Scene) -> None:
    scene.holder.mend_network()


def kill_server(scene: Scene) -> None:
    """Kill an apiserver; tell when the holder's haproxy has it up again, having had it down."""
    name = f"secure-{scene.other.name}"
    began = time.monotonic()
    scene.other.run("systemctl kill --signal=KILL kube-apiserver")
    down = False
    while time.monotonic() < began + 60:
        up = name in balancer.up(scene.holder)
        down = down or not up
        if down and up:
            break
        if not down and time.monotonic() > began + 12:
            break  # it was back before any check could see it
        time.sleep(0.2)
    scene.told["whole"] = round(time.monotonic() - began, 2)
    scene.told["seen_down"] = down


HAPROXY_DEAD = Mark(0.3, 0.6)
MOVED = Mark(1.2, 2.0)
CUT = Mark(3.0, 4.0, two=1.0)
CUT_SAFE = Mark(8.0, 9.0, two=1.0)
STACK = Mark(1.0, 4.0, two=1.0)

_CONTINUE = "pkill -CONT -x haproxy || true"
_SIGNAL = "systemctl kill --signal={} kube-apiserver"

FAULTS = {
    "kill-haproxy": Fault(
        "kill -9 haproxy, all its processes",
        on_holder("pkill -9 -x haproxy"),
        HAPROXY_DEAD,
        HAPROXY_DEAD,
    ),
    "kill-master": Fault(
        "kill -9 haproxy's master process",
        on_holder("kill -9 $(systemctl show --property=MainPID --value haproxy)"),
        HAPROXY_DEAD,
        HAPROXY_DEAD,
    ),
    "stop-signal": Fault(
        "SIGSTOP haproxy",
        on_holder("pkill -STOP -x haproxy"),
        MOVED,
        MOVED,
        undo=on_holder(_CONTINUE),
    ),
    "hang-haproxy": Fault(
        "haproxy hangs, deaf to SIGTERM and SIGCONT",
        lambda scene: hang(scene.holder, "haproxy"),
        MOVED,
        MOVED,
        undo=lambda scene: thaw(scene.holder, "haproxy"),
    ),
    "address": Fault(
        "VIP address removed",
        lambda scene: scene.holder.run(
            f"ip address del $(ip -o address show to {scene.lab.vip} | tr -s ' ' | cut -d' ' -f4) "
            "dev eth0"
        ),
        Mark(0.5, 1.0),
        Mark(0.5, 1.0),
    ),
    "config": Fault(
        "haproxy.cfg overwritten with garbage, then kill -9",
        on_holder(_SPOIL),
        MOVED,
        MOVED,
        undo=on_holder(_RIGHT),
    ),
    "stop-unit": Fault("systemctl stop haproxy", on_holder("systemctl stop haproxy"), MOVED, MOVED),
    "power": Fault(
        "power cut",
        power_cut,
        Mark(8.0, 9.0, after=0),
        Mark(3.0, 4.0, after=0),
        undo=boot,
        least=12.0,
        steady=5.0,
    ),
    "cut": Fault(
        "network cut, carrier lost", cut(False), CUT_SAFE, CUT, undo=mend, least=12.0, steady=5.0
    ),
    "cut-carrier": Fault(
        "network cut, carrier kept", cut(True), CUT_SAFE, CUT, undo=mend, least=12.0, steady=5.0
    ),
    "corosync": Fault("kill -9 corosync", on_holder("pkill -9 -x corosync"), STACK, STACK, least=8),
    "pacemakerd": Fault(
        "kill -9 pacemakerd", on_holder("pkill -9 -x pacemakerd"), STACK, STACK, least=8
    ),
    "server-stop": Fault(
        "SIGSTOP one apiserver",
        lambda scene: scene.other.run(_SIGNAL.format("STOP")),
        Mark(last=6.0),
        Mark(last=3.0),
        undo=lambda scene: scene.other.run(_SIGNAL.format("CONT")),
        least=12.0,
        steady=6.0,
    ),
    "server-hang": Fault(
        "one apiserver hangs, deaf to SIGTERM and SIGCONT",
        lambda scene: hang(scene.other, "kube-apiserver"),
        Mark(last=6.0),
        Mark(last=3.0),
        undo=lambda scene: thaw(scene.other, "kube-apiserver"),
        least=12.0,
        steady=6.0,
    ),
    "server-kill": Fault(
        "kill -9 one apiserver", kill_server, Mark(failed=0, whole=10.0), Mark(failed=0, whole=10.0)
    ),
    "hang-all": Fault(
        "haproxy hangs on all three, one recovers",
        hang_all,
        Mark(most=10.0, stays=True),
        Mark(most=10.0, stays=True),
        undo=thaw_all,
        hold=8.0,
        then=lambda scene: thaw(scene.other, "haproxy"),
    ),
    "config-all": Fault(
        "bad haproxy.cfg on all three, killed, then put right",
        on_all(_SPOIL),
        Mark(most=30.0),
        Mark(most=30.0),
        hold=15.0,
        then=on_all(_RIGHT),
        undo=on_all(_RIGHT),
    ),
    "standby": Fault(
        "planned standby of the holder",
        lambda scene: scene.holder.run(f"crm_standby -N {scene.holder.name} -v on"),
        Mark(0.5, 1.0),
        Mark(0.5, 1.0),
        undo=lambda scene: scene.other.run(f"crm_standby -N {scene.holder.name} -D"),
        least=10.0,
    ),
}
