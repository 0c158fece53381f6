"""How the faults are made, and taken back."""

from __future__ import annotations

import json
import time

from bench.heal.scene import Do, Scene, banned, blocked, file_and_haproxy, pid, quorate
from bench.reflex import faults as reflex
from bench.reflex.faults import CONFIG
from saltext_hakube.host.alone import ACCOUNT
from tests.lab import Node
from tests.lab.process import wait_until

GARBAGE = "this is no configuration"
#: The timeout of a resource's stop: $1 the resource, $2 the new one.
_TIMEOUT = """
cibadmin -Q --xpath "//primitive[@id='$1']//op[@name='stop']" |
    sed "s/ timeout=\\"[^\\"]*\\"/ timeout=\\"$2\\"/" |
    cibadmin --modify --scope resources --xml-pipe
"""
_DROP_IN = "/run/systemd/system/{unit}.service.d/95-bench.conf"


# --- haproxy's file.


def spoil(scene: Scene) -> None:
    scene.node.run(f"echo '{GARBAGE}' > {CONFIG}; pkill -9 -x haproxy")


def spoil_two(scene: Scene) -> None:
    """Where the master reaches the node, and where the node is on its own."""
    for node in _two(scene):
        node.run(f"echo '{GARBAGE}' > {CONFIG}")


def put_right(scene: Scene) -> None:
    for node in scene.nodes:
        if node.read(CONFIG).strip() == GARBAGE:
            node.write(CONFIG, scene.files[node.name])
        node.run(f"rm -f {CONFIG}.hakube-refused")


def files_changed(scene: Scene) -> list[str]:
    return [f"{CONFIG} on {it.name}" for it in _two(scene) if it.read(CONFIG).strip() != GARBAGE]


def files_right(scene: Scene) -> bool:
    return all(it.read(CONFIG) == scene.files[it.name] for it in _two(scene))


def _two(scene: Scene) -> list[Node]:
    return [scene.node, scene.others[0]]


# --- Units that hang.


def stop(unit: str) -> Do:
    return lambda scene: scene.node.run(f"systemctl kill --signal=STOP {unit}")


def go_on(unit: str) -> Do:
    return lambda scene: scene.node.run(f"systemctl kill --signal=CONT {unit}", check=False)


def hang(unit: str) -> Do:
    return lambda scene: reflex.hang(scene.node, unit)


def thaw(unit: str) -> Do:
    return lambda scene: reflex.thaw(scene.node, unit)


def hang_all(scene: Scene) -> None:
    scene.told["pids"] = {it.name: pid(it, "haproxy") for it in scene.nodes}
    for node in scene.nodes:
        reflex.hang(node, "haproxy")


def thaw_all(scene: Scene) -> None:
    for node in scene.nodes:
        reflex.thaw(node, "haproxy")


def haproxies_changed(scene: Scene) -> list[str]:
    now = {it.name: pid(it, "haproxy") for it in scene.nodes}
    return [] if now == scene.told["pids"] else [f"{scene.told['pids']} became {now}"]


# --- What Pacemaker has against a resource.


def block(scene: Scene) -> None:
    """A stop that takes 6 s where Pacemaker waits for 2: it calls that failed, for good, and the
    unit is stopped all the same."""
    node = scene.node
    scene.told["timeout"] = _timeout(node, "scheduler", "2s")
    _drop_in(node, "kube-scheduler", "ExecStop=/bin/sleep 6")
    node.run(f"crm_resource --fail -r scheduler -N {node.name}")
    wait_until(lambda: blocked(node, "scheduler"), "scheduler to be blocked", timeout=60)


def unblock(scene: Scene) -> None:
    no_drop_in("kube-scheduler")(scene)
    if "timeout" in scene.told:
        _timeout(scene.node, "scheduler", str(scene.told["timeout"]))


def _timeout(node: Node, resource: str, seconds: str) -> str:
    """Give the resource's stop this timeout; what it had before."""
    query = f"cibadmin -Q --xpath \"//primitive[@id='{resource}']//op[@name='stop']\""
    before = node.run(query).stdout.partition(' timeout="')[2].partition('"')[0]
    node.run(["sh", "-euc", _TIMEOUT, "timeout", resource, seconds])
    return before


def ban(resource: str, unit: str) -> Do:
    """A start that fails: the resource may not run on this node any more. Its cause is over as soon
    as that is so."""

    def do(scene: Scene) -> None:
        node = scene.node
        _drop_in(node, unit, "ExecStartPre=/bin/false")
        node.run(f"crm_resource --fail -r {resource} -N {node.name}")
        what = f"{resource} to be banned from {node.name}"
        wait_until(lambda: banned(node, resource), what, timeout=60)
        no_drop_in(unit)(scene)

    return do


def _drop_in(node: Node, unit: str, line: str) -> None:
    node.write(_DROP_IN.format(unit=unit), f"[Service]\n{line}\n")
    node.run("systemctl daemon-reload")


def no_drop_in(unit: str) -> Do:
    path = _DROP_IN.format(unit=unit)
    return lambda scene: scene.node.run(f"rm -f {path}; systemctl daemon-reload")


# --- The network, and the master.


def cut(scene: Scene) -> None:
    """Each node is by itself, until none has a quorum any more."""
    for node in scene.others:
        node.cut_network()
    for node in scene.nodes:
        what = f"{node.name} to lose quorum"
        wait_until(lambda node=node: not quorate(node), what, timeout=60)


def mend(scene: Scene) -> None:
    for node in scene.others:
        node.mend_network()


def lose_master(scene: Scene) -> None:
    scene.master.stop()


def master_back(scene: Scene) -> None:
    scene.master.start()


def healed_alone(scene: Scene) -> bool:
    """All is right, and ``alone`` has what the node wrote down of what it did by itself."""
    if not file_and_haproxy(scene):
        return False
    acts = json.loads(scene.node.read(ACCOUNT))["acts"]
    scene.told["alone"] = [
        f"{it['rung']} for {it['component']}: {it['result']}"
        for it in acts
        if it["at"] > time.time() - 300
    ]
    return True


def both(*things: Do) -> Do:
    """One after the other."""

    def do(scene: Scene) -> None:
        for thing in things:
            thing(scene)

    return do
