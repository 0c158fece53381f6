"""What the machine must be able to do, and what must be installed on it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.lab.layers import overlay_options
from tests.lab.process import LabError, Progress, run, silent, step
from tests.lab.state import folder

#: Command -> Debian package. What the lab itself calls on the machine, no more: haproxy and
#: pacemaker live inside the nodes.
NEEDED = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "xz": "xz-utils",
    "gcc": "gcc",  # Salt needs timelib, which the package index has as C source only
    "curl": "curl",  # from here on: what the client runs
    "ping": "iputils-ping",
    "arping": "iputils-arping",
}
#: The same for things that are no command: files that show that the package is there.
NEEDED_FILES = {
    "/usr/bin/python3": "python3",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "/usr/lib/python3*/ensurepip": "python3-venv",
    "/usr/include/python3*/Python.h": "python3-dev",
}


def missing() -> str | None:
    """One line why this machine cannot boot nodes, or None where it can."""
    for it_can, reason in _DEMANDS:
        if not it_can():
            return reason
    return None


def _has_namespaces() -> bool:
    return run([*_NAMESPACES, "true"], check=False).returncode == 0


def _has_overlays() -> bool:
    # Tried where the labs will lie: /tmp may be on another file system.
    place = next(path for path in (folder(), *folder().parents) if path.is_dir())
    with tempfile.TemporaryDirectory(prefix="hakube-", dir=place) as scratch:
        lower, upper, work, root = (Path(scratch, it) for it in ("lower", "upper", "work", "root"))
        for made in (lower, upper, work, root):
            made.mkdir()
        mount = ["mount", "-t", "overlay", "overlay", "-o", overlay_options([lower], upper, work)]
        return run([*_NAMESPACES, *mount, root], check=False).returncode == 0


def cgroup_root() -> Path | None:
    """The cgroup v2 hierarchy; on a machine with both versions (hybrid) it is a folder deeper."""
    for root in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")):
        if (root / "cgroup.controllers").exists():
            return root
    return None


_NAMESPACES = ["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--"]

_DEMANDS = (
    (lambda: os.geteuid() == 0, "the lab needs root: it makes namespaces and mounts"),
    (
        lambda: shutil.which("apt-get") and shutil.which("dpkg"),
        "the lab needs a Debian machine: it makes its nodes with apt",
    ),
    (lambda: shutil.which("unshare"), "the lab needs unshare (Debian's package util-linux)"),
    (cgroup_root, "the lab needs cgroup v2 mounted at /sys/fs/cgroup or /sys/fs/cgroup/unified"),
    (_has_namespaces, "the lab needs namespaces: `unshare --mount --net --pid` is refused here"),
    (_has_overlays, "the lab needs overlay mounts, and this machine refuses them"),
)


def prepare(progress: Progress = silent) -> None:
    """Install what the lab needs on this machine; quiet and quick when all is there."""
    packages = [package for command, package in NEEDED.items() if not shutil.which(command)]
    packages += [package for files, package in NEEDED_FILES.items() if not _exists(files)]
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


def _exists(pattern: str) -> bool:
    return any(Path("/").glob(pattern.lstrip("/")))


def mirrors(suite: str) -> list[str]:
    """sources.list lines for *suite*, from the Debian mirrors that this machine's apt is set to."""
    own = _release("VERSION_CODENAME")
    lines = []
    for uri, release in _repositories():
        kind = release.removeprefix(own)
        if release.startswith(own) and kind in ("", "-updates", "-security"):
            lines.append(f"deb {uri} {suite}{kind} main")
    if not lines:
        raise LabError(f"apt on this machine has no source for Debian {own}: see /etc/apt")
    return lines


def _repositories() -> list[tuple[str, str]]:
    """Address and codename of each apt source, Debian's own first asked for by their origin."""
    ask = ["apt-get", "indextargets", "--format"]
    known = run([*ask, "$(ORIGIN)|$(REPO_URI)|$(CODENAME)", "Created-By: Packages"]).stdout
    found = [line.split("|") for line in known.splitlines() if line.startswith("Debian|")]
    if not found:
        # No package lists yet: what the sources say, whoever they belong to.
        told = [*ask, "|$(REPO_URI)|$(RELEASE)", "--no-release-info", "Created-By: Packages"]
        found = [line.split("|") for line in run(told).stdout.splitlines()]
    return list(dict.fromkeys((line[1], line[2]) for line in found))


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
