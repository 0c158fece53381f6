"""This machine: its disks, clock, interfaces, units, firewall, who else moves addresses."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from msgspec import structs

from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import HakubeError, NotInstalled
from saltext_hakube.core.preflight import words
from saltext_hakube.core.preflight.finding import Unseen
from saltext_hakube.core.preflight.observed import (
    Firewall,
    Haproxy,
    Interface,
    Link,
    Manager,
    Space,
    Unit,
)
from saltext_hakube.core.sysctl import for_vip
from saltext_hakube.host import files, network, systemd
from saltext_hakube.host.haproxy import check
from saltext_hakube.host.haproxy.unit import text
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.preflight.sockets import processes
from saltext_hakube.host.run import run

# Where Pacemaker, corosync, haproxy, the environment files and our own copies are written.
FOLDERS = ("/etc", "/run", "/tmp", "/var", "/var/lib", "/var/lib/pacemaker", "/var/log")
# What gives a machine its addresses at boot.
NETWORK = (
    *("etc/network/interfaces", "etc/network/interfaces.d/*", "etc/netplan/*.yaml"),
    *("etc/systemd/network/*.network", "etc/NetworkManager/system-connections/*"),
    *("etc/sysconfig/network-scripts/ifcfg-*", "etc/sysconfig/network/ifcfg-*"),
)
# Programs that move addresses, and where each is told which.
MANAGERS = {
    "keepalived": ("etc/keepalived/*.conf", "etc/keepalived/conf.d/*"),
    "kube-vip": ("etc/kubernetes/manifests/*kube-vip*",),
}
_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2): "the system clock is not synchronized"


def link() -> Link:
    """The machine's interfaces. Raises HakubeError where no address is shown, as without `ip`."""
    addresses = network.interfaces()
    if not addresses:
        raise HakubeError("`ip -json address show` shows no address of this machine")
    folders = [folder for folder in Path("/sys/class/net").iterdir() if folder.is_dir()]
    seen = {folder.name: _interface(folder) for folder in folders}
    return Link(addresses, {name: one for name, one in seen.items() if one is not None})


def _interface(folder: Path) -> Interface | None:
    """None of one that goes just now, as those of containers come and go."""
    off = text(Path("/proc/sys/net/ipv6/conf", folder.name, "disable_ipv6"))
    try:
        state, mac = text(folder / "operstate"), text(folder / "address")
    except OSError as error:
        # EINVAL while it is taken away (netdev_show in net/core/net-sysfs.c), then ENODEV.
        if error.errno in (errno.EINVAL, errno.ENODEV):
            return None
        raise
    if state is None or mac is None:
        return None
    return Interface(
        mac=mac.strip(),
        up=state.strip() not in ("down", "lowerlayerdown"),
        ipv6=off is not None and off.strip() == "0",
    )


def hostname() -> str:
    """What the machine calls itself."""
    return socket.gethostname()


def space(machine: Machine) -> dict[str, Space]:
    """Room where we and the cluster write, each file system once."""
    found: dict[int, tuple[str, Space]] = {}
    for name in FOLDERS:
        path = machine.path(name)
        if not path.is_dir():
            continue
        fs = os.statvfs(path)
        room = Space(
            fs.f_bavail * fs.f_frsize >> 20,
            # btrfs and others make inodes as they need them, and say 0.
            fs.f_favail if fs.f_files else None,
            not fs.f_flag & os.ST_RDONLY,
        )
        found.setdefault(path.stat().st_dev, (name, room))
    return dict(found.values())


class _Timex(ctypes.Structure):
    """struct timex, of which only the answer matters; its end is padding."""

    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_byte * 508))


def clock() -> bool | Unseen:
    """Whether the kernel's clock is kept by something (adjtimex(2), which needs no daemon)."""
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(_Timex()))
    if state < 0:
        return Unseen(f"adjtimex: {os.strerror(ctypes.get_errno())}")
    return state != _UNSYNCHRONISED


def vip_files(config: Config, machine: Machine) -> tuple[str, ...]:
    """The files of the machine's network that set the VIP."""
    found = _texts(machine, NETWORK)
    return tuple(name for name, content in found if words.sets_address(content, config.vip.address))


