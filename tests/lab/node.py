"""A machine of the lab: boot it, run a command in it, switch it off, cut its power, freeze it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab.cgroup import Cgroup
from tests.lab.layers import CLEAN_ENVIRONMENT, forget_volatile, overlay_options
from tests.lab.network import Network, address, address6
from tests.lab.process import LabError, ProcessId, run, wait_until
from tests.lab.state import Record

#: Waits for one line, so that it can be recorded before anything happens; then joins the node's
#: cgroups, mounts the node's tree (seen by this process and its children only) and becomes nspawn.
#: $1 overlay options, $2 root, $3 machine, $4 hostname, $5 namespace, $6 cgroup.
#: nspawn's own folder in /run is covered: a killed nspawn leaves locks there.
_BOOT = """
read -r _ || exit 0
set -e
options=$1 root=$2 machine=$3 hostname=$4 namespace=$5 cgroup=$6
echo $$ > "$cgroup/cgroup.procs"
mkdir -p /run/systemd/nspawn
exec unshare --mount --propagation slave sh -ec '
    mount -t tmpfs tmpfs /run/systemd/nspawn
    mount -t overlay overlay -o "$1" "$2"
    exec systemd-nspawn --register=no --keep-unit -D "$2" -M "$3" --hostname="$4" \
        --network-namespace-path="$5" --link-journal=no --resolv-conf=off --timezone=off \
        --capability=CAP_NET_ADMIN,CAP_NET_RAW,CAP_SYS_NICE,CAP_IPC_LOCK,CAP_SYS_RESOURCE \
        --console=read-only --boot </dev/null
' boot "$options" "$root" "$machine" "$hostname" "$namespace"
"""

#: /proc/sys/net must be writable, for the document's sysctl; and systemd in a node finds cgroup v2
#: alone, as on any Debian of today, also where the machine around it has both versions.
_NSPAWN = {
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
}

Command = Sequence["str | Path"] | str


class Machine:
    """What node, master and client have in common: an address, and commands run there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.address = address(name)
        self.address6 = address6(name)

    def enter(self, command: Command) -> list[str]:
        """The words that run *command* there (a string goes through sh), for Popen and exec."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """The environment that such a command gets."""
        raise NotImplementedError

    def run(
        self,
        command: Command,
        *,
        timeout: float = 60,
        check: bool = True,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command there and return its result as text.

        With *check* an exit code other than 0 is a LabError that holds the output's last lines. A
        command that outlives *timeout* seconds is ended, and that is always a LabError.
        """
        shown = command if isinstance(command, str) else " ".join(map(str, command))
        return run(
            self.enter(command),
            timeout=timeout,
            check=check,
            input=input,
            env={**self.environment(), **(env or {})},
            shown=f"{self.name}: {shown}",
        )

    def __repr__(self) -> str:
        return f"<{self.name} {self.address}>"


def _words(command: Command) -> list[str]:
    return ["sh", "-c", command] if isinstance(command, str) else [str(word) for word in command]


class Client(Machine):
    """The client: a network namespace and nothing more; it runs the machine's own programs."""

    def __init__(self, network: Network, ca: Path) -> None:
        super().__init__("client")
        self._network = network
        self.ca = ca
        admin = ca.with_name("admin.kubeconfig")
        self._trust = {"CURL_CA_BUNDLE": str(ca), "KUBECONFIG": str(admin)}

    def enter(self, command: Command) -> list[str]:
        return ["nsenter", f"--net={self._network.path('client')}", "--", *_words(command)]

    def environment(self) -> dict[str, str]:
        """curl there trusts the lab's own certificate authority; kubectl is the cluster's admin."""
        own = {"PATH": os.environ.get("PATH", CLEAN_ENVIRONMENT["PATH"]), "TERM": "dumb"}
        return {**CLEAN_ENVIRONMENT, **own, **self._trust}


