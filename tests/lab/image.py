"""The node's image: Debian, and a local apt repository with what Salt will install.

The image is that of a fresh machine: no haproxy, no pacemaker, no corosync, no pcs. Their packages
lie in the image's only apt source, so that `apt-get install` and Salt's pkg.installed do real work
in a node that has no way out. A second image, a layer on the first, has them installed already.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.lab import cache
from tests.lab.layers import run_in
from tests.lab.prerequisites import apt_options, mirrors
from tests.lab.process import LabError, Progress, run, silent

#: What a fresh machine has. etcd is here because it is no part of the cluster: a Kubernetes that is
#: to be made highly available has one already. nftables is for faults made on purpose.
FRESH = [
    "systemd",
    "systemd-sysv",
    "dbus",
    "iproute2",
    "iputils-ping",
    "iputils-arping",
    "procps",
    "psmisc",
    "kmod",
    "nftables",
    "ca-certificates",
    "curl",
    "socat",
    "openssl",
    "python3",
    "python3-venv",
    "etcd-server",
    "etcd-client",
]

#: What lies in the local repository. Not fence-agents: with its Python SDKs of three clouds it is
#: as big as all the rest together.
REPOSITORY = [
    "haproxy",
    "pacemaker",
    "corosync",
    "pcs",
    "pacemaker-cli-utils",
    "resource-agents",
    "corosync-qdevice",
    "corosync-qnetd",
]

#: Debian's names for what the document installs; the rest of REPOSITORY stays available.
INSTALLED = ["haproxy", "pacemaker", "corosync", "pcs", "pacemaker-cli-utils", "resource-agents"]

#: Run by mmdebstrap in the new tree ($1) while apt there still knows the mirrors.
CUSTOMIZE = """\
#!/bin/sh
set -eu
root=$1; shift
chroot "$root" apt-get install -y --no-install-recommends --download-only "$@"
mkdir -p "$root/srv/hakube-debs"
mv "$root"/var/cache/apt/archives/*.deb "$root/srv/hakube-debs/"
# The mirrors, and the machine's way to them, are no business of a node.
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap"
rm -f "$root"/etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/hakube-debs ./' > "$root/etc/apt/sources.list"
echo 'Acquire::Languages "none";' > "$root/etc/apt/apt.conf.d/90lab"
# Without these the boot waits two minutes for a network that systemd does not manage.
for unit in systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service \\
    console-getty.service getty@.service systemd-pstore.service \\
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \\
    e2scrub_reap.service fstrim.timer; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# etcd is started where the lab has configured it, and not as the one-node store of the package.
rm -f "$root/etc/systemd/system/multi-user.target.wants/etcd.service"
# Kubernetes' daemons run as this user (as in Fedora's packages); a fixed id, files are made
# outside.
chroot "$root" useradd --system --uid 880 --home-dir /var/lib/kubernetes --create-home \\
    --shell /usr/sbin/nologin kube
"""

#: Documentation and translations are half of the time that an installation takes.
DPKG_OPTIONS = [
    "force-unsafe-io",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
]


def fresh(suite: str = "bookworm", *, progress: Progress = silent) -> Path:
    """The image of a machine on which nothing of the cluster is installed."""
    inputs = [suite, FRESH, REPOSITORY, CUSTOMIZE, DPKG_OPTIONS]

    def build(folder: Path) -> None:
        hook = folder.with_name(folder.name + ".hook")
        hook.write_text(CUSTOMIZE)
        try:
            run(
                ["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory"]
                + ["--include=" + ",".join(FRESH)]
                + [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
                + [f"--aptopt={option}" for option in apt_options()]
                + [f'--customize-hook=sh {hook} "$1" ' + " ".join(REPOSITORY)]
                + ["--skip=cleanup/apt", suite, folder, *mirrors(suite)],
                timeout=1800,
            )
        finally:
            hook.unlink()
        for left in ("var/lib/apt/lists", "var/cache/apt/archives"):
            for file in (folder / left).rglob("*"):
                if file.is_file():
                    file.unlink()
        _write_index(folder / "srv/hakube-debs")
        run(["chroot", folder, "apt-get", "update"], timeout=120)
        (folder / "etc/machine-id").unlink(missing_ok=True)

    return cache.entry(f"image-{suite}", inputs, build, progress=progress)


def installed(suite: str = "bookworm", *, progress: Progress = silent) -> list[Path]:
    """The layers (topmost first) of a machine with haproxy, pacemaker, corosync and pcs installed.

    haproxy.service is disabled, for Pacemaker will manage it; all else is as Debian leaves it: the
    one-node cluster named `debian` starts with the machine.
    """
    base = fresh(suite, progress=progress)

    def build(folder: Path) -> None:
        # In a chroot nothing must start: policy-rc.d says so to Debian's maintainer scripts.
        script = (
            "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d;"
            " chmod +x /usr/sbin/policy-rc.d;"
            f" apt-get install -y --no-install-recommends {' '.join(INSTALLED)};"
            " systemctl disable haproxy.service; rm /usr/sbin/policy-rc.d; apt-get clean"
        )
        run_in([base], folder, ["sh", "-euc", script], timeout=900)

    inputs = [base.name, INSTALLED, "policy-rc.d, haproxy disabled"]
    layer = cache.entry(f"installed-{suite}", inputs, build, progress=progress)
    return [layer, base]


def _write_index(folder: Path) -> None:
    """Write the Packages file of an apt repository (dpkg-scanpackages would need dpkg-dev here)."""
    stanzas = []
    for file in sorted(folder.glob("*.deb")):
        control = run(["dpkg-deb", "--field", file]).stdout.strip()
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        stanzas.append(
            f"{control}\nFilename: ./{file.name}\nSize: {file.stat().st_size}\nSHA256: {digest}\n"
        )
    if not stanzas:
        raise LabError("the image's local repository is empty: apt downloaded nothing")
    (folder / "Packages").write_text("\n".join(stanzas))
