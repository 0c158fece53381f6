"""What the machine must be able to do, and what must be installed on it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.lab.layers import overlay_options
from tests.lab.process import LabError, Progress, run, silent, step

#: Command -> Debian package. What the lab itself calls on the machine, no more: haproxy and
#: pacemaker live inside the nodes.
NEEDED = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "curl": "curl",
    "xz": "xz-utils",
    "gcc": "gcc",  # Salt needs timelib, which the package index has as C source only
}
#: The same for things that are no command: a file that shows that the package is there.
NEEDED_FILES = {
    "/usr/bin/python3": "python3",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "/usr/share/python-wheels": "python3-venv",
    "/usr/include/python3.11/Python.h": "python3-dev",
}


def missing() -> str | None:
    """One line why this machine cannot boot nodes, or None where it can."""
    if os.geteuid() != 0:
        return "the lab needs root: it makes namespaces and mounts"
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return "the lab needs a Debian machine: it makes its nodes with apt"
    if not shutil.which("unshare"):
        return "the lab needs unshare and nsenter (package util-linux)"
    if not cgroup_roots():
        return "the lab needs cgroups mounted at /sys/fs/cgroup"
    with tempfile.TemporaryDirectory(prefix="hakube-") as folder:
        parts = [Path(folder, name) for name in ("lower", "upper", "work", "root")]
        for part in parts:
            part.mkdir()
        lower, upper, work, root = parts
        namespaces = ["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--"]
        if run([*namespaces, "true"], check=False).returncode:
            return "the lab needs namespaces: `unshare --mount --net --pid` is refused here"
        overlay = overlay_options([lower], upper, work)
        mount = [*namespaces, "mount", "-t", "overlay", "overlay", "-o", overlay, root]
        if run(mount, check=False).returncode:
            return "the lab needs overlay mounts, and this machine refuses them in " + folder
    return None


def cgroup_roots() -> list[Path]:
    """The cgroup hierarchies systemd keeps its processes in: one, or two on a hybrid machine."""
    top = Path("/sys/fs/cgroup")
    if (top / "cgroup.procs").exists():
        return [top]
    return [top / part for part in ("systemd", "unified") if (top / part / "cgroup.procs").exists()]


def prepare(progress: Progress = silent) -> None:
    """Install what the lab needs on this machine; quiet and quick when all is there."""
    packages = [package for command, package in NEEDED.items() if not shutil.which(command)]
    packages += [package for file, package in NEEDED_FILES.items() if not Path(file).exists()]
    if not packages:
        return
    with step(progress, "install " + " ".join(packages)):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
        if run(install, check=False, env=environment, timeout=900).returncode == 0:
            return
        # Most often the package lists are missing or old: a fresh machine has none.
        run(["apt-get", "update"], env=environment, timeout=300)
        run(install, env=environment, timeout=900)


def mirrors(suite: str) -> list[str]:
    """sources.list lines for *suite*, from the Debian mirrors that this machine's apt is set to."""
    own = _release("VERSION_CODENAME")
    lists = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]
    found = [line.split() for line in run(lists).stdout.splitlines()]
    lines = []
    for uri, release in dict.fromkeys(tuple(pair) for pair in found if len(pair) == 2):
        kind = release.removeprefix(own)
        if release.startswith(own) and kind in ("", "-updates", "-security"):
            lines.append(f"deb {uri} {suite}{kind} main")
    if not lines:
        raise LabError(f"apt on this machine has no source for Debian {own}: see /etc/apt")
    return lines


def apt_options() -> list[str]:
    """This machine's ways to its mirrors (proxies, certificates), as apt options."""
    wanted = ("Acquire::http", "Acquire::https")
    return [
        line.rstrip(";")
        for line in run(["apt-config", "dump"]).stdout.splitlines()
        if line.startswith(wanted) and not line.endswith('"";')
    ]


def _release(key: str) -> str:
    for line in Path("/etc/os-release").read_text().splitlines():
        name, _, value = line.partition("=")
        if name == key:
            return value.strip('"')
    raise LabError(f"/etc/os-release has no {key}: the lab needs a Debian machine")