def managers(config: Config, machine: Machine) -> tuple[Manager, ...]:
    """Other programs that move addresses."""
    running = processes(MANAGERS) if machine.live else set()
    told = {
        program: [
            name
            for name, content in _texts(machine, patterns)
            if words.names_address(content, config.vip.address)
        ]
        for program, patterns in MANAGERS.items()
    }
    return tuple(
        Manager(program, program in running, next(iter(names), None))
        for program, names in told.items()
        if names or program in running
    )


def _texts(machine: Machine, patterns: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        for path in sorted(machine.root.glob(pattern)):
            content = text(path) if path.is_file() else None
            if content is not None:
                yield f"/{path.relative_to(machine.root)}", content


def units(config: Config) -> dict[str, Unit]:
    """What systemd says of the units that Pacemaker manages."""
    return {name: _unit(name) for name in config.units}


def _unit(name: str) -> Unit:
    shown = systemd.properties(name, "LoadState", "UnitFileState", "ActiveState", "TimeoutStopUSec")
    if not shown:
        raise HakubeError("systemd does not run here")
    stop = shown.get("TimeoutStopUSec", "")
    endless = float("inf") if stop == "infinity" else None
    return Unit(
        known=shown.get("LoadState") not in ("not-found", ""),
        enabled=shown.get("UnitFileState") in ("enabled", "enabled-runtime"),
        active=shown.get("ActiveState") in ("active", "reloading"),
        stop=endless or words.systemd_seconds(stop) or Unseen(f"{name}: no TimeoutStopUSec"),
    )


def haproxy(config: Config, machine: Machine) -> Haproxy:
    """haproxy's file, its limits, what it may do."""
    options = config.haproxy
    content = files.read(machine.path(options.config))
    told = Haproxy(
        text=None if content is None else content.decode("utf-8", "surrogateescape"),
        refused=_refused(config, machine, content),
    )
    if not machine.live:
        return told
    return structs.replace(
        told,
        running=systemd.active(options.unit),
        files=_limit(options.unit),
        nonlocal_bind=_nonlocal(config),
        connect_any=_connect_any(),
    )


def _refused(config: Config, machine: Machine, content: bytes | None) -> tuple[str, ...] | Unseen:
    if content is None:
        return Unseen(f"{config.haproxy.config} is not there")
    try:
        options = config.haproxy
        return check.check(machine, options.config, options.unit, content).errors
    except NotInstalled:
        return Unseen("haproxy is not installed yet")
    except HakubeError as error:
        return Unseen(str(error))


def _limit(unit: str) -> int | Unseen | None:
    shown = systemd.properties(unit, "LimitNOFILE", "LoadState")
    if shown.get("LoadState") != "loaded":
        return Unseen(f"systemd has no unit {unit} yet")
    limit = shown.get("LimitNOFILE", "")
    return int(limit) if limit.isdecimal() else None


def _nonlocal(config: Config) -> bool | Unseen:
    (key,) = for_vip(config.vip.address)
    value = text(Path("/proc/sys", *key.split(".")))
    return Unseen(f"the kernel has no {key}") if value is None else value.strip() == "1"


def _connect_any() -> bool | Unseen:
    """Of SELinux's boolean; True where SELinux does not enforce anything."""
    enforcing = text(Path("/sys/fs/selinux/enforce"))
    if enforcing is None or enforcing.strip() != "1":
        return True
    value = text(Path("/sys/fs/selinux/booleans/haproxy_connect_any"))
    return (
        Unseen("SELinux's policy has no haproxy_connect_any") if value is None else value[0] == "1"
    )


def firewall(interface: str | None) -> Firewall | None:
    """The zone of firewalld that our network is in; None where no firewalld runs."""
    if not systemd.active("firewalld"):
        return None
    asked = ["firewall-cmd", f"--get-zone-of-interface={interface}"]
    name = run(asked, timeout=10, ok=None).stdout.strip() if interface else ""
    if not re.fullmatch(r"[\w./-]+", name):
        name = run(["firewall-cmd", "--get-default-zone"], timeout=10).stdout.strip()
    shown = words.zone(
        name, run(["firewall-cmd", f"--zone={name}", "--list-all"], timeout=10).stdout
    )
    return Firewall(
        name,
        tuple(shown.get("services", "").split()),
        tuple(shown.get("ports", "").split()),
        shown.get("target", "default"),
    )
