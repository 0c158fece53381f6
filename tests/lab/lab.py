"""The lab as a whole: come up, be found, go down."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import re
from pathlib import Path
from typing import Any

from tests.lab import certificates, image, kube, salt, wheels
from tests.lab.cgroup import Cgroup
from tests.lab.network import VIP, VIP6, Network, address, processes_in
from tests.lab.node import Client, Node
from tests.lab.prerequisites import missing, prepare
from tests.lab.process import LabError, ProcessId, Progress, end, silent, step
from tests.lab.state import Record, records


def default_name() -> str:
    """$HAKUBE_LAB_NAME, or a name that stays the same for this checkout and user."""
    given = os.environ.get("HAKUBE_LAB_NAME")
    if given:
        return given
    digest = hashlib.sha256(f"{wheels.CHECKOUT} {os.getuid()}".encode()).hexdigest()[:6]
    words = re.sub("[^a-z0-9]+", "-", wheels.CHECKOUT.name.lower()).strip("-")
    return f"{words[:12].strip('-') or 'lab'}-{digest}"


class Lab:
    """A lab that is up: `Lab.up()` makes it, `Lab.find()` finds one that somebody else made.

    As a context manager it goes down at the end of the block.
    """

    def __init__(self, record: Record) -> None:
        self.name = record.name
        self.vip = VIP
        self.vip6 = VIP6
        self.options = record.options
        self._record = record
        self._network = Network(record.name)
        layers = [Path(layer) for layer in record.options["layers"]]

        def node(name: str) -> Node:
            return Node(name, record, self._network, layers)

        self.nodes = [node(f"node{number + 1}") for number in range(record.options["nodes"])]
        self.already_up = False
        self.kube: str = record.options["kube"]
        self.has_salt: bool = record.options["salt"]
        self._master = node("master") if self.has_salt else None
        self.client = Client(self._network, record.folder / "pki/ca.crt")

    @property
    def master(self) -> Node:
        """The machine of the Salt master."""
        if self._master is None:
            raise LabError(f"lab {self.name} came up without Salt: it has no master")
        return self._master

    @property
    def machines(self) -> list[Node]:
        """Master and nodes: all that boot."""
        return [*([self._master] if self._master else []), *self.nodes]

    def machine(self, name: str) -> Node | Client:
        """The machine of this name: node1, node2, ..., master, client."""
        for known in (*self.machines, self.client):
            if known.name == name:
                return known
        names = ", ".join(known.name for known in (*self.machines, self.client))
        raise LabError(f"lab {self.name} has no {name!r}: it has {names}")

    # -- up ------------------------------------------------------------------------------------

    @classmethod
    def up(
        cls,
        name: str | None = None,
        *,
        nodes: int = 3,
        suite: str = "bookworm",
        installed: bool = False,
        kube: str = "auto",
        salt: bool = True,
        keep: bool = False,
        progress: Progress = silent,
    ) -> Lab:
        """Bring a lab up, or find the one of this name that is up already.

        Parameters: *installed* boots nodes on which haproxy and pacemaker are installed already;
        *kube* is real, standin, auto (real where there are binaries) or none; without *salt* there
        is no master and it is quick. Unless it is to be *kept*, the lab belongs to this process:
        when that is gone, `clean` may take the lab down.
        """
        reason = missing()
        if reason:
            raise LabError(reason)
        record = Record(name or default_name())
        with record.hold(progress=progress):
            wanted = {"nodes": nodes, "suite": suite, "installed": installed, "salt": salt}
            if record.phase == "up" and not record.orphaned:
                _check_same(record, wanted)
                lab = cls(record)
                lab.already_up = True
                return lab
            if record.phase != "absent":
                with step(progress, f"remove what an ended run left of lab {record.name}"):
                    take_down(record)
            prepare(progress)
            record.owner = ProcessId.own()
            record.phase = "coming up"
            record.options = {**wanted, "kube": kube, "layers": []}
            try:
                lab = _come_up(record, progress)
            except BaseException:
                take_down(record)
                raise
            record.load()
            record.phase = "up"
            record.owner = None if keep else ProcessId.own()
            record.save()
            return lab

    @classmethod
    def find(cls, name: str | None = None) -> Lab:
        """The lab of this name, which must be up."""
        record = Record(name or default_name()).load()
        if record.phase != "up":
            raise LabError(f"no lab {record.name} is up: `python3 -m tests.lab up`")
        return cls(record)

    # -- down ----------------------------------------------------------------------------------

    def down(self, *, progress: Progress = silent) -> None:
        """Take it down; nothing of it is left."""
        down(self.name, progress=progress)

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    # -- Salt ----------------------------------------------------------------------------------

    def salt(
        self, target: str, function: str, *args: Any, timeout: float = 60, **kwargs: Any
    ) -> dict[str, Any]:
        """`salt TARGET FUNCTION ARGS` on the master: what each minion returned, by its id.

        A minion that does not answer within *timeout* seconds is not in it; salt then asks what its
        job is, so that the call takes longer than that.
        """
        words = salt.arguments(args, kwargs)
        return salt.parse(salt.call(self.master, target, function, words, timeout))

    def salt_text(self, target: str, function: str, *args: Any, timeout: float = 60) -> str:
        """The same as a person sees it: Salt's own text."""
        argv = [f"{wheels.VENV}/bin/salt", "--no-color", "--timeout", str(int(timeout))]
        words = [*argv, target, function, *salt.arguments(args, {})]
        done = self.master.run(words, timeout=timeout + salt.LONGER, check=False)
        return done.stdout + done.stderr

    def write_pillar(self, text: str) -> None:
        """Make this YAML the pillar of every minion, now."""
        self.master.write(f"{salt.PILLAR_ROOT}/top.sls", "base: {'*': [hakube]}\n")
        self.master.write(f"{salt.PILLAR_ROOT}/hakube.sls", text)
        self.salt("*", "saltutil.refresh_pillar", "wait=True")

    def update(self, *, progress: Progress = silent) -> None:
        """Build the checkout's wheel and install it wherever a machine runs; restart Salt."""
        with step(progress, "build the extension's wheel"):
            wheel = wheels.build_extension(self._record.folder / "wheel")
        running = [machine for machine in self.machines if machine.running]

        def install(node: Node) -> None:
            path = f"/root/{wheel.name}"
            node.copy_in(wheel, path)
            role = "master" if node.name == "master" else "minion"
            # A minion asked to stop takes 5 s for it; nobody updates a lab that is busy.
            restart = f"systemctl kill --signal=KILL salt-{role}; systemctl restart salt-{role}"
            script = f'{wheels.INSTALL}; rm "$1"; {restart}'
            node.run(["sh", "-euc", script, "update", path], timeout=120)

        with step(progress, "install it on " + ", ".join(node.name for node in running)):
            _each(running, install)
        with step(progress, "wait for the minions"):
            minions = [node for node in running if node.name != "master"]
            salt.wait_for_minions(self.master, minions)


