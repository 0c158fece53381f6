"""The demonstration on three real machines."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from tests.demo import applying, results
from tests.demo.outage import Answer, Prober, gaps
from tests.demo.screen import DemoError, Screen
from tests.lab import Lab, Node
from tests.lab.process import wait_until

MINIMAL = Path(__file__).parents[2] / "pillar.example/minimal.sls"

#: Resource as Pacemaker calls it -> what it is.
RESOURCES = {
    "VIP-apiserver": "the floating address",
    "haproxy": "on every node, it sends a client to an apiserver that is ready",
    "apiserver": "on every node",
    "scheduler": "on one node ...",
    "controller": "... and on the same one",
}


def boot(screen: Screen, name: str, *, keep: bool) -> Lab:
    """Three machines, a Salt master and a client."""
    screen.step(
        "Three fresh Debian machines, a Salt master, and a client on the same network",
        "Each boots a systemd of its own. Nothing of haproxy, Pacemaker or a cluster is installed "
        "on them; Kubernetes is, as an administrator would have it before there is a cluster.",
    )
    lab = Lab.up(name, keep=keep, progress=screen.took)
    if lab.already_up:
        raise DemoError(
            f"a lab {name} is up already, so it is not fresh; take it down with "
            f"`python3 -m tests.lab down --name {name}`"
        )
    kind = {
        "real": "real Kubernetes: kube-apiserver, scheduler and controller-manager, with etcd",
        "standin": "in place of Kubernetes a STAND-IN that answers /readyz as it does "
        "(`make lab-kube` builds the real one)",
    }
    screen.text(f"{', '.join(node.name for node in lab.nodes)} run, with {kind[lab.kube]}")
    return lab


def build(screen: Screen, lab: Lab) -> None:
    """The one command."""
    screen.step(
        "salt '*' state.apply hakube",
        f"With {MINIMAL.parent.name}/{MINIMAL.name} as the pillar: three addresses, the floating "
        f"address {lab.vip} (VIP), no fence devices. All three begin at the same moment.",
    )
    lab.write_pillar(MINIMAL.read_text(encoding="utf-8"))
    results.summary(screen, applying.apply(lab, screen))


def answer(screen: Screen, lab: Lab) -> None:
    """What it was all for."""
    url = f"https://{lab.vip}:6443/readyz"
    screen.step(
        f"A client asks {url}",
        "On another machine, knowing nothing but the VIP and the cluster's certificate authority.",
    )
    start = time.monotonic()
    command = f"curl --silent --show-error --max-time 3 --cacert {lab.client.ca} {url}"
    while True:
        done = lab.client.run(f"{command} --write-out ' %{{http_code}}'", check=False)
        if done.stdout == "ok 200" or (lab.kube != "real" and done.stdout.endswith(" 200")):
            break
        if time.monotonic() - start > 120:
            raise DemoError(f"no good answer in 120 s, but: {done.stdout} {done.stderr}".strip())
        screen.now(f"{done.stdout} {done.stderr}".strip())
        time.sleep(1)
    text, _, code = done.stdout.rpartition(" ")
    screen.line(f"$ curl --cacert ca.crt {url}")
    screen.line(text.strip())
    screen.line(f"HTTP {code}, certificate verified")
    if lab.kube == "real":
        version = lab.client.run(f"curl -sS https://{lab.vip}:6443/version").stdout
        git = next((line for line in version.splitlines() if "gitVersion" in line), "")
        screen.line(f"It is Kubernetes itself: {git.strip().rstrip(',')}")


def status(lab: Lab) -> dict[str, Any]:
    """The cluster as the first node sees it."""
    name = lab.nodes[0].name
    seen = lab.salt(name, "hakube_cluster.status").get(name)
    if not isinstance(seen, dict):
        raise DemoError(f"{name} cannot tell the cluster's state: {seen}")
    return seen


def show(screen: Screen, lab: Lab) -> None:
    """Where everything runs."""
    screen.step("salt node1 hakube_cluster.status", "What Pacemaker runs, and where.")
    seen = status(lab)
    quorum = "with quorum" if seen["quorate"] else "WITHOUT quorum"
    screen.line(f"online: {', '.join(seen['online'])}; {quorum}")
    running = seen["running"]
    rows = [(name, ", ".join(running.get(name, ["nowhere"]))) for name in {**RESOURCES, **running}]
    screen.table([(name, where, RESOURCES.get(name, "")) for name, where in rows])
    missing = [name for name in RESOURCES if not running.get(name)]
    if missing or len(seen["online"]) != len(lab.nodes):
        raise DemoError(f"not all of it runs: {', '.join(missing) or 'a node is offline'}")


def again(screen: Screen, lab: Lab) -> None:
    """Nothing to do."""
    screen.step(
        "The same command again",
        "What is as declared is left alone: nothing may change, nothing may restart.",
    )
    results.unchanged(screen, applying.apply(lab, screen))


def holder(lab: Lab) -> Node:
    """The machine that has the VIP."""
    for node in lab.nodes:
        if f" {lab.vip}/" in node.run("ip -br address show eth0").stdout:
            return node
    raise DemoError(f"no machine has the address {lab.vip}")


def kill_haproxy(screen: Screen, lab: Lab) -> None:
    """Break it where it matters."""
    victim = holder(lab)
    screen.step(
        f"kill -9 of haproxy on {victim.name}, which holds the VIP",
        "Every client's connection goes through it. One asks for /readyz every 100 ms meanwhile, "
        "each time on a new connection, and gives up on one after 1 s.",
    )
    url = f"https://{lab.vip}:6443/readyz"
    client = lab.client
    with Prober(url, client.ca, client.enter, client.environment()) as prober:
        prober.wait_until_steady(3, timeout=60, tick=screen.now)
        before, killed = len(prober.answers), time.monotonic()
        # Its master and its workers: a crash leaves none of them.
        victim.run("kill -9 $(pidof haproxy)")
        screen.line(f"{screen.elapsed()}  killed")
        wait_until(
            lambda: any(not it.ok for it in prober.answers[before:]),
            "the client to notice it",
            timeout=15,
        )
        screen.line(f"{screen.elapsed()}  the client gets no answer")
        # Longer than a look of Pacemaker's (5 s) and the move that may follow it.
        prober.wait_until_steady(12, timeout=120, tick=screen.now)
        answers = [it for it in prober.answers if it.over > killed - 1]
    gone = told(screen, answers, killed)
    screen.text(explained(victim.name, holder(lab).name, gone))
    seen = status(lab)
    if victim.name not in seen["running"].get("haproxy", []):
        raise DemoError(f"haproxy does not run on {victim.name} again")


# Pacemaker stops a unit and starts it again, 2 s each: what is shorter it has not mended.
PACEMAKERS = 2.0  # seconds


def explained(victim: str, now: str, gone: float) -> str:
    """Who mended it, by where the VIP is now and how many seconds the service was gone."""
    if now != victim:
        return (
            f"The VIP moved from {victim} to {now}. Nobody did anything: hakube-watch saw haproxy "
            f"down, {victim} called itself red, and the VIP follows a haproxy that answers."
        )
    if gone < PACEMAKERS:
        return (
            f"The VIP is still on {now}. Nobody did anything: systemd started haproxy again, 50 ms "
            "after it died, by the drop-in of hakube's reflex; Pacemaker noticed nothing."
        )
    return (
        f"The VIP is still on {now}. Nobody did anything: systemd, which starts haproxy again "
        "50 ms after it died, was late, or Pacemaker was first, which takes 2 s each for a unit's "
        f"stop and start; journalctl -u haproxy on {now} has which."
    )


def told(screen: Screen, answers: list[Answer], killed: float) -> float:
    """How long the service was gone, in seconds."""
    gone = gaps(answers)
    failed = sum(not it.ok for it in answers)
    for since, until in gone:
        screen.line(
            f"no service for {until - since:4.1f} s: from {max(0.0, since - killed):.1f} s "
            f"to {until - killed:.1f} s after the kill"
        )
    total = sum(until - since for since, until in gone)
    screen.line(f"{total:.1f} s in all; of {len(answers)} requests {failed} failed")
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load > 2 * processors:
        screen.line(f"(This machine is busy: load {load:.0f} on {processors} processors.)")
    return total


def story(screen: Screen, name: str, *, keep: bool) -> None:
    """All of it; the lab is down at the end, unless it is to be kept and nobody interrupted it."""
    began = time.monotonic()
    lab = boot(screen, name, keep=keep)
    kept = keep
    try:
        for part in (build, answer, show, again, kill_haproxy):
            part(screen, lab)
    except SystemExit:
        kept = False
        raise
    finally:
        if not kept:
            screen.step("Everything is taken down")
            lab.down(progress=screen.took)
        else:
            tell_kept(screen, name)
    screen.plain(f"\nDone: all of it took {time.monotonic() - began:.0f} s.")


def tell_kept(screen: Screen, name: str) -> None:
    """How to get in, and how to be rid of it."""
    screen.step("The machines stay up (KEEP=1)")
    screen.line(
        f"a shell in one:   python3 -m tests.lab shell --name {name} node1\n"
        f"ask the API:      python3 -m tests.lab exec --name {name} client -- "
        "curl https://192.0.2.100:6443/readyz\n"
        f"take them down:   python3 -m tests.lab down --name {name}"
    )