class Node(Machine):
    """A machine with systemd as PID 1. Made by Lab; survives as long as its lab.

    Switch it off from outside, with power_off() or power_cut(). A `poweroff` or `reboot` inside
    ends it too, but leaves its kernel's network behind: addresses that it had still answer pings
    until it is booted again, which no real machine without power does.
    """

    def __init__(self, name: str, record: Record, network: Network, layers: list[Path]) -> None:
        super().__init__(name)
        self.folder = record.folder / "machines" / name
        self._record = record
        self._network = network
        self._layers = layers
        self._cgroup = Cgroup(f"hakube-{record.name}-{name}")

    @property
    def upper(self) -> Path:
        """What this machine has written; to be changed from outside only while it is off."""
        return self.folder / "upper"

    # -- on and off ----------------------------------------------------------------------------

    def boot(self, *, timeout: float = 300) -> None:
        """Switch it on, wait until systemd has started everything; its disk is as it was."""
        if self.running:
            raise LabError(f"{self.name} is running already")
        for made in (self.upper, self.folder / "work", self.folder / "root"):
            made.mkdir(parents=True, exist_ok=True)
        forget_volatile(self.folder / "work")
        self._first_time()
        self._network.plug_in(self.name)
        self._cgroup.make()
        what = [
            overlay_options(self._layers, self.upper, self.folder / "work"),
            self.folder / "root",
            self._network.namespace(self.name),
            self.name,
            self._network.path(self.name),
            self._cgroup.folder,
        ]
        with (self.folder / "console.log").open("ab") as console:
            process = subprocess.Popen(
                ["sh", "-c", _BOOT, "boot", *map(str, what)],
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=console,
                start_new_session=True,
                env={**CLEAN_ENVIRONMENT, **_NSPAWN},
                text=True,
            )
        supervisor = ProcessId.of(process.pid)
        if supervisor is None:
            raise LabError(f"{self.name} ended before it began: see {self.folder}/console.log")
        self._record.add_process(self.name, supervisor)
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.close()
        _children.append(process)
        self._wait_until_booted(timeout)

    def _first_time(self) -> None:
        """What makes this machine itself, and not another one of the same image."""
        etc = self.upper / "etc"
        etc.mkdir(exist_ok=True)
        if not (etc / "machine-id").exists():
            # Without one systemd takes the boot for the first and enables every unit there is.
            (etc / "machine-id").write_text(uuid.uuid4().hex + "\n")
            (etc / "hostname").write_text(self.name + "\n")
            # pcsd, and trixie's puma beside it, now and then do not hear that they are to end, and
            # a power-off waits 90 s for them, when all else has ended.
            for unit in ("pcsd", "pcsd-ruby"):
                drop_in = etc / f"systemd/system/{unit}.service.d/lab.conf"
                drop_in.parent.mkdir(parents=True, exist_ok=True)
                drop_in.write_text("[Service]\nTimeoutStopSec=10\n")

    def _wait_until_booted(self, timeout: float) -> None:
        def done() -> bool:
            if not self.running:
                raise LabError(f"{self.name} did not boot: see {self.folder}/console.log")
            if self._leader() is None:
                return False
            state = self.run("systemctl is-system-running", check=False, timeout=timeout)
            return state.stdout.strip() in ("running", "degraded")

        wait_until(done, f"{self.name} to boot", timeout=timeout)

    @property
    def running(self) -> bool:
        """True from boot() until it is switched off (a frozen machine is running)."""
        process = self._record.process(self.name)
        return process is not None and process.alive

    def power_off(self, *, timeout: float = 180) -> None:
        """Switch it off in good order: systemd stops all units first, each within its 90 s."""
        leader = self._leader()
        if leader:
            leader.kill(signal.SIGRTMIN + 4)  # systemd(1): "powers off"
        self._wait_until_off(timeout)
        self._network.unplug(self.name)

    def power_cut(self) -> None:
        """Take its power away: at once no frame leaves it, and nothing in it can say goodbye."""
        self._network.unplug(self.name)
        self.kill()

    def kill(self) -> None:
        """End all its processes; what the lab's end and a power cut share."""
        leader = self._leader()
        self._cgroup.kill()
        if leader:
            leader.kill()
        supervisor = self._record.process(self.name)
        if supervisor:
            supervisor.kill()
        self._wait_until_off(20)

    def _wait_until_off(self, timeout: float) -> None:
        wait_until(lambda: not self.running, f"{self.name} to be off", timeout=timeout, every=0.05)
        self._cgroup.remove()
        _children[:] = [child for child in _children if child.poll() is None]

    def freeze(self) -> None:
        """Stop all its processes where they are. Its kernel goes on: pings and TCP are answered."""
        self._cgroup.set_frozen(True)

    def thaw(self) -> None:
        self._cgroup.set_frozen(False)

    # -- the cable -----------------------------------------------------------------------------

    def cut_network(self, *, carrier: bool = True) -> None:
        """Nothing gets in or out. With *carrier* (a switch that drops frames) the machine's eth0
        still looks up; without it (a pulled cable) eth0 has no carrier."""
        self._network.cut(self.name, carrier=carrier)

    def mend_network(self) -> None:
        self._network.mend(self.name)

    # -- commands ------------------------------------------------------------------------------

    def _leader(self) -> ProcessId | None:
        """The machine's PID 1, by its id outside; None while there is none."""
        supervisor = self._record.process(self.name)
        for child in supervisor.children() if supervisor and supervisor.alive else []:
            try:
                status = Path(f"/proc/{child.pid}/status").read_text()
            except OSError:
                continue
            # "NSpid: 4711 1": its id in each process namespace, from outside to inside.
            ids = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()
            if len(ids) > 2 and ids[-1] == "1":
                return child
        return None

    def enter(self, command: Command) -> list[str]:
        leader = self._leader()
        if leader is None:
            raise LabError(f"{self.name} is off: boot it first")
        # Its root too: where the lab itself runs in a chroot, the mount namespace begins above it.
        spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"]
        return ["nsenter", "--target", str(leader.pid), *spaces, "--", *_words(command)]

    def environment(self) -> dict[str, str]:
        return {**CLEAN_ENVIRONMENT, "TERM": "dumb"}

    def write(self, path: str, text: str, *, mode: str = "644") -> None:
        """Write a file in it, with the folders that lead to it."""
        self.run(["install", "-D", "-m", mode, "/dev/stdin", path], input=text)

    def copy_in(self, source: Path, path: str) -> None:
        """Copy a file of the machine around it into a folder that it has."""
        leader = self._leader()
        if leader is None:
            raise LabError(f"{self.name} is off: boot it first")
        shutil.copy(source, f"/proc/{leader.pid}/root{path}")

    def read(self, path: str) -> str:
        return self.run(["cat", path]).stdout


#: The nspawns that this Python started itself. They may outlive it; while it lives it reaps them.
_children: list[subprocess.Popen[str]] = []
