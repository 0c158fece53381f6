"""The lab by hand: python3 -m tests.lab COMMAND."""

from __future__ import annotations

import argparse
import os
import sys

from tests.lab import cache, image, kube, kubebuild, wheels
from tests.lab.lab import Lab, clean, default_name, down
from tests.lab.node import Node
from tests.lab.prerequisites import missing, prepare
from tests.lab.process import LabError, end_in_good_order
from tests.lab.state import records


def show(title: str, seconds: float | None) -> None:
    """One line per step; on a terminal the title is there while the step goes on."""
    if seconds is not None:
        print(f"\r{title:<64} {seconds:6.1f} s", flush=True)
    elif sys.stdout.isatty():
        print(f"{title} ...", end="", flush=True)


def up(given: argparse.Namespace) -> None:
    lab = Lab.up(
        given.name,
        nodes=given.nodes,
        suite=given.suite,
        installed=given.installed,
        kube=given.kube,
        salt=given.salt,
        keep=True,
        progress=show,
    )
    names = " ".join(machine.name for machine in (*lab.machines, lab.client))
    print(f"lab {lab.name} is {'already ' if lab.already_up else ''}up: {names}")
    print(f"get in with: python3 -m tests.lab shell --name {lab.name} node1")


def down_(given: argparse.Namespace) -> None:
    if not down(given.name, progress=show):
        print(f"lab {given.name or default_name()} is not up")


def exec_(given: argparse.Namespace) -> None:
    words = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not words:
        raise LabError("say what to run: exec NODE -- COMMAND ...")
    machine = Lab.find(given.name).machine(given.node)
    argv = machine.enter(words)
    os.execvpe(argv[0], argv, machine.environment())


def shell(given: argparse.Namespace) -> None:
    machine = Lab.find(given.name).machine(given.node)
    environment = {**machine.environment(), "TERM": os.environ.get("TERM", "dumb")}
    # A terminal of its own inside the node: the one outside has no name in there.
    words = ["script", "--quiet", "--return", "--command", "bash -l", "/dev/null"]
    argv = machine.enter(words if isinstance(machine, Node) else ["bash"])
    os.execvpe(argv[0], argv, environment)


def list_(_given: argparse.Namespace) -> None:
    for record in records():
        state = "left by an ended run" if record.orphaned else record.phase
        machines = ["master"] if record.options.get("salt") else []
        machines += [f"node{n + 1}" for n in range(record.options.get("nodes", 0))]
        alive = [name for name in machines if (it := record.processes.get(name)) and it.alive]
        print(f"{record.name}\t{state}\trunning: {' '.join(alive) or '-'}")


def clean_(given: argparse.Namespace) -> None:
    names = clean(everything=given.all, progress=show)
    if given.cache:
        busy = [record.name for record in records() if record.phase == "coming up"]
        if busy:
            raise LabError(f"lab {busy[0]} is coming up and may use any image: try again later")
        used = {layer for record in records() for layer in record.options.get("layers", [])}
        names += cache.remove_unused(used)
    print("removed: " + (", ".join(names) or "nothing to remove"))


def update(given: argparse.Namespace) -> None:
    Lab.find(given.name).update(progress=show)


def images(given: argparse.Namespace) -> None:
    prepare(show)
    layers = image.installed(given.suite, progress=show)
    print(wheels.salt_layer(layers[-1], given.suite, progress=show), *layers, sep="\n")


def kube_build(_given: argparse.Namespace) -> None:
    prepare(show)
    print(kubebuild.build(progress=show))


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python3 -m tests.lab", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, function: object, help: str, *, named: bool = True
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help)
        command.set_defaults(function=function)
        if named:
            command.add_argument("--name", help="the lab's name; default: this checkout's own")
        return command

    it = add("up", up, "bring the lab up; again is fine")
    it.add_argument("--nodes", type=int, default=3, metavar="N", help="how many nodes (default 3)")
    it.add_argument("--suite", default="bookworm", help="Debian release of the nodes")
    kind = it.add_mutually_exclusive_group()
    kind.add_argument(
        "--fresh",
        dest="installed",
        action="store_false",
        default=False,
        help="nodes with nothing of the cluster installed (default)",
    )
    kind.add_argument("--installed", action="store_true", help="with haproxy, pacemaker, pcs")
    it.add_argument("--kube", choices=kube.KINDS, default="auto")
    it.add_argument("--no-salt", dest="salt", action="store_false", help="nodes only: no master")
    add("down", down_, "take the lab down: nothing of it is left")
    it = add("exec", exec_, "run a command in a machine")
    it.add_argument("node", metavar="NODE", help="node1, node2, ..., master or client")
    it.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...")
    it = add("shell", shell, "a shell in a machine")
    it.add_argument("node", metavar="NODE", help="node1, node2, ..., master or client")
    add("update", update, "install the checkout as it is now on all machines; restart Salt")
    add("list", list_, "what labs there are", named=False)
    it = add("clean", clean_, "remove what killed runs left", named=False)
    it.add_argument("--all", action="store_true", help="every lab, also those that are up")
    it.add_argument("--cache", action="store_true", help="and every cached image not in use now")
    it = add("image", images, "only build the images, into the cache", named=False)
    it.add_argument("--suite", default="bookworm", help="Debian release of the nodes")
    add("kube-build", kube_build, "build Kubernetes from Debian's source (10-20 min)", named=False)
    return top


def main() -> int:
    given = parser().parse_args()
    end_in_good_order()
    try:
        # A lab that runs shows that the machine can: these two are to be quick.
        reason = None if given.function in (exec_, shell) else missing()
        if reason:
            raise LabError(reason)
        given.function(given)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