def _check_same(record: Record, wanted: dict[str, Any]) -> None:
    other = [
        f"{key}={record.options[key]} (asked for {value})"
        for key, value in wanted.items()
        if record.options[key] != value
    ]
    if other:
        raise LabError(
            f"lab {record.name} is up already with {', '.join(other)}: take it down first"
        )


def _each(nodes: list[Node], do: Any) -> None:
    """Do it to all at once; the first failure is raised when all have ended."""
    with concurrent.futures.ThreadPoolExecutor(len(nodes) or 1) as pool:
        for future in [pool.submit(do, node) for node in nodes]:
            future.result()


def _come_up(record: Record, progress: Progress) -> Lab:
    options = record.options
    record.save()
    suite = options["suite"]
    if options["installed"]:
        layers = image.installed(suite, progress=progress)
    else:
        layers = [image.fresh(suite, progress=progress)]
    options["kube"] = kube.choose(options["kube"])
    if options["kube"] != "none":
        layers = [kube.layer(options["kube"], progress=progress), *layers]
    own = record.folder / "layer"
    if options["salt"]:
        layers = [wheels.salt_layer(layers[-1], suite, progress=progress), *layers]
        with step(progress, "build the extension's wheel and install it"):
            wheel = wheels.build_extension(record.folder / "wheel")
            wheels.extension_layer(layers, wheel, own)
    own.mkdir(exist_ok=True)
    options["layers"] = [str(layer) for layer in (own, *layers)]

    lab = Lab(record)
    network = Network(record.name)
    names = [machine.name for machine in lab.machines]
    record.namespaces = [network.namespace(name) for name in ("switch", "client", *names)]
    record.cgroups = [f"hakube-{record.name}-{name}" for name in names]
    record.save()
    _write_hosts(own, names)
    if options["kube"] != "none":
        with step(progress, f"make certificates and configure Kubernetes ({options['kube']})"):
            certificates.make(record.folder / "pki")
            kube.configure_all(own, record.folder / "pki", options["kube"])
    with step(progress, "make the network"):
        network.make_switch()
        network.plug_in("client")
    for machine in lab.machines:
        machine.upper.mkdir(parents=True)
        if options["kube"] != "none" and machine.name != "master":
            kube.configure(machine, [node.name for node in lab.nodes])
        if options["salt"]:
            salt.configure(machine, "master" if machine.name == "master" else "minion")
    with step(progress, "boot " + ", ".join(names)):
        _each(lab.machines, Node.boot)
    if options["salt"]:
        with step(progress, "wait for the minions"):
            salt.wait_for_minions(lab.master, lab.nodes)
    return lab


def _write_hosts(layer: Path, names: list[str]) -> None:
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost"]
    lines += [f"{address(name)} {name}" for name in (*names, "client")]
    lines += [f"{VIP} api"]
    (layer / "etc").mkdir(exist_ok=True)
    (layer / "etc/hosts").write_text("\n".join(lines) + "\n")


def take_down(record: Record) -> None:
    """Remove whatever the record names; right at any moment of a lab's life, and again."""
    record.phase = "going down"
    if record.folder.is_dir():
        record.save()
    for name in record.cgroups:
        Cgroup(name).kill()
    supervisors = list(record.processes.values())
    end([child for it in supervisors if it.alive for child in it.children()] + supervisors)
    # Whoever else is in these namespaces got there through this lab: commands that a test left.
    others = map(ProcessId.of, processes_in(record.namespaces))
    end([it for it in others if it and it.pid != os.getpid()])
    for namespace in record.namespaces:
        Network.remove(namespace)
    for name in record.cgroups:
        Cgroup(name).remove()
    record.erase()


def down(name: str | None = None, *, progress: Progress = silent) -> bool:
    """Take a lab down, in whatever state it is; False where there is none of this name."""
    with Record(name or default_name()).hold(progress=progress) as record:
        if record.phase == "absent":
            return False
        with step(progress, f"take lab {record.name} down"):
            take_down(record)
        return True


def clean(*, everything: bool = False, progress: Progress = silent) -> list[str]:
    """Take down the labs whose owner is gone, or all of them; return their names."""
    cleaned = []
    for found in records():
        # A run that is busy with its lab holds the lock: not ours to touch, unless it ends.
        if not everything and not found.orphaned:
            continue
        with found.hold(progress=progress) as record:
            if record.phase != "absent" and (everything or record.orphaned):
                with step(progress, f"remove lab {record.name}"):
                    take_down(record)
                cleaned.append(record.name)
    return cleaned
